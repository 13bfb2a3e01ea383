/* SPDX-License-Identifier: MIT */
/*
 * The layout planner against a model that knows only the rules: it marks every page frame of the
 * machine by hand and takes the regions away from the top of kernel space one by one.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "devices/abi/layout.h"
#include "devices/abi/shared.h"
#include "devices/abi/trace_abi.h"
#include "tests/unit/suite.h"

static struct kvl_layout_request request_of(u64 mem, u64 split)
{
	return (struct kvl_layout_request){ .mem_bytes = mem, .page_offset = split, .ncpus = 2 };
}

/* --- the model: one byte per frame of guest-physical space -------------------------------------- */
enum mark { M_NOTHING = 0, M_RAM = 1, M_CORE = 2, M_HOLE = 4, M_USABLE = 8 };

static u8 *frame;
static u64 nframes;

static void model_start(u64 mem)
{
	nframes = (mem + MiB(16) + (mem + MiB(16) > GiB(3) ? GiB(1) : 0)) >> PAGE_SHIFT;
	frame = realloc(frame, nframes);
	ck_assert_ptr_nonnull(frame);
	memset(frame, M_NOTHING, nframes);
	for (u64 byte = MiB(2); byte < mem; byte += PAGE_BYTES)
		frame[(byte < GiB(3) ? byte : byte + GiB(1)) >> PAGE_SHIFT] = M_RAM;
}

/* Marks a range; false if it leaves what has to be there, or was marked so before. */
static bool model_mark(struct kvl_range range, u8 mark, u8 must, u8 must_not)
{
	bool good = true;

	for (u64 gpa = range.start; gpa < range.start + range.bytes; gpa += PAGE_BYTES) {
		u8 *entry = &frame[gpa >> PAGE_SHIFT];

		good &= (*entry & must) == must && !(*entry & (must_not | mark));
		*entry |= mark;
	}
	return good;
}

static u64 model_lowmem_end(const struct kvl_layout_request *request)
{
	u64 top = GiB(4);

	top -= MiB(2); /* fixmap */
	top -= MiB(8); /* ukva */
	top -= request->kva_bytes ? request->kva_bytes : MiB(100);
	top -= request->vmalloc_bytes ? request->vmalloc_bytes : MiB(112);
	top -= MiB(2); /* gap */
	top -= request->page_offset;
	if (top > request->mem_bytes)
		top = request->mem_bytes;
	return top > GiB(3) ? GiB(3) : top;
}

static void expect_regions(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	u64 at = request->page_offset;

	for (u32 i = 0; i < KVL_REGIONS; i++) {
		ck_assert_uint_eq(plan->region[i].start, at);
		ck_assert_uint_gt(plan->region[i].bytes, 0);
		ck_assert_uint_eq(plan->region[i].bytes % LARGE_BYTES, 0);
		at += plan->region[i].bytes;
	}
	ck_assert_uint_eq(at, GiB(4));
	ck_assert_uint_eq(plan->lowmem_end_gpa, model_lowmem_end(request));
	ck_assert_uint_eq(plan->region[KVL_REGION_LOWMEM].start,
			  request->page_offset + KVL_RAM_START_GPA);
	ck_assert_uint_eq(plan->region[KVL_REGION_LOWMEM].bytes,
			  plan->lowmem_end_gpa - KVL_RAM_START_GPA);
	ck_assert_uint_eq(plan->region[KVL_REGION_KVA].bytes,
			  request->kva_bytes ? request->kva_bytes : MiB(100));
	ck_assert_uint_ge(plan->region[KVL_REGION_VMALLOC].bytes,
			  request->vmalloc_bytes ? request->vmalloc_bytes : MiB(112));
}

static void expect_core(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	const struct kvl_range image = { KVL_BOOT_GPA, KVL_CORE_END_GPA - KVL_BOOT_GPA };
	u64 core_end = plan->core.start + plan->core.bytes;

	ck_assert(model_mark(image, M_CORE, M_RAM, 0));
	ck_assert(model_mark(plan->heap, M_CORE, M_RAM, 0));
	ck_assert(model_mark(plan->frames, M_CORE, M_RAM, 0));
	ck_assert(model_mark(plan->arena, M_CORE, M_RAM, 0));
	ck_assert_uint_ge(plan->frames.bytes / KVL_FRAME_ENTRY_BYTES,
			  plan->ram_end_gpa >> PAGE_SHIFT);
	ck_assert_uint_eq(plan->frames.start % LARGE_BYTES, 0);
	ck_assert_uint_eq(plan->core.start, KVL_BOOT_GPA);
	ck_assert_uint_eq(core_end, plan->frames.start + plan->frames.bytes);
	ck_assert_uint_le(core_end, plan->lowmem_end_gpa);
	if (request->arena_highmem) {
		ck_assert_uint_ge(plan->arena.start, plan->lowmem_end_gpa);
		ck_assert_uint_le(plan->arena.start + plan->arena.bytes, GiB(4));
	} else {
		ck_assert_uint_le(plan->arena.start + plan->arena.bytes, core_end);
	}
}

