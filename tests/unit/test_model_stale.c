/* SPDX-License-Identifier: MIT */
/*
 * Who may use a stale translation, which frames are reused too early, which flushes were for
 * nothing.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define RW (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)
#define RO (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define A (0x100000ull | RW)
#define A_RO (0x100000ull | RO)
#define B (0x200000ull | RW)
#define LARGE_A (0x400000ull | RW | PTE_LARGE)

static void setup(void)
{
	model_setup(&(struct model_config){ 0 });
	hang_tables();
}

static void set(u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, KERNEL_VA, KERNEL_TABLE, 1, old, new);
}

static void set_user(u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, USER_VA, USER_TABLE, 1, old, new);
}

static void use(u32 cpu, u64 va, bool write)
{
	record(cpu, KVL_EV_USE, FLUSH, write, 0, va, 0, 0, 0, 0);
}

static void read_it(u32 cpu)
{
	use(cpu, KERNEL_VA + 8, false);
}

/* --- uses ------------------------------------------------------------------------------------- */
START_TEST(flushed_everywhere)
{
	set(0, A);
	read_it(1);
	set(A, B);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + 0x123);
	read_it(0);
	read_it(1);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).stale_uses, 0);
}
END_TEST

START_TEST(both_sides_of_the_story)
{
	u64 changed;

	set(0, A);
	set(A, B);
	changed = ticket;
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	read_it(0);
	read_it(1);
	read_it(1);
	expect(1,
	       "CPU 1 uses va 0xf0003008 (flash.flush) and may hold the entry that flash.map took "
	       "away at ticket 21 (gpa 0x100008, writable): no flush of it on CPU 1 since; the "
	       "tables lead to gpa 0x200008, writable");
	ck_assert_uint_eq(model_finding(model, 0)->cause, changed);
	ck_assert_uint_eq(model_finding(model, 0)->ticket, ticket - 1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 2);
}
END_TEST

START_TEST(unmapped)
{
	set(0, A);
	set(A, 0);
	read_it(0);
	expect(1, "the tables lead to nothing");
}
END_TEST

START_TEST(same_page_again)
{
	set(0, A);
	set(A, 0);
	set(0, A);
	read_it(1);
	expect_none();
}
END_TEST

/* In between there was another one, which the CPU may hold. */
START_TEST(another_page_in_between)
{
	set(0, A);
	set(A, B);
	set(B, A);
	read_it(1);
	expect(1, "(gpa 0x200008, writable)");
}
END_TEST

/* However many there were: one of those that are remembered differs. */
START_TEST(many_pages_in_between)
{
	set(0, A);
	for (u64 i = 0; i < 1000; i++) {
		set(A + i * PAGE_BYTES, A + (i + 1) * PAGE_BYTES);
		set_at(MAP, KERNEL_VA, KERNEL_TABLE, 1, A + (i + 1) * PAGE_BYTES,
		       A + (i + 1) * PAGE_BYTES);
	}
	set(A + 1000 * PAGE_BYTES, A + 999 * PAGE_BYTES);
	read_it(1);
	ck_assert_uint_gt(model_findings(model), 0);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

START_TEST(write_permission_taken)
{
	set(0, A);
	set(A, A_RO);
	use(1, KERNEL_VA, false);
	expect_none();
	use(1, KERNEL_VA, true);
	expect(1, "CPU 1 writes va 0xf0003000");
}
END_TEST

START_TEST(more_rights)
{
	set(0, A_RO);
	set(A_RO, A);
	use(1, KERNEL_VA, true);
	expect_none();
}
END_TEST

START_TEST(user_page_where_it_runs)
{
	load_root(1, 1);
	set_user(0, A);
	set_user(A, B);
	use(0, USER_VA, false);
	expect_none();
	use(1, USER_VA, false);
	expect(1, "CPU 1 uses va 0x403000");
}
END_TEST

START_TEST(user_page_after_a_switch)
{
	load_root(1, 1);
	set_user(0, A);
	set_user(A, B);
	load_root(1, 0);
	load_root(1, 1);
	use(1, USER_VA, false);
	expect_none();
}
END_TEST

START_TEST(global_survives_a_switch)
{
	set(0, A | PTE_GLOBAL);
	set(A | PTE_GLOBAL, B);
	load_root(1, 1);
	read_it(1);
	expect(1, "CPU 1 uses");
	flush(1, KVL_FLUSH_ALL, 0);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

START_TEST(large_page)
{
	u64 va = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES;

	set_at(MAP, va, LARGE_TABLE, 2, 0, LARGE_A);
	set_at(UNMAP, va, LARGE_TABLE, 2, LARGE_A, 0);
	flush(0, KVL_FLUSH_PAGE, va + 0x5000);
	use(0, va + 0x123456, false);
	expect_none();
	use(1, va + 0x123456, false);
	expect(1, "(gpa 0x523456, writable)");
}
END_TEST

/* --- upper levels ----------------------------------------------------------------------------- */
/* The directory leads to another table from here on. */
static void replace_table(u64 leaf)
{
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, 0x30000, 0, 0, 0, 0);
	set_at(MAP, KERNEL_VA, 0x30000, 1, 0, leaf);
	set_at(MAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), TO_TABLE(0x30000));
}

