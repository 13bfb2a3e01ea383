/* SPDX-License-Identifier: MIT */
/*
 * What lies in guest memory before the first instruction: image, device tree, first page tables,
 * boot page, shared region.
 */
#ifndef KVL_BOOT_H
#define KVL_BOOT_H

#include "vmm/vm.h"

/* Host's part of the shared region: before the trace is opened on it. */
void boot_shared(struct vm *vm);

/* Image and device tree. */
int boot_contents(struct vm *vm, struct err *err);

/*
 * Page tables, reported to vm->trace, and the boot page; the first vCPU then stands at the entry.
 * After boot_contents().
 */
int boot_start(struct vm *vm, struct err *err);

/*
 * Writes the flattened device tree (devices/abi/dt.h) into @out. Returns its size, or -1 and
 * EXIT_USAGE if it does not fit: too many or too long parameters.
 */
int fdt_write(const struct run_config *config, const struct kvl_layout *layout, void *out,
	      size_t room, struct err *err);

#endif
