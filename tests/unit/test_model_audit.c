/* SPDX-License-Identifier: MIT */
/*
 * The audit, on tables made by hand: a small machine of 8 MiB RAM at 0 (its first 2 MiB are no RAM
 * for the guest), the arena in its last 64 KiB, all of it in the direct map.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "devices/abi/shared.h"
#include "tests/unit/suite.h"
#include "vmm/trace/model.h"

#define RAM_BYTES MiB(8)
#define ARENA (RAM_BYTES - KiB(64))
#define OFFSET 0xc0000000ull
#define FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)

enum { ROOT, UPPER, DIRECTORY, SMALL, USER_ROOT, NTABLES };
static const u16 level_of[NTABLES] = { 4, 3, 2, 1, 4 };

static struct {
	struct model *model;
	struct gmem mem;
	u8 *ram;
	u64 ticket;
	struct kvl_layout layout;
	struct audit_config config;
} machine;

static u64 table_at(u32 table)
{
	return ARENA + table * PAGE_BYTES;
}

static u64 *entry_at(u32 table, u32 index)
{
	return (u64 *)(void *)(machine.ram + table_at(table)) + index;
}

static void record_on(u32 cpu, u16 id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_record r = { ++machine.ticket, id, 0, { h0, h1 }, 0, { a0, a1, a2, a3, a4 } };

	model_record(machine.model, cpu, &r);
}

static void record(u16 id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3)
{
	record_on(0xffff, id, h0, h1, a0, a1, a2, a3, 0);
}

/* Reported and stored. */
static void set(u32 table, u64 va, u64 value)
{
	u32 index = pte_index(va, level_of[table]);

	record_on(0xffff, KVL_EV_PT_SET, (u16)index, level_of[table], va, table_at(table),
		  *entry_at(table, index), value, table == USER_ROOT);
	*entry_at(table, index) = value;
}

static void map_direct(void)
{
	set(ROOT, OFFSET, table_at(UPPER) | FLAGS);
	set(UPPER, OFFSET, table_at(DIRECTORY) | FLAGS);
	for (u64 at = MiB(2); at < MiB(6); at += LARGE_BYTES)
		set(DIRECTORY, OFFSET + at, at | FLAGS | PTE_LARGE);
	set(DIRECTORY, OFFSET + MiB(6), table_at(SMALL) | FLAGS);
	for (u64 at = MiB(6); at < MiB(8); at += PAGE_BYTES)
		set(SMALL, OFFSET + at, at | FLAGS);
}

static void setup_in_boot(void)
{
	struct model_config config = { .ncpus = 1 };

	memset(&machine, 0, sizeof(machine));
	machine.model = model_create(&config);
	machine.ram = aligned_alloc(PAGE_BYTES, RAM_BYTES);
	memset(machine.ram, 0, RAM_BYTES);
	ck_assert(gmem_add(&machine.mem, gpa(0), RAM_BYTES, machine.ram));
	machine.layout = (struct kvl_layout){
		.arena = { ARENA, KiB(64) },
		.region[KVL_REGION_LOWMEM] = { OFFSET + MiB(2), MiB(6) },
		.nlowmem = 1,
		.lowmem = { { MiB(2), OFFSET + MiB(2), MiB(6) } },
	};
	machine.config = (struct audit_config){ .mem = &machine.mem, .layout = &machine.layout };
	for (u32 i = 0; i < NTABLES; i++)
		record(KVL_EV_TABLE_ALLOC, 0, level_of[i], table_at(i), i == USER_ROOT, 0, 0);
	record(KVL_EV_MM_CREATE, 0, 0, 0, table_at(ROOT), 0, 0);
	record(KVL_EV_MM_CREATE, 0, 0, 1, table_at(USER_ROOT), 0, 0);
	map_direct();
	set(USER_ROOT, OFFSET, table_at(UPPER) | FLAGS);
}

static void setup(void)
{
	setup_in_boot();
	record(KVL_EV_MARK, 0, 0, KVL_MARK_SCENARIO, 0, 0, 0);
}

