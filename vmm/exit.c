/* SPDX-License-Identifier: MIT */
/*
 * Exit dispatch. Every exit reason has a name; those that the guest cannot go on from end the run
 * with that name. Calls of the guest: ports.c; devices: behind the buses.
 */
#include "vmm/exit.h"

#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/flashdev.h"
#include "vmm/gdb/server.h"
#include "vmm/pt_trap.h"

/* The host's kernel may be younger than the headers that this is built with. */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif
#ifndef KVM_EXIT_TDX
#define KVM_EXIT_TDX 40
#endif

#define NAME(reason) [KVM_EXIT_##reason] = "KVM_EXIT_" #reason
static const char *const exit_names[] = {
	NAME(UNKNOWN),
	NAME(EXCEPTION),
	NAME(IO),
	NAME(HYPERCALL),
	NAME(DEBUG),
	NAME(HLT),
	NAME(MMIO),
	NAME(IRQ_WINDOW_OPEN),
	NAME(SHUTDOWN),
	NAME(FAIL_ENTRY),
	NAME(INTR),
	NAME(SET_TPR),
	NAME(TPR_ACCESS),
	NAME(NMI),
	NAME(INTERNAL_ERROR),
	NAME(WATCHDOG),
	NAME(SYSTEM_EVENT),
	NAME(IOAPIC_EOI),
	NAME(HYPERV),
	NAME(X86_RDMSR),
	NAME(X86_WRMSR),
	NAME(DIRTY_RING_FULL),
	NAME(AP_RESET_HOLD),
	NAME(X86_BUS_LOCK),
	NAME(XEN),
	NAME(NOTIFY),
	NAME(MEMORY_FAULT),
	NAME(TDX),
};
#undef NAME

const char *exit_name(u32 reason)
{
	if (reason < ARRAY_LEN(exit_names) && exit_names[reason])
		return exit_names[reason];
	return "unknown exit reason";
}

static enum exit_action stop_if_ended(struct vm *vm)
{
	return vm_ended(vm) ? EXIT_ACTION_STOP : EXIT_ACTION_CONTINUE;
}

enum touch { TOUCH_FIRST, TOUCH_AGAIN, TOUCH_ONE_TOO_MANY };

static enum touch touch_locked(struct vm *vm, u64 address)
{
	u32 told = vm->nunclaimed < VM_MAX_UNCLAIMED ? vm->nunclaimed : VM_MAX_UNCLAIMED;

	vm->unclaimed_accesses++;
	for (u32 i = 0; i < told; i++)
		if (vm->unclaimed[i] == address)
			return TOUCH_AGAIN;
	if (vm->nunclaimed > VM_MAX_UNCLAIMED)
		return TOUCH_AGAIN;
	if (vm->nunclaimed++ == VM_MAX_UNCLAIMED)
		return TOUCH_ONE_TOO_MANY;
	vm->unclaimed[told] = address;
	return TOUCH_FIRST;
}

/* Counts the access. Which of them are told: the first of each address, while the table has
 * room. */
static enum touch touch(struct vm *vm, u64 address)
{
	enum touch result;

	pthread_mutex_lock(&vm->lock);
	result = touch_locked(vm, address);
	pthread_mutex_unlock(&vm->lock);
	return result;
}

/* A port and a memory address with the same number are different addresses. */
#define PORT_SPACE (1ull << 63)

static void unclaimed(struct vm *vm, const struct bus *bus, const struct bus_access *access)
{
	bool port = bus == &vm->port_bus;
	const char *verb = access->write ? "write to" : "read of";

	switch (touch(vm, access->address | (port ? PORT_SPACE : 0))) {
	case TOUCH_FIRST: break;
	case TOUCH_AGAIN: return;
	case TOUCH_ONE_TOO_MANY:
		vm_log(vm, LOG_WARN,
		       "more than %u addresses where nothing is: further ones are not told (the "
		       "result counts them: host_counts.unclaimed)",
		       VM_MAX_UNCLAIMED);
		return;
	}
	vm_event(vm, KVL_EV_UNCLAIMED, (u16)access->cpu, access->write, access->address,
		 access->bytes, access->data, 0, 0);
	if (vm->config->strict_io)
		vm_end(vm, EXIT_GUEST, true, access->cpu,
		       "unclaimed access: %u-byte %s %s 0x%llx by vCPU %u, where nothing is "
		       "(--strict-io)",
		       access->bytes, verb, port ? "port" : "address",
		       (unsigned long long)access->address, access->cpu);
	else
		vm_log(vm, LOG_WARN,
		       "vCPU %u: %u-byte %s %s 0x%llx, where nothing is: %s (told once per "
		       "address)",
		       access->cpu, access->bytes, verb, port ? "port" : "address",
		       (unsigned long long)access->address,
		       access->write ? "lost" : "it reads all ones");
}

