/* SPDX-License-Identifier: MIT */
/* Arm sw-bit: a bit of the entry that the processor ignores says that its frame is raw (seed row
 * L3; Linux's pte_special()). There is none with sw-bits=0. */
#include "guest/arch.h"
#include "guest/scenario/pfn.h"

static void start(void)
{
	if (!arch_pte_has_sw_bits() || !param_number("sw-bits", 1, 0, 1))
		skip_run("sw-bit needs a bit that the processor ignores, and this machine's "
			 "entries have none to spare: side-table works without");
}

static u64 raw_entry(u64 entry)
{
	return arch_pte_set_sw(entry, true);
}

static bool is_raw(const struct vma *vma, u64 va, u64 entry)
{
	(void)vma;
	(void)va;
	return arch_pte_sw(entry);
}

const struct page_rule pfn_sw_bit FAULT_TABLE = {
	.copies = true,
	.start = start,
	.raw_entry = raw_entry,
	.is_raw = is_raw,
};
