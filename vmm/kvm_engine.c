/* SPDX-License-Identifier: MIT */
/*
 * Engine kvm: the virtual machine, the slots that show memory to the guest, and what a touch of a
 * hole means. Threads: vcpu.c; exits: exit.c, ports.c; chip and disk: flashdev.c, diskdev.c.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/diskdev.h"
#include "vmm/engine.h"
#include "vmm/exit.h"
#include "vmm/flashdev.h"
#include "vmm/pt_trap.h"
#include "vmm/pt_trap_test.h"

static int choose_tier(struct vm *vm, struct err *err)
{
	struct err why;
	bool wanted = vm->tier == TIER_TRAP;

	if (vm->tier != TIER_TRAP && vm->tier != TIER_AUTO)
		return 0;
	vm->tier = pt_trap_test(&vm->host, &why) ? TIER_RING : TIER_TRAP;
	if (vm->tier == TIER_TRAP || !wanted) {
		if (!wanted)
			vm_log(vm, LOG_INFO, "tier auto: %s%s%s", run_tier_names[vm->tier],
			       vm->tier == TIER_RING ? ": " : "",
			       vm->tier == TIER_RING ? why.text : "");
		return 0;
	}
	return err_set(err, EXIT_HOST, "--tier trap: this host cannot (%s): use --tier ring",
		       why.text);
}

static int kvm_engine_open(struct vm *vm, struct err *err)
{
	if (kvm_open(&vm->host, &kvm_this_host, err))
		return -1;
	vm->host_class = vm->host.class_name;
	vm->paging = vm->host.paging;
	return choose_tier(vm, err);
}

/* --- machine ---------------------------------------------------------------------------------- */
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

static const char *range_name(const struct vm *vm, u64 start)
{
	if (start == 0)
		return "low";
	if (start == vm->layout.shared.start)
		return "shared";
	if (start == vm->layout.soft.start)
		return "soft TLBs";
	return start < vm->layout.lowmem_end_gpa ? "ram-low" : "ram-high";
}

/* What of [@start, @end) lies in @range. */
static int show_part(struct vm *vm, const struct gmem_range *range, u64 start, u64 end,
		     const char *name, bool readonly, struct err *err)
{
	u64 from = start > range->start.v ? start : range->start.v;
	u64 to = range->start.v + range->bytes;

	to = end < to ? end : to;
	if (from >= to)
		return 0;
	return slots_add(&vm->slots, name, from, to - from, range->host + (from - range->start.v),
			 readonly, err) < 0
		       ? -1
		       : 0;
}

/* Holes get no slot: a touch leaves the guest. In the trap tier neither does a store to the arena
 * stay. */
static int show_memory(struct vm *vm, struct err *err)
{
	const struct kvl_range *arena = &vm->layout.arena;
	bool trap = vm->tier == TIER_TRAP;
	u64 start = trap ? arena->start : 0, end = trap ? arena->start + arena->bytes : 0;

	for (u32 i = 0; i < vm->mem.nranges; i++) {
		const struct gmem_range *range = &vm->mem.range[i];
		const char *name = range_name(vm, range->start.v);

		if (show_part(vm, range, 0, start, name, false, err) ||
		    show_part(vm, range, start, end, "page tables", true, err) ||
		    show_part(vm, range, end, UINT64_MAX, name, false, err))
			return -1;
	}
	return trap ? pt_trap_open(vm, err) : 0;
}

/* Seed row A1: the kernel may not touch a hole; if it does, the run ends and names it. */
static void touch_hole(void *owner, struct bus_access *access)
{
	struct vm *vm = owner;
	const struct kvl_range *hole = &vm->layout.hole[0];
	const char *name;
	char whose[BOARD_OWNER_BYTES];

	for (u32 i = 1; i < vm->layout.nholes; i++)
		if (access->address >= vm->layout.hole[i].start)
			hole = &vm->layout.hole[i];
	name = board_hole_name(&vm->config->board, &vm->config->layout, hole->start);
	vm_end(vm, EXIT_GUEST, true, access->cpu,
	       "touch of a hole: vCPU %u %s 0x%llx, in the hole 0x%llx-0x%llx%s", access->cpu,
	       access->write ? "writes to" : "reads", (unsigned long long)access->address,
	       (unsigned long long)hole->start, (unsigned long long)(hole->start + hole->bytes),
	       board_owner(name, whose));
	access->data = UINT64_MAX;
}

int holes_claim(struct vm *vm, struct err *err)
{
	for (u32 i = 0; i < vm->layout.nholes; i++)
		if (bus_add(&vm->memory_bus, "hole", vm->layout.hole[i].start,
			    vm->layout.hole[i].bytes, touch_hole, vm, err))
			return -1;
	return 0;
}

