/* SPDX-License-Identifier: MIT */
/*
 * The first page tables, walked by a walker that shares no code with their maker: every page of the
 * two top-level entries' first 4 GiB is where it must be or nowhere. And what the trace heard of
 * them is what lies in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/arch.h"
#include "vmm/plan.h"
#include "vmm/trace/model.h"
#include "vmm/trace/trace.h"

static struct kvl_layout layout;
static struct gmem mem;
static struct err err;
static u8 *arena, *low;
static u64 root;
static int used;

static const struct {
	u64 mem, split;
	bool arena_highmem;
	u32 ncpus;
	struct kvl_range hole;
	u32 soft_entries;
	u64 arena_bytes;
} row[] = {
	{ MiB(64), GiB(3), false, 1, { 0, 0 }, 0, MiB(2) },
	{ GiB(2), GiB(3), true, 2, { MiB(64), MiB(3) }, 64, MiB(160) },
	{ GiB(1), GiB(2), false, 4, { 0, 0 }, 8, 0 },
	{ GiB(6), GiB(1), false, 16, { 0, 0 }, 0, MiB(64) },
	{ GiB(6), GiB(3), true, 16, { GiB(1), MiB(1) }, 1024, 0 },
};
#define ROWS ((int)ARRAY_LEN(row))

static void plan(int i)
{
	struct kvl_layout_request request = { .mem_bytes = row[i].mem,
					      .page_offset = row[i].split,
					      .arena_highmem = row[i].arena_highmem,
					      .arena_bytes = row[i].arena_bytes,
					      .ncpus = row[i].ncpus,
					      .soft_entries = row[i].soft_entries,
					      .nholes = row[i].hole.bytes != 0,
					      .hole = { row[i].hole } };

	ck_assert_msg(layout_plan(&request, NULL, &layout, &err) == 0, "%s", err.text);
	arena = aligned_alloc(4096, layout.arena.bytes);
	low = calloc(1, MiB(2));
	ck_assert(arena && low);
	memset(arena, 0xA5, layout.arena.bytes);
	memset(&mem, 0, sizeof(mem));
	ck_assert(gmem_add(&mem, gpa(0), MiB(2), low));
	ck_assert(gmem_add(&mem, gpa(layout.arena.start), layout.arena.bytes, arena));
}

static void make(struct trace *trace)
{
	used = arch_boot_tables(&mem, &layout, trace, &root, &err);
	ck_assert_msg(used > 0, "%s", err.text);
}

static void unplan(void)
{
	free(arena);
	free(low);
}

/* --- the walker: numbers straight from the processor manual ----------------------------------- */
#define P 0x1ull
#define RW 0x2ull
#define US 0x4ull
#define PCD 0x10ull
#define AD 0x60ull
#define PS 0x80ull
#define NX 0x8000000000000000ull

struct page {
	bool mapped, exec, uncached;
	u64 gpa;
	bool readonly;
};

