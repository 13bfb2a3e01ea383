/* SPDX-License-Identifier: MIT */
/* Where the guest makes the TLB: what it must not do, and that what CPUs hold is known exactly. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define NEXT_VA (KERNEL_VA + PAGE_BYTES)
#define DIRECT_VA 0xc0003000ull

static void setup_with(u32 entries, bool pcid)
{
	model_setup(&(struct model_config){
		.soft_entries = entries,
		.pcid = pcid,
		.layout = { .ndynamic = 3,
			    .dynamic = { { 0, GiB(3) },
					 { 0xd0000000, LARGE_BYTES },
					 { 0xf0000000, 0x0f000000 } } },
	});
	hang_tables();
}

static void setup(void)
{
	setup_with(2, false);
}

static void setup_tags(void)
{
	setup_with(8, true);
}

static void set_leaf(u64 va, u64 old, u64 new)
{
	set_at(new ? MAP : UNMAP, va, KERNEL_TABLE, 1, old, new);
}

static void fill(u32 cpu, u64 va, u64 entry)
{
	record(cpu, KVL_EV_TLB_FILL, 0, 1, 0, va, entry, 0, 0, 0);
}

static void evict(u32 cpu, u64 va, u64 entry, u16 reason)
{
	record(cpu, KVL_EV_TLB_EVICT, 0, 1, reason, va, entry, 0, 0, 0);
}

static void use_word(u32 cpu, u64 va)
{
	record(cpu, KVL_EV_USE, 0, 0, 0, va, 0, 0, 0, 0);
}

START_TEST(who_has_not_filled_holds_nothing)
{
	ck_assert(model_oracle(model).exact);
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	set_leaf(KERNEL_VA, A, B);
	use_word(1, KERNEL_VA);
	expect_none();
	use_word(0, KERNEL_VA);
	expect(1, "CPU 0 uses va 0xf0003000 (-) and holds the entry that flash.map took away");
}
END_TEST

START_TEST(flushed)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	set_leaf(KERNEL_VA, A, B);
	evict(0, KERNEL_VA, A, KVL_EVICT_FLUSH);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	fill(0, KERNEL_VA, B);
	use_word(0, KERNEL_VA);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 0);
}
END_TEST

/* The TLB is small: what had to make room is held no more. */
START_TEST(made_room)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	set_leaf(KERNEL_VA, A, B);
	evict(0, KERNEL_VA, A, KVL_EVICT_CAPACITY);
	use_word(0, KERNEL_VA);
	expect_none();
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 1);
}
END_TEST

START_TEST(a_flush_that_leaves_it)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	if (_i == 0)
		flush(0, KVL_FLUSH_PAGE, KERNEL_VA + 8);
	else if (_i == 1)
		flush(0, KVL_FLUSH_SPACE, 0);
	else
		load_root(0, 1);
	expect(1, "1 entries of its soft TLB outlive a flush");
	ck_assert_uint_eq(model_finding_count(model, FINDING_TLB), 1);
}
END_TEST

START_TEST(a_flush_of_another_page)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	flush(0, KVL_FLUSH_PAGE, NEXT_VA);
	flush(1, KVL_FLUSH_SPACE, 0);
	expect_none();
}
END_TEST

START_TEST(a_global_entry_survives)
{
	set_leaf(KERNEL_VA, 0, A | PTE_GLOBAL);
	fill(0, KERNEL_VA, A | PTE_GLOBAL);
	load_root(0, 1);
	expect_none();
	flush(0, KVL_FLUSH_ALL, 0);
	expect(1, "outlive");
}
END_TEST

START_TEST(more_than_fits)
{
	for (u64 i = 0; i < 3; i++) {
		set_leaf(KERNEL_VA + i * PAGE_BYTES, 0, A);
		fill(0, KERNEL_VA + i * PAGE_BYTES, A);
	}
	expect(1, "holds more than it has room for");
}
END_TEST

START_TEST(what_the_tables_do_not_hold)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, B);
	expect(1, "takes up what the tables do not hold");
}
END_TEST

START_TEST(what_is_not_its_own)
{
	fill(0, DIRECT_VA, A);
	expect(1, "takes up what is not its own");
}
END_TEST

START_TEST(twice)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	fill(0, KERNEL_VA, A);
	expect(1, "has that already");
}
END_TEST

START_TEST(evicts_what_it_does_not_have)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(0, KERNEL_VA, A);
	evict(1, KERNEL_VA, A, KVL_EVICT_FLUSH);
	expect(1, "CPU 1: its soft TLB evicts what it does not have");
}
END_TEST