START_TEST(table_with_the_same)
{
	set(0, A);
	replace_table(A);
	read_it(1);
	expect_none();
}
END_TEST

START_TEST(table_with_another)
{
	set(0, A);
	replace_table(B);
	read_it(1);
	expect(1, "(gpa 0x100008, writable)");
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA + 8);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

/*
 * Leaves that were taken up through the old table stay when another page is flushed; all go page by
 * page.
 */
START_TEST(table_with_another_flushed_in_part)
{
	u64 start = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES);

	set(0, A);
	replace_table(B);
	for (u64 va = start; va < start + LARGE_BYTES; va += PAGE_BYTES)
		if (va != KERNEL_VA)
			flush(1, KVL_FLUSH_PAGE, va);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	read_it(1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 1);
}
END_TEST

/* What a table held went when nothing led to it any more, not when it is freed. */
START_TEST(table_unlinked_and_flushed)
{
	set(0, A);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	flush(0, KVL_FLUSH_SPACE, 0);
	flush(1, KVL_FLUSH_SPACE, 0);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(0, KVL_EV_TABLE_ALLOC, MAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	set_at(MAP, KERNEL_VA, LARGE_TABLE, 2, 0, TO_TABLE(KERNEL_TABLE));
	set(0, B);
	read_it(1);
	expect_none();
}
END_TEST

START_TEST(table_that_was_freed)
{
	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	replace_table(B);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	read_it(1);
	expect(1, "(a table that was freed)");
}
END_TEST

/* --- from get to put -------------------------------------------------------------------------- */
static void get(u32 cpu, u64 gpa)
{
	record(cpu, KVL_EV_KVA_GET, MAP, 0, 0, KERNEL_VA, gpa, 0, 0, 0);
}

static void put(u32 cpu)
{
	record(cpu, KVL_EV_KVA_PUT, UNMAP, 0, 0, KERNEL_VA, 0, 0, 0, 0);
}

START_TEST(got_and_put)
{
	set(0, A);
	get(0, 0x100000);
	get(1, 0x100000);
	put(0);
	put(1);
	set(A, 0);
	expect_none();
}
END_TEST

START_TEST(got_for_another_page)
{
	set(0, A);
	get(1, 0x200000);
	expect(1, "that is not where the tables lead (flash.map); the tables lead to gpa 0x100000");
}
END_TEST

START_TEST(changed_in_use)
{
	set(0, A);
	get(1, 0x100000);
	set(A, B);
	expect(1,
	       "va 0xf0003000, which CPU 1 has for gpa 0x100000 since ticket 21 (flash.map): its "
	       "entry is changed while it is in use (flash.map)");
	ck_assert_uint_eq(model_finding_count(model, FINDING_KVA), 1);
}
END_TEST

START_TEST(large_page_changed_in_use)
{
	set(0, A);
	get(1, 0x100000);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	ck_assert_uint_eq(model_finding_count(model, FINDING_KVA), 1);
}
END_TEST

/* As often as one likes, by as many as there are. */
START_TEST(got_many_times)
{
	set(0, A);
	for (u32 i = 0; i < 200; i++)
		get(i % 2, 0x100000);
	for (u32 i = 0; i < 200; i++)
		put(i % 2);
	set(A, 0);
	model_finish(model, true);
	expect_none();
}
END_TEST

START_TEST(never_put)
{
	set(0, A);
	get(1, 0x100000);
	get(1, 0x100000);
	put(1);
	model_finish(model, true);
	expect(1, "CPU 1 has for gpa 0x100000 since ticket 22 (flash.map), was never put");
}
END_TEST

START_TEST(put_by_nobody)
{
	put(0);
	expect(1, "which nobody has");
}
END_TEST

START_TEST(got_where_it_is_stale)
{
	set(0, A);
	set(A, B);
	get(1, 0x200000);
	expect(1, "CPU 1 uses va 0xf0003000");
}
END_TEST

/* --- reuse ------------------------------------------------------------------------------------ */
static void hand_out(u64 gpa, u16 order)
{
	record(0, KVL_EV_PAGE_ALLOC, 0, order, 0, gpa, 0, 0, 0, 0);
}

START_TEST(reused_while_held)
{
	struct oracle oracle;

	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	hand_out(0x100000, (u16)_i);
	hand_out(0x100000, 0); /* the same window */
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	model_finish(model, true);
	oracle = model_oracle(model);
	ck_assert_uint_eq(oracle.reuse_windows, 1);
	ck_assert_uint_eq(oracle.reuse_longest, 3);
	ck_assert_uint_eq(oracle.reuse_open, 0);
	expect_none();
}
END_TEST

START_TEST(reused_after_the_flush)
{
	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_SPACE, 0);
	flush(1, KVL_FLUSH_SPACE, 0);
	hand_out(0x100000, 0);
	hand_out(0x101000, 3);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
}
END_TEST