/* A million pages a layout: asserting each would take minutes. */
#define EXPECT(condition, va)                                                                    \
	do {                                                                                     \
		if (!(condition))                                                                \
			ck_abort_msg("va 0x%llx: not %s", (unsigned long long)(va), #condition); \
	} while (0)

static struct page walk(u64 va)
{
	struct page page = { .exec = true };
	u64 table = root;

	for (int shift = 39;; shift -= 9) {
		u64 entry = 0, at = table + (va >> shift & 511) * 8;

		EXPECT(at >= layout.arena.start, va);
		EXPECT(at < layout.arena.start + (u64)used * 4096, va);
		memcpy(&entry, arena + (at - layout.arena.start), 8);
		if (!(entry & P))
			return page;
		EXPECT((entry & (AD | US)) == AD, va);
		page.readonly |= !(entry & RW);
		page.exec &= !(entry & NX);
		page.uncached |= (entry & PCD) != 0;
		if (shift == 12 || (entry & PS)) {
			u64 low_bits = (1ull << shift) - 1;

			EXPECT(!(entry & 0x000ffffffffff000ull & low_bits), va);
			page.mapped = true;
			page.gpa = (entry & 0x000ffffffffff000ull) + (va & low_bits);
			return page;
		}
		table = entry & 0x000ffffffffff000ull;
	}
}

static bool inside(u64 at, u64 start, u64 length)
{
	return at >= start && at - start < length;
}

/* What the comment of arch_boot_tables() promises for @va below 4 GiB. */
static struct page promised(u64 va)
{
	u64 direct = va - layout.page_offset;

	if (inside(va, 0, MiB(2)) || inside(va, MiB(16), MiB(2)))
		return (struct page){ true, true, false, va, false };
	if (va >= layout.page_offset && inside(direct, layout.core.start, layout.core.bytes))
		return (struct page){ true, direct < MiB(18), false, direct, false };
	return (struct page){ 0 };
}

static void check_page(u64 va, struct page want)
{
	struct page got = walk(va);

	EXPECT(got.mapped == want.mapped, va);
	if (!want.mapped)
		return;
	EXPECT(got.gpa == want.gpa, va);
	EXPECT(got.exec == want.exec, va);
	EXPECT(got.uncached == want.uncached, va);
	EXPECT(got.readonly == want.readonly, va);
}

START_TEST(every_page_below_4_gib)
{
	plan(_i);
	make(NULL);
	for (u64 va = 0; va < GiB(4) - PAGE_BYTES; va += PAGE_BYTES)
		check_page(va, promised(va));
	unplan();
}
END_TEST

START_TEST(the_fixmap_table_maps_itself)
{
	struct page page;
	u64 entry;

	plan(_i);
	make(NULL);
	page = walk(GiB(4) - PAGE_BYTES);
	ck_assert(page.mapped && !page.exec);
	ck_assert(inside(page.gpa, layout.arena.start, (u64)used * PAGE_BYTES));
	memcpy(&entry, arena + (page.gpa - layout.arena.start) + 511 * 8, 8);
	ck_assert_uint_eq(entry & 0x000ffffffffff000ull, page.gpa);
	unplan();
}
END_TEST

START_TEST(the_window)
{
	const struct kvl_range *shared = &layout.shared;

	plan(_i);
	make(NULL);
	check_page(KVL_LAPIC_VA, (struct page){ true, false, true, KVL_LAPIC_GPA, false });
	for (u64 at = 0; at < shared->bytes; at += PAGE_BYTES)
		check_page(KVL_SHARED_VA + at,
			   (struct page){ true, false, false, shared->start + at, false });
	for (u64 va = KVL_LAPIC_VA + PAGE_BYTES; va < KVL_SHARED_VA; va += PAGE_BYTES)
		check_page(va, (struct page){ 0 });
	check_page(KVL_SHARED_VA + shared->bytes, (struct page){ 0 });
	check_page(KVL_WINDOW_VA + GiB(512), (struct page){ 0 });
	unplan();
}
END_TEST

START_TEST(the_window_of_soft_tlbs)
{
	u64 seen, there;

	plan(_i);
	make(NULL);
	seen = row[_i].soft_entries ? layout.arena.bytes : 0;
	there = layout.soft.bytes;
	for (u64 at = 0; at < seen; at += PAGE_BYTES)
		check_page(KVL_ARENA_VA + at,
			   (struct page){ true, false, false, layout.arena.start + at, true });
	for (u64 at = 0; at < there; at += PAGE_BYTES)
		check_page(KVL_SOFT_VA + at,
			   (struct page){ true, false, false, layout.soft.start + at, false });
	check_page(KVL_ARENA_VA + seen, (struct page){ 0 });
	check_page(KVL_SOFT_VA + there, (struct page){ 0 });
	unplan();
}
END_TEST

START_TEST(the_rest_of_the_arena_is_untouched)
{
	plan(_i);
	make(NULL);
	for (u64 at = (u64)used * PAGE_BYTES; at < layout.arena.bytes; at++)
		if (arena[at] != 0xA5)
			ck_abort_msg("byte 0x%llx", (unsigned long long)at);
	unplan();
}
END_TEST

/* The model is fed with what was reported; the audit then walks memory. */
START_TEST(the_trace_knows_every_entry)
{
	struct model_config config = { .ncpus = 1 };
	struct model *model = model_create(&config);
	struct trace_config to = { .ncpus = 1, .scenario = "", .arm = "", .model = model };
	struct kvl_layout mapped;
	struct trace *trace;
	u64 compared;

	to.host_class = "none";
	trace = trace_open(&to, &err);
	ck_assert_msg(trace != NULL, "%s", err.text);
	plan(_i);
	mapped = layout; /* of lowmem, only the core so far */
	mapped.nlowmem = 1;
	mapped.lowmem[0] = (struct kvl_piece){ layout.core.start,
					       layout.core.start + layout.page_offset,
					       layout.core.bytes };
	make(trace);
	ck_assert_int_eq(trace_finish(trace, &err), 0);
	model_finish(model, true);
	compared = model_audit(model, &(struct audit_config){
					      .mem = &mem,
					      .layout = &mapped,
				      });
	ck_assert_uint_eq(compared, (u64)used * 512);
	if (model_findings(model))
		ck_abort_msg("%s", model_finding(model, 0)->text);
	model_destroy(model);
	trace_close(trace);
	unplan();
}
END_TEST

START_TEST(an_arena_that_is_too_small)
{
	plan(0);
	make(NULL);
	layout.arena.bytes = (u64)used * PAGE_BYTES;
	make(NULL);
	for (u64 frames = 0; frames < (u64)used; frames++) {
		layout.arena.bytes = frames * PAGE_BYTES;
		ck_assert_int_eq(arch_boot_tables(&mem, &layout, NULL, &root, &err), -1);
		ck_assert_int_eq(err.status, EXIT_VMM);
	}
	unplan();
}
END_TEST

START_TEST(a_layout_that_cannot_be_booted)
{
	plan(0);
	layout.shared.start += PAGE_BYTES;
	ck_assert_int_eq(arch_boot_tables(&mem, &layout, NULL, &root, &err), -1);
	layout.shared.start -= PAGE_BYTES;
	layout.core.start += LARGE_BYTES;
	ck_assert_int_eq(arch_boot_tables(&mem, &layout, NULL, &root, &err), -1);
	layout.core.start -= LARGE_BYTES;
	layout.arena.start = GiB(4);
	ck_assert_int_eq(arch_boot_tables(&mem, &layout, NULL, &root, &err), -1);
	unplan();
}
END_TEST

START_TEST(the_start_info_is_pvh)
{
	u32 magic;
	u64 at;

	plan(0);
	at = arch_boot_info(&mem);
	ck_assert_uint_lt(at, MiB(1));
	ck_assert(gmem_read(&mem, gpa(at), &magic, sizeof(magic)));
	ck_assert_uint_eq(magic, 0x336ec578);
	unplan();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot");
	TCase *tcase = tcase_create("tables");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_page_below_4_gib, 0, ROWS);
	tcase_add_loop_test(tcase, the_fixmap_table_maps_itself, 0, ROWS);
	tcase_add_loop_test(tcase, the_window, 0, ROWS);
	tcase_add_loop_test(tcase, the_window_of_soft_tlbs, 0, ROWS);
	tcase_add_loop_test(tcase, the_rest_of_the_arena_is_untouched, 0, ROWS);
	tcase_add_loop_test(tcase, the_trace_knows_every_entry, 0, ROWS);
	tcase_add_test(tcase, an_arena_that_is_too_small);
	tcase_add_test(tcase, a_layout_that_cannot_be_booted);
	tcase_add_test(tcase, the_start_info_is_pvh);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
