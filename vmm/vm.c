/* SPDX-License-Identifier: MIT */
/*
 * The machine: host memory, how a run ends, and the sinks. What runs it: the engines. What the
 * memory holds at the start: image.c, boot.c, fdt.c.
 */
#define _GNU_SOURCE /* MADV_NOHUGEPAGE */
#include "vmm/vm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/engine.h"

void vm_init(struct vm *vm, const struct run_config *config)
{
	pthread_condattr_t attributes;

	memset(vm, 0, sizeof(*vm));
	vm->config = config;
	vm->tier = config->tier;
	vm->host.fd = -1;
	vm->fd = -1;
	vm->segment_fd = -1;
	vm->memory_bus.name = "memory";
	vm->port_bus.name = "port";
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->sink_lock, NULL);
	pthread_mutex_init(&vm->uart_lock, NULL);
	pthread_mutex_init(&vm->store_lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->wake, &attributes);
	pthread_cond_init(&vm->resumed, &attributes);
	pthread_condattr_destroy(&attributes);
	for (u32 i = 0; i < KVL_MAX_CPUS; i++)
		vm->cpu[i] = (struct vcpu){ .vm = vm, .index = i, .fd = -1, .stats_fd = -1 };
}

static int back_range(struct vm *vm, u64 start, u64 bytes, struct err *err)
{
	if (gmem_add(&vm->mem, gpa(start), bytes, vm->machine + kvl_machine_offset(start)))
		return 0;
	return err_set(err, EXIT_VMM, "guest memory 0x%llx-0x%llx cannot be added",
		       (unsigned long long)start, (unsigned long long)(start + bytes));
}

/* Holes are not backed: nobody on the host's side reaches into one either. */
static int back_memory(struct vm *vm, struct err *err)
{
	const struct kvl_layout *layout = &vm->layout;

	if (back_range(vm, 0, KVL_RAM_START_GPA, err))
		return -1;
	for (u32 i = 0; i < layout->nusable; i++)
		if (back_range(vm, layout->usable[i].start, layout->usable[i].bytes, err))
			return -1;
	if (back_range(vm, layout->shared.start, layout->shared.bytes, err))
		return -1;
	vm->shared = gmem_at(&vm->mem, gpa(layout->shared.start), layout->shared.bytes);
	return layout->soft.bytes ? back_range(vm, layout->soft.start, layout->soft.bytes, err) : 0;
}

int vm_make_memory(struct vm *vm, int shared_fd, struct err *err)
{
	int flags = shared_fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	void *machine = mmap(NULL, vm->layout.machine_bytes, PROT_READ | PROT_WRITE,
			     flags | MAP_NORESERVE, shared_fd, 0);

	if (machine == MAP_FAILED)
		return err_errno(err, EXIT_HOST,
				 "no address space for %llu MiB of guest memory (see ulimit -v)",
				 (unsigned long long)(vm->layout.machine_bytes >> 20));
	vm->machine = machine;
	/* A huge page would reach into holes. A kernel that has none says EINVAL. */
	if (shared_fd >= 0 && madvise(machine, vm->layout.machine_bytes, MADV_NOHUGEPAGE) &&
	    errno != EINVAL)
		return err_errno(err, EXIT_HOST, "huge pages cannot be kept out of guest memory");
	return back_memory(vm, err);
}

void vm_destroy(struct vm *vm)
{
	if (vm->engine)
		vm->engine->destroy(vm);
	if (vm->machine)
		munmap(vm->machine, vm->layout.machine_bytes);
	if (vm->segment_fd >= 0)
		close(vm->segment_fd);
	pthread_cond_destroy(&vm->wake);
	pthread_cond_destroy(&vm->resumed);
	pthread_mutex_destroy(&vm->store_lock);
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
		pthread_cond_broadcast(&vm->resumed);
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