/* CPU 0 has reported a change whose store may be to come: CPU 1 may still find the old entry. */
START_TEST(just_before_it_goes)
{
	set_leaf(KERNEL_VA, 0, A);
	set_leaf(KERNEL_VA, A, 0);
	fill(1, KERNEL_VA, A);
	expect_none();
	use_word(1, KERNEL_VA);
	expect(1, "CPU 1 uses va 0xf0003000 (-) and holds");
}
END_TEST

/* CPU 1 looked before it went, and reports afterwards: nothing of its own came in between. */
START_TEST(just_after_the_look)
{
	set_leaf(KERNEL_VA, 0, A);
	set_leaf(KERNEL_VA, A, 0);
	record(0, KVL_EV_MARK, 0, 0, 0, 99, 0, 0, 0, 0);
	fill(1, KERNEL_VA, A);
	expect_none();
	use_word(1, KERNEL_VA);
	expect(1, "CPU 1 uses va 0xf0003000 (-) and holds the entry that flash.unmap took away");
}
END_TEST

/* It took up what was read-only, and was changed into more: what it holds is the former. */
START_TEST(more_rights_and_then_another_page)
{
	set_leaf(KERNEL_VA, 0, A & ~PTE_WRITABLE);
	fill(1, KERNEL_VA, A & ~PTE_WRITABLE);
	set_leaf(KERNEL_VA, A & ~PTE_WRITABLE, A);
	use_word(1, KERNEL_VA);
	expect_none();
	set_leaf(KERNEL_VA, A, B);
	use_word(1, KERNEL_VA);
	expect(1,
	       "CPU 1 uses va 0xf0003000 (-) and holds the entry that flash.map took away at ticket 24 "
	       "(gpa 0x100000, read-only)");
}
END_TEST

/* A directory entry goes, and with it what was filled by way of it. */
START_TEST(below_a_directory_entry)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(1, KERNEL_VA, A);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	use_word(1, KERNEL_VA);
	expect(1, "and holds the entry that flash.unmap took away");
	evict(1, KERNEL_VA, A, KVL_EVICT_FLUSH);
	flush(1, KVL_FLUSH_PAGE, KERNEL_VA);
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 0);
}
END_TEST

/*
 * CPU 1 looked, then the page was made writable, and CPU 0 has gone on: what was seen is no fault.
 */
START_TEST(made_writable_after_the_look)
{
	set_leaf(KERNEL_VA, 0, A & ~PTE_WRITABLE);
	record(1, KVL_EV_MARK, 0, 0, 0, 99, 0, 0, 0, 0);
	set_leaf(KERNEL_VA, A & ~PTE_WRITABLE, A);
	record(0, KVL_EV_MARK, 0, 0, 0, 99, 0, 0, 0, 0);
	fill(1, KERNEL_VA, A & ~PTE_WRITABLE);
	use_word(1, KERNEL_VA);
	expect_none();
}
END_TEST

START_TEST(an_ipi_answered_by_a_switch)
{
	set_leaf(KERNEL_VA, 0, A);
	fill(1, KERNEL_VA, A);
	set_leaf(KERNEL_VA, A, B);
	record(0, KVL_EV_SHOOTDOWN_BEGIN, 0, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, 7);
	evict(1, KERNEL_VA, A, KVL_EVICT_SWITCH);
	load_root(1, 1);
	record(1, KVL_EV_IPI_ACK, 0, 0, 0, 7, 0, 0, 0, 0);
	record(0, KVL_EV_SHOOTDOWN_END, 0, 0, 0, 7, 0, 0, 0, 0);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).ipis_unneeded, 0);
}
END_TEST

START_TEST(after_it_has_gone)
{
	set_leaf(KERNEL_VA, 0, A);
	set_leaf(KERNEL_VA, A, 0);
	record(0, KVL_EV_MARK, 0, 0, 0, 99, 0, 0, 0, 0);
	record(1, KVL_EV_MARK, 0, 0, 0, 99, 0, 0, 0, 0);
	fill(1, KERNEL_VA, A);
	expect(1, "takes up what the tables do not hold");
}
END_TEST

/* What is not soft is judged as the processor's: CPU 1 may hold a page of lowmem. */
START_TEST(direct_map)
{
	record(VMM, KVL_EV_TABLE_ALLOC, 0, 0, 1, 0x40000, 0, 0, 0, 0);
	set_at(MAP, DIRECT_VA, 0x40000, 1, 0, A);
	set_at(UNMAP, DIRECT_VA, 0x40000, 1, A, 0);
	use_word(1, DIRECT_VA);
	expect(1, "CPU 1 uses va 0xc0003000 (-) and may hold");
}
END_TEST

/* --- with PCIDs ------------------------------------------------------------------------------- */
static void load_under(u32 cpu, u64 mm, u16 tag, bool keeps)
{
	record(cpu, KVL_EV_ROOT_LOAD, 0, tag, keeps, mm, mm ? 0x21000 : 0x20000, 0, 0, 0);
}

