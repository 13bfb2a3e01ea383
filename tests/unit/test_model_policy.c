/* SPDX-License-Identifier: MIT */
/* One and the same story under each way of flushing; the numbers are worked out by hand. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define PAGE(n) ((0x100000ull + (n)*PAGE_BYTES) | RW)
#define CPUS 3

static void start(enum policy_kind kind, u64 amount)
{
	model_setup(&(struct model_config){
		.ncpus = CPUS,
		.policy = { kind, amount },
		.layout = { .nvmalloc = 2,
			    .vmalloc = { { GiB(3), 0x3000 }, { KERNEL_VA, 12 * PAGE_BYTES } } },
	});
	hang_tables();
}

static void set_by(u32 cpu, u32 slot, u64 old, u64 new)
{
	u64 va = KERNEL_VA + slot * PAGE_BYTES;

	record(cpu, KVL_EV_PT_SET, MAP, (u16)pte_index(va, 1), 1, va, KERNEL_TABLE, old, new, 0);
}

static void use_slot(u32 cpu, u32 slot)
{
	record(cpu, KVL_EV_USE, MAP, 0, 0, KERNEL_VA + slot * PAGE_BYTES, 0, 0, 0, 0);
}

/*
 * Four slots are mapped by CPU 0, used by CPU 0 and 1, mapped anew, used again. CPU 2 never uses
 * any. What the trace itself flushes counts for nothing.
 */
static void story(void)
{
	for (u32 slot = 0; slot < 4; slot++)
		set_by(0, slot, 0, PAGE(slot));
	for (u32 slot = 0; slot < 4; slot++) {
		use_slot(0, slot);
		use_slot(1, slot);
	}
	for (u32 slot = 0; slot < 4; slot++)
		set_by(0, slot, PAGE(slot), PAGE(slot + 4));
	flush(0, KVL_FLUSH_ALL, 0);
	flush(1, KVL_FLUSH_ALL, 0);
	for (u32 slot = 0; slot < 4; slot++) {
		use_slot(0, slot);
		use_slot(1, slot);
	}
}

static void expect_counts(u64 flushes, u64 full, u64 ipis, u64 stale)
{
	struct oracle oracle = model_oracle(model);

	ck_assert_msg(oracle.flushes == flushes && oracle.flushes_full == full &&
			      oracle.ipis == ipis && oracle.stale_uses == stale,
		      "flushes %llu, full %llu, IPIs %llu, stale uses %llu",
		      (unsigned long long)oracle.flushes, (unsigned long long)oracle.flushes_full,
		      (unsigned long long)oracle.ipis, (unsigned long long)oracle.stale_uses);
}

/* Each of four changes: its own CPU and two others. */
START_TEST(eager)
{
	start(POLICY_EAGER, 0);
	story();
	expect_counts(4 * CPUS, 0, 4 * (CPUS - 1), 0);
}
END_TEST

/* Each of four changes, and all CPUs obey one instruction: what it takes nobody can use any
 * more. */
START_TEST(broadcast)
{
	start(POLICY_BROADCAST, 0);
	story();
	expect_counts(4, 0, 0, 0);
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 0);
}
END_TEST

/* Vmalloc need not end with a directory entry: where lowmem goes on, nobody waits with a flush. */
START_TEST(behind_vmalloc)
{
	start(POLICY_BATCH, 3);
	set_by(0, 12, 0, PAGE(12));
	use_slot(1, 12);
	set_by(0, 12, PAGE(12), PAGE(13));
	expect_counts(CPUS, 0, CPUS - 1, 0);
	set_by(0, 11, 0, PAGE(11));
	use_slot(1, 11);
	set_by(0, 11, PAGE(11), PAGE(13));
	expect_counts(CPUS, 0, CPUS - 1, 0);
}
END_TEST

/* After three changes a round; the fourth waits, and both that use it may be wrong. */
START_TEST(batch)
{
	start(POLICY_BATCH, 3);
	story();
	expect_counts(CPUS, CPUS, CPUS - 1, 2);
}
END_TEST

START_TEST(batch_that_is_never_full)
{
	start(POLICY_BATCH, 5);
	story();
	expect_counts(0, 0, 0, 8);
}
END_TEST