static void teardown(void)
{
	model_destroy(machine.model);
	free(machine.ram);
}

static void expect(u32 n, enum finding_kind kind, const char *part)
{
	u64 compared = model_audit(machine.model, &machine.config);
	const struct finding *first = model_finding(machine.model, 0);

	ck_assert_uint_eq(compared, NTABLES * PTE_ENTRIES);
	ck_assert_msg(model_findings(machine.model) == n, "%u findings, first: %s",
		      model_findings(machine.model), first ? first->text : "none");
	if (!n)
		return;
	ck_assert_uint_eq(model_finding_count(machine.model, kind), n);
	ck_assert_msg(strstr(first->text, part) != NULL, "%s", first->text);
	ck_assert_uint_eq(first->ticket, 0);
}

START_TEST(as_reported)
{
	expect(0, 0, "");
}
END_TEST

/* --- entries --- */
START_TEST(unreported_store)
{
	*entry_at(SMALL, 7) ^= PTE_WRITABLE;
	expect(1, FINDING_UNREPORTED,
	       "entry 7 of the level-1 table 0x7f3000 (mm 0) is 0x607061, "
	       "but the trace says 0x607063");
}
END_TEST

START_TEST(unreported_where_nothing_was)
{
	*entry_at(DIRECTORY, 511) = 0x1000;
	expect(1, FINDING_UNREPORTED, "entry 511 of the level-2 table");
}
END_TEST

START_TEST(reported_but_not_stored)
{
	record_on(0xffff, KVL_EV_PT_SET, 1, 4, GiB(512), table_at(USER_ROOT), 0, 0x123000, 1);
	expect(1, FINDING_UNREPORTED, "is 0, but the trace says 0x123000");
}
END_TEST

/* A CPU that was stopped before it committed: its store may have happened. */
START_TEST(pending_stored)
{
	struct kvl_record pending = { .id = KVL_EV_PT_SET,
				      .h = { 7, 1 },
				      .a = { 0xc0607000, table_at(SMALL), 0x607063, 0x607061, 0 } };

	machine.config.pending = &pending;
	machine.config.npending = 1;
	expect(0, 0, "");
	*entry_at(SMALL, 7) = 0x607061;
	expect(0, 0, "");
}
END_TEST

START_TEST(pending_explains_only_its_entry)
{
	struct kvl_record pending = { .id = KVL_EV_PT_SET,
				      .h = { 8, 1 },
				      .a = { 0xc0608000, table_at(SMALL), 0x608063, 0x607061, 0 } };

	machine.config.pending = &pending;
	machine.config.npending = 1;
	*entry_at(SMALL, 7) = 0x607061;
	expect(1, FINDING_UNREPORTED, "entry 7");
}
END_TEST

/* --- tables --- */
/* The model itself has told of the entry already. */
static void leads(u64 value, enum finding_kind kind, const char *part)
{
	const struct finding *finding;
	bool found = false;

	set(USER_ROOT, GiB(512), value);
	ck_assert_uint_eq(model_findings(machine.model), 1);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_ge(model_finding_count(machine.model, kind), 1);
	for (u32 i = 1; (finding = model_finding(machine.model, i)); i++)
		found |= strstr(finding->text, part) != NULL;
	ck_assert(found);
}

START_TEST(table_unknown_to_the_trace)
{
	leads((ARENA + 10 * PAGE_BYTES) | FLAGS, FINDING_UNREPORTED,
	      "leads to 0x7fa000, which the trace does not know");
}
END_TEST

START_TEST(table_outside_the_arena)
{
	leads(0x300000 | FLAGS, FINDING_FOREIGN_TABLE, "leads to a table outside the arena");
}
END_TEST

START_TEST(table_nowhere)
{
	leads(0x000ffffffffff000ull | FLAGS, FINDING_FOREIGN_TABLE,
	      "leads to a table outside the arena");
}
END_TEST

START_TEST(table_at_two_levels)
{
	leads(table_at(DIRECTORY) | FLAGS, FINDING_UNREPORTED,
	      "as a table of level 3; the trace says level 2");
}
END_TEST