static void fill_under(u32 cpu, u64 va, u64 entry, u64 tag)
{
	record(cpu, KVL_EV_TLB_FILL, 0, 1, 0, va, entry, 0, tag, 0);
}

static void evict_under(u32 cpu, u64 va, u64 entry, u64 tag)
{
	record(cpu, KVL_EV_TLB_EVICT, 0, 1, KVL_EVICT_SWITCH, va, entry, 0, tag, 0);
}

/* Held under tag 0 from before, while tag 1 is loaded; what is there has changed meanwhile. */
static void hold_old_under_tag_0(void)
{
	set_leaf(KERNEL_VA, 0, A);
	fill_under(0, KERNEL_VA, A, 0);
	load_under(0, 1, 1, false);
	set_leaf(KERNEL_VA, A, B);
}

START_TEST(other_tags_are_kept_and_not_used)
{
	hold_old_under_tag_0();
	use_word(0, KERNEL_VA);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	flush(0, KVL_FLUSH_SPACE, 0);
	fill_under(0, KERNEL_VA, B, 1);
	use_word(0, KERNEL_VA);
	expect_none();
}
END_TEST

/* The flush reached tag 1 alone: INVLPG. */
START_TEST(a_tag_that_comes_back_is_used)
{
	hold_old_under_tag_0();
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	load_under(0, 0, 0, true);
	use_word(0, KERNEL_VA);
	expect(1, "CPU 0 uses va 0xf0003000 (-) and holds the entry that flash.map took away");
}
END_TEST

START_TEST(a_load_that_flushes_its_tag)
{
	hold_old_under_tag_0();
	evict_under(0, KERNEL_VA, A, 0);
	load_under(0, 0, 0, false);
	use_word(0, KERNEL_VA);
	expect_none();
}
END_TEST

START_TEST(a_load_that_leaves_its_tag)
{
	hold_old_under_tag_0();
	load_under(0, 0, 0, false);
	expect(1, "1 entries of its soft TLB outlive a flush");
}
END_TEST

/* The page of a space goes while the CPU runs another one: it still holds that. */
START_TEST(a_page_of_a_space_that_does_not_run)
{
	load_under(0, 1, 1, false);
	set_at(MAP, USER_VA, USER_TABLE, 1, 0, A);
	fill_under(0, USER_VA, A, 1);
	load_under(0, 0, 0, true);
	set_at(MAP, USER_VA, USER_TABLE, 1, A, B);
	expect_none();
	load_under(0, 1, 1, true);
	use_word(0, USER_VA);
	expect(1, "CPU 0 uses va 0x403000 (-) and holds the entry that flash.map took away");
}
END_TEST

/* Tag 1 goes to another space, whose addresses are not the first one's: what was filled shows. */
START_TEST(a_tag_that_another_space_gets)
{
	load_under(0, 1, 1, false);
	set_at(MAP, USER_VA, USER_TABLE, 1, 0, A);
	fill_under(0, USER_VA, A, 1);
	load_under(0, 0, 1, true);
	use_word(0, USER_VA);
	expect(1, "CPU 0 uses va 0x403000 (-) and holds");
}
END_TEST

START_TEST(two_tags_hold_the_same)
{
	set_leaf(KERNEL_VA, 0, A);
	fill_under(0, KERNEL_VA, A, 0);
	load_under(0, 1, 1, false);
	fill_under(0, KERNEL_VA, A, 1);
	set_leaf(KERNEL_VA, A, B);
	evict_under(0, KERNEL_VA, A, 1);
	flush(0, KVL_FLUSH_PAGE, KERNEL_VA);
	use_word(0, KERNEL_VA);
	expect_none();
	load_under(0, 0, 0, true);
	use_word(0, KERNEL_VA);
	expect(1, "flash.map took away at ticket");
}
END_TEST

/* A switch is no flush: it answers no IPI. */
START_TEST(an_ipi_not_answered_by_a_switch)
{
	set_leaf(KERNEL_VA, 0, A);
	record(0, KVL_EV_SHOOTDOWN_BEGIN, 0, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, 7);
	load_under(1, 1, 1, _i);
	record(1, KVL_EV_IPI_ACK, 0, 0, 0, 7, 0, 0, 0, 0);
	expect(1, "without having flushed all of it since its begin");
}
END_TEST

/* All is of every tag: nothing is left under the other one, and who flushed so needs no IPI. */
START_TEST(a_flush_of_all_is_of_every_tag)
{
	set_leaf(KERNEL_VA, 0, A);
	if (_i == 0)
		fill_under(1, KERNEL_VA, A, 0);
	load_under(1, 1, 1, false);
	set_leaf(KERNEL_VA, A, B);
	flush(1, _i == 2 ? KVL_FLUSH_SPACE : KVL_FLUSH_ALL, 0);
	if (_i == 0) {
		expect(1, "1 entries of its soft TLB outlive a flush");
		return;
	}
	load_under(1, 0, 0, true);
	use_word(1, KERNEL_VA);
	expect_none();
	ck_assert_uint_eq(model_oracle(model).ipis_needed, _i == 2);
}
END_TEST

