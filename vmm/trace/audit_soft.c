/* SPDX-License-Identifier: MIT */
/*
 * The audit of soft TLBs: is what a CPU's private tables hold in the soft ranges what its fills and
 * evictions say? All vCPUs are stopped, but one that did not end the run itself may stand between
 * what it does and its report: one difference is none then, nor, with PCIDs, what it holds under
 * others. Guest memory is untrusted: three levels are read, wherever they are.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct soft_audit {
	struct model *model;
	const struct gmem *mem;
	u32 cpu;
	u64 compared;
	u32 as_told, others; /* leaves that the trace tells of, and that it does not */
	u32 hidden;	     /* of the others: held under a tag that is not loaded */
	u64 va, entry;	     /* of the first that it does not */
	u32 level;
};

static bool read_table(struct soft_audit *audit, u64 table, u64 *entry)
{
	if (!gmem_read(audit->mem, gpa(table), entry, PTE_ENTRIES * sizeof(u64)))
		return false;
	audit->compared += PTE_ENTRIES;
	return true;
}

static void compare_leaf(struct soft_audit *audit, u64 va, u64 entry, u32 level)
{
	if (model_soft_entry(audit->model, audit->cpu, va, level) == entry) {
		audit->as_told++;
		return;
	}
	audit->hidden += model_soft_holds(audit->model, audit->cpu, va, entry, level);
	if (!audit->others++) {
		audit->va = va;
		audit->entry = entry;
		audit->level = level;
	}
}

/* What one entry of a directory leads to; the entry is of a soft range. */
static void compare_slot(struct soft_audit *audit, u64 va, u64 slot)
{
	u64 entry[PTE_ENTRIES];

	if (!pte_present(slot))
		return;
	if (pte_is_leaf(slot, 2)) {
		compare_leaf(audit, va, slot, 2);
		return;
	}
	if (!read_table(audit, pte_table_gpa(slot), entry))
		return;
	for (u32 i = 0; i < PTE_ENTRIES; i++)
		if (pte_present(entry[i]))
			compare_leaf(audit, va + i * PAGE_BYTES, entry[i], 1);
}

static void compare_directory(struct soft_audit *audit, u64 va, u64 table)
{
	u64 entry[PTE_ENTRIES];

	if (!read_table(audit, table, entry))
		return;
	for (u32 i = 0; i < PTE_ENTRIES; i++)
		if (model_is_soft(audit->model, va + i * LARGE_BYTES))
			compare_slot(audit, va + i * LARGE_BYTES, entry[i]);
}

/* The 4 GiB that are modelled: the first entry of the root, and four below it. */
static void compare_all(struct soft_audit *audit, u64 root)
{
	u64 entry[PTE_ENTRIES];

	if (!read_table(audit, root, entry) || !pte_present(entry[0]) ||
	    !read_table(audit, pte_table_gpa(entry[0]), entry))
		return;
	for (u32 i = 0; i < GiB(4) / GiB(1); i++)
		if (pte_present(entry[i]))
			compare_directory(audit, i * GiB(1), pte_table_gpa(entry[i]));
}

/* It stands between the exchange of what two tags hold and the report of the load. */
static bool changes_tags(const struct soft_audit *audit)
{
	return audit->model->config.pcid && audit->others - audit->hidden <= 1;
}

u64 model_audit_soft(struct model *model, const struct gmem *mem, const struct audit_cpu *running)
{
	struct soft_audit audit = { .model = model, .mem = mem, .cpu = running->cpu };
	u32 told = model_soft_usable(model, running->cpu), missing;

	compare_all(&audit, running->soft_root);
	missing = told - audit.as_told;
	if (missing + audit.others <= (running->at_rest ? 0 : 1) ||
	    (!running->at_rest && changes_tags(&audit)))
		return audit.compared;
	if (audit.others)
		model_add_finding(
			model, FINDING_UNREPORTED, 0,
			"CPU %u: its soft TLB holds %u entries that no fill has reported, "
			"the first for va %#llx, level %u: %#llx",
			audit.cpu, audit.others, (ull)audit.va, audit.level, (ull)audit.entry);
	if (missing)
		model_add_finding(
			model, FINDING_UNREPORTED, 0,
			"CPU %u: its soft TLB lacks %u of %u entries that were filled and "
			"not evicted",
			audit.cpu, missing, told);
	return audit.compared;
}