static void expect_shared(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	u64 offset = kvl_machine_offset(plan->shared.start);
	u64 last = plan->shared.start + plan->shared.bytes - 1;

	ck_assert_uint_ge(offset, request->mem_bytes);
	ck_assert_uint_eq(plan->shared.start % LARGE_BYTES, 0);
	ck_assert_uint_ge(plan->shared.bytes,
			  KVL_RINGS_OFFSET + request->ncpus * KVL_RING_PACKETS * KVL_PACKET_BYTES);
	/* one piece, not across the device gap */
	ck_assert_uint_eq(kvl_machine_offset(last), offset + plan->shared.bytes - 1);
	if (!request->soft_entries)
		ck_assert_uint_eq(plan->machine_bytes, offset + plan->shared.bytes);
}

/* For each CPU: root, table below, four directories, two pages of accounts; a leaf table for each entry. */
static void expect_soft(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	u64 offset = kvl_machine_offset(plan->soft.start), n = request->soft_entries;
	u64 last = plan->soft.start + plan->soft.bytes - 1;
	u64 step = kvl_soft_gpa(plan, (u32)n, 1) - plan->soft.start;

	if (!n) {
		ck_assert_uint_eq(plan->soft.bytes, 0);
		return;
	}
	ck_assert_uint_ge(offset, kvl_machine_offset(plan->shared.start) + plan->shared.bytes);
	ck_assert_uint_eq((plan->soft.start | plan->soft.bytes) % LARGE_BYTES, 0);
	ck_assert_uint_eq(kvl_machine_offset(last), offset + plan->soft.bytes - 1);
	ck_assert_uint_eq(plan->machine_bytes, offset + plan->soft.bytes);
	ck_assert_uint_eq(kvl_soft_gpa(plan, (u32)n, 0), plan->soft.start);
	ck_assert_uint_eq(step % PAGE_BYTES, 0);
	ck_assert_uint_ge(step, (8 + n) * PAGE_BYTES + n * KVL_SOFT_ENTRY_BYTES);
	ck_assert_uint_le(kvl_soft_gpa(plan, (u32)n, request->ncpus), last + 1);
	/* nothing of one kind shares a directory entry with the other */
	for (u64 va = 0; va < GiB(4); va += LARGE_BYTES)
		ck_assert(kvl_is_soft(plan, va) == kvl_is_soft(plan, va + LARGE_BYTES - 1));
}

/* Every frame of RAM is usable or in a hole, never both, nothing else is. */
static void expect_usable(const struct kvl_layout *plan)
{
	u64 before = 0, wrong = 0;

	for (u32 i = 0; i < plan->nusable; i++) {
		ck_assert(i == 0 || plan->usable[i].start > before);
		before = plan->usable[i].start;
		ck_assert(model_mark(plan->usable[i], M_USABLE, M_RAM, M_HOLE));
	}
	for (u64 i = 0; i < nframes; i++)
		wrong += !(frame[i] & M_RAM) != !(frame[i] & (M_HOLE | M_USABLE));
	ck_assert_uint_eq(wrong, 0);
	for (u32 i = 1; i < plan->nholes; i++)
		ck_assert_uint_gt(plan->hole[i].start, plan->hole[i - 1].start);
}

/* Plans; if it works, everything the model says must hold; the model says whether the holes work. */
static bool try_plan(const struct kvl_layout_request *request)
{
	struct kvl_layout plan;
	struct kvl_layout_failure why;
	bool holes_good = true;

	model_start(request->mem_bytes);
	if (kvl_layout_plan(request, &plan, &why)) {
		/* Nothing but the holes can be wrong here: compare with the plan without any. */
		struct kvl_layout_request bare = *request;

		bare.nholes = 0;
		ck_assert_int_ge(why.error, KVL_LAYOUT_HOLE_ALIGN);
		ck_assert_int_le(why.error, KVL_LAYOUT_HOLE_CORE);
		ck_assert_int_eq(kvl_layout_plan(&bare, &plan, &why), 0);
		model_mark(plan.core, M_CORE, 0, 0);
		model_mark(plan.arena, M_CORE, 0, 0);
		for (u32 i = 0; i < request->nholes; i++)
			holes_good &= model_mark(request->hole[i], M_HOLE, M_RAM, M_CORE);
		ck_assert(!holes_good);
		return false;
	}
	expect_regions(request, &plan);
	expect_core(request, &plan);
	expect_shared(request, &plan);
	expect_soft(request, &plan);
	for (u32 i = 0; i < request->nholes; i++)
		holes_good &= model_mark(request->hole[i], M_HOLE, M_RAM, M_CORE);
	ck_assert(holes_good);
	ck_assert_uint_eq(plan.nholes, request->nholes);
	expect_usable(&plan);
	return true;
}

