/* SPDX-License-Identifier: MIT */
/* The total order: merging, missing tickets, records that a stopped CPU did not commit. */
#include <check.h>
#include <pthread.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"

static u64 lost(struct rig *rig)
{
	struct trace_totals totals;

	trace_totals(rig->trace, &totals);
	return totals.lost;
}

/* A pt_set into a table allocated just before, on whatever CPU: only in ticket order is it
 * right. */
START_TEST(merged_across_cpus)
{
	struct model_config config = { .ncpus = 3, .site = rig_sites, .nsites = rig_nsites };
	struct rig rig;
	u64 value = 0;

	rig_init(&rig, 3);
	rig.model = model_create(&config);
	rig_open(&rig, false);
	trace_event(rig.trace, KVL_EV_TABLE_ALLOC, 0, 1, 0x5000, 0, 0, 0, 0);
	for (u32 i = 0; i < 3000; i++) {
		u32 cpu = i * 2654435761u >> 16;

		if (cpu % 4 == 3)
			trace_event(rig.trace, KVL_EV_PT_SET, 3, 1, 0x3000, 0x5000, value,
				    value + 2, 0);
		else
			rig_event(&rig, cpu % 4, KVL_EV_PT_SET, 1, 3, 1, 0x3000, 0x5000, value,
				  value + 2, 0);
		value += 2;
		if (i % 700 == 0)
			ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 0);
	ck_assert_uint_eq(model_findings(rig.model), 0);
	rig_done(&rig);
}
END_TEST

START_TEST(vmm_alone)
{
	struct trace_config config = { .ncpus = 1 };
	struct trace_totals totals;
	struct trace *trace;
	struct err err;

	trace = trace_open(&config, &err);
	ck_assert_ptr_nonnull(trace);
	for (int i = 0; i < 5000; i++)
		trace_event(trace, KVL_EV_VM_EXIT, 0, 1, 2, 3, 4, 5, 0);
	ck_assert_int_eq(trace_finish(trace, &err), 0);
	trace_totals(trace, &totals);
	ck_assert_uint_eq(totals.events, 5000);
	ck_assert_uint_eq(totals.lost, 0);
	trace_close(trace);
}
END_TEST

/* CPUs that really run at the same time, each ringing the doorbell when its ring is full. */
struct busy_cpu {
	struct rig *rig;
	u32 cpu;
	u32 records;
	pthread_t thread;
};

static void *busy_cpu(void *arg)
{
	struct busy_cpu *busy = arg;
	struct err err;

	for (u32 i = 0; i < busy->records; i++) {
		if (rig_full(busy->rig, busy->cpu) && trace_drain(busy->rig->trace, &err))
			return busy;
		rig_use(busy->rig, busy->cpu);
		if (i % 50 == 0)
			trace_event(busy->rig->trace, KVL_EV_VM_EXIT, 0, 0, 0, 0, 0, 0, 0);
	}
	return NULL;
}

START_TEST(really_parallel)
{
	struct busy_cpu busy[3];
	struct trace_totals totals;
	struct rig rig;
	void *failed;

	rig_init(&rig, ARRAY_LEN(busy));
	rig_open(&rig, true);
	for (u32 i = 0; i < ARRAY_LEN(busy); i++) {
		busy[i] = (struct busy_cpu){ .rig = &rig, .cpu = i, .records = 50000 };
		ck_assert_int_eq(pthread_create(&busy[i].thread, NULL, busy_cpu, &busy[i]), 0);
	}
	for (u32 i = 0; i < ARRAY_LEN(busy); i++) {
		ck_assert_int_eq(pthread_join(busy[i].thread, &failed), 0);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	trace_totals(rig.trace, &totals);
	ck_assert_uint_eq(totals.by_id[KVL_EV_USE], 150000);
	ck_assert_uint_eq(totals.by_id[KVL_EV_VM_EXIT], 3000);
	ck_assert_uint_eq(totals.lost, 0);
	rig_done(&rig);
}
END_TEST

START_TEST(missing_ticket_is_lost)
{
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	rig_ticket(&rig);
	rig_use(&rig, 0);
	rig_use(&rig, 1);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 1);
	rig_done(&rig);
}
END_TEST

START_TEST(missing_at_the_end_is_lost)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	rig_ticket(&rig);
	rig_ticket(&rig);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 2);
	rig_done(&rig);
}
END_TEST

/* Stopped with the ticket in the record, but not committed. */
START_TEST(taken_is_not_lost)
{
	struct kvl_record record = { .id = KVL_EV_PT_SET, .a = { 1, 2, 3, 4, 5 } }, seen;
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	record.ticket = rig_ticket(&rig);
	*rig_slot(&rig, 1, 0) = record;
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 0);
	ck_assert(trace_pending(rig.trace, 1, &seen));
	ck_assert_mem_eq(&seen, &record, sizeof(seen));
	ck_assert(!trace_pending(rig.trace, 0, &seen));
	rig_done(&rig);
}
END_TEST

