/* SPDX-License-Identifier: MIT */
/* Owns how the machine stops and goes on under gdb. What gdb sees of it meanwhile: view.c. */
#include "vmm/gdb/machine.h"

#include <linux/kvm.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/gdb/view.h"
#include "vmm/vm.h"

void gdb_machine_init(struct gdb_machine *machine, struct vm *vm, bool by_port, int event_fd)
{
	*machine = (struct gdb_machine){ .vm = vm,
					 .break_byte = by_port ? ARCH_PORT_BREAK_BYTE
							       : ARCH_BREAK_BYTE,
					 .event_fd = event_fd };
	pthread_mutex_init(&machine->lock, NULL);
	gdb_view_init(machine);
}

void gdb_machine_destroy(struct gdb_machine *machine)
{
	pthread_mutex_destroy(&machine->lock);
}

/* --- stops ------------------------------------------------------------------------------------ */
static bool is_break(const struct gdb_machine *machine, u64 pc)
{
	for (u32 i = 0; i < machine->nbreaks; i++)
		if (machine->at[i].va == pc)
			return true;
	return false;
}

static void stop_at(struct gdb_machine *machine, u32 cpu, bool at_break)
{
	const u64 one = 1;

	pthread_mutex_lock(&machine->lock);
	if (!machine->stopped)
		machine->stop = (struct gdb_stop){ cpu, GDB_SIGTRAP, at_break };
	machine->stopped = true;
	pthread_mutex_unlock(&machine->lock);
	if (write(machine->event_fd, &one, sizeof(one)) < 0)
		vm_log(machine->vm, LOG_WARN, "gdb: a stop cannot be told");
}

/* KVM will finish the read before the CPU stands still; undo_reads() takes it back then. */
static bool take_port_read(struct gdb_machine *machine, u32 cpu, const struct kvm_run *run)
{
	struct vcpu *vcpu = &machine->vm->cpu[cpu];
	struct arch_state state;

	if (machine->break_byte != ARCH_PORT_BREAK_BYTE || !machine->nbreaks ||
	    !arch_may_be_port_break(run) || !arch_kvm_state(vcpu->fd, &state) ||
	    !is_break(machine, state.rip) || !arch_debug_read(vcpu->fd, machine->before[cpu]))
		return false;
	machine->undo[cpu] = true;
	atomic_store(&vcpu->held, true);
	stop_at(machine, cpu, true);
	return true;
}

/* A step that was asked for has been made, or a breakpoint instruction is next. */
static void take_debug_exit(struct gdb_machine *machine, u32 cpu, const struct kvm_run *run)
{
	struct arch_debug_stop at = arch_debug_stop(run);

	if (machine->action[cpu] == GDB_CONTINUE && !at.by_break)
		return;
	atomic_store(&machine->vm->cpu[cpu].held, true);
	stop_at(machine, cpu, at.by_break && is_break(machine, at.pc));
}

bool gdb_machine_exit(struct gdb_machine *machine, u32 cpu, const struct kvm_run *run)
{
	if (run->exit_reason != KVM_EXIT_DEBUG)
		return take_port_read(machine, cpu, run);
	take_debug_exit(machine, cpu, run);
	return true;
}

bool gdb_machine_stopped(struct gdb_machine *machine, struct gdb_stop *stop)
{
	bool stopped;

	pthread_mutex_lock(&machine->lock);
	stopped = machine->stopped;
	*stop = machine->stop;
	pthread_mutex_unlock(&machine->lock);
	return stopped;
}

/* --- breakpoints in memory -------------------------------------------------------------------- */
static void plant(struct gdb_machine *machine)
{
	for (u32 i = 0; i < machine->nbreaks; i++) {
		struct gdb_break *at = &machine->at[i];

		at->planted = gmem_read(&machine->vm->mem, at->at, &at->instead, 1) &&
			      gmem_write(&machine->vm->mem, at->at, &machine->break_byte, 1);
	}
}

/* What the guest itself has written there meanwhile stays. */
static void pull_out(struct gdb_machine *machine)
{
	for (u32 i = machine->nbreaks; i-- > 0;) {
		struct gdb_break *at = &machine->at[i];
		u8 byte;

		if (at->planted && gmem_read(&machine->vm->mem, at->at, &byte, 1) &&
		    byte == machine->break_byte)
			gmem_write(&machine->vm->mem, at->at, &at->instead, 1);
		at->planted = false;
	}
}

/* Each CPU stands before its breakpoint, and comes to it again if it is still there. */
static void undo_reads(struct gdb_machine *machine)
{
	for (u32 i = 0; i < machine->vm->ncpus; i++) {
		if (machine->undo[i] &&
		    !arch_debug_write(machine->vm->cpu[i].fd, machine->before[i]))
			vm_end(machine->vm, EXIT_VMM, false, i,
			       "gdb: vCPU %u cannot be put back before its breakpoint", i);
		machine->undo[i] = false;
	}
}

/* --- going on --------------------------------------------------------------------------------- */
static int control(struct gdb_machine *machine, u32 cpu)
{
	bool traps = machine->nbreaks && machine->break_byte == ARCH_BREAK_BYTE;

	return arch_debug_control(machine->vm->cpu[cpu].fd, machine->action[cpu] == GDB_STEP,
				  traps);
}

int gdb_machine_go(struct gdb_machine *machine, const enum gdb_action *action)
{
	struct vm *vm = machine->vm;

	machine->stopped = false;
	for (u32 i = 0; i < vm->ncpus; i++)
		machine->action[i] = action[i];
	for (u32 i = 0; i < vm->ncpus; i++)
		if (control(machine, i))
			return -1;
	plant(machine);
	atomic_store(&machine->running, true);
	for (u32 i = 0; i < vm->ncpus; i++)
		if (action[i] != GDB_STAND)
			vcpu_release(&vm->cpu[i]);
	return 0;
}

void gdb_machine_hold(struct gdb_machine *machine)
{
	vcpus_hold(machine->vm);
	undo_reads(machine);
	pull_out(machine);
	atomic_store(&machine->running, false);
}

void gdb_machine_free(struct gdb_machine *machine)
{
	enum gdb_action action[KVL_MAX_CPUS];

	gdb_machine_hold(machine);
	machine->nbreaks = 0;
	for (u32 i = 0; i < machine->vm->ncpus; i++)
		action[i] = GDB_CONTINUE;
	if (gdb_machine_go(machine, action))
		vm_end(machine->vm, EXIT_VMM, false, 0, "gdb: KVM_SET_GUEST_DEBUG fails");
}