/* Tables that lead to themselves, everywhere: an end, and no crash. */
START_TEST(circles)
{
	for (u32 i = 0; i < PTE_ENTRIES; i++)
		*entry_at(USER_ROOT, i) = table_at(USER_ROOT) | FLAGS;
	ck_assert_uint_gt(model_audit(machine.model, &machine.config), 0);
	ck_assert_uint_gt(model_findings(machine.model), 0);
}
END_TEST

START_TEST(random_tables)
{
	srandom((unsigned)_i + 1);
	for (u32 i = 0; i < 16 * PTE_ENTRIES; i++)
		if (random() % 2)
			((u64 *)(void *)(machine.ram + ARENA))[i] =
				(ARENA + (u64)(random() % 16) * PAGE_BYTES) |
				(u64)(random() % 0x200) | ((u64)random() << 40 & PTE_FRAME);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_gt(model_findings(machine.model), 0);
}
END_TEST

START_TEST(root_never_allocated)
{
	record(KVL_EV_MM_CREATE, 0, 0, 2, ARENA + 12 * PAGE_BYTES, 0, 0);
	expect(1, FINDING_UNKNOWN_TABLE, "the root 0x7fc000 of mm 2 was never allocated");
}
END_TEST

START_TEST(root_outside)
{
	record(KVL_EV_MM_CREATE, 0, 0, 2, GiB(1), 0, 0);
	expect(1, FINDING_FOREIGN_TABLE, "the root 0x40000000 of mm 2 lies outside");
}
END_TEST

START_TEST(arena_without_memory)
{
	machine.layout.arena.start = GiB(2);
	ck_assert_uint_gt(model_audit(machine.model, &machine.config), 0);
	ck_assert_uint_gt(model_finding_count(machine.model, FINDING_FOREIGN_TABLE), 0);
}
END_TEST

/* --- the roots that CPUs run on --- */
static void runs_on(u64 root, bool at_rest)
{
	static struct audit_cpu running;

	running = (struct audit_cpu){ .cpu = 2, .root = root, .at_rest = at_rest };
	machine.config.running = &running;
	machine.config.nrunning = 1;
}

/* The same where it has a soft TLB, with a root outside the arena. */
#define SOFT_ROOT GiB(1) /* no memory: what is in it is test_audit_soft.c's */

static void runs_soft_on(u64 root, bool at_rest)
{
	static struct audit_cpu running;

	running = (struct audit_cpu){
		.cpu = 2, .root = root, .soft_root = SOFT_ROOT, .at_rest = at_rest
	};
	machine.config.running = &running;
	machine.config.nrunning = 1;
}

static void load_root(u64 mm, u32 table)
{
	record_on(2, KVL_EV_ROOT_LOAD, 0, 0, mm, table_at(table), 0, 0, 0);
}

static void go_on(void)
{
	record_on(2, KVL_EV_USE, 0, 0, 0, 0, 0, 0, 0);
}

START_TEST(runs_as_reported)
{
	runs_on(table_at(ROOT), true); /* the host's, before its first record */
	expect(0, 0, "");
	load_root(1, USER_ROOT);
	go_on();
	runs_on(table_at(USER_ROOT), true);
	expect(0, 0, "");
}
END_TEST

START_TEST(runs_elsewhere)
{
	runs_on(table_at(USER_ROOT), false);
	expect(1, FINDING_UNREPORTED, "CPU 2 runs on root 0x7f4000, the trace says 0x7f0000");
}
END_TEST

START_TEST(runs_on_the_last_root)
{
	load_root(1, USER_ROOT);
	go_on();
	runs_on(table_at(ROOT), false);
	expect(1, FINDING_UNREPORTED, "CPU 2 runs on root 0x7f0000, the trace says 0x7f4000");
}
END_TEST

