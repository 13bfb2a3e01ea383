/* SPDX-License-Identifier: MIT */
/*
 * Arm fault: what runs and what is read are the chip's own pages (seed rows W4, W12). A fault waits
 * for the chip and maps the page; a session takes it away again.
 */
#include "guest/scenario/flash_xip.h"

static void *fault_map(struct mm *mm, u64 va, const struct flash_partition *part, bool exec)
{
	struct flash_mapping *mapping;
	enum flash_error error = flash_map_user(part, mm, va, exec, &mapping);

	if (!error)
		return mapping;
	printk("flash-xip: %lu bytes at %lx cannot be mapped: %s\n", part->bytes, va,
	       flash_error_text(error));
	return NULL;
}

static struct flash_mapping_stats fault_stats(const void *area)
{
	return flash_mapping_stats(area);
}

const struct flash_xip_ops flash_xip_fault = {
	.map = fault_map,
	.stats = fault_stats,
	.revocable = true,
};