/* Nothing is written. The slot answers a read, unless the host has no page of the file there. */
static void leave_segment(void *owner, struct bus_access *access)
{
	struct vm *vm = owner;
	const struct kvl_range *segment = &vm->layout.segment;

	vm_end(vm, access->write ? EXIT_GUEST : EXIT_HOST, access->write, access->cpu,
	       "%s: vCPU %u %s 0x%llx, in the segment 0x%llx-0x%llx",
	       access->write ? "write to the segment" : "a page of the segment cannot be read",
	       access->cpu, access->write ? "writes to" : "reads",
	       (unsigned long long)access->address, (unsigned long long)segment->start,
	       (unsigned long long)(segment->start + segment->bytes));
}

int segment_claim(struct vm *vm, struct err *err)
{
	const struct kvl_range *segment = &vm->layout.segment;

	return segment->bytes ? bus_add(&vm->memory_bus, "segment", segment->start, segment->bytes,
					leave_segment, vm, err)
			      : 0;
}

/*
 * Seed row L7. The file itself, so that all machines that share it have the same pages of the page
 * cache. It is not in vm->mem: no device may be made to write to it.
 */
static int show_segment(struct vm *vm, struct err *err)
{
	const struct kvl_range *segment = &vm->layout.segment;
	u8 *at = vm->machine + kvl_machine_offset(segment->start);

	if (!segment->bytes)
		return 0;
	if (mmap(at, segment->bytes, PROT_READ, MAP_SHARED | MAP_FIXED, vm->segment_fd, 0) ==
	    MAP_FAILED)
		return err_errno(err, EXIT_HOST, "the segment's file cannot be mapped");
	if (slots_add(&vm->slots, "segment", segment->start, segment->bytes, at, true, err) < 0)
		return -1;
	return segment_claim(vm, err);
}

static int open_chip(struct vm *vm, struct err *err)
{
	if (!vm->config->flash.file)
		return 0;
	vm->flash = flashdev_open(vm, err);
	return vm->flash ? 0 : -1;
}

static int open_disk(struct vm *vm, struct err *err)
{
	if (!vm->config->disk.given)
		return 0;
	vm->disk = diskdev_open(vm, err);
	return vm->disk ? 0 : -1;
}

static int kvm_engine_create(struct vm *vm, struct err *err)
{
	if (make_vm(vm, err) || vm_make_memory(vm, -1, err) || show_memory(vm, err) ||
	    holes_claim(vm, err) || show_segment(vm, err))
		return -1;
	for (u32 i = 0; i < vm->ncpus; i++)
		if (vcpu_create(&vm->cpu[i], vm, i, err))
			return -1;
	vm->ticks = vm->host.counts_insns ? "insn" : "tsc";
	if (ports_claim(vm, err))
		return -1;
	return open_chip(vm, err) || open_disk(vm, err) ? -1 : 0;
}

static int kvm_engine_enter(struct vm *vm, u64 entry_gpa, u64 start_info_gpa, struct err *err)
{
	return arch_vcpu_enter(vm->cpu[0].fd, entry_gpa, start_info_gpa, err);
}

static bool kvm_engine_state(struct vm *vm, u32 cpu, struct arch_state *state)
{
	return vm->cpu[cpu].fd >= 0 && arch_kvm_state(vm->cpu[cpu].fd, state);
}

static void kvm_engine_gather(struct vm *vm, struct run_result *result)
{
	u64 exits = 0, io = 0, mmio = 0;

	for (u32 i = 0; i < vm->ncpus; i++) {
		exits += vm->cpu[i].exits;
		io += vm->cpu[i].io_exits;
		mmio += vm->cpu[i].mmio_exits;
	}
	run_result_host_count(result, "vm_exits", exits);
	run_result_host_count(result, "io_exits", io);
	run_result_host_count(result, "mmio_exits", mmio);
	run_result_host_count(result, "unclaimed", vm->unclaimed_accesses);
	if (vm->flash) {
		struct flashdev_counts counts = flashdev_counts(vm->flash);

		run_result_host_count(result, "flash_reads", counts.reads);
		run_result_host_count(result, "flash_writes", counts.writes);
		run_result_host_count(result, "flash_words", counts.words);
		run_result_host_count(result, "slot_changes", counts.slot_changes);
		run_result_host_count(result, "flash_steps", counts.steps);
	}
	if (vm->disk) {
		struct diskdev_counts counts = diskdev_counts(vm->disk);

		run_result_host_count(result, "disk_reads", counts.reads);
		run_result_host_count(result, "disk_writes", counts.writes);
		run_result_host_count(result, "disk_bytes", counts.bytes);
	}
}

static void kvm_engine_destroy(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++)
		vcpu_destroy(&vm->cpu[i]);
	if (vm->fd >= 0)
		close(vm->fd);
	flashdev_close(vm->flash);
	diskdev_close(vm->disk);
	kvm_close(&vm->host);
}

const struct engine engine_kvm = {
	.name = "kvm",
	.answers = true,
	.open = kvm_engine_open,
	.create = kvm_engine_create,
	.enter = kvm_engine_enter,
	.start = vcpus_start,
	.stop = vcpus_stop,
	.pause = vcpus_pause,
	.resume = vcpus_resume,
	.state = kvm_engine_state,
	.gather = kvm_engine_gather,
	.destroy = kvm_engine_destroy,
};
