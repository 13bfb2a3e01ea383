/* SPDX-License-Identifier: MIT */
/* Exit dispatch fed with made-up exits: every reason has a name, none of them crashes the VMM. */
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/console.h"

static struct vmm_rig *rig;

static void setup(void)
{
	rig = vmm_rig_new();
}

static void teardown(void)
{
	vmm_rig_free(rig);
}

#define ENDED(status_, text_)                                                               \
	do {                                                                                \
		ck_assert(rig->vm.end.ended);                                               \
		ck_assert_int_eq(rig->vm.end.status, status_);                              \
		ck_assert_msg(strstr(rig->vm.end.reason, text_), "%s", rig->vm.end.reason); \
	} while (0)

/* --- every reason --- */
START_TEST(every_reason_continues_or_ends_with_a_name)
{
	enum exit_action action;

	memset(rig->run, 0, RIG_RUN_BYTES);
	rig->run->exit_reason = (u32)_i;
	action = exit_dispatch(&rig->vm, 0, rig->run);
	ck_assert_int_eq(action == EXIT_ACTION_STOP, rig->vm.end.ended);
	if (action == EXIT_ACTION_STOP)
		ck_assert_uint_gt(strlen(rig->vm.end.reason), strlen("vCPU 0: "));
}
END_TEST

START_TEST(reasons_that_go_on)
{
	static const u32 reason[] = { KVM_EXIT_INTR, KVM_EXIT_HLT, KVM_EXIT_IRQ_WINDOW_OPEN };

	for (size_t i = 0; i < ARRAY_LEN(reason); i++) {
		rig->run->exit_reason = reason[i];
		ck_assert_int_eq(exit_dispatch(&rig->vm, 0, rig->run), EXIT_ACTION_CONTINUE);
	}
	vm_end(&rig->vm, EXIT_OK, false, 0, "over");
	ck_assert_int_eq(exit_dispatch(&rig->vm, 0, rig->run), EXIT_ACTION_STOP);
}
END_TEST

START_TEST(a_triple_fault_is_named)
{
	rig->run->exit_reason = KVM_EXIT_SHUTDOWN;
	ck_assert_int_eq(exit_dispatch(&rig->vm, 1, rig->run), EXIT_ACTION_STOP);
	ENDED(EXIT_GUEST, "vCPU 1: triple fault");
	ck_assert(rig->vm.end.dump);
	ck_assert_uint_eq(rig->vm.end.cpu, 1);
}
END_TEST

START_TEST(internal_errors_name_their_suberror)
{
	rig->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	rig->run->internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	rig->run->internal.ndata = UINT32_MAX; /* more than there is room for */
	memset(rig->run->internal.data, 0xFF, sizeof(rig->run->internal.data));
	ck_assert_int_eq(exit_dispatch(&rig->vm, 0, rig->run), EXIT_ACTION_STOP);
	ENDED(EXIT_GUEST, "suberror 1 (EMULATION");
	ENDED(EXIT_GUEST, "0xffffffffffffffff");
}
END_TEST

START_TEST(a_failed_entry_gives_the_hardware_reason)
{
	rig->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	rig->run->fail_entry.hardware_entry_failure_reason = 0x80000021;
	exit_dispatch(&rig->vm, 0, rig->run);
	ENDED(EXIT_VMM, "0x80000021");
}
END_TEST

START_TEST(an_unknown_reason_is_said_to_be_unknown)
{
	rig->run->exit_reason = 4711;
	exit_dispatch(&rig->vm, 0, rig->run);
	ENDED(EXIT_VMM, "unexpected exit: unknown exit reason (4711)");
	ck_assert_str_eq(exit_name(KVM_EXIT_MMIO), "KVM_EXIT_MMIO");
	ck_assert_str_eq(exit_name(KVM_EXIT_FAIL_ENTRY), "KVM_EXIT_FAIL_ENTRY");
	ck_assert_str_eq(exit_name(39), "KVM_EXIT_MEMORY_FAULT"); /* younger than Linux 6.1 */
	ck_assert_str_eq(exit_name(UINT32_MAX), "unknown exit reason");
}
END_TEST

