/* SPDX-License-Identifier: MIT */
/*
 * The layout planner against a model that knows only the rules (layout_model.h), as the fuzzer
 * does, but with the same option sets each time; and the figures and refusals that are known
 * beforehand.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/layout_model.h"
#include "tests/unit/layout_options.h"
#include "tests/unit/suite.h"

static struct kvl_layout_request request_of(u64 mem, u64 split)
{
	return (struct kvl_layout_request){ .mem_bytes = mem, .page_offset = split, .ncpus = 2 };
}

_Noreturn void layout_violated(const char *text, u64 a, u64 b)
{
	ck_abort_msg("%s (%#llx, %#llx)", text, (unsigned long long)a, (unsigned long long)b);
	abort(); /* the macro's function is not declared not to return */
}

static u64 lowmem_of(const struct kvl_layout_request *request, enum kvl_layout_kind kind)
{
	struct kvl_layout_request same = *request;
	struct kvl_layout plan;

	same.kind = kind;
	ck_assert(layout_judge(&same, &plan));
	return kvl_lowmem_bytes(&plan);
}

/* Bytes that have a direct address and would have none in kind linear (seed row A3). */
static u64 recovered(const struct kvl_layout_request *request, enum kvl_layout_kind kind)
{
	return lowmem_of(request, kind) - lowmem_of(request, KVL_LAYOUT_LINEAR);
}

/* --- random option sets, as the fuzzer draws them --------------------------------------------- */
static u64 random_state;

static u64 random_below(u64 bound)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % bound;
}

/* Of @kind, and of any length up to that of a set with all holes. */
static struct kvl_layout_request random_options(u32 kind)
{
	u8 bytes[72];
	struct input input = { bytes, 7 + random_below(sizeof(bytes) - 6) };

	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)random_below(256);
	bytes[0] = (bytes[0] & 0xfcu) | kind;
	return layout_options(&input);
}

START_TEST(random_option_sets)
{
	u32 refused = 0, gains = 0, planned[KVL_MAX_HOLES + 1] = { 0 };

	random_state = 4711 + (u64)_i;
	for (u32 i = 0; i < 20000; i++) {
		struct kvl_layout_request request = random_options((u32)_i);
		struct kvl_layout plan;

		if (!layout_judge(&request, &plan)) {
			refused++;
			continue;
		}
		planned[request.nholes]++;
		gains += recovered(&request, request.kind) > 0;
	}
	/* both answers, each number of holes, and something to gain must have been seen */
	ck_assert_uint_gt(refused, 1000);
	for (u32 i = 0; i <= KVL_MAX_HOLES; i++)
		ck_assert_msg(planned[i] > 10, "%u with %u holes", planned[i], i);
	if (_i != KVL_LAYOUT_LINEAR)
		ck_assert_uint_gt(gains, 1000);
}
END_TEST

/* --- the worst case of the proposal: about 100 MB of holes, one of them large ----------------- */
static const struct {
	u32 nholes;
	struct kvl_range hole[6];
	u64 in_sections; /* recovered by sections when the holes begin in the midst of one */
} worst[] = {
	{ 2, { { MiB(128), MiB(80) }, { MiB(600), MiB(20) } }, MiB(78 + 18) },
	{ 3,
	  { { MiB(128), MiB(64) }, { MiB(300), MiB(24) }, { MiB(500), MiB(12) } },
	  MiB(62 + 22 + 10) },
	{ 6,
	  { { MiB(320), MiB(60) },
	    { MiB(64), MiB(8) },
	    { MiB(96), MiB(8) },
	    { MiB(400), MiB(8) },
	    { MiB(620), MiB(8) },
	    { MiB(700), MiB(8) } },
	  MiB(58 + 5 * 6) },
};

static struct kvl_layout_request worst_case(u32 row, u64 shift)
{
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));

	request.nholes = worst[row].nholes;
	for (u32 i = 0; i < request.nholes; i++)
		request.hole[i] = (struct kvl_range){ worst[row].hole[i].start + shift,
						      worst[row].hole[i].bytes };
	return request;
}