START_TEST(reused_to_the_end)
{
	set(0, A);
	set(A, 0);
	hand_out(0xff000, 1); /* two frames: the one below, and it */
	flush(0, KVL_FLUSH_SPACE, 0);
	model_finish(model, true);
	ck_assert_uint_eq(model_oracle(model).reuse_open, 1);
	ck_assert_uint_eq(model_oracle(model).reuse_longest, 1);
}
END_TEST

START_TEST(large_page_reused_in_part)
{
	u64 va = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES;

	set_at(MAP, va, LARGE_TABLE, 2, 0, LARGE_A);
	set_at(UNMAP, va, LARGE_TABLE, 2, LARGE_A, 0);
	hand_out(0x3ff000, 0);
	hand_out(0x600000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
	hand_out(0x5ff000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 1);
}
END_TEST

START_TEST(table_reused)
{
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(0, KVL_EV_TABLE_ALLOC, MAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 1);
	expect_none();
}
END_TEST

/* A block as large as can be claimed, at the end of all addresses: this ends. */
START_TEST(absurd_block)
{
	set(0, A);
	set(A, 0);
	hand_out(UINT64_MAX, 31);
	hand_out(0, 0xffff);
	expect(2, "no block is that large");
	hand_out(UINT64_MAX, 14);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 0);
}
END_TEST

/* Many stale translations of one frame cost the first reuse, not each. */
START_TEST(many_of_one_frame)
{
	for (u64 t = 0; t < 200; t++) {
		u64 gpa = 0x10000000ull + t * PAGE_BYTES, base = GiB(8) + t * LARGE_BYTES;

		record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, gpa, 0, 0, 0, 0);
		for (u16 i = 0; i < PTE_ENTRIES; i++) {
			record(0, KVL_EV_PT_SET, MAP, i, 1, base + i * PAGE_BYTES, gpa, 0, A, 0);
			record(0, KVL_EV_PT_SET, MAP, i, 1, base + i * PAGE_BYTES, gpa, A, 0, 0);
		}
	}
	for (u32 i = 0; i < 100000; i++)
		hand_out(0x100000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 200 * PTE_ENTRIES);
	expect_none();
}
END_TEST