START_TEST(the_first_end_counts)
{
	vm_end(&rig->vm, EXIT_GUEST, true, 1, "first");
	vm_end(&rig->vm, EXIT_VMM, false, 0, "second");
	ENDED(EXIT_GUEST, "first");
}
END_TEST

/* --- ports --- */
START_TEST(console_lines_come_whole)
{
	const char *text = "hello\nworld";

	for (const char *c = text; *c; c++)
		ck_assert_int_eq(rig_out(rig, 0, KVL_PORT_CONSOLE, 1, (u8)*c),
				 EXIT_ACTION_CONTINUE);
	ck_assert_str_eq(rig->console, "hello\n");
	console_flush(&rig->vm);
	ck_assert_str_eq(rig->console, text);
	ck_assert_uint_eq(rig_in(rig, 0, KVL_PORT_CONSOLE + UART_LSR, 1),
			  UART_LSR_THRE | UART_LSR_TEMT);
}
END_TEST

START_TEST(a_line_without_end_is_handed_on_in_pieces)
{
	for (int i = 0; i < 2000; i++)
		rig_out(rig, 0, KVL_PORT_CONSOLE, 1, 'x');
	console_flush(&rig->vm);
	ck_assert_uint_eq(strlen(rig->console), 2000);
}
END_TEST

START_TEST(string_output_is_every_item)
{
	rig->run->exit_reason = KVM_EXIT_IO;
	rig->run->io.direction = KVM_EXIT_IO_OUT;
	rig->run->io.port = KVL_PORT_CONSOLE;
	rig->run->io.size = 1;
	rig->run->io.count = 5;
	rig->run->io.data_offset = RIG_RUN_BYTES - 5;
	memcpy((u8 *)rig->run + RIG_RUN_BYTES - 5, "abcd\n", 5);
	ck_assert_int_eq(exit_dispatch(&rig->vm, 0, rig->run), EXIT_ACTION_CONTINUE);
	ck_assert_str_eq(rig->console, "abcd\n");
}
END_TEST

START_TEST(malformed_port_exits_end_the_run)
{
	static const struct {
		u8 size;
		u32 count;
		u64 offset;
	} bad[] = {
		{ 1, 6, RIG_RUN_BYTES - 5 },
		{ 4, UINT32_MAX, 4096 },
		{ 8, 1, 4096 },
		{ 255, 1, 4096 },
		{ 1, 1, UINT64_MAX },
		{ 1, 1, RIG_RUN_BYTES },
	};

	rig->run->exit_reason = KVM_EXIT_IO;
	rig->run->io.direction = _i % 2 ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	rig->run->io.port = KVL_PORT_CONSOLE;
	rig->run->io.size = bad[_i / 2].size;
	rig->run->io.count = bad[_i / 2].count;
	rig->run->io.data_offset = bad[_i / 2].offset;
	ck_assert_int_eq(exit_dispatch(&rig->vm, 0, rig->run), EXIT_ACTION_STOP);
	ENDED(EXIT_VMM, "malformed KVM_EXIT_IO");
}
END_TEST

START_TEST(unclaimed_ports_read_ones_and_warn_once)
{
	ck_assert_uint_eq(rig_in(rig, 0, 0x80, 1), 0xFF);
	ck_assert_uint_eq(rig_in(rig, 0, 0x80, 2), 0xFFFF);
	ck_assert_uint_eq(rig_in(rig, 1, 0x80, 4), 0xFFFFFFFF);
	ck_assert_uint_eq(rig->nlog, 1);
	ck_assert_ptr_nonnull(strstr(rig->log, "1-byte read of port 0x80"));
	rig_out(rig, 0, 0x81, 1, 0);
	ck_assert_uint_eq(rig->nlog, 2);
	rig_load(rig, 0, 0x80, 1); /* memory address 80h is another one */
	ck_assert_uint_eq(rig->nlog, 3);
	ck_assert(!rig->vm.end.ended);
}
END_TEST