static void access_bus(struct vm *vm, struct bus *bus, struct bus_access *access)
{
	if (!bus_access(bus, access))
		unclaimed(vm, bus, access);
}

/*
 * One exit may carry many items (INS, OUTS with REP). The data lie in the run mapping; where they
 * would not, the exit is not KVM's.
 */
static enum exit_action handle_io(struct vm *vm, u32 cpu, struct kvm_run *run)
{
	u64 total = (u64)run->io.size * run->io.count;
	u8 *data = (u8 *)run + run->io.data_offset;

	vm->cpu[cpu].io_exits++;
	if (run->io.size > 4 || run->io.data_offset > vm->host.run_bytes ||
	    total > vm->host.run_bytes - run->io.data_offset) {
		vm_end(vm, EXIT_VMM, true, cpu,
		       "vCPU %u: malformed KVM_EXIT_IO (port 0x%x, size %u, count %u)", cpu,
		       run->io.port, run->io.size, run->io.count);
		return EXIT_ACTION_STOP;
	}
	for (u32 i = 0; i < run->io.count; i++, data += run->io.size) {
		struct bus_access access = { .cpu = cpu,
					     .address = run->io.port,
					     .bytes = run->io.size,
					     .write = run->io.direction == KVM_EXIT_IO_OUT };

		if (access.write)
			memcpy(&access.data, data, run->io.size);
		access_bus(vm, &vm->port_bus, &access);
		if (!access.write)
			memcpy(data, &access.data, run->io.size);
	}
	return stop_if_ended(vm);
}

/* A trapped store to a page table has an event of its own. */
static void mmio_event(struct vm *vm, const struct kvm_run *run, const struct bus_access *access)
{
	if (pt_trap_takes(vm, access->address))
		return;
	vm_event(vm, KVL_EV_VM_EXIT, (u16)access->cpu, (u16)run->exit_reason, access->address,
		 access->bytes, access->write, access->data, 0);
}

static enum exit_action handle_mmio(struct vm *vm, u32 cpu, struct kvm_run *run)
{
	struct bus_access access = { .cpu = cpu,
				     .address = run->mmio.phys_addr,
				     .bytes = run->mmio.len,
				     .write = run->mmio.is_write };

	vm->cpu[cpu].mmio_exits++;
	if (access.bytes == 0 || access.bytes > sizeof(run->mmio.data)) {
		vm_end(vm, EXIT_VMM, true, cpu,
		       "vCPU %u: malformed KVM_EXIT_MMIO (0x%llx, %u bytes)", cpu,
		       (unsigned long long)access.address, access.bytes);
		return EXIT_ACTION_STOP;
	}
	/* A write is reported before what it causes, a read with what it was answered. */
	if (access.write) {
		memcpy(&access.data, run->mmio.data, access.bytes);
		mmio_event(vm, run, &access);
	}
	access_bus(vm, &vm->memory_bus, &access);
	if (!access.write) {
		memcpy(run->mmio.data, &access.data, access.bytes);
		mmio_event(vm, run, &access);
	}
	return stop_if_ended(vm);
}

static const char *suberror_name(u32 suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return "EMULATION: KVM cannot emulate the instruction at rip";
	case KVM_INTERNAL_ERROR_SIMUL_EX: return "SIMUL_EX: exceptions at the same time";
	case KVM_INTERNAL_ERROR_DELIVERY_EV: return "DELIVERY_EV: an event could not be delivered";
	case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: return "UNEXPECTED_EXIT_REASON";
	}
	return "unknown";
}