/* --- permutations ------------------------------------------------------------------------------- */
static u64 random_state;

static u64 random_below(u64 bound)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % bound;
}

/* Page-aligned, anywhere in the machine or a little behind it; some at round addresses. */
static void random_holes(struct kvl_layout_request *request)
{
	u64 pages = (request->mem_bytes + MiB(4)) >> PAGE_SHIFT;

	request->nholes = (u32)random_below(KVL_MAX_HOLES + 1);
	for (u32 i = 0; i < request->nholes; i++) {
		u64 start = kvl_machine_gpa(random_below(pages) << PAGE_SHIFT);

		if (random_below(4) == 0)
			start = ALIGN_DOWN(start, LARGE_BYTES);
		request->hole[i] = (struct kvl_range){ start, (1 + random_below(i % 2 ? 3 : 512))
								      << PAGE_SHIFT };
	}
}

static const struct {
	u64 vmalloc, kva;
	bool arena_highmem;
	u32 ncpus, soft_entries;
} options[] = {
	{ 0, 0, false, 2, 0 },
	{ 0, 0, true, 2, 64 },
	{ MiB(2), MiB(2), false, 1, 8 },
	{ MiB(400), MiB(300), true, 16, 1024 },
	{ MiB(800), MiB(118), true, 4, 0 }, /* 3G split: 78 MiB of lowmem */
	{ MiB(800), MiB(118), false, 3, 9 },
};

static struct kvl_layout_request request_with(u64 mem, u64 split, u32 option)
{
	struct kvl_layout_request request = request_of(mem, split);

	request.vmalloc_bytes = options[option].vmalloc;
	request.kva_bytes = options[option].kva;
	request.arena_highmem = options[option].arena_highmem;
	request.ncpus = options[option].ncpus;
	request.soft_entries = options[option].soft_entries;
	return request;
}

/* @rounds sets of holes, the empty one first. Returns how many were planned. */
static u32 try_rounds(u64 mem, u64 split, u32 option, u32 rounds)
{
	struct kvl_layout_request request = request_with(mem, split, option);
	struct kvl_layout plan;
	struct kvl_layout_failure why;
	u64 low_ram = mem < GiB(3) ? mem : GiB(3);
	u32 planned = 0;

	if (kvl_layout_plan(&request, &plan, &why)) {
		ck_assert_int_eq(why.error, KVL_LAYOUT_NO_HIGHMEM);
		ck_assert(request.arena_highmem);
		ck_assert_uint_gt(model_lowmem_end(&request) + KVL_ARENA_BYTES, low_ram);
		return 0;
	}
	while (rounds--) {
		planned += try_plan(&request);
		random_holes(&request);
	}
	return planned;
}

/* Small machines, where marking every frame is cheap, get many sets of holes. */
static const u64 small_sizes[] = { MiB(64), MiB(66), MiB(78), MiB(80), MiB(86), MiB(128) };

START_TEST(every_frame_has_one_owner)
{
	const u32 rounds = 16;
	u32 planned = 0;

	random_state = 4711 + (u64)_i;
	for (u64 split = GiB(1); split <= GiB(3); split += GiB(1))
		for (u32 option = 0; option < ARRAY_LEN(options); option++)
			planned += try_rounds(small_sizes[_i], split, option, rounds);
	/* both answers must have been seen */
	ck_assert_uint_gt(planned, 3 * 3);
	ck_assert_uint_lt(planned, 3 * rounds * ARRAY_LEN(options));
}
END_TEST

/* Around the limits: lowmem's own, the device gap, RAM above 4 GiB. */
static const u64 large_sizes[] = { MiB(798), MiB(800),	      MiB(802), GiB(3) - MiB(2),
				   GiB(3),   GiB(3) + MiB(2), GiB(5) };

