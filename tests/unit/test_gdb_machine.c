/* SPDX-License-Identifier: MIT */
/* Breakpoints and stops of the machine under gdb, where KVM is not needed for them. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/arch.h"
#include "vmm/gdb/machine.h"
#include "vmm_rig.h"

static struct vmm_rig *rig;
static struct gdb_machine machine;

static void setup(void)
{
	rig = vmm_rig_new();
	gdb_machine_init(&machine, &rig->vm, false, eventfd(0, EFD_CLOEXEC));
	machine.at[machine.nbreaks++] = (struct gdb_break){ .va = 0xC1000000 };
}

static void teardown(void)
{
	close(machine.event_fd);
	gdb_machine_destroy(&machine);
	vmm_rig_free(rig);
}

static bool debug_exit(u32 cpu, u64 pc, u32 exception)
{
	rig->run->exit_reason = KVM_EXIT_DEBUG;
	rig->run->debug.arch.pc = pc;
	rig->run->debug.arch.exception = exception;
	return gdb_machine_exit(&machine, cpu, rig->run);
}

/* A trap that was left over from an earlier step. */
START_TEST(who_continues_does_not_stop_for_a_step)
{
	struct gdb_stop stop;

	machine.action[1] = GDB_CONTINUE;
	ck_assert(debug_exit(1, 0xC1000000, 1));
	ck_assert(!gdb_machine_stopped(&machine, &stop));
	ck_assert(!atomic_load(&rig->vm.cpu[1].held));
}
END_TEST

START_TEST(a_read_of_a_port_may_be_the_guests)
{
	rig->run->exit_reason = KVM_EXIT_IO;
	rig->run->io.direction = KVM_EXIT_IO_IN;
	rig->run->io.size = rig->run->io.count = 1;
	ck_assert(!gdb_machine_exit(&machine, 0, rig->run));
	machine.break_byte = ARCH_PORT_BREAK_BYTE;
	ck_assert(!gdb_machine_exit(&machine, 0, rig->run));
	rig->run->exit_reason = KVM_EXIT_HLT;
	ck_assert(!gdb_machine_exit(&machine, 0, rig->run));
	ck_assert(!machine.undo[0]);
}
END_TEST

START_TEST(the_first_stop_counts)
{
	struct gdb_stop stop;

	machine.action[0] = machine.action[1] = GDB_CONTINUE;
	ck_assert(debug_exit(1, 0xC1000000, 3));
	ck_assert(debug_exit(0, 0xC1000008, 3));
	ck_assert(gdb_machine_stopped(&machine, &stop));
	ck_assert_uint_eq(stop.cpu, 1);
	ck_assert(stop.at_break);
	ck_assert(atomic_load(&rig->vm.cpu[0].held) && atomic_load(&rig->vm.cpu[1].held));
}
END_TEST

START_TEST(a_step_ends)
{
	struct gdb_stop stop;

	machine.action[0] = GDB_STEP;
	ck_assert(debug_exit(0, 0xC1000000, 1));
	ck_assert(gdb_machine_stopped(&machine, &stop));
	ck_assert(!stop.at_break);
}
END_TEST

START_TEST(ports_that_kvm_answers_itself)
{
	static const u8 taken[] = { 0x20, 0x21, 0xA0, 0xA1 };

	for (u32 port = 0; port < 256; port++)
		ck_assert_int_eq(arch_port_break_fits((u8)port),
				 !memchr(taken, (int)port, sizeof(taken)));
}
END_TEST

START_TEST(there_are_only_so_many)
{
	const struct gdb_target *target = &machine.target;

	ck_assert(target->insert_break(&machine, 0, 0xC1000000));
	machine.nbreaks = GDB_MAX_BREAKS;
	ck_assert(!target->insert_break(&machine, 0, 0xC1000004));
	machine.nbreaks = 1;
	target->remove_break(&machine, 0xC1000004);
	ck_assert_uint_eq(machine.nbreaks, 1);
	target->remove_break(&machine, 0xC1000000);
	ck_assert_uint_eq(machine.nbreaks, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb_machine");
	TCase *tcase = tcase_create("gdb_machine");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_continues_does_not_stop_for_a_step);
	tcase_add_test(tcase, a_read_of_a_port_may_be_the_guests);
	tcase_add_test(tcase, the_first_stop_counts);
	tcase_add_test(tcase, a_step_ends);
	tcase_add_test(tcase, ports_that_kvm_answers_itself);
	tcase_add_test(tcase, there_are_only_so_many);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