START_TEST(worst_case_of_the_proposal)
{
	struct kvl_layout_request request = worst_case((u32)_i, 0);

	for (u32 kind = KVL_LAYOUT_PACKED; kind < KVL_LAYOUT_KINDS; kind++)
		ck_assert_uint_eq(recovered(&request, kind), MiB(100));
	ck_assert_uint_eq(lowmem_of(&request, KVL_LAYOUT_LINEAR), MiB(798 - 100));
	request.vmalloc_upper_bytes = MiB(64);
	ck_assert_uint_eq(recovered(&request, KVL_LAYOUT_INTERMIXED), MiB(112 - 64));
	ck_assert_uint_eq(recovered(&request, KVL_LAYOUT_PACKED), MiB(100));
}
END_TEST

/* Holes that begin in the midst of a section: by sections a hole is one less. */
START_TEST(worst_case_with_unaligned_holes)
{
	struct kvl_layout_request request = worst_case((u32)_i, 17 * PAGE_BYTES);

	ck_assert_uint_eq(recovered(&request, KVL_LAYOUT_PACKED), MiB(100));
	ck_assert_uint_eq(recovered(&request, KVL_LAYOUT_INTERMIXED), MiB(100));
	ck_assert_uint_eq(recovered(&request, KVL_LAYOUT_SECTIONS), worst[_i].in_sections);
}
END_TEST

/* --- figures that the header and seed row T1 state -------------------------------------------- */
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

/* Rows B2 and B7: how much the per-task space takes at each split, and from which side. */
START_TEST(a_per_task_space_of_either_side)
{
	static const u64 bytes[] = { MiB(4), MiB(6), MiB(8) }; /* 1G, 2G, 3G */
	u64 split = GiB(1 + (u64)_i), lowmem;
	struct kvl_layout_request request = request_of(GiB(8), split);
	struct kvl_range ukva;
	struct kvl_layout plan;

	lowmem = lowmem_of(&request, KVL_LAYOUT_LINEAR);
	ck_assert_uint_eq(lowmem, GiB(4) - split - MiB(2 + 2 + 112 + 100 + 2) - bytes[_i]);
	request.ukva_in_user = true;
	ck_assert(layout_judge(&request, &plan));
	ukva = plan.region[KVL_REGION_UKVA];
	ck_assert_uint_eq(ukva.start, split - bytes[_i]);
	ck_assert_uint_eq(ukva.bytes, bytes[_i]);
	ck_assert_uint_eq(ukva.bytes, kvl_ukva_bytes(&request));
	ck_assert_uint_eq(plan.user_end, ukva.start);
	ck_assert_uint_eq(kvl_lowmem_bytes(&plan), lowmem + bytes[_i]);
	ck_assert(kvl_is_soft(&plan, ukva.start) && kvl_is_soft(&plan, split - 1));
}
END_TEST

/* The arena has its size in either zone, and as much as there can be. */
START_TEST(arenas_of_any_size)
{
	static const struct {
		u64 mem, bytes;
		bool highmem;
	} row[] = {
		{ MiB(64), MiB(2), false },  { GiB(2), MiB(64), false },
		{ GiB(2), MiB(160), true },  { GiB(64), MiB(768), true },
		{ MiB(64), MiB(38), false }, { MiB(806), MiB(6), true },
	};
	struct kvl_layout_request request = request_of(row[_i].mem, GiB(3));
	struct kvl_layout plan;

	request.arena_bytes = row[_i].bytes;
	request.arena_highmem = row[_i].highmem;
	ck_assert(layout_judge(&request, &plan));
	ck_assert_uint_eq(plan.arena.bytes, row[_i].bytes);
	ck_assert_int_eq(plan.arena.start >= plan.lowmem_end_gpa, row[_i].highmem);
}
END_TEST

