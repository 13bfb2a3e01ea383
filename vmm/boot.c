/* SPDX-License-Identifier: MIT */
/*
 * Fills guest memory. The order matters little to the guest and much to the trace: the tables are
 * reported, so the trace is open by then. Formats: image.c, fdt.c, arch/.
 */
#include "vmm/boot.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/engine.h"
#include "vmm/image.h"

/* KVM counts each vCPU's instructions by itself; QEMU's icount those of all its CPUs. */
static bool ticks_are_exact(const struct vm *vm)
{
	return !strcmp(vm->ticks, "insn") && (vm->engine->answers || vm->ncpus == 1);
}

void boot_shared(struct vm *vm)
{
	struct kvl_shared *shared = vm_shared(vm);

	shared->version = KVL_ABI_VERSION;
	shared->ncpus = vm->ncpus;
	shared->record = vm->tier != TIER_OFF;
	shared->lossy = vm->config->lossy;
	shared->answers = vm->engine->answers;
	shared->exact_ticks = ticks_are_exact(vm);
}

int boot_contents(struct vm *vm, struct err *err)
{
	void *room = gmem_at(&vm->mem, gpa(KVL_DTB_GPA), KVL_DTB_MAX_BYTES);
	int used;

	if (!room)
		return err_set(err, EXIT_VMM, "no guest memory for the device tree");
	used = fdt_write(vm->config, &vm->layout, room, KVL_DTB_MAX_BYTES, err);
	if (used < 0)
		return -1;
	vm->dtb_bytes = (u64)used;
	return image_load(vm->image, &vm->mem, err);
}

int boot_start(struct vm *vm, struct err *err)
{
	struct kvl_boot boot = { .magic = KVL_BOOT_MAGIC,
				 .version = KVL_ABI_VERSION,
				 .entry_va = vm->image->entry_va,
				 .page_offset = vm->layout.page_offset,
				 .image_bytes = vm->image->bytes,
				 .dtb_bytes = vm->dtb_bytes,
				 .shared_gpa = vm->layout.shared.start };
	int tables;

	tables = arch_boot_tables(&vm->mem, &vm->layout, vm->trace, &boot.root_gpa, err);
	if (tables < 0)
		return -1;
	boot.boot_tables = (u64)tables;
	if (!gmem_write(&vm->mem, gpa(KVL_BOOT_GPA), &boot, sizeof(boot)))
		return err_set(err, EXIT_VMM, "no guest memory for the boot page");
	return vm->engine->enter(vm, vm->image->pvh_entry_gpa, arch_boot_info(&vm->mem), err);
}