START_TEST(every_frame_of_a_large_machine_has_one_owner)
{
	random_state = 815 + (u64)_i;
	ck_assert_uint_ge(try_rounds(large_sizes[_i], GiB(3), 0, 3), 1);
	try_rounds(large_sizes[_i], GiB(1 + (u64)_i % 3), 1, 2);
	/* 16 CPUs: a shared region of 10 MiB, which must not lie across the device gap */
	ck_assert_uint_ge(try_rounds(large_sizes[_i], GiB(3), 3, 1), 1);
}
END_TEST

/* --- figures that the header and seed row T1 state ---------------------------------------------- */
START_TEST(defaults_are_those_of_the_seed)
{
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));
	struct kvl_layout plan;
	struct kvl_layout_failure why;

	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), 0);
	ck_assert_uint_eq(plan.lowmem_end_gpa, MiB(800));
	ck_assert_uint_eq(plan.region[KVL_REGION_VMALLOC].bytes, MiB(112));
	ck_assert_uint_eq(plan.region[KVL_REGION_KVA].bytes, MiB(100));
	ck_assert_uint_eq(plan.region[KVL_REGION_FIXMAP].start, GiB(4) - MiB(2));
	ck_assert_str_eq(kvl_region_name(KVL_REGION_UKVA), "ukva");
}
END_TEST

START_TEST(what_is_soft)
{
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));
	struct kvl_layout plan;
	struct kvl_layout_failure why;

	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), 0);
	ck_assert(kvl_is_soft(&plan, 0) && kvl_is_soft(&plan, GiB(3) - 1));
	ck_assert(kvl_is_soft(&plan, GiB(3))); /* the pageable region */
	ck_assert(!kvl_is_soft(&plan, plan.region[KVL_REGION_LOWMEM].start));
	ck_assert(!kvl_is_soft(&plan, plan.region[KVL_REGION_GAP].start));
	ck_assert(!kvl_is_soft(&plan, plan.region[KVL_REGION_VMALLOC].start - 1));
	for (u32 i = KVL_REGION_VMALLOC; i < KVL_REGION_FIXMAP; i++)
		ck_assert(kvl_is_soft(&plan, plan.region[i].start));
	ck_assert(!kvl_is_soft(&plan, GiB(4) - MiB(2)) && !kvl_is_soft(&plan, GiB(4)));
	ck_assert(!kvl_is_soft(&plan, KVL_WINDOW_VA) && !kvl_is_soft(&plan, ~0ull));
}
END_TEST

START_TEST(soft_tlbs_that_cannot_be_are_refused)
{
	static const u32 entries[] = { 1, 7, 1025, UINT32_MAX };
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));
	struct kvl_layout plan;
	struct kvl_layout_failure why;

	request.soft_entries = entries[_i];
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), -1);
	ck_assert_int_eq(why.error, KVL_LAYOUT_SOFT);
}
END_TEST

START_TEST(machine_offsets_skip_the_device_gap)
{
	ck_assert_uint_eq(kvl_machine_gpa(GiB(3) - 1), GiB(3) - 1);
	ck_assert_uint_eq(kvl_machine_gpa(GiB(3)), GiB(4));
	ck_assert_uint_eq(kvl_machine_offset(GiB(3)), UINT64_MAX);
	ck_assert_uint_eq(kvl_machine_offset(GiB(4) - 1), UINT64_MAX);
	ck_assert_uint_eq(kvl_machine_offset(GiB(4) + 5), GiB(3) + 5);
}
END_TEST

/* --- refusals ----------------------------------------------------------------------------------- */
static struct kvl_layout_failure refused(const struct kvl_layout_request *request)
{
	struct kvl_layout plan;
	struct kvl_layout_failure why = { .error = KVL_LAYOUT_OK };

	ck_assert_int_eq(kvl_layout_plan(request, &plan, &why), -1);
	return why;
}

START_TEST(sizes_that_cannot_work_are_refused)
{
	struct kvl_layout_request request;

	request = request_of(MiB(62), GiB(3));
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_MEM_SMALL);
	ck_assert_uint_eq(refused(&request).value, MiB(64));
	request = request_of(GiB(64) + MiB(2), GiB(3));
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_MEM_LARGE);
	request = request_of(UINT64_MAX, GiB(3));
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_MEM_LARGE);
	request = request_of(MiB(65), GiB(3));
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_MEM_ALIGN);
	request = request_of(GiB(1), GiB(4));
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_SPLIT);
	request = request_of(GiB(1), 0);
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_SPLIT);
	request = request_of(GiB(1), GiB(3));
	request.ncpus = 0;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_CPUS);
	request.ncpus = KVL_MAX_CPUS + 1;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_CPUS);
}
END_TEST