START_TEST(arenas_that_cannot_be_are_refused)
{
	static const struct {
		u64 mem, bytes;
		bool highmem;
		enum kvl_layout_error error;
		u64 value;
	} row[] = {
		{ GiB(2), MiB(3), false, KVL_LAYOUT_ALIGN, MiB(3) },
		{ GiB(2), MiB(770), true, KVL_LAYOUT_ARENA, MiB(768) },
		{ GiB(2), 0 - LARGE_BYTES, false, KVL_LAYOUT_ARENA, MiB(768) },
		/* boot page and image to 18 MiB, heap 6, frame table 2 */
		{ MiB(64), MiB(40), false, KVL_LAYOUT_ARENA, MiB(64 - 18 - 6 - 2) },
		{ MiB(806), MiB(8), true, KVL_LAYOUT_NO_HIGHMEM, MiB(800) },
		{ MiB(64), MiB(160), true, KVL_LAYOUT_NO_HIGHMEM, MiB(64) },
		/* the frame table's 8 MiB, and what is before, leave so much of 800; with 10 MiB
		 * not */
		{ GiB(2), MiB(768), false, KVL_LAYOUT_OK, 0 },
		{ GiB(2) + MiB(2), MiB(768), false, KVL_LAYOUT_NO_ROOM, MiB(2) },
	};
	struct kvl_layout_request request = request_of(row[_i].mem, GiB(3));
	struct kvl_layout_failure why;
	struct kvl_layout plan;

	request.arena_bytes = row[_i].bytes;
	request.arena_highmem = row[_i].highmem;
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), row[_i].error ? -1 : 0);
	ck_assert_int_eq(why.error, row[_i].error);
	if (row[_i].error)
		ck_assert_uint_eq(why.value, row[_i].value);
	layout_judge(&request, &plan);
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

/* Behind all else, with no entry in the frame table, not usable; nothing else moves. */
START_TEST(a_segment_is_no_ram)
{
	static const u64 mem[] = { GiB(1), GiB(3) - MiB(4), GiB(6) };
	struct kvl_layout_request request = request_of(mem[_i], GiB(3));
	struct kvl_layout without, plan;
	struct kvl_layout_failure why;

	request.soft_entries = 64;
	ck_assert_int_eq(kvl_layout_plan(&request, &without, &why), 0);
	ck_assert_uint_eq(without.segment.bytes, 0);
	request.segment_bytes = MiB(1) + PAGE_BYTES;
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), 0);
	ck_assert_uint_eq(plan.segment.start, kvl_machine_gpa(without.machine_bytes));
	ck_assert_uint_eq(plan.segment.bytes, MiB(1) + PAGE_BYTES);
	ck_assert_uint_eq(plan.machine_bytes, without.machine_bytes + MiB(2));
	ck_assert_uint_eq(plan.ram_end_gpa, without.ram_end_gpa);
	ck_assert_uint_eq(plan.frames.bytes, without.frames.bytes);
	for (u32 i = 0; i < plan.nusable; i++)
		ck_assert(!kvl_ranges_overlap(plan.usable[i], plan.segment));
}
END_TEST

START_TEST(segments_that_cannot_be_are_refused)
{
	static const u64 bytes[] = { 1, PAGE_BYTES + 1, KVL_SEGMENT_MAX + PAGE_BYTES,
				     0 - PAGE_BYTES };
	struct kvl_layout_request request = request_of(GiB(1), GiB(3));
	struct kvl_layout plan;
	struct kvl_layout_failure why;

	request.segment_bytes = bytes[_i];
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), -1);
	ck_assert_int_eq(why.error, KVL_LAYOUT_SEGMENT);
	ck_assert_uint_eq(why.value, KVL_SEGMENT_MAX);
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

START_TEST(ranges_do_not_wrap)
{
	struct kvl_range last = { 0 - PAGE_BYTES, PAGE_BYTES }, low = { 0, PAGE_BYTES };

	ck_assert_uint_eq(kvl_range_end(low), PAGE_BYTES);
	ck_assert_uint_eq(kvl_range_end(last), UINT64_MAX);
	ck_assert(!kvl_ranges_overlap(last, low) && kvl_ranges_overlap(last, last));
	last.bytes += PAGE_BYTES;
	ck_assert_uint_eq(kvl_range_end(last), UINT64_MAX);
	ck_assert(!kvl_ranges_overlap(last, low));
}
END_TEST

