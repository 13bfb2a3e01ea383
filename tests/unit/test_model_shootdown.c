/* SPDX-License-Identifier: MIT */
/* Shootdowns: who was asked must flush first, acknowledge then, and the end comes last. */
#include <check.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/trace/model.h"

#define VA 0xf0003000ull

static const char *const sites[] = { "", "flash.revoke" };
static struct model *model;
static u64 ticket;

static void record(u32 cpu, u16 id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_record r = { ++ticket, id, 1, { h0, h1 }, 0, { a0, a1, a2, a3, a4 } };

	model_record(model, cpu, &r);
}

static void setup(void)
{
	struct model_config config = { .ncpus = 4, .site = sites, .nsites = 2 };

	ticket = 0;
	model = model_create(&config);
	record(0xffff, KVL_EV_TABLE_ALLOC, 0, 4, 0x5000, 0, 0, 0, 0);
	record(0xffff, KVL_EV_MM_CREATE, 0, 0, 0, 0x5000, 0, 0, 0);
}

static void teardown(void)
{
	model_destroy(model);
}

static void begin(u32 cpu, u64 number, u64 bytes, u64 cpus)
{
	record(cpu, KVL_EV_SHOOTDOWN_BEGIN, 0, 0, VA, bytes, 0, cpus, number);
}

static void end(u32 cpu, u64 number)
{
	record(cpu, KVL_EV_SHOOTDOWN_END, 0, 0, number, 0, 0, 0, 0);
}

static void flush(u32 cpu, u16 scope, u64 va)
{
	record(cpu, KVL_EV_TLB_FLUSH, scope, 0, va, PAGE_BYTES, 0, 0, 0);
}

static void ack(u32 cpu, u16 from, u64 number)
{
	record(cpu, KVL_EV_IPI_ACK, from, 0, number, 0, 0, 0, 0);
}

static void expect(const char *part)
{
	ck_assert_uint_eq(model_findings(model), 1);
	ck_assert_uint_eq(model_finding_count(model, FINDING_SHOOTDOWN), 1);
	ck_assert_msg(strstr(model_finding(model, 0)->text, part) != NULL, "%s",
		      model_finding(model, 0)->text);
}

static void expect_none(void)
{
	ck_assert_msg(!model_findings(model), "%s", model_finding(model, 0)->text);
}

START_TEST(in_order)
{
	begin(0, 7, 3 * PAGE_BYTES, 6);
	flush(1, KVL_FLUSH_PAGE, VA + 2 * PAGE_BYTES);
	flush(2, KVL_FLUSH_SPACE, 0);
	flush(1, KVL_FLUSH_PAGE, VA);
	ack(2, 0, 7);
	flush(1, KVL_FLUSH_PAGE, VA + PAGE_BYTES);
	ack(1, 0, 7);
	end(0, 7);
	begin(3, 8, GiB(1), 1);
	record(0, KVL_EV_ROOT_LOAD, 0, 0, 0, 0x5000, 0, 0, 0);
	ack(0, 3, 8);
	end(3, 8);
	expect_none();
}
END_TEST

START_TEST(two_at_once)
{
	begin(0, 1, PAGE_BYTES, 2);
	begin(1, 2, PAGE_BYTES, 1);
	flush(0, KVL_FLUSH_PAGE, VA);
	ack(0, 1, 2);
	flush(1, KVL_FLUSH_ALL, 0);
	ack(1, 0, 1);
	end(1, 2);
	end(0, 1);
	expect_none();
}
END_TEST

START_TEST(ack_without_flush)
{
	begin(0, 7, PAGE_BYTES, 2);
	ack(1, 0, 7);
	end(0, 7);
	expect("CPU 1 acknowledges shootdown 7 of CPU 0 (va 0xf0003000, 0x1000 bytes, "
	       "flash.revoke) without having flushed all of it");
}
END_TEST