START_TEST(windows_that_do_not_fit_are_refused)
{
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));

	request.vmalloc_bytes = KiB(4);
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_ALIGN);
	ck_assert_uint_eq(refused(&request).index, 0);
	request.vmalloc_bytes = 0;
	request.kva_bytes = MiB(3);
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_ALIGN);
	ck_assert_uint_eq(refused(&request).index, 1);
	request.kva_bytes = GiB(1);
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_NO_ROOM);
	/* core 38 MiB (frame table of 1 GiB: 4), windows 1024 + 96 + 28, of 1024 */
	ck_assert_uint_eq(refused(&request).value, MiB(36 + 1024 + 96 + 28 - 1024));
	request.kva_bytes = 0 - LARGE_BYTES;
	request.vmalloc_bytes = 0 - LARGE_BYTES;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_NO_ROOM);
	request = request_of(MiB(512), GiB(3));
	request.arena_highmem = true;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_NO_HIGHMEM);
}
END_TEST

START_TEST(holes_that_cannot_be_are_refused)
{
	const struct {
		struct kvl_range hole[2];
		u32 nholes;
		enum kvl_layout_error error;
		u32 index;
	} row[] = {
		{ { { MiB(100) + 1, PAGE_BYTES } }, 1, KVL_LAYOUT_HOLE_ALIGN, 0 },
		{ { { MiB(100), 100 } }, 1, KVL_LAYOUT_HOLE_ALIGN, 0 },
		{ { { MiB(100), 0 } }, 1, KVL_LAYOUT_HOLE_ALIGN, 0 },
		{ { { 0, MiB(2) } }, 1, KVL_LAYOUT_HOLE_OUTSIDE, 0 },
		{ { { MiB(1020), MiB(8) } }, 1, KVL_LAYOUT_HOLE_OUTSIDE, 0 },
		{ { { GiB(8), MiB(2) } }, 1, KVL_LAYOUT_HOLE_OUTSIDE, 0 },
		{ { { MiB(100), 0 - PAGE_BYTES } }, 1, KVL_LAYOUT_HOLE_OUTSIDE, 0 },
		{ { { MiB(100), MiB(2) }, { MiB(101), MiB(2) } }, 2, KVL_LAYOUT_HOLE_OVERLAP, 0 },
		{ { { MiB(100), MiB(2) }, { MiB(15), MiB(2) } }, 2, KVL_LAYOUT_HOLE_CORE, 1 },
	};
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));

	request.nholes = row[_i].nholes;
	memcpy(request.hole, row[_i].hole, sizeof(row[_i].hole));
	ck_assert_int_eq(refused(&request).error, row[_i].error);
	ck_assert_uint_eq(refused(&request).index, row[_i].index);
}
END_TEST

START_TEST(other_refusals_of_holes)
{
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));

	request.arena_highmem = true;
	request.nholes = 1;
	request.hole[0] = (struct kvl_range){ GiB(1) - MiB(4), PAGE_BYTES };
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_HOLE_CORE);
	ck_assert_uint_eq(refused(&request).other, 1);
	request.nholes = KVL_MAX_HOLES + 1;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_HOLES);
	/* across the end of the RAM below 4 GiB */
	request = request_of(GiB(5), GiB(3));
	request.nholes = 1;
	request.hole[0] = (struct kvl_range){ GiB(3) - MiB(2), MiB(4) };
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_HOLE_OUTSIDE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *tcase = tcase_create("layout");
	int status;

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_frame_has_one_owner, 0, ARRAY_LEN(small_sizes));
	tcase_add_loop_test(tcase, every_frame_of_a_large_machine_has_one_owner, 0,
			    ARRAY_LEN(large_sizes));
	tcase_add_test(tcase, defaults_are_those_of_the_seed);
	tcase_add_test(tcase, machine_offsets_skip_the_device_gap);
	tcase_add_test(tcase, what_is_soft);
	tcase_add_loop_test(tcase, soft_tlbs_that_cannot_be_are_refused, 0, 4);
	tcase_add_test(tcase, sizes_that_cannot_work_are_refused);
	tcase_add_test(tcase, windows_that_do_not_fit_are_refused);
	tcase_add_loop_test(tcase, holes_that_cannot_be_are_refused, 0, 9);
	tcase_add_test(tcase, other_refusals_of_holes);
	suite_add_tcase(suite, tcase);
	status = run_suite(suite);
	free(frame);
	return status;
}