/* The page was mapped there again meanwhile, and went again: another window. */
START_TEST(reused_twice)
{
	set(0, A);
	set(A, 0);
	hand_out(0x100000, 0);
	set(0, A);
	set(A, 0);
	hand_out(0x100000, 0);
	ck_assert_uint_eq(model_oracle(model).reuse_windows, 2);
}
END_TEST

/* --- flushes for nothing ---------------------------------------------------------------------- */
START_TEST(unneeded)
{
	struct oracle oracle;

	flush(0, KVL_FLUSH_SPACE, 0);
	set(0, A);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA + PAGE_BYTES);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	oracle = model_oracle(model);
	ck_assert_uint_eq(oracle.flushes, 4);
	ck_assert_uint_eq(oracle.flushes_full, 1);
	ck_assert_uint_eq(oracle.flushes_unneeded, 3);
}
END_TEST

/* A story is told once for each CPU and pair of sites; all uses count. */
START_TEST(one_story)
{
	for (u64 i = 0; i < 20; i++) {
		u64 va = KERNEL_VA + i * PAGE_BYTES;

		set_at(MAP, va, KERNEL_TABLE, 1, 0, A);
		set_at(UNMAP, va, KERNEL_TABLE, 1, A, 0);
		use(0, va, false);
		use(1, va, false);
	}
	expect(2,
	       "uses va 0xf0003000 (flash.flush) and may hold the entry that flash.unmap took away");
	ck_assert_uint_eq(model_oracle(model).stale_uses, 40);
}
END_TEST

START_TEST(by_site)
{
	struct site_flushes flushes;

	set(0, A);
	set(A, 0);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flushes = model_site_flushes(model, FLUSH);
	ck_assert_uint_eq(flushes.flushes, 2);
	ck_assert_uint_eq(flushes.flushes_unneeded, 1);
	ck_assert_uint_eq(model_site_flushes(model, MAP).flushes, 0);
}
END_TEST

START_TEST(flush_of_no_scope)
{
	set(0, A);
	set(A, B);
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, 7);
	flush(1, 9, 0);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, 7, 0, 0, 0, 0);
	ck_assert_uint_eq(model_finding_count(model, FINDING_BAD_RECORD), 1);
	ck_assert_uint_eq(model_finding_count(model, FINDING_SHOOTDOWN), 1);
}
END_TEST

static void shoot(u64 number)
{
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, number);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, number, 0, 0, 0, 0);
	record(0, KVL_EV_SHOOTDOWN_END, FLUSH, 0, 0, number, 0, 0, 0, 0);
}

START_TEST(unneeded_ipi)
{
	set(0, A);
	shoot(1);
	set(A, 0);
	shoot(2);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).ipis, 2);
	ck_assert_uint_eq(model_oracle(model).ipis_unneeded, 1);
}
END_TEST

/* --- against a TLB that simply keeps what it has seen ----------------------------------------- */
#define SLOTS 3u
#define PAGES 12u

static u32 now[SLOTS], held[2][SLOTS]; /* a page, 0: none; a bit per page */

static u64 leaf(u32 page)
{
	return page ? A + page * PAGE_BYTES : 0;
}

/* Each CPU may walk to what is there at any time. */
static void walk_all(void)
{
	for (u32 cpu = 0; cpu < 2; cpu++)
		for (u32 slot = 0; slot < SLOTS; slot++)
			held[cpu][slot] |= now[slot] ? 1u << now[slot] : 0;
}

static void change_slot(u32 slot, u32 page)
{
	set_at(MAP, KERNEL_VA + slot * PAGE_BYTES, KERNEL_TABLE, 1, leaf(now[slot]), leaf(page));
	now[slot] = page;
}

static bool use_slot(u32 cpu, u32 slot)
{
	use(cpu, KERNEL_VA + slot * PAGE_BYTES, false);
	return held[cpu][slot] & ~(now[slot] ? 1u << now[slot] : 0);
}