START_TEST(ack_before_flush)
{
	begin(0, 7, PAGE_BYTES, 2);
	ack(1, 0, 7);
	flush(1, KVL_FLUSH_PAGE, VA);
	end(0, 7);
	expect("without having flushed all of it since its begin");
}
END_TEST

START_TEST(flush_before_begin)
{
	flush(1, KVL_FLUSH_ALL, 0);
	begin(0, 7, PAGE_BYTES, 2);
	ack(1, 0, 7);
	end(0, 7);
	expect("without having flushed all of it since its begin");
}
END_TEST

START_TEST(flush_of_another_cpu)
{
	begin(0, 7, PAGE_BYTES, 2);
	flush(0, KVL_FLUSH_ALL, 0);
	flush(2, KVL_FLUSH_ALL, 0);
	ack(1, 0, 7);
	end(0, 7);
	expect("without having flushed all of it since its begin");
}
END_TEST

/* The same page twice is one page; pages beside the request are none of it. */
START_TEST(one_page_left_out)
{
	begin(0, 7, 2 * PAGE_BYTES, 2);
	flush(1, KVL_FLUSH_PAGE, VA);
	flush(1, KVL_FLUSH_PAGE, VA);
	flush(1, KVL_FLUSH_PAGE, VA - PAGE_BYTES);
	flush(1, KVL_FLUSH_PAGE, VA + 2 * PAGE_BYTES);
	ack(1, 0, 7);
	end(0, 7);
	expect("without having flushed all of it since its begin");
}
END_TEST

START_TEST(too_large_for_pages)
{
	begin(0, 7, ~0ull, 2);
	for (u32 i = 0; i < 600; i++)
		flush(1, KVL_FLUSH_PAGE, VA + i * PAGE_BYTES);
	ack(1, 0, 7);
	end(0, 7);
	expect("without having flushed all of it since its begin");
}
END_TEST

START_TEST(end_before_ack)
{
	begin(0, 7, PAGE_BYTES, 6);
	flush(1, KVL_FLUSH_ALL, 0);
	ack(1, 0, 7);
	end(0, 7);
	expect("shootdown 7 of CPU 0 (va 0xf0003000, 0x1000 bytes, flash.revoke) ends, but CPU 2 "
	       "has not acknowledged it");
}
END_TEST

START_TEST(ack_unasked)
{
	begin(0, 7, PAGE_BYTES, 2);
	flush(1, KVL_FLUSH_ALL, 0);
	switch (_i) {
	case 0: ack(2, 0, 7); break;
	case 1: ack(1, 0, 8); break;
	case 2: ack(1, 3, 7); break;
	case 3: ack(1, 0xffff, 7); break;
	}
	expect("acknowledges a shootdown that nobody asked of it");
}
END_TEST

START_TEST(end_of_another)
{
	begin(0, 7, PAGE_BYTES, 0);
	end(_i ? 0 : 1, _i ? 8 : 7);
	expect("ends a shootdown that it did not begin");
}
END_TEST

START_TEST(begun_twice)
{
	begin(0, 7, PAGE_BYTES, 0);
	begin(0, 8, PAGE_BYTES, 0);
	expect("before its last one has ended");
}
END_TEST

START_TEST(asks_nobody)
{
	begin(0, 7, PAGE_BYTES, 1ull << 40);
	end(0, 7);
	expect("asks CPUs that there are not");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model shootdown");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, in_order);
	tcase_add_test(tcase, two_at_once);
	tcase_add_test(tcase, ack_without_flush);
	tcase_add_test(tcase, ack_before_flush);
	tcase_add_test(tcase, flush_before_begin);
	tcase_add_test(tcase, flush_of_another_cpu);
	tcase_add_test(tcase, one_page_left_out);
	tcase_add_test(tcase, too_large_for_pages);
	tcase_add_test(tcase, end_before_ack);
	tcase_add_loop_test(tcase, ack_unasked, 0, 4);
	tcase_add_loop_test(tcase, end_of_another, 0, 2);
	tcase_add_test(tcase, begun_twice);
	tcase_add_test(tcase, asks_nobody);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