START_TEST(tags_that_cannot_be)
{
	if (_i == 0)
		load_under(0, 1, KVL_TLB_TAGS, false);
	else
		fill_under(0, KERNEL_VA, A, 1);
	expect(1, _i ? "takes up under a tag that is not loaded" : "its TLB cannot");
}
END_TEST

START_TEST(no_tags_without_pcids)
{
	load_under(0, 1, _i == 0, _i == 1);
	expect(1, "its TLB cannot");
}
END_TEST

/* A guest that invents what its TLB does, and the rest. */
START_TEST(random_records)
{
	static const u16 ids[] = { KVL_EV_TLB_FILL,  KVL_EV_TLB_EVICT, KVL_EV_TLB_FLUSH,
				   KVL_EV_PT_SET,    KVL_EV_USE,       KVL_EV_ROOT_LOAD,
				   KVL_EV_KVA_GET,   KVL_EV_KVA_PUT,   KVL_EV_TABLE_FREE,
				   KVL_EV_PAGE_ALLOC };

	srandom((u32)_i);
	for (u32 i = 0; i < 200000; i++) {
		u64 va = random() % 8 ? KERNEL_VA + (u64)random() % 4 * PAGE_BYTES
				      : (u64)random() << 33 | (u64)random();
		u64 entry = random() % 8 ? A + (u64)random() % 4 * PAGE_BYTES : (u64)random();
		u16 id = ids[(size_t)random() % ARRAY_LEN(ids)], h = (u16)random() % 4;

		if (id == KVL_EV_PT_SET)
			record(0, id, 0, (u16)pte_index(va, 1), h, va, KERNEL_TABLE, A, entry, 0);
		else
			record((u32)random() % 3, id, 0, h, (u16)random() % 5, va, entry, 0, 0, 0);
	}
	ck_assert_uint_gt(model_findings(model), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model soft");
	TCase *exact = tcase_create("exact"), *rules = tcase_create("rules");
	TCase *tags = tcase_create("tags");

	tcase_add_checked_fixture(exact, setup, model_teardown);
	tcase_add_test(exact, who_has_not_filled_holds_nothing);
	tcase_add_test(exact, flushed);
	tcase_add_test(exact, made_room);
	tcase_add_test(exact, just_before_it_goes);
	tcase_add_test(exact, just_after_the_look);
	tcase_add_test(exact, more_rights_and_then_another_page);
	tcase_add_test(exact, below_a_directory_entry);
	tcase_add_test(exact, made_writable_after_the_look);
	tcase_add_test(exact, an_ipi_answered_by_a_switch);
	tcase_add_test(exact, direct_map);
	suite_add_tcase(suite, exact);
	tcase_add_checked_fixture(rules, setup, model_teardown);
	tcase_add_loop_test(rules, a_flush_that_leaves_it, 0, 3);
	tcase_add_test(rules, a_flush_of_another_page);
	tcase_add_test(rules, a_global_entry_survives);
	tcase_add_test(rules, more_than_fits);
	tcase_add_test(rules, what_the_tables_do_not_hold);
	tcase_add_test(rules, what_is_not_its_own);
	tcase_add_test(rules, twice);
	tcase_add_test(rules, evicts_what_it_does_not_have);
	tcase_add_test(rules, after_it_has_gone);
	tcase_add_loop_test(rules, random_records, 1, 5);
	tcase_add_loop_test(rules, no_tags_without_pcids, 0, 2);
	suite_add_tcase(suite, rules);
	tcase_add_checked_fixture(tags, setup_tags, model_teardown);
	tcase_add_test(tags, other_tags_are_kept_and_not_used);
	tcase_add_test(tags, a_tag_that_comes_back_is_used);
	tcase_add_test(tags, a_load_that_flushes_its_tag);
	tcase_add_test(tags, a_load_that_leaves_its_tag);
	tcase_add_test(tags, a_page_of_a_space_that_does_not_run);
	tcase_add_test(tags, a_tag_that_another_space_gets);
	tcase_add_test(tags, two_tags_hold_the_same);
	tcase_add_loop_test(tags, an_ipi_not_answered_by_a_switch, 0, 2);
	tcase_add_loop_test(tags, a_flush_of_all_is_of_every_tag, 0, 3);
	tcase_add_loop_test(tags, tags_that_cannot_be, 0, 2);
	tcase_add_loop_test(tags, random_records, 1, 3);
	suite_add_tcase(suite, tags);
	return run_suite(suite);
}
