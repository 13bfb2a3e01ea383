/* SPDX-License-Identifier: MIT */
/*
 * The least number of IPIs that would have been safe: by hand, and against a search. The search
 * knows no intervals: it tries every set of moments at which a CPU could be made to flush, on a TLB
 * that simply keeps what it has seen.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model_rig.h"
#include "tests/unit/suite.h"

#define LEAF(page) (0x100000ull + (page)*PAGE_BYTES + (PTE_PRESENT | PTE_WRITABLE))

static u64 leaf[4]; /* of each of four pages of kernel space; 0: none */

static u64 va_of(u32 slot)
{
	return KERNEL_VA + slot * PAGE_BYTES;
}

static void setup(void)
{
	model_setup(&(struct model_config){ 0 });
	hang_tables();
	memset(leaf, 0, sizeof(leaf));
}

static void set_slot(u32 cpu, u32 slot, u64 new)
{
	record(cpu, KVL_EV_PT_SET, MAP, (u16)pte_index(va_of(slot), 1), 1, va_of(slot),
	       KERNEL_TABLE, leaf[slot], new, 0);
	leaf[slot] = new;
}

static void use_slot(u32 cpu, u32 slot)
{
	record(cpu, KVL_EV_USE, MAP, 0, 0, va_of(slot), 0, 0, 0, 0);
}

static u64 needed(void)
{
	ck_assert(model_oracle(model).needed_known);
	return model_oracle(model).ipis_needed;
}

START_TEST(nobody_uses_it)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(2));
	use_slot(0, 0);
	ck_assert_uint_eq(needed(), 0);
}
END_TEST

START_TEST(another_cpu_uses_it)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(2));
	use_slot(1, 0);
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 1);
}
END_TEST

START_TEST(one_serves_all_that_are_open)
{
	for (u32 slot = 0; slot < 4; slot++) {
		set_slot(0, slot, LEAF(slot));
		set_slot(0, slot, LEAF(slot + 4));
	}
	for (u32 slot = 0; slot < 4; slot++)
		use_slot(1, slot);
	ck_assert_uint_eq(needed(), 1);
	set_slot(0, 2, LEAF(9));
	use_slot(1, 3);
	ck_assert_uint_eq(needed(), 1);
	use_slot(1, 2);
	ck_assert_uint_eq(needed(), 2);
}
END_TEST

START_TEST(a_flush_of_its_own_is_free)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(2));
	if (_i == 0)
		flush(1, KVL_FLUSH_PAGE, va_of(0));
	else if (_i == 1)
		load_root(1, 1);
	else
		flush(1, KVL_FLUSH_PAGE, va_of(1)); /* of something else */
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), _i == 2);
}
END_TEST

/* One that was asked of it is an IPI itself. */
START_TEST(a_flush_for_another_is_not)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(2));
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, va_of(0), PAGE_BYTES, 0, 2, 1);
	flush(1, KVL_FLUSH_PAGE, va_of(0));
	record(1, KVL_EV_IPI_ACK, FLUSH, 0, 0, 1, 0, 0, 0, 0);
	record(0, KVL_EV_SHOOTDOWN_END, FLUSH, 0, 0, 1, 0, 0, 0, 0);
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 1);
	ck_assert_uint_eq(model_oracle(model).stale_uses, 0);
}
END_TEST

/* Who uses it again for the same page needs nothing. */
START_TEST(the_same_page_again)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, 0);
	set_slot(0, 0, LEAF(1));
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 0);
}
END_TEST

START_TEST(chip_command)
{
	u64 chip = RIG_FLASH + (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY);

	model_teardown();
	model_setup_chip();
	for (u32 slot = 0; slot < 4; slot++) {
		set_slot(0, slot, chip);
		set_slot(0, slot, 0);
	}
	record(VMM, KVL_EV_FLASH_COMMAND, 0, 0, 0, RIG_FLASH, 0x40, 0, 0, 0);
	record(VMM, KVL_EV_FLASH_COMMAND, 0, 0, 0, RIG_FLASH, 0x40, 0, 0, 0);
	ck_assert_uint_eq(needed(), 1);
}
END_TEST