START_TEST(the_table_of_warnings_may_fill_up)
{
	for (u32 i = 0; i < VM_MAX_UNCLAIMED; i++)
		rig_load(rig, 0, MiB(512) + i * 8, 8);
	ck_assert_uint_eq(rig->nlog, VM_MAX_UNCLAIMED);
	for (u32 i = VM_MAX_UNCLAIMED; i < 4 * VM_MAX_UNCLAIMED; i++)
		rig_load(rig, 0, MiB(512) + i * 8, 8);
	ck_assert_uint_eq(rig->nlog, VM_MAX_UNCLAIMED + 1);
	ck_assert_msg(strstr(rig->log, "more than 128 addresses"), "%s", rig->log);
	ck_assert_uint_eq(rig->vm.unclaimed_accesses, 4 * VM_MAX_UNCLAIMED);
	for (u32 i = 0; i < VM_MAX_UNCLAIMED; i++)
		rig_load(rig, 0, MiB(512) + i * 8, 8);
	ck_assert_uint_eq(rig->nlog, VM_MAX_UNCLAIMED + 1);
	ck_assert_uint_eq(rig->vm.unclaimed_accesses, 5 * VM_MAX_UNCLAIMED);
}
END_TEST

START_TEST(strict_io_makes_it_fatal)
{
	rig->config.strict_io = true;
	ck_assert_int_eq(rig_store(rig, 1, 0xE0001000, 8, 5), EXIT_ACTION_STOP);
	ENDED(EXIT_GUEST, "8-byte write to address 0xe0001000 by vCPU 1");
}
END_TEST

/* --- memory --- */
START_TEST(malformed_memory_exits_end_the_run)
{
	rig_load(rig, 0, 0xE0000000, _i ? 9 : 0);
	ENDED(EXIT_VMM, "malformed KVM_EXIT_MMIO");
}
END_TEST

START_TEST(unclaimed_memory_reads_ones_of_the_right_width)
{
	ck_assert_uint_eq(rig_load(rig, 0, 0xE0000000, 1), 0xFF);
	ck_assert_uint_eq(rig_load(rig, 0, 0xE0000000, 3), 0xFFFFFF);
	ck_assert_uint_eq(rig_load(rig, 0, UINT64_MAX, 8), UINT64_MAX);
}
END_TEST

START_TEST(a_touched_hole_is_named)
{
	struct err err;

	rig->vm.layout.nholes = 2;
	rig->vm.layout.hole[0] = (struct kvl_range){ MiB(64), MiB(2) };
	rig->vm.layout.hole[1] = (struct kvl_range){ MiB(128), PAGE_BYTES };
	rig->config.layout.nholes = 2; /* in another order */
	rig->config.layout.hole[0] = rig->vm.layout.hole[1];
	rig->config.layout.hole[1] = rig->vm.layout.hole[0];
	rig->config.board.hole_name[1] = "modem@4000000";
	ck_assert_int_eq(holes_claim(&rig->vm, &err), 0);
	rig_load(rig, 0, MiB(64) - 1, 1);
	rig_load(rig, 0, MiB(66), 1);
	ck_assert(!rig->vm.end.ended);
	if (_i)
		rig_store(rig, 1, MiB(128) + PAGE_BYTES - 8, 8, 0);
	else
		rig_load(rig, 1, MiB(64), 4);
	ENDED(EXIT_GUEST,
	      _i ? "vCPU 1 writes to 0x8000ff8, in the hole 0x8000000-0x8001000"
		 : "vCPU 1 reads 0x4000000, in the hole 0x4000000-0x4200000 (modem@4000000)");
}
END_TEST

/* Seed row L7: it is shared by other machines. */
START_TEST(a_write_to_the_segment_is_named)
{
	struct err err;

	rig->vm.layout.segment = (struct kvl_range){ MiB(64), MiB(1) };
	ck_assert_int_eq(segment_claim(&rig->vm, &err), 0);
	rig_store(rig, 0, MiB(65), 8, 1);
	ck_assert(!rig->vm.end.ended);
	rig_store(rig, 1, MiB(65) - 8, 8, 1);
	ENDED(EXIT_GUEST, "write to the segment: vCPU 1 writes to 0x40ffff8, in the segment "
			  "0x4000000-0x4100000");
}
END_TEST