/* The report comes before the load: a CPU may be stopped in between, if another ended the run. */
START_TEST(stopped_before_the_load)
{
	load_root(1, USER_ROOT);
	runs_on(table_at(ROOT), false);
	expect(0, 0, "");
	runs_on(table_at(ROOT), true);
	expect(1, FINDING_UNREPORTED, "CPU 2 runs on root 0x7f0000");
}
END_TEST

/* With a soft TLB: on its root, whatever space is loaded, from the first report on. */
START_TEST(runs_on_its_soft_tlb)
{
	runs_soft_on(table_at(ROOT), true); /* the host's, before its first record */
	expect(0, 0, "");
	load_root(0, ROOT);
	runs_soft_on(SOFT_ROOT, true);
	expect(0, 0, "");
	runs_soft_on(table_at(ROOT), false); /* stopped before its first load */
	expect(0, 0, "");
	load_root(1, USER_ROOT);
	go_on();
	runs_soft_on(SOFT_ROOT, true);
	expect(0, 0, "");
}
END_TEST

START_TEST(runs_beside_its_soft_tlb)
{
	load_root(1, USER_ROOT);
	go_on();
	runs_soft_on(_i ? table_at(USER_ROOT) : table_at(ROOT), false);
	expect(1, FINDING_UNREPORTED,
	       _i ? "CPU 2 runs on root 0x7f4000, its soft TLB's is 0x40000000"
		  : "CPU 2 runs on root 0x7f0000, its soft TLB's is 0x40000000");
}
END_TEST

START_TEST(a_soft_tlb_before_any_report)
{
	runs_soft_on(SOFT_ROOT, false);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_eq(model_finding_count(machine.model, FINDING_UNREPORTED), 1);
}
END_TEST

/* A root that no space has: what it leads to is looked at all the same. */
START_TEST(unknown_root_is_walked)
{
	*entry_at(NTABLES, 3) = 0x300000 | FLAGS;
	runs_on(table_at(NTABLES), false);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_eq(model_finding_count(machine.model, FINDING_UNREPORTED), 1);
	ck_assert_uint_eq(model_finding_count(machine.model, FINDING_FOREIGN_TABLE), 1);
}
END_TEST

START_TEST(root_of_a_cpu_outside)
{
	runs_on(GiB(1), false);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_eq(model_finding_count(machine.model, FINDING_FOREIGN_TABLE), 1);
}
END_TEST

/* --- the direct map --- */
/* Stopped in its boot, the guest has yet to make it. */
START_TEST(not_before_the_scenario)
{
	teardown();
	setup_in_boot();
	set(DIRECTORY, OFFSET + MiB(2), 0);
	expect(0, 0, "");
}
END_TEST

START_TEST(no_init_mm)
{
	struct model_config config = { .ncpus = 1 };

	model_destroy(machine.model);
	machine.model = model_create(&config);
	model_audit(machine.model, &machine.config);
	ck_assert_uint_eq(model_findings(machine.model), 1);
	ck_assert_ptr_nonnull(strstr(model_finding(machine.model, 0)->text, "there is no init_mm"));
}
END_TEST

START_TEST(direct_map_over_a_hole)
{
	machine.layout.lowmem[0].bytes = MiB(1);
	machine.layout.lowmem[1] = (struct kvl_piece){ MiB(4), OFFSET + MiB(4), MiB(4) };
	machine.layout.nlowmem = 2;
	expect(1, FINDING_DIRECT_MAP,
	       "leaf at va 0xc0200000 maps [0x200000, 0x400000), which is "
	       "not all usable RAM");
}
END_TEST

START_TEST(direct_map_misses_large)
{
	set(DIRECTORY, OFFSET + MiB(2), 0);
	expect(1, FINDING_DIRECT_MAP, "usable RAM [0x200000, 0x400000) is missing");
}
END_TEST

START_TEST(direct_map_misses_a_page)
{
	set(SMALL, OFFSET + MiB(7), 0);
	expect(1, FINDING_DIRECT_MAP, "usable RAM [0x700000, 0x701000) is missing");
}
END_TEST