static bool step(u32 cpu, u32 slot)
{
	switch (random() % 16) {
	case 0 ... 5: change_slot(slot, (u32)random() % (PAGES + 1)); break;
	case 6 ... 11: return use_slot(cpu, slot);
	case 12:
	case 13:
		flush(cpu, KVL_FLUSH_PAGE, KERNEL_VA + slot * PAGE_BYTES);
		held[cpu][slot] = 0;
		break;
	case 14:
		flush(cpu, KVL_FLUSH_SPACE, 0);
		memset(held[cpu], 0, sizeof(held[cpu]));
		break;
	default: load_root(cpu, (u64)random() % 2); memset(held[cpu], 0, sizeof(held[cpu]));
	}
	return false;
}

START_TEST(as_a_tlb_that_keeps_all)
{
	u64 stale = 0;

	srandom((u32)_i + 1);
	for (u32 i = 0; i < 20000; i++) {
		stale += step((u32)random() % 2, (u32)random() % SLOTS);
		ck_assert_msg(model_oracle(model).stale_uses == stale, "step %u", i);
		walk_all();
	}
	ck_assert_uint_gt(stale, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model stale");
	TCase *uses = tcase_create("uses"), *tables = tcase_create("tables");
	TCase *kva = tcase_create("kva"), *reuse = tcase_create("reuse");
	TCase *needed = tcase_create("unneeded"), *twin = tcase_create("twin");

	tcase_add_checked_fixture(uses, setup, model_teardown);
	tcase_add_test(uses, flushed_everywhere);
	tcase_add_test(uses, both_sides_of_the_story);
	tcase_add_test(uses, unmapped);
	tcase_add_test(uses, same_page_again);
	tcase_add_test(uses, another_page_in_between);
	tcase_add_test(uses, many_pages_in_between);
	tcase_add_test(uses, write_permission_taken);
	tcase_add_test(uses, more_rights);
	tcase_add_test(uses, user_page_where_it_runs);
	tcase_add_test(uses, user_page_after_a_switch);
	tcase_add_test(uses, global_survives_a_switch);
	tcase_add_test(uses, large_page);
	tcase_add_test(uses, one_story);
	suite_add_tcase(suite, uses);
	tcase_add_checked_fixture(tables, setup, model_teardown);
	tcase_add_test(tables, table_with_the_same);
	tcase_add_test(tables, table_with_another);
	tcase_add_test(tables, table_with_another_flushed_in_part);
	tcase_add_test(tables, table_that_was_freed);
	tcase_add_test(tables, table_unlinked_and_flushed);
	suite_add_tcase(suite, tables);
	tcase_add_checked_fixture(kva, setup, model_teardown);
	tcase_add_test(kva, got_and_put);
	tcase_add_test(kva, got_for_another_page);
	tcase_add_test(kva, changed_in_use);
	tcase_add_test(kva, large_page_changed_in_use);
	tcase_add_test(kva, got_many_times);
	tcase_add_test(kva, never_put);
	tcase_add_test(kva, put_by_nobody);
	tcase_add_test(kva, got_where_it_is_stale);
	suite_add_tcase(suite, kva);
	tcase_add_checked_fixture(reuse, setup, model_teardown);
	tcase_add_loop_test(reuse, reused_while_held, 0, 3);
	tcase_add_test(reuse, reused_after_the_flush);
	tcase_add_test(reuse, reused_to_the_end);
	tcase_add_test(reuse, large_page_reused_in_part);
	tcase_add_test(reuse, table_reused);
	tcase_add_test(reuse, absurd_block);
	tcase_add_test(reuse, many_of_one_frame);
	tcase_add_test(reuse, reused_twice);
	suite_add_tcase(suite, reuse);
	tcase_add_checked_fixture(needed, setup, model_teardown);
	tcase_add_test(needed, unneeded);
	tcase_add_test(needed, unneeded_ipi);
	tcase_add_test(needed, by_site);
	tcase_add_test(needed, flush_of_no_scope);
	suite_add_tcase(suite, needed);
	tcase_add_checked_fixture(twin, setup, model_teardown);
	tcase_add_loop_test(twin, as_a_tlb_that_keeps_all, 0, 4);
	suite_add_tcase(suite, twin);
	return run_suite(suite);
}
