/* SPDX-License-Identifier: MIT */
/*
 * The ports of platform.h: the console, the exit status and the calls that the guest makes to the
 * host (devices/abi/shared.h). Arguments come from the shared region and are read once.
 */
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmm/checkpoint.h"
#include "vmm/console.h"
#include "vmm/ending.h"
#include "vmm/exit.h"
#include "vmm/flashdev.h"
#include "vmm/vm.h"

/* --- console ---------------------------------------------------------------------------------- */
static void uart_sends(void *owner, u8 byte)
{
	console_byte(owner, byte);
}

static void console_access(void *owner, struct bus_access *access)
{
	struct vm *vm = owner;

	pthread_mutex_lock(&vm->uart_lock);
	if (access->write)
		uart_write(&vm->uart, (u32)access->offset, (u8)access->data);
	else
		access->data = uart_read(&vm->uart, (u32)access->offset);
	pthread_mutex_unlock(&vm->uart_lock);
}

/* --- exit status ------------------------------------------------------------------------------ */
static void exit_access(void *owner, struct bus_access *access)
{
	if (access->write)
		guest_ends(owner, access->cpu, access->data);
}

/* --- calls ------------------------------------------------------------------------------------ */
static void call_doorbell(struct vm *vm, u32 cpu)
{
	struct err err;

	if (vm->trace && trace_drain(vm->trace, &err))
		vm_end(vm, err.status, false, cpu, "%s", err.text);
}

static void call_mark(struct vm *vm, u32 cpu, u64 mark)
{
	if (mark == KVL_MARK_SCENARIO && cpu == 0 && !vm->boot_ticks)
		vm->boot_ticks = vcpu_ticks(&vm->cpu[0]) - vm->cpu[0].entry_ticks;
	if (mark == KVL_MARK_DONE)
		atomic_store(&vm->scenario_done, true);
	vm_log(vm, LOG_DEBUG, "vCPU %u: mark %llu", cpu, (unsigned long long)mark);
}

/*
 * The word on which a waiting CPU sleeps is the guest's own. It is the host kernel that reads it
 * (futex(2)), so nothing that the guest does to it can do more than end or prolong the time. Who
 * waits for his turn is woken (KVL_CALL_WAKE) and has no reason to look before; under the free
 * schedule it is an interrupt that he waits for, which comes only in the guest.
 */
static void call_relax(struct vm *vm, u32 cpu)
{
	long ms = vm->config->schedule == SCHEDULE_SEEDED ? 50 : 1;
	const struct timespec limit = { .tv_nsec = ms * 1000 * 1000 };

	syscall(SYS_futex, &vm_shared(vm)->cpu[cpu].go, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
}

static void call_wake(struct vm *vm, u32 cpu, u64 target)
{
	if (target >= vm->ncpus) {
		vm_end(vm, EXIT_GUEST, true, cpu,
		       "vCPU %u: KVL_CALL_WAKE of CPU %llu, there are %u", cpu,
		       (unsigned long long)target, vm->ncpus);
		return;
	}
	syscall(SYS_futex, &vm_shared(vm)->cpu[target].go, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static u64 call_flash(struct vm *vm, u32 cpu, u32 call, u64 arg)
{
	if (!vm->flash) {
		vm_end(vm, EXIT_GUEST, true, cpu,
		       "vCPU %u: call %u needs a flash chip, there is none", cpu, call);
		return 0;
	}
	if (call == KVL_CALL_CLOCK_UNTIL)
		flashdev_until(vm->flash, cpu, arg);
	else if (call == KVL_CALL_FLASH_WORDS)
		flashdev_words(vm->flash, cpu, arg);
	return flashdev_now(vm->flash);
}

static void call_handle(struct vm *vm, u32 cpu, u32 call)
{
	volatile struct kvl_cpu_shared *page = &vm_shared(vm)->cpu[cpu];
	u64 arg = page->arg;

	switch (call) {
	case KVL_CALL_DOORBELL: call_doorbell(vm, cpu); return;
	case KVL_CALL_MARK: call_mark(vm, cpu, arg); return;
	case KVL_CALL_RELAX: call_relax(vm, cpu); return;
	case KVL_CALL_CHECKPOINT: checkpoint_ask(vm, cpu); return;
	case KVL_CALL_WAKE: call_wake(vm, cpu, arg); return;
	case KVL_CALL_TICKS: page->ret = vcpu_ticks(&vm->cpu[cpu]); return;
	case KVL_CALL_CLOCK_NOW:
	case KVL_CALL_CLOCK_UNTIL:
	case KVL_CALL_FLASH_WORDS: page->ret = call_flash(vm, cpu, call, arg); return;
	}
	vm_end(vm, EXIT_GUEST, true, cpu, "vCPU %u: unknown call %u (arg 0x%llx)", cpu, call,
	       (unsigned long long)arg);
}

static void call_access(void *owner, struct bus_access *access)
{
	if (access->write)
		call_handle(owner, access->cpu, (u32)access->data);
	else
		access->data = UINT64_MAX;
}

int ports_claim(struct vm *vm, struct err *err)
{
	uart_init(&vm->uart, uart_sends, vm);
	if (bus_add(&vm->port_bus, "console", KVL_PORT_CONSOLE, UART_REGISTERS, console_access, vm,
		    err) ||
	    bus_add(&vm->port_bus, "exit", KVL_PORT_EXIT, 1, exit_access, vm, err))
		return -1;
	return bus_add(&vm->port_bus, "call", KVL_PORT_CALL, 4, call_access, vm, err);
}