static void command(void)
{
	record(VMM, KVL_EV_FLASH_COMMAND, 0, 0, 0, RIG_FLASH, 0x40, 0, 0, 0);
}

/* What led to the chip counts, not what came behind it at the same place. */
START_TEST(chip_and_then_something_else)
{
	u64 chip = RIG_FLASH + (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY);

	model_teardown();
	model_setup_chip();
	set_slot(0, 0, chip);
	set_slot(0, 0, 0);
	if (_i)
		flush(1, KVL_FLUSH_ALL, 0);
	set_slot(_i ? 0 : 1, 0, LEAF(1));
	set_slot(_i ? 0 : 1, 0, 0);
	command();
	ck_assert_uint_eq(needed(), _i ? 0 : 1);
}
END_TEST

START_TEST(a_read_after_write_protection)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(1) & ~PTE_WRITABLE);
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 0);
	record(1, KVL_EV_USE, MAP, 1, 0, va_of(0), 0, 0, 0, 0);
	ck_assert_uint_eq(needed(), 1);
}
END_TEST

START_TEST(the_same_table_again)
{
	set_slot(0, 0, LEAF(1));
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	set_at(MAP, KERNEL_VA, LARGE_TABLE, 2, 0, TO_TABLE(KERNEL_TABLE));
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 0);
	set_at(UNMAP, KERNEL_VA, LARGE_TABLE, 2, TO_TABLE(KERNEL_TABLE), 0);
	flush(1, KVL_FLUSH_PAGE, va_of(0)); /* of all that was reached by it that is one page */
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 1);
}
END_TEST

/* While it is asked for one page it flushes another, for itself. */
START_TEST(a_flush_of_its_own_while_it_is_asked)
{
	set_slot(0, 0, LEAF(1));
	set_slot(0, 0, LEAF(2));
	record(0, KVL_EV_SHOOTDOWN_BEGIN, FLUSH, 0, 0, va_of(1), PAGE_BYTES, 0, 2, 1);
	flush(1, KVL_FLUSH_PAGE, va_of(0));
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), 0);
}
END_TEST

START_TEST(user_space)
{
	load_root(1, 1);
	set_at(MAP, USER_VA, USER_TABLE, 1, 0, LEAF(1));
	set_at(MAP, USER_VA, USER_TABLE, 1, LEAF(1), LEAF(2));
	if (_i)
		flush(1, KVL_FLUSH_PAGE, USER_VA);
	record(1, KVL_EV_USE, MAP, 0, 0, USER_VA, 0, 0, 0, 0);
	ck_assert_uint_eq(needed(), !_i);
}
END_TEST

/* So does a flush of the space; one of all takes them. */
START_TEST(a_load_of_a_root_leaves_global_ones)
{
	set_slot(0, 0, LEAF(1) | PTE_GLOBAL);
	set_slot(0, 0, LEAF(2) | PTE_GLOBAL);
	if (_i == 0)
		load_root(1, 1);
	else
		flush(1, _i == 1 ? KVL_FLUSH_SPACE : KVL_FLUSH_ALL, 0);
	use_slot(1, 0);
	ck_assert_uint_eq(needed(), _i < 2);
}
END_TEST

/* --- the search ------------------------------------------------------------------------------- */
#define STEPS 14u

struct step {
	enum { SET, USE, OWN_PAGE, OWN_ALL } what;
	u32 cpu, slot, page; /* page 0: removed */
};

/*
 * Is @cpu safe if it is made to flush before each step whose bit is in @flushes? What it may hold
 * of a slot is a set of pages: those that were there since its last flush.
 */