START_TEST(direct_map_misses_all)
{
	set(ROOT, OFFSET, 0);
	expect(1, FINDING_DIRECT_MAP, "usable RAM [0x200000, 0x800000) is missing");
}
END_TEST

START_TEST(direct_map_elsewhere)
{
	set(SMALL, OFFSET + MiB(7), 0x600000 | FLAGS);
	expect(1, FINDING_DIRECT_MAP, "has gpa 0x600000 at va 0xc0700000, where gpa 0x700000");
}
END_TEST

/* RAM behind the end of lowmem has no direct address, and needs none. */
START_TEST(highmem)
{
	for (u64 at = MiB(7); at < MiB(8); at += PAGE_BYTES)
		set(SMALL, OFFSET + at, 0);
	machine.layout.lowmem[0].bytes = MiB(5);
	machine.layout.region[KVL_REGION_LOWMEM].bytes = MiB(5);
	expect(0, 0, "");
}
END_TEST

/* Two large pages change places, as in a layout that moves what is behind a hole. */
START_TEST(direct_map_that_is_moved)
{
	set(DIRECTORY, OFFSET + MiB(2), MiB(4) | FLAGS | PTE_LARGE);
	set(DIRECTORY, OFFSET + MiB(4), 0);
	machine.layout.lowmem[0] = (struct kvl_piece){ MiB(4), OFFSET + MiB(2), MiB(2) };
	machine.layout.lowmem[1] = (struct kvl_piece){ MiB(6), OFFSET + MiB(6), MiB(2) };
	machine.layout.nlowmem = 2;
	expect(0, 0, "");
}
END_TEST

/* Where no lowmem is, nothing may be mapped, unless the addresses are vmalloc's. */
START_TEST(leaf_between_pieces)
{
	machine.layout.lowmem[0].bytes = MiB(4);
	machine.layout.lowmem[1] = (struct kvl_piece){ MiB(7), OFFSET + MiB(7), MiB(1) };
	machine.layout.nlowmem = 2;
	if (_i) {
		machine.layout.nvmalloc = 1;
		machine.layout.vmalloc[0] = (struct kvl_range){ OFFSET + MiB(6), MiB(1) };
	}
	expect(_i ? 0 : 256, FINDING_DIRECT_MAP,
	       "leaf at va 0xc0600000 maps [0x600000, 0x601000), where no RAM belongs");
}
END_TEST

/* It begins where vmalloc may map what it likes, and goes on over lowmem. */
START_TEST(leaf_across_vmalloc_and_lowmem)
{
	machine.layout.lowmem[0].bytes = MiB(4);
	machine.layout.lowmem[1] = (struct kvl_piece){ MiB(7), OFFSET + MiB(7), MiB(1) };
	machine.layout.nlowmem = 2;
	machine.layout.nvmalloc = 1;
	machine.layout.vmalloc[0] = (struct kvl_range){ OFFSET + MiB(6), MiB(1) };
	set(DIRECTORY, OFFSET + MiB(6), MiB(4) | FLAGS | PTE_LARGE);
	expect(1, FINDING_DIRECT_MAP,
	       "leaf at va 0xc0600000 maps [0x400000, 0x600000), where no RAM belongs");
}
END_TEST

START_TEST(a_hole_that_is_mapped)
{
	machine.layout.nvmalloc = 1;
	machine.layout.vmalloc[0] = (struct kvl_range){ OFFSET + MiB(6), MiB(2) };
	machine.layout.lowmem[0].bytes = MiB(4);
	machine.layout.nholes = 1;
	machine.layout.hole[0] = (struct kvl_range){ MiB(7) + KiB(4), KiB(4) };
	expect(1, FINDING_HOLE, "maps the hole at 0x701000");
}
END_TEST

