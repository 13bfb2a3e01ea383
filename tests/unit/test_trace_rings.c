/* SPDX-License-Identifier: MIT */
/* What the host makes of rings: good ones, full ones, and garbage. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"

static void expect_broken(struct rig *rig, const char *part)
{
	struct err again = { 0 };

	ck_assert_int_eq(trace_drain(rig->trace, &rig->err), -1);
	ck_assert_int_eq(rig->err.status, EXIT_VMM);
	ck_assert_msg(strstr(rig->err.text, part) != NULL, "%s", rig->err.text);
	/* It stays broken, and says the same. */
	ck_assert_int_eq(trace_drain(rig->trace, &again), -1);
	ck_assert_str_eq(again.text, rig->err.text);
	ck_assert_int_eq(trace_finish(rig->trace, &again), -1);
	ck_assert_str_eq(again.text, rig->err.text);
}

START_TEST(laps_of_the_ring)
{
	struct trace_totals totals;
	struct rig rig;
	u64 n = KVL_RING_RECORDS * 2 + 77;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	for (u64 i = 0; i < n; i++) {
		if (rig_full(&rig, i % 2))
			ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
		rig_use(&rig, i % 2);
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	trace_totals(rig.trace, &totals);
	ck_assert_uint_eq(totals.events, n);
	ck_assert_uint_eq(totals.by_id[KVL_EV_USE], n);
	ck_assert_uint_eq(totals.lost, 0);
	ck_assert_uint_eq(rig.shared->cpu[0].tail + rig.shared->cpu[1].tail, n);
	rig_done(&rig);
}
END_TEST

START_TEST(head_too_far)
{
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig.shared->cpu[1].head = KVL_RING_RECORDS + 1;
	expect_broken(&rig, "CPU 1: head is 8185");
	rig_done(&rig);
}
END_TEST

START_TEST(head_goes_back)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	rig.shared->cpu[0].head = 0;
	expect_broken(&rig, "CPU 0: head is 0 with 1 records");
	rig_done(&rig);
}
END_TEST

/* The guest's copy of tail is nothing to us. */
START_TEST(tail_overwritten)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	rig.shared->cpu[0].tail = ~0ull;
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(rig.shared->cpu[0].tail, 2);
	rig_done(&rig);
}
END_TEST

START_TEST(ticket_does_not_rise)
{
	struct rig rig;
	struct kvl_record record = { .id = KVL_EV_USE };

	rig_init(&rig, 1);
	rig_open(&rig, false);
	record.ticket = rig_use(&rig, 0);
	rig_commit(&rig, 0, &record);
	expect_broken(&rig, "CPU 0, record 1: ticket 1 does not follow 1");
	rig_done(&rig);
}
END_TEST

START_TEST(ticket_zero)
{
	struct rig rig;
	struct kvl_record record = { .id = KVL_EV_USE };

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_commit(&rig, 0, &record);
	expect_broken(&rig, "ticket 0 does not follow 0");
	rig_done(&rig);
}
END_TEST

START_TEST(ticket_never_given)
{
	struct rig rig;
	struct kvl_record record = { .ticket = 5, .id = KVL_EV_USE };

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_ticket(&rig);
	rig_commit(&rig, 0, &record);
	expect_broken(&rig, "ticket 5 was never given out (the counter stands at 2)");
	rig_done(&rig);
}
END_TEST

START_TEST(unknown_event)
{
	static const u16 bad[] = { 0, 30, 31, KVL_EV_FLASH_COMMAND, 63, 64, 0xffff };
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_event(&rig, 0, bad[_i], 0, 0, 0, 0, 0, 0, 0, 0);
	expect_broken(&rig, "CPU 0, record 0: the guest has no event");
	rig_done(&rig);
}
END_TEST

START_TEST(unknown_site)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_event(&rig, 0, KVL_EV_USE, (u16)rig_nsites, 0, 0, 0, 0, 0, 0, 0);
	expect_broken(&rig, "site 4, but the image has 4 sites");
	rig_done(&rig);
}
END_TEST

START_TEST(counter_goes_back)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	for (int i = 0; i < 10; i++)
		rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	rig.shared->ticket = 3;
	rig_use(&rig, 0);
	expect_broken(&rig, "the ticket counter went back from 11 to 4");
	rig_done(&rig);
}
END_TEST

START_TEST(counter_goes_back_for_the_vmm)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	trace_event(rig.trace, KVL_EV_MARK, 0, 0, 1, 0, 0, 0, 0);
	rig.shared->ticket = 0;
	trace_event(rig.trace, KVL_EV_MARK, 0, 0, 2, 0, 0, 0, 0);
	expect_broken(&rig, "the ticket counter went back from 2 to 1");
	rig_done(&rig);
}
END_TEST

/* Whatever stands in the shared region: an answer, soon, and never a crash. */
START_TEST(random_garbage)
{
	struct rig rig;

	srandom((unsigned)_i * 7919 + 1);
	rig_init(&rig, 3);
	rig_open(&rig, false);
	for (int step = 0; step < 200; step++) {
		u32 cpu = (u32)random() % 3;
		struct kvl_record *slot = rig_slot(&rig, cpu, rig.shared->cpu[cpu].head);
		u8 *bytes = (u8 *)rig.shared;

		switch (random() % 6) {
		case 0: bytes[random() % (long)KVL_RESULTS_OFFSET] = (u8)random(); break;
		case 1: rig.shared->cpu[cpu].head += (u64)(random() % 3); break;
		case 2: ((u8 *)slot)[random() % 24] = (u8)random(); break;
		case 3: rig.shared->ticket += (u64)(random() % 5); break;
		default: rig_use(&rig, cpu);
		}
		if (trace_drain(rig.trace, &rig.err))
			ck_assert_int_eq(rig.err.status, EXIT_VMM);
	}
	trace_finish(rig.trace, &rig.err);
	rig_done(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace rings");
	TCase *good = tcase_create("good"), *garbage = tcase_create("garbage");

	tcase_add_test(good, laps_of_the_ring);
	tcase_add_test(good, tail_overwritten);
	suite_add_tcase(suite, good);
	tcase_add_test(garbage, head_too_far);
	tcase_add_test(garbage, head_goes_back);
	tcase_add_test(garbage, ticket_does_not_rise);
	tcase_add_test(garbage, ticket_zero);
	tcase_add_test(garbage, ticket_never_given);
	tcase_add_loop_test(garbage, unknown_event, 0, 7);
	tcase_add_test(garbage, unknown_site);
	tcase_add_test(garbage, counter_goes_back);
	tcase_add_test(garbage, counter_goes_back_for_the_vmm);
	tcase_add_loop_test(garbage, random_garbage, 0, 40);
	suite_add_tcase(suite, garbage);
	return run_suite(suite);
}