/* KVM finds no page there: somebody has cut the file. */
START_TEST(a_read_of_the_segment_is_the_hosts)
{
	struct err err;

	rig->vm.layout.segment = (struct kvl_range){ MiB(64), MiB(1) };
	ck_assert_int_eq(segment_claim(&rig->vm, &err), 0);
	rig_load(rig, 1, MiB(64), 8);
	ENDED(EXIT_HOST, "a page of the segment cannot be read: vCPU 1 reads 0x4000000, in the "
			 "segment 0x4000000-0x4100000");
	ck_assert(!rig->vm.end.dump);
}
END_TEST

/* --- exit status --- */
static void set_reason(const char *text)
{
	memcpy(vm_shared(&rig->vm)->reason, text, strlen(text) + 1);
}

START_TEST(statuses_of_the_guest)
{
	static const struct {
		u32 status;
		enum exit_status want;
		bool dump, done;
	} row[] = {
		{ 0, EXIT_OK, false, true },
		{ 1, EXIT_CHECK, false, true },
		{ 2, EXIT_USAGE, false, true },
		{ 4, EXIT_GUEST, true, false },
		{ 3, EXIT_GUEST, true, false },
		{ 5, EXIT_GUEST, true, false },
		{ EXIT_SKIPPED, EXIT_SKIPPED, false, true },
		{ 255, EXIT_GUEST, true, false },
	};

	set_reason("because");
	rig_call(rig, 0, KVL_CALL_MARK, KVL_MARK_DONE);
	ck_assert_int_eq(rig_out(rig, 1, KVL_PORT_EXIT, 1, row[_i].status), EXIT_ACTION_STOP);
	ENDED(row[_i].want, "because");
	ck_assert_int_eq(rig->vm.end.dump, row[_i].dump);
	ck_assert_int_eq(atomic_load(&rig->vm.guest_done), row[_i].done);
}
END_TEST

START_TEST(a_guest_that_skips_its_scenario_did_not_pass)
{
	rig_call(rig, 0, KVL_CALL_MARK, KVL_MARK_SCENARIO);
	rig_out(rig, 1, KVL_PORT_EXIT, 1, 0);
	ENDED(EXIT_GUEST, "vCPU 1: the guest ended with status 0 before the scenario was done");
	ck_assert(!atomic_load(&rig->vm.guest_done));
}
END_TEST

START_TEST(an_exit_after_the_end_is_none)
{
	rig_call(rig, 0, KVL_CALL_MARK, KVL_MARK_DONE);
	vm_end(&rig->vm, EXIT_TIMEOUT, true, 0, "time limit");
	rig_out(rig, 1, KVL_PORT_EXIT, 1, (u32)_i);
	ENDED(EXIT_TIMEOUT, "time limit");
	ck_assert(!atomic_load(&rig->vm.guest_done));
}
END_TEST

START_TEST(a_reason_is_cleaned_and_bounded)
{
	set_reason("a\033[2Jb\n\xff");
	rig_out(rig, 0, KVL_PORT_EXIT, 1, 4);
	ck_assert_str_eq(rig->vm.end.reason, "a?[2Jb??");
}
END_TEST

START_TEST(a_reason_without_end_stops_at_its_field)
{
	struct kvl_shared *shared = vm_shared(&rig->vm);

	memset(shared->reason, 'r', sizeof(shared->reason));
	memset(shared->cpu, 'c', sizeof(shared->cpu));
	rig_out(rig, 0, KVL_PORT_EXIT, 1, 4);
	ck_assert_uint_eq(strlen(rig->vm.end.reason), sizeof(shared->reason));
	ck_assert_ptr_null(strchr(rig->vm.end.reason, 'c'));
}
END_TEST