/* --- accessed and dirty --- */
START_TEST(an_entry_without_its_bits)
{
	static const struct {
		u64 va, bits;
		u32 table;
		const char *says;
	} lacks[] = {
		{ MiB(6), PTE_ACCESSED, SMALL,
		  "entry 0 of the level-1 table 0x7f3000 (0x600043) lacks its accessed bit" },
		{ MiB(6), PTE_DIRTY, SMALL, "(0x600023) lacks its dirty bit" },
		{ MiB(2), PTE_DIRTY, DIRECTORY, "(0x2000a3) lacks its dirty bit" },
		{ MiB(6), PTE_ACCESSED, DIRECTORY,
		  "entry 3 of the level-2 table 0x7f2000 (0x7f3043) lacks its accessed bit" },
	};
	u32 index = pte_index(OFFSET + lacks[_i].va, level_of[lacks[_i].table]);

	set(lacks[_i].table, OFFSET + lacks[_i].va,
	    *entry_at(lacks[_i].table, index) & ~lacks[_i].bits);
	expect(1, FINDING_ACCESSED, lacks[_i].says);
}
END_TEST

/* Of a table's own entry the processor has no dirty bit. */
START_TEST(a_table_needs_no_dirty_bit)
{
	set(DIRECTORY, OFFSET + MiB(6), table_at(SMALL) | (FLAGS & ~PTE_DIRTY));
	expect(0, FINDING_ACCESSED, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model audit");
	TCase *entries = tcase_create("entries"), *tables = tcase_create("tables");
	TCase *roots = tcase_create("roots"), *direct = tcase_create("direct map");

	tcase_add_checked_fixture(entries, setup, teardown);
	tcase_add_test(entries, as_reported);
	tcase_add_test(entries, unreported_store);
	tcase_add_test(entries, unreported_where_nothing_was);
	tcase_add_test(entries, reported_but_not_stored);
	tcase_add_test(entries, pending_stored);
	tcase_add_test(entries, pending_explains_only_its_entry);
	tcase_add_loop_test(entries, an_entry_without_its_bits, 0, 4);
	tcase_add_test(entries, a_table_needs_no_dirty_bit);
	suite_add_tcase(suite, entries);
	tcase_add_checked_fixture(tables, setup, teardown);
	tcase_add_test(tables, table_unknown_to_the_trace);
	tcase_add_test(tables, table_outside_the_arena);
	tcase_add_test(tables, table_nowhere);
	tcase_add_test(tables, table_at_two_levels);
	tcase_add_test(tables, circles);
	tcase_add_loop_test(tables, random_tables, 0, 20);
	tcase_add_test(tables, root_never_allocated);
	tcase_add_test(tables, root_outside);
	tcase_add_test(tables, arena_without_memory);
	suite_add_tcase(suite, tables);
	tcase_add_checked_fixture(roots, setup, teardown);
	tcase_add_test(roots, runs_as_reported);
	tcase_add_test(roots, runs_elsewhere);
	tcase_add_test(roots, runs_on_the_last_root);
	tcase_add_test(roots, stopped_before_the_load);
	tcase_add_test(roots, runs_on_its_soft_tlb);
	tcase_add_test(roots, a_soft_tlb_before_any_report);
	tcase_add_loop_test(roots, runs_beside_its_soft_tlb, 0, 2);
	tcase_add_test(roots, unknown_root_is_walked);
	tcase_add_test(roots, root_of_a_cpu_outside);
	suite_add_tcase(suite, roots);
	tcase_add_checked_fixture(direct, setup, teardown);
	tcase_add_test(direct, not_before_the_scenario);
	tcase_add_test(direct, no_init_mm);
	tcase_add_test(direct, direct_map_over_a_hole);
	tcase_add_test(direct, direct_map_that_is_moved);
	tcase_add_loop_test(direct, leaf_between_pieces, 0, 2);
	tcase_add_test(direct, leaf_across_vmalloc_and_lowmem);
	tcase_add_test(direct, a_hole_that_is_mapped);
	tcase_add_test(direct, direct_map_misses_large);
	tcase_add_test(direct, direct_map_misses_a_page);
	tcase_add_test(direct, direct_map_misses_all);
	tcase_add_test(direct, direct_map_elsewhere);
	tcase_add_test(direct, highmem);
	suite_add_tcase(suite, direct);
	return run_suite(suite);
}
