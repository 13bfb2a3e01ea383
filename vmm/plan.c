/* SPDX-License-Identifier: MIT */
/* Says in words why a layout cannot be planned. The arithmetic: devices/abi/layout.c. */
#include "vmm/plan.h"

#define U(x) ((unsigned long long)(x))
#define MIB(x) (((unsigned long long)(x) + (MiB(1) - 1)) >> 20)

static int explain_hole(const struct kvl_layout_request *request,
			const struct kvl_layout_failure *why, struct err *err)
{
	const struct kvl_range *hole = &request->hole[why->index];

	switch (why->error) {
	case KVL_LAYOUT_HOLE_ALIGN:
		return err_set(err, EXIT_USAGE,
			       "hole 0x%llx:0x%llx is empty or not made of whole 4 KiB pages",
			       U(hole->start), U(hole->bytes));
	case KVL_LAYOUT_HOLE_OUTSIDE:
		return err_set(
			err, EXIT_USAGE,
			"hole 0x%llx:0x%llx does not lie in RAM (from 2 MiB, not across 3 GiB, "
			"up to 0x%llx)",
			U(hole->start), U(hole->bytes), U(why->value));
	case KVL_LAYOUT_HOLE_OVERLAP:
		return err_set(err, EXIT_USAGE, "holes 0x%llx:0x%llx and 0x%llx:0x%llx overlap",
			       U(hole->start), U(hole->bytes), U(request->hole[why->other].start),
			       U(request->hole[why->other].bytes));
	default: break;
	}
	return err_set(err, EXIT_USAGE, "hole 0x%llx:0x%llx lies in the %s, which ends at 0x%llx",
		       U(hole->start), U(hole->bytes),
		       why->other ? "page-table arena" : "kernel's core", U(why->value));
}

static int explain(const struct kvl_layout_request *request, const struct kvl_layout_failure *why,
		   struct err *err)
{
	static const char *const sizes[] = { "vmalloc", "kva", "upper vmalloc" };

	switch (why->error) {
	case KVL_LAYOUT_MEM_SMALL:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of RAM are too few: give --mem at least %lluM",
			       MIB(request->mem_bytes), MIB(why->value));
	case KVL_LAYOUT_MEM_LARGE:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of RAM are too many: give --mem at most %lluM",
			       MIB(request->mem_bytes), MIB(why->value));
	case KVL_LAYOUT_MEM_ALIGN:
		return err_set(err, EXIT_USAGE, "RAM of %llu bytes is not a multiple of 2 MiB",
			       U(request->mem_bytes));
	case KVL_LAYOUT_SPLIT:
		return err_set(err, EXIT_USAGE, "the split must be 1G, 2G or 3G, not 0x%llx",
			       U(request->page_offset));
	case KVL_LAYOUT_ALIGN:
		return err_set(err, EXIT_USAGE, "the %s size 0x%llx is not a multiple of 2 MiB",
			       sizes[why->index], U(why->value));
	case KVL_LAYOUT_UPPER:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of vmalloc behind lowmem are more than the %llu MiB in "
			       "all: make --vmalloc-upper smaller, or --vmalloc larger",
			       MIB(request->vmalloc_upper_bytes), MIB(why->value));
	case KVL_LAYOUT_NO_ROOM:
		return err_set(
			err, EXIT_USAGE,
			"the kernel's %llu MiB are %llu MiB too small for lowmem's core, vmalloc "
			"and kva: make --vmalloc or --kva smaller, or --split lower",
			MIB(GiB(4) - request->page_offset), MIB(why->value));
	case KVL_LAYOUT_NO_HIGHMEM:
		return err_set(
			err, EXIT_USAGE,
			"the arena cannot be in highmem: all RAM below 4 GiB is lowmem (it ends at "
			"0x%llx); give more --mem, or --arena lowmem",
			U(why->value));
	case KVL_LAYOUT_CPUS:
		return err_set(err, EXIT_USAGE, "%u CPUs are not possible: 1 to %u", request->ncpus,
			       KVL_MAX_CPUS);
	case KVL_LAYOUT_HOLES:
		return err_set(err, EXIT_USAGE, "%u holes are too many: at most %u",
			       request->nholes, KVL_MAX_HOLES);
	case KVL_LAYOUT_SOFT:
		return err_set(err, EXIT_USAGE,
			       "a soft TLB of %u entries is not possible: %u to %u",
			       request->soft_entries, KVL_SOFT_MIN, KVL_SOFT_MAX);
	default: return explain_hole(request, why, err);
	}
}

int layout_plan(const struct kvl_layout_request *request, struct kvl_layout *out, struct err *err)
{
	struct kvl_layout_failure why = { 0 };

	if (!kvl_layout_plan(request, out, &why))
		return 0;
	return explain(request, &why, err);
}
