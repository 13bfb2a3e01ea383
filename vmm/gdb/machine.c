/* SPDX-License-Identifier: MIT */
/* Owns how the machine stops and goes on under gdb. What gdb sees of it meanwhile: view.c. */
#include "vmm/gdb/machine.h"

#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/gdb/view.h"
#include "vmm/vm.h"

void gdb_machine_init(struct gdb_machine *machine, struct vm *vm, bool stepping, int event_fd)
{
	*machine = (struct gdb_machine){ .vm = vm, .stepping = stepping, .event_fd = event_fd };
	pthread_mutex_init(&machine->lock, NULL);
	gdb_view_init(machine);
}

void gdb_machine_destroy(struct gdb_machine *machine)
{
	pthread_mutex_destroy(&machine->lock);
}

/* --- stops -------------------------------------------------------------------------------------- */
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

void gdb_machine_exit(struct gdb_machine *machine, u32 cpu, const struct kvm_run *run)
{
	struct arch_debug_stop at = arch_debug_stop(run);
	bool goes_on = machine->action[cpu] == GDB_CONTINUE;
	bool at_break = (goes_on || at.by_break) && is_break(machine, at.pc);

	if (goes_on && !at_break && !at.by_break)
		return;
	atomic_store(&machine->vm->cpu[cpu].held, true);
	stop_at(machine, cpu, at_break);
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

/* --- breakpoints in memory ---------------------------------------------------------------------- */
static void plant(struct gdb_machine *machine)
{
	const u8 byte = ARCH_BREAK_BYTE;

	for (u32 i = 0; i < machine->nbreaks && !machine->stepping; i++) {
		struct gdb_break *at = &machine->at[i];

		at->planted = gmem_read(&machine->vm->mem, at->at, &at->instead, 1) &&
			      gmem_write(&machine->vm->mem, at->at, &byte, 1);
	}
}

/* What the guest itself has written there meanwhile stays. */
static void pull_out(struct gdb_machine *machine)
{
	for (u32 i = machine->nbreaks; i-- > 0;) {
		struct gdb_break *at = &machine->at[i];
		u8 byte;

		if (at->planted && gmem_read(&machine->vm->mem, at->at, &byte, 1) &&
		    byte == ARCH_BREAK_BYTE)
			gmem_write(&machine->vm->mem, at->at, &at->instead, 1);
		at->planted = false;
	}
}

/* --- going on ----------------------------------------------------------------------------------- */
static int control(struct gdb_machine *machine, u32 cpu)
{
	enum gdb_action action = machine->action[cpu];
	bool breaks = machine->nbreaks && action != GDB_STAND;
	bool step = action == GDB_STEP || (breaks && machine->stepping);

	return arch_debug_control(machine->vm->cpu[cpu].fd, step, breaks && !machine->stepping);
}

/*
 * A breakpoint instruction stops a CPU that stands at it before it has moved; so does one that is
 * stepped for. It is how a second CPU that came to one as the first was reported is not forgotten.
 */
static bool stands_at_break(struct gdb_machine *machine, u32 *cpu)
{
	struct arch_state state;

	for (u32 i = 0; i < machine->vm->ncpus && machine->stepping; i++) {
		*cpu = i;
		if (machine->action[i] == GDB_CONTINUE &&
		    arch_kvm_state(machine->vm->cpu[i].fd, &state) && is_break(machine, state.rip))
			return true;
	}
	return false;
}

int gdb_machine_go(struct gdb_machine *machine, const enum gdb_action *action)
{
	struct vm *vm = machine->vm;
	u32 cpu;

	machine->stopped = false;
	for (u32 i = 0; i < vm->ncpus; i++)
		machine->action[i] = action[i];
	if (stands_at_break(machine, &cpu)) {
		stop_at(machine, cpu, true);
		return 0;
	}
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