START_TEST(lazy)
{
	start(POLICY_LAZY, 2 * PAGE_BYTES);
	story();
	expect_counts(2 * CPUS, 2 * CPUS, 2 * (CPUS - 1), 0);
}
END_TEST

/* CPU 1 makes each mapping valid for itself twice; each change asks CPU 1, and spares CPU 2. */
START_TEST(mask)
{
	start(POLICY_MASK, 0);
	story();
	expect_counts(4 + 4 * 2 + 4, 0, 4, 0);
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 4 * 2);
	ck_assert_uint_eq(model_oracle(model).ipis_unneeded, 0);
}
END_TEST

/*
 * The installer flushes what it replaces, four times. CPU 1 meets slots of CPU 0 without a full
 * flush since: a conflict each time, until the round of the first one has flushed all.
 */
START_TEST(seq)
{
	start(POLICY_SEQ, 0);
	story();
	expect_counts(4 + 2 * CPUS, 2 * CPUS, 2 * (CPUS - 1), 0);
	ck_assert_uint_eq(model_oracle(model).conflicts, 2);
	ck_assert_uint_eq(model_oracle(model).conflicts_true, 1);
	ck_assert_uint_eq(model_oracle(model).flushes_unneeded, 4);
	ck_assert_uint_eq(model_oracle(model).ipis_unneeded, 3);
}
END_TEST

/* A load of a root is a full flush, of everybody's account; of a global entry it is none. */
START_TEST(seq_with_a_switch)
{
	start(POLICY_SEQ, 0);
	set_by(0, 0, 0, PAGE(0) | (_i ? PTE_GLOBAL : 0));
	load_root(1, 1);
	use_slot(1, 0);
	expect_counts(_i ? CPUS : 0, _i ? CPUS : 0, _i ? CPUS - 1 : 0, 0);
	ck_assert_uint_eq(model_oracle(model).conflicts, (u64)_i);
	use_slot(1, 0);
	ck_assert_uint_eq(model_oracle(model).conflicts, (u64)_i);
}
END_TEST

/* What waits for its flush is global: three changes, and a round takes them, where a load of a root
 * does not. */
START_TEST(batch_of_global_entries)
{
	start(POLICY_BATCH, 3);
	for (u32 slot = 0; slot < 3; slot++) {
		set_by(0, slot, 0, PAGE(slot) | PTE_GLOBAL);
		set_by(0, slot, PAGE(slot) | PTE_GLOBAL, PAGE(slot + 3) | PTE_GLOBAL);
		load_root(1, slot % 2);
		if (slot == 1) {
			use_slot(1, slot);
			expect_counts(0, 0, 0, 1);
		}
	}
	use_slot(1, 1);
	expect_counts(CPUS, CPUS, CPUS - 1, 1);
}
END_TEST

/* User space has no reported uses: changes there are flushed at once, where it runs. */
START_TEST(user_space)
{
	start(_i ? POLICY_SEQ : POLICY_MASK, 0);
	load_root(0, 1);
	load_root(1, 1);
	set_at(MAP, USER_VA, USER_TABLE, 1, 0, PAGE(0));
	set_at(UNMAP, USER_VA, USER_TABLE, 1, PAGE(0), 0);
	expect_counts(2, 0, 1, 0);
}
END_TEST

/* Large leaves and what lies outside the dynamic regions are flushed at once, whatever the rule. */
START_TEST(what_no_rule_is_for)
{
	u64 large = 0x400000ull | RW | PTE_LARGE,
	    va = ALIGN_DOWN(KERNEL_VA, LARGE_BYTES) + LARGE_BYTES;

	start((enum policy_kind)(POLICY_BATCH + _i), 1000);
	set_at(MAP, va, LARGE_TABLE, 2, 0, large);
	set_at(MAP, va, LARGE_TABLE, 2, large, large + LARGE_BYTES);
	record(1, KVL_EV_USE, MAP, 0, 0, va + 0x5000, 0, 0, 0, 0);
	expect_counts(CPUS, 0, CPUS - 1, 0);
}
END_TEST

/*
 * A table that is freed with entries in it: none is left behind by a round that comes between them.
 */
