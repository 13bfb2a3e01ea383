/* SPDX-License-Identifier: MIT */
/*
 * The machine: host memory, the slots that show it to the guest, how a run ends, and the sinks.
 * Threads: vcpu.c. What the memory holds at the start: image.c, boot.c, fdt.c.
 */
#include "vmm/vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/arch.h"

void vm_init(struct vm *vm, const struct run_config *config)
{
	pthread_condattr_t attributes;

	memset(vm, 0, sizeof(*vm));
	vm->config = config;
	vm->host.fd = -1;
	vm->fd = -1;
	vm->memory_bus.name = "memory";
	vm->port_bus.name = "port";
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->sink_lock, NULL);
	pthread_mutex_init(&vm->uart_lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	for (u32 i = 0; i < KVL_MAX_CPUS; i++)
		vm->cpu[i] = (struct vcpu){ .vm = vm, .index = i, .fd = -1, .stats_fd = -1 };
}

static int back_range(struct vm *vm, const char *name, u64 start, u64 bytes, struct err *err)
{
	u8 *host = vm->machine + kvl_machine_offset(start);

	if (!gmem_add(&vm->mem, gpa(start), bytes, host))
		return err_set(err, EXIT_VMM, "guest memory '%s' 0x%llx-0x%llx cannot be added",
			       name, (unsigned long long)start,
			       (unsigned long long)(start + bytes));
	return slots_add(&vm->slots, name, start, bytes, host, false, err) < 0 ? -1 : 0;
}

/* Seed row A1: the kernel may not touch a hole; if it does, the run ends and names it. */
static void touch_hole(void *owner, struct bus_access *access)
{
	struct vm *vm = owner;
	const struct kvl_range *hole = &vm->layout.hole[0];

	for (u32 i = 1; i < vm->layout.nholes; i++)
		if (access->address >= vm->layout.hole[i].start)
			hole = &vm->layout.hole[i];
	vm_end(vm, EXIT_GUEST, true, access->cpu,
	       "touch of a hole: vCPU %u %s 0x%llx, in the hole 0x%llx-0x%llx", access->cpu,
	       access->write ? "writes to" : "reads", (unsigned long long)access->address,
	       (unsigned long long)hole->start, (unsigned long long)(hole->start + hole->bytes));
	access->data = UINT64_MAX;
}

int vm_claim_holes(struct vm *vm, struct err *err)
{
	for (u32 i = 0; i < vm->layout.nholes; i++)
		if (bus_add(&vm->memory_bus, "hole", vm->layout.hole[i].start,
			    vm->layout.hole[i].bytes, touch_hole, vm, err))
			return -1;
	return 0;
}

/* Holes get no slot: a touch leaves the guest. */
static int back_memory(struct vm *vm, struct err *err)
{
	const struct kvl_layout *layout = &vm->layout;

	if (back_range(vm, "low", 0, KVL_RAM_START_GPA, err))
		return -1;
	for (u32 i = 0; i < layout->nusable; i++) {
		const struct kvl_range *range = &layout->usable[i];
		const char *name = range->start < layout->lowmem_end_gpa ? "ram-low" : "ram-high";

		if (back_range(vm, name, range->start, range->bytes, err))
			return -1;
	}
	if (back_range(vm, "shared", layout->shared.start, layout->shared.bytes, err))
		return -1;
	vm->shared = gmem_at(&vm->mem, gpa(layout->shared.start), layout->shared.bytes);
	return 0;
}

static int make_memory(struct vm *vm, struct err *err)
{
	void *machine = mmap(NULL, vm->layout.machine_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (machine == MAP_FAILED)
		return err_errno(err, EXIT_HOST,
				 "no address space for %llu MiB of guest memory (see ulimit -v)",
				 (unsigned long long)(vm->layout.machine_bytes >> 20));
	vm->machine = machine;
	return back_memory(vm, err);
}

static int make_vm(struct vm *vm, struct err *err)
{
	if (vm->ncpus > vm->host.max_vcpus)
		return err_set(err, EXIT_HOST, "%u vCPUs wanted, this KVM has %u: use --cpus %u",
			       vm->ncpus, vm->host.max_vcpus, vm->host.max_vcpus);
	do
		vm->fd = kvm_ioctl(vm->host.fd, KVM_CREATE_VM, NULL);
	while (vm->fd < 0 && errno == EINTR);
	if (vm->fd < 0)
		return err_errno(
			err, EXIT_HOST,
			"KVM cannot create a virtual machine (no memory, or the processor's "
			"virtualization is in use)");
	slots_init(&vm->slots, vm->fd, kvm_ioctl);
	return arch_vm_setup(vm->fd, err);
}

int vm_create(struct vm *vm, struct err *err)
{
	if (make_vm(vm, err) || make_memory(vm, err) || vm_claim_holes(vm, err))
		return -1;
	for (u32 i = 0; i < vm->ncpus; i++)
		if (vcpu_create(&vm->cpu[i], vm, i, err))
			return -1;
	return 0;
}

void vm_destroy(struct vm *vm)
{
	vcpus_stop(vm);
	for (u32 i = 0; i < vm->ncpus; i++)
		vcpu_destroy(&vm->cpu[i]);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->machine)
		munmap(vm->machine, vm->layout.machine_bytes);
	kvm_close(&vm->host);
	pthread_cond_destroy(&vm->wake);
	pthread_mutex_destroy(&vm->uart_lock);
	pthread_mutex_destroy(&vm->sink_lock);
	pthread_mutex_destroy(&vm->lock);
}

bool vm_end(struct vm *vm, enum exit_status status, bool dump, u32 cpu, const char *format, ...)
{
	va_list args;
	bool first;

	pthread_mutex_lock(&vm->lock);
	first = !vm->end.ended;
	if (first) {
		vm->end = (struct vm_end){
			.ended = true, .status = status, .dump = dump, .cpu = cpu
		};
		va_start(args, format);
		vsnprintf(vm->end.reason, sizeof(vm->end.reason), format, args);
		va_end(args);
		pthread_cond_broadcast(&vm->wake);
	}
	pthread_mutex_unlock(&vm->lock);
	return first;
}

bool vm_ended(struct vm *vm)
{
	bool ended;

	pthread_mutex_lock(&vm->lock);
	ended = vm->end.ended;
	pthread_mutex_unlock(&vm->lock);
	return ended;
}

void vm_log(struct vm *vm, enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (!vm->config->log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	pthread_mutex_lock(&vm->sink_lock);
	vm->config->log(vm->config->owner, level, line);
	pthread_mutex_unlock(&vm->sink_lock);
}

void vm_console(struct vm *vm, const char *bytes, size_t n)
{
	if (!vm->config->console || !n)
		return;
	pthread_mutex_lock(&vm->sink_lock);
	vm->config->console(vm->config->owner, bytes, n);
	pthread_mutex_unlock(&vm->sink_lock);
}

void vm_event(struct vm *vm, enum kvl_event_id id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3,
	      u64 a4)
{
	if (vm->trace)
		trace_event(vm->trace, id, h0, h1, a0, a1, a2, a3, a4);
}