const char *exit_fetch_place(struct vm *vm, u64 at)
{
	const char *place = vm->flash ? flashdev_place(vm->flash, at) : NULL;

	return place ? place : "where no memory is";
}

/*
 * The usual cause: the guest runs code where no memory is, a busy flash chip above all. KVM then
 * has no bytes to emulate. True: that was it, and the run has ended with that name.
 */
static bool end_bad_fetch(struct vm *vm, u32 cpu)
{
	struct arch_state state;
	u64 at;

	if (vm->cpu[cpu].fd < 0 || !arch_kvm_state(vm->cpu[cpu].fd, &state) ||
	    !arch_fetch_gpa(&state, &vm->mem, &at) || gmem_at(&vm->mem, gpa(at), 1) ||
	    kvl_in_ranges(&vm->layout.segment, 1, at))
		return false;
	vm_end(vm, EXIT_GUEST, true, cpu, "vCPU %u: instruction fetch from %s at 0x%llx", cpu,
	       exit_fetch_place(vm, at), (unsigned long long)at);
	return true;
}

static enum exit_action handle_internal_error(struct vm *vm, u32 cpu, const struct kvm_run *run)
{
	char data[16 * 19 + 1] = "";
	size_t used = 0;

	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION && end_bad_fetch(vm, cpu))
		return EXIT_ACTION_STOP;
	for (u32 i = 0; i < run->internal.ndata && i < ARRAY_LEN(run->internal.data); i++)
		used += (size_t)snprintf(data + used, sizeof(data) - used, " 0x%llx",
					 (unsigned long long)run->internal.data[i]);
	vm_end(vm, EXIT_GUEST, true, cpu, "vCPU %u: KVM_EXIT_INTERNAL_ERROR, suberror %u (%s)%s%s",
	       cpu, run->internal.suberror, suberror_name(run->internal.suberror),
	       used ? ", data" : "", data);
	return EXIT_ACTION_STOP;
}

static void end_unexpected(struct vm *vm, u32 cpu, const struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		vm_end(vm, EXIT_GUEST, true, cpu,
		       "vCPU %u: triple fault (KVM_EXIT_SHUTDOWN): an exception while a double fault "
		       "was delivered",
		       cpu);
		return;
	case KVM_EXIT_FAIL_ENTRY:
		vm_end(vm, EXIT_VMM, true, cpu,
		       "vCPU %u: KVM_EXIT_FAIL_ENTRY: the processor refuses the guest's state, "
		       "hardware reason 0x%llx",
		       cpu, (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		return;
	case KVM_EXIT_SYSTEM_EVENT:
		vm_end(vm, EXIT_GUEST, true, cpu, "vCPU %u: KVM_EXIT_SYSTEM_EVENT type %u", cpu,
		       run->system_event.type);
		return;
	case KVM_EXIT_EXCEPTION:
		vm_end(vm, EXIT_GUEST, true, cpu, "vCPU %u: KVM_EXIT_EXCEPTION %u, error code 0x%x",
		       cpu, run->ex.exception, run->ex.error_code);
		return;
	}
	vm_end(vm, EXIT_VMM, true, cpu, "vCPU %u: unexpected exit: %s (%u)", cpu,
	       exit_name(run->exit_reason), run->exit_reason);
}

enum exit_action exit_dispatch(struct vm *vm, u32 cpu, struct kvm_run *run)
{
	if (vm->gdb && gdb_takes_exit(vm->gdb, cpu, run))
		return stop_if_ended(vm);
	switch (run->exit_reason) {
	case KVM_EXIT_IO: return handle_io(vm, cpu, run);
	case KVM_EXIT_MMIO: return handle_mmio(vm, cpu, run);
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_HLT: /* not with the in-kernel interrupt controller; enter and wait again */
		return stop_if_ended(vm);
	}
	vm_event(vm, KVL_EV_VM_EXIT, (u16)cpu, (u16)run->exit_reason, 0, 0, 0, 0, 0);
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		return handle_internal_error(vm, cpu, run);
	end_unexpected(vm, cpu, run);
	return EXIT_ACTION_STOP;
}