/* Stopped between taking the ticket and storing it, on the second lap of the ring. */
START_TEST(filling_is_not_lost)
{
	struct kvl_record record = { .id = KVL_EV_USE }, seen;
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	for (u32 i = 0; i < KVL_RING_RECORDS; i++)
		rig_use(&rig, 0);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	ck_assert(!trace_pending(rig.trace, 0, &seen));
	rig_slot(&rig, 0, KVL_RING_RECORDS)->id = record.id;
	rig_ticket(&rig);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 0);
	ck_assert(trace_pending(rig.trace, 0, &seen));
	rig_done(&rig);
}
END_TEST

/* One pending record explains one ticket, not two, and not one from before it. */
START_TEST(pending_explains_one)
{
	struct kvl_record record = { .id = KVL_EV_USE };
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig_ticket(&rig);
	rig_use(&rig, 0);
	rig_ticket(&rig);
	*rig_slot(&rig, 0, 1) = record; /* filling, last committed ticket 2 */
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 1);
	rig_done(&rig);
}
END_TEST

/* The CPU that ended the run holds nothing, whatever it left in its ring. */
START_TEST(at_rest_explains_nothing)
{
	struct kvl_record record = { .id = KVL_EV_PT_SET }, seen;
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	record.ticket = rig_ticket(&rig);
	*rig_slot(&rig, 1, 0) = record;
	rig_use(&rig, 0);
	trace_at_rest(rig.trace, 1);
	trace_at_rest(rig.trace, 99);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 1);
	ck_assert(!trace_pending(rig.trace, 1, &seen));
	rig_done(&rig);
}
END_TEST

START_TEST(ticket_in_two_streams)
{
	struct kvl_record record = { .id = KVL_EV_USE };
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	record.ticket = rig_use(&rig, 0);
	rig_commit(&rig, 1, &record);
	ck_assert_int_eq(trace_drain(rig.trace, &rig.err), -1);
	ck_assert_int_eq(rig.err.status, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "ticket 1, which another stream had"));
	rig_done(&rig);
}
END_TEST

/* The counter jumps ahead by 2^62: reported at once, not counted to. */
START_TEST(counter_jumps)
{
	struct rig rig;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig.shared->ticket = 1ull << 62;
	rig_use(&rig, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), (1ull << 62) - 1);
	rig_done(&rig);
}
END_TEST

/* A ticket that never comes must not fill the host's memory. */
START_TEST(backlog_is_bounded)
{
	struct rig rig;
	int result = 0;
	u64 n = 0;

	rig_init(&rig, 1);
	rig_open(&rig, false);
	rig_ticket(&rig);
	while (!result && n < 2000000) {
		trace_event(rig.trace, KVL_EV_VM_EXIT, 0, 1, 2, 3, 4, 5, 0);
		if (++n % 500000 == 0)
			result = trace_drain(rig.trace, &rig.err);
	}
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(rig.err.status, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(rig.err.text, "ticket 1 was given out, but no ring has"));
	rig_done(&rig);
}
END_TEST

START_TEST(dropped_is_lost)
{
	struct rig rig;

	rig_init(&rig, 2);
	rig_open(&rig, false);
	rig_use(&rig, 0);
	rig.shared->cpu[0].dropped = 7;
	rig.shared->cpu[1].dropped = 5;
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	ck_assert_uint_eq(lost(&rig), 12);
	rig_done(&rig);
}
END_TEST

/* Behind a lost record the model would only find what is not there. */
START_TEST(nothing_judged_behind_a_loss)
{
	struct model_config config = { .ncpus = 1 };
	struct rig rig;

	rig_init(&rig, 1);
	rig.model = model_create(&config);
	rig_open(&rig, false);
	rig_ticket(&rig);
	rig_event(&rig, 0, KVL_EV_PT_SET, 1, 3, 1, 0x3000, 0x5000, 1, 2, 0);
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	model_finish(rig.model, true);
	ck_assert_uint_eq(lost(&rig), 1);
	ck_assert_uint_eq(model_findings(rig.model), 0);
	rig_done(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace order");
	TCase *tcase = tcase_create("order");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, merged_across_cpus);
	tcase_add_test(tcase, vmm_alone);
	tcase_add_test(tcase, really_parallel);
	tcase_add_test(tcase, missing_ticket_is_lost);
	tcase_add_test(tcase, missing_at_the_end_is_lost);
	tcase_add_test(tcase, taken_is_not_lost);
	tcase_add_test(tcase, filling_is_not_lost);
	tcase_add_test(tcase, pending_explains_one);
	tcase_add_test(tcase, at_rest_explains_nothing);
	tcase_add_test(tcase, ticket_in_two_streams);
	tcase_add_test(tcase, counter_jumps);
	tcase_add_test(tcase, backlog_is_bounded);
	tcase_add_test(tcase, dropped_is_lost);
	tcase_add_test(tcase, nothing_judged_behind_a_loss);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
