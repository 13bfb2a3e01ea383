/* SPDX-License-Identifier: MIT */
/* Makes exits by hand, so that everything behind them runs without KVM. */
#include "vmm_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_AT (RIG_RUN_BYTES / 2)

static void keep_console(void *owner, const char *bytes, size_t n)
{
	struct vmm_rig *rig = owner;
	size_t used = strlen(rig->console);

	if (n > sizeof(rig->console) - 1 - used)
		n = sizeof(rig->console) - 1 - used;
	memcpy(rig->console + used, bytes, n);
}

static void keep_log(void *owner, enum log_level level, const char *line)
{
	struct vmm_rig *rig = owner;

	rig->nlog += level <= LOG_WARN;
	snprintf(rig->log, sizeof(rig->log), "%s", line);
}

struct vmm_rig *vmm_rig_new(void)
{
	struct vmm_rig *rig = calloc(1, sizeof(*rig));
	struct err err;

	ck_assert_ptr_nonnull(rig);
	rig->config.owner = rig;
	rig->config.console = keep_console;
	rig->config.log = keep_log;
	rig->config.flash.speed = 1;
	vm_init(&rig->vm, &rig->config);
	rig->vm.ncpus = 2;
	rig->vm.host.run_bytes = RIG_RUN_BYTES;
	rig->run = calloc(1, RIG_RUN_BYTES);
	rig->vm.shared = aligned_alloc(4096, MiB(2));
	ck_assert(rig->run && rig->vm.shared);
	memset(rig->vm.shared, 0, MiB(2));
	ck_assert_int_eq(ports_claim(&rig->vm, &err), 0);
	return rig;
}

void vmm_rig_free(struct vmm_rig *rig)
{
	free(rig->vm.shared);
	free(rig->run);
	rig->vm.ncpus = 0;
	vm_destroy(&rig->vm);
	free(rig);
}

static enum exit_action port_exit(struct vmm_rig *rig, u32 cpu, u16 port, u32 bytes, u8 direction)
{
	rig->run->exit_reason = KVM_EXIT_IO;
	rig->run->io.direction = direction;
	rig->run->io.port = port;
	rig->run->io.size = (u8)bytes;
	rig->run->io.count = 1;
	rig->run->io.data_offset = DATA_AT;
	return exit_dispatch(&rig->vm, cpu, rig->run);
}

enum exit_action rig_out(struct vmm_rig *rig, u32 cpu, u16 port, u32 bytes, u32 value)
{
	memcpy((u8 *)rig->run + DATA_AT, &value, sizeof(value));
	return port_exit(rig, cpu, port, bytes, KVM_EXIT_IO_OUT);
}

u32 rig_in(struct vmm_rig *rig, u32 cpu, u16 port, u32 bytes)
{
	u32 value = 0;

	memcpy((u8 *)rig->run + DATA_AT, &value, sizeof(value));
	port_exit(rig, cpu, port, bytes, KVM_EXIT_IO_IN);
	memcpy(&value, (u8 *)rig->run + DATA_AT, sizeof(value));
	return value;
}

static enum exit_action memory_exit(struct vmm_rig *rig, u32 cpu, u64 address, u32 bytes,
				    bool write)
{
	rig->run->exit_reason = KVM_EXIT_MMIO;
	rig->run->mmio.phys_addr = address;
	rig->run->mmio.len = bytes;
	rig->run->mmio.is_write = write;
	return exit_dispatch(&rig->vm, cpu, rig->run);
}

enum exit_action rig_store(struct vmm_rig *rig, u32 cpu, u64 address, u32 bytes, u64 value)
{
	memcpy(rig->run->mmio.data, &value, sizeof(value));
	return memory_exit(rig, cpu, address, bytes, true);
}

u64 rig_load(struct vmm_rig *rig, u32 cpu, u64 address, u32 bytes)
{
	u64 value = 0;

	memset(rig->run->mmio.data, 0, sizeof(rig->run->mmio.data));
	memory_exit(rig, cpu, address, bytes, false);
	memcpy(&value, rig->run->mmio.data, sizeof(value));
	return value;
}

u64 rig_call(struct vmm_rig *rig, u32 cpu, u32 call, u64 arg)
{
	vm_shared(&rig->vm)->cpu[cpu].arg = arg;
	vm_shared(&rig->vm)->cpu[cpu].ret = 0;
	rig_out(rig, cpu, KVL_PORT_CALL, 4, call);
	return vm_shared(&rig->vm)->cpu[cpu].ret;
}