START_TEST(a_table_with_entries)
{
	start(POLICY_BATCH, 2);
	for (u32 slot = 0; slot < 3; slot++)
		set_by(0, slot, 0, PAGE(slot));
	record(0, KVL_EV_TABLE_FREE, UNMAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	record(0, KVL_EV_TABLE_ALLOC, MAP, 0, 1, KERNEL_TABLE, 0, 0, 0, 0);
	for (u32 slot = 0; slot < 4; slot++) {
		set_by(0, slot + 8, 0, PAGE(slot));
		set_by(0, slot + 8, PAGE(slot), 0);
	}
	for (u32 slot = 0; slot < 3; slot++)
		use_slot(1, slot);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 0);
}
END_TEST

/* More rights leave the mapping that it was, and its users. */
START_TEST(mask_and_more_rights)
{
	start(POLICY_MASK, 0);
	set_by(0, 0, 0, PAGE(0) & ~PTE_WRITABLE);
	use_slot(1, 0);
	set_by(0, 0, PAGE(0) & ~PTE_WRITABLE, PAGE(0));
	set_by(0, 0, PAGE(0), 0);
	ck_assert_uint_eq(model_oracle(model).ipis, 1);
}
END_TEST

/* What is more than can be followed is said, not passed over. */
START_TEST(more_than_can_be_followed)
{
	start(POLICY_EAGER, 0);
	ck_assert(model_oracle(model).complete);
	for (u64 i = 0; i < 5000; i++)
		record(0, KVL_EV_KVA_GET, 0, 0, 0, KERNEL_VA + i * PAGE_BYTES, i, 0, 0, 0);
	ck_assert(!model_oracle(model).complete);
	ck_assert_uint_lt(model_oracle(model).judged_to, ticket);
}
END_TEST

START_TEST(what_the_trace_says_of_flushes_is_not_judged)
{
	start(POLICY_EAGER, 0);
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, KERNEL_VA, PAGE_BYTES, 0, 2, 1);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, 1, 0, 0, 0, 0);
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, 7, 0, 0, 0, 0);
	record(0, KVL_EV_SHOOTDOWN_END, FLUSH, 0, 0, 9, 0, 0, 0, 0);
	expect_none();
}
END_TEST

/* Of a guest that invents records. */
START_TEST(random_records)
{
	start((enum policy_kind)(POLICY_EAGER + _i), 3);
	srandom((u32)_i);
	for (u32 i = 0; i < 200000; i++) {
		u64 a[5];

		for (u32 f = 0; f < 5; f++)
			a[f] = random() % 2 ? (u64)random() % 64 * PAGE_BYTES
					    : (u64)random() << 33 | (u64)random();
		record((u32)random() % 5, (u16)(random() % 40), (u16)(random() % 8),
		       (u16)(random() % 600), (u16)(random() % 6), a[0], a[1], a[2], a[3], a[4]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model policy");
	TCase *story_case = tcase_create("story"), *edges = tcase_create("edges");

	tcase_add_checked_fixture(story_case, NULL, model_teardown);
	tcase_add_test(story_case, eager);
	tcase_add_test(story_case, behind_vmalloc);
	tcase_add_test(story_case, batch);
	tcase_add_test(story_case, batch_that_is_never_full);
	tcase_add_test(story_case, lazy);
	tcase_add_test(story_case, mask);
	tcase_add_test(story_case, broadcast);
	tcase_add_test(story_case, seq);
	suite_add_tcase(suite, story_case);
	tcase_add_checked_fixture(edges, NULL, model_teardown);
	tcase_add_loop_test(edges, seq_with_a_switch, 0, 2);
	tcase_add_test(edges, batch_of_global_entries);
	tcase_add_loop_test(edges, user_space, 0, 2);
	tcase_add_test(edges, what_the_trace_says_of_flushes_is_not_judged);
	tcase_add_loop_test(edges, what_no_rule_is_for, 0, 4);
	tcase_add_test(edges, a_table_with_entries);
	tcase_add_test(edges, mask_and_more_rights);
	tcase_add_test(edges, more_than_can_be_followed);
	tcase_add_loop_test(edges, random_records, 0, 5);
	suite_add_tcase(suite, edges);
	return run_suite(suite);
}