START_TEST(ram_ends_behind_the_devices)
{
	ck_assert_uint_eq(kvl_ram_end(MiB(64)), MiB(64));
	ck_assert_uint_eq(kvl_ram_end(GiB(3)), GiB(3));
	ck_assert_uint_eq(kvl_ram_end(GiB(3) + MiB(2)), GiB(4) + MiB(2));
}
END_TEST

/* --- refusals --------------------------------------------------------------------------------- */
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
	ck_assert_uint_eq(refused(&request).value, 0 - LARGE_BYTES - GiB(1));
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
		{ { { UINT64_MAX, 0 } }, 1, KVL_LAYOUT_HOLE_ALIGN, 0 },
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

START_TEST(what_a_hole_outside_ram_meets)
{
	static const struct {
		u64 mem;
		struct kvl_range hole;
		enum kvl_outside met;
	} row[] = {
		{ GiB(1), { MiB(1), MiB(2) }, KVL_OUTSIDE_LOW },
		{ GiB(1), { 0, GiB(8) }, KVL_OUTSIDE_LOW },
		{ GiB(1), { GiB(1) - PAGE_BYTES, 2 * PAGE_BYTES }, KVL_OUTSIDE_RAM },
		{ GiB(1), { GiB(3) - PAGE_BYTES, PAGE_BYTES }, KVL_OUTSIDE_RAM },
		{ GiB(1), { GiB(3) - PAGE_BYTES, 2 * PAGE_BYTES }, KVL_OUTSIDE_DEVICES },
		{ GiB(8), { GiB(4) - PAGE_BYTES, 2 * PAGE_BYTES }, KVL_OUTSIDE_DEVICES },
		{ GiB(1), { GiB(4), PAGE_BYTES }, KVL_OUTSIDE_RAM },
		{ GiB(1), { 0 - PAGE_BYTES, PAGE_BYTES }, KVL_OUTSIDE_ALL },
		{ GiB(1), { UINT64_MAX, UINT64_MAX }, KVL_OUTSIDE_ALL },
		{ GiB(1), { 1, UINT64_MAX }, KVL_OUTSIDE_ALL },
	};
	struct kvl_layout_request request = request_of(row[_i].mem, GiB(3));

	request.nholes = 1;
	request.hole[0] = row[_i].hole;
	ck_assert_int_eq(refused(&request).error, KVL_LAYOUT_HOLE_OUTSIDE);
	ck_assert_int_eq(refused(&request).other, row[_i].met);
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

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, random_option_sets, 0, KVL_LAYOUT_KINDS);
	tcase_add_loop_test(tcase, worst_case_of_the_proposal, 0, ARRAY_LEN(worst));
	tcase_add_loop_test(tcase, worst_case_with_unaligned_holes, 0, ARRAY_LEN(worst));
	tcase_add_test(tcase, defaults_are_those_of_the_seed);
	tcase_add_test(tcase, machine_offsets_skip_the_device_gap);
	tcase_add_loop_test(tcase, a_per_task_space_of_either_side, 0, 3);
	tcase_add_loop_test(tcase, arenas_of_any_size, 0, 6);
	tcase_add_loop_test(tcase, arenas_that_cannot_be_are_refused, 0, 8);
	tcase_add_test(tcase, what_is_soft);
	tcase_add_loop_test(tcase, soft_tlbs_that_cannot_be_are_refused, 0, 4);
	tcase_add_loop_test(tcase, a_segment_is_no_ram, 0, 3);
	tcase_add_loop_test(tcase, segments_that_cannot_be_are_refused, 0, 4);
	tcase_add_test(tcase, sizes_that_cannot_work_are_refused);
	tcase_add_test(tcase, windows_that_do_not_fit_are_refused);
	tcase_add_loop_test(tcase, holes_that_cannot_be_are_refused, 0, 10);
	tcase_add_loop_test(tcase, what_a_hole_outside_ram_meets, 0, 10);
	tcase_add_test(tcase, ranges_do_not_wrap);
	tcase_add_test(tcase, ram_ends_behind_the_devices);
	tcase_add_test(tcase, other_refusals_of_holes);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