/* --- calls --- */
START_TEST(an_unknown_call_is_the_guests_error)
{
	rig_call(rig, 1, 4242, 7);
	ENDED(EXIT_GUEST, "vCPU 1: unknown call 4242 (arg 0x7)");
}
END_TEST

START_TEST(waking_a_cpu_that_is_not_there)
{
	rig_call(rig, 0, KVL_CALL_WAKE, 1);
	ck_assert(!rig->vm.end.ended);
	rig_call(rig, 0, KVL_CALL_WAKE, 2);
	ENDED(EXIT_GUEST, "KVL_CALL_WAKE of CPU 2, there are 2");
}
END_TEST

START_TEST(relaxing_ends_by_itself)
{
	rig_call(rig, 0, KVL_CALL_RELAX, 0);
	vm_shared(&rig->vm)->cpu[0].go = 1;
	rig_call(rig, 0, KVL_CALL_RELAX, 0);
	ck_assert(!rig->vm.end.ended);
}
END_TEST

START_TEST(the_flash_clock_needs_a_chip)
{
	static const u32 call[] = { KVL_CALL_CLOCK_NOW, KVL_CALL_CLOCK_UNTIL,
				    KVL_CALL_FLASH_WORDS };

	rig_call(rig, 0, call[_i], 1);
	ENDED(EXIT_GUEST, "needs a flash chip");
}
END_TEST

START_TEST(calls_without_a_trace_do_nothing)
{
	rig_call(rig, 0, KVL_CALL_DOORBELL, 0);
	rig_call(rig, 0, KVL_CALL_MARK, KVL_MARK_DONE);
	rig_call(rig, 0, KVL_CALL_MARK, UINT64_MAX);
	ck_assert(!rig->vm.end.ended);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exit");
	TCase *tcase = tcase_create("exit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, every_reason_continues_or_ends_with_a_name, 0, 64);
	tcase_add_test(tcase, reasons_that_go_on);
	tcase_add_test(tcase, a_triple_fault_is_named);
	tcase_add_test(tcase, internal_errors_name_their_suberror);
	tcase_add_test(tcase, a_failed_entry_gives_the_hardware_reason);
	tcase_add_test(tcase, an_unknown_reason_is_said_to_be_unknown);
	tcase_add_test(tcase, the_first_end_counts);
	tcase_add_test(tcase, console_lines_come_whole);
	tcase_add_test(tcase, a_line_without_end_is_handed_on_in_pieces);
	tcase_add_test(tcase, string_output_is_every_item);
	tcase_add_loop_test(tcase, malformed_port_exits_end_the_run, 0, 12);
	tcase_add_test(tcase, unclaimed_ports_read_ones_and_warn_once);
	tcase_add_test(tcase, the_table_of_warnings_may_fill_up);
	tcase_add_test(tcase, strict_io_makes_it_fatal);
	tcase_add_loop_test(tcase, malformed_memory_exits_end_the_run, 0, 2);
	tcase_add_test(tcase, unclaimed_memory_reads_ones_of_the_right_width);
	tcase_add_loop_test(tcase, a_touched_hole_is_named, 0, 2);
	tcase_add_test(tcase, a_write_to_the_segment_is_named);
	tcase_add_test(tcase, a_read_of_the_segment_is_the_hosts);
	tcase_add_loop_test(tcase, statuses_of_the_guest, 0, 8);
	tcase_add_test(tcase, a_guest_that_skips_its_scenario_did_not_pass);
	tcase_add_loop_test(tcase, an_exit_after_the_end_is_none, 0, 3);
	tcase_add_test(tcase, a_reason_is_cleaned_and_bounded);
	tcase_add_test(tcase, a_reason_without_end_stops_at_its_field);
	tcase_add_test(tcase, an_unknown_call_is_the_guests_error);
	tcase_add_test(tcase, waking_a_cpu_that_is_not_there);
	tcase_add_test(tcase, relaxing_ends_by_itself);
	tcase_add_loop_test(tcase, the_flash_clock_needs_a_chip, 0, 3);
	tcase_add_test(tcase, calls_without_a_trace_do_nothing);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