static bool is_safe(const struct step *step, u32 cpu, u32 flushes)
{
	u32 now[4] = { 0 }, held[4] = { 0 };

	for (u32 i = 0; i < STEPS; i++) {
		u32 slot = step[i].slot;

		if (flushes & 1u << i)
			memset(held, 0, sizeof(held));
		for (u32 s = 0; s < 4; s++)
			held[s] |= now[s] ? 1u << now[s] : 0;
		switch (step[i].what) {
		case SET:
			now[slot] = step[i].page;
			if (step[i].cpu == cpu)
				held[slot] = 0; /* who changes it can flush it, free of charge */
			break;
		case USE:
			if (step[i].cpu == cpu && (held[slot] & ~(now[slot] ? 1u << now[slot] : 0)))
				return false;
			break;
		case OWN_PAGE: held[slot] = step[i].cpu == cpu ? 0 : held[slot]; break;
		case OWN_ALL:
			if (step[i].cpu == cpu)
				memset(held, 0, sizeof(held));
		}
	}
	return true;
}

static u32 fewest(const struct step *step, u32 cpu)
{
	u32 best = STEPS;

	for (u32 flushes = 0; flushes < 1u << STEPS; flushes++)
		if ((u32)__builtin_popcount(flushes) < best && is_safe(step, cpu, flushes))
			best = (u32)__builtin_popcount(flushes);
	return best;
}

static void replay(const struct step *step)
{
	u32 cpu = step->cpu;

	switch (step->what) {
	case SET:
		set_slot(cpu, step->slot, step->page ? LEAF(step->page) : 0);
		flush(cpu, KVL_FLUSH_PAGE, va_of(step->slot));
		break;
	case USE: use_slot(cpu, step->slot); break;
	case OWN_PAGE: flush(cpu, KVL_FLUSH_PAGE, va_of(step->slot)); break;
	case OWN_ALL: flush(cpu, KVL_FLUSH_ALL, 0); break;
	}
}

/* Uses are frequent, pages few: so that intervals overlap, and pages come back. */
static void draw(struct step *step)
{
	for (u32 i = 0; i < STEPS; i++) {
		u32 what = (u32)random() % 16;

		step[i].what = what < 7 ? SET : what < 14 ? USE : what < 15 ? OWN_PAGE : OWN_ALL;
		step[i].cpu = (u32)random() % 2;
		step[i].slot = (u32)random() % 3;
		step[i].page = (u32)random() % 4;
	}
}

START_TEST(as_the_search)
{
	struct step step[STEPS];
	u64 total = 0;

	srandom((u32)_i + 1);
	for (u32 lap = 0; lap < 25; lap++) {
		u64 least;

		draw(step);
		model_teardown();
		setup();
		for (u32 i = 0; i < STEPS; i++)
			replay(&step[i]);
		least = fewest(step, 0) + fewest(step, 1);
		ck_assert_msg(needed() == least, "seed %d, lap %u: %llu, the search says %llu", _i,
			      lap, (unsigned long long)needed(), (unsigned long long)least);
		total += least;
	}
	ck_assert_uint_gt(total, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model needed");
	TCase *hand = tcase_create("hand"), *search = tcase_create("search");

	tcase_add_checked_fixture(hand, setup, model_teardown);
	tcase_add_test(hand, nobody_uses_it);
	tcase_add_test(hand, another_cpu_uses_it);
	tcase_add_test(hand, one_serves_all_that_are_open);
	tcase_add_loop_test(hand, a_flush_of_its_own_is_free, 0, 3);
	tcase_add_test(hand, a_flush_for_another_is_not);
	tcase_add_test(hand, the_same_page_again);
	tcase_add_test(hand, chip_command);
	tcase_add_loop_test(hand, chip_and_then_something_else, 0, 2);
	tcase_add_test(hand, a_read_after_write_protection);
	tcase_add_test(hand, the_same_table_again);
	tcase_add_test(hand, a_flush_of_its_own_while_it_is_asked);
	tcase_add_loop_test(hand, user_space, 0, 2);
	tcase_add_loop_test(hand, a_load_of_a_root_leaves_global_ones, 0, 3);
	suite_add_tcase(suite, hand);
	tcase_add_checked_fixture(search, setup, model_teardown);
	tcase_add_loop_test(search, as_the_search, 0, 8);
	suite_add_tcase(suite, search);
	return run_suite(suite);
}
