/* SPDX-License-Identifier: MIT */
/*
 * Page faults. For a kernel address the order is that of seed row W2: first the master tables
 * (init_mm), and only when they have no translation a kernel VMA; so the ordinary path pays nothing
 * for kernel VMAs.
 *
 * The handler itself touches only what every space maps from its birth (the core), so a fault that
 * is only a missing directory entry may come anywhere, also with locks held. One that has to wait
 * may not: wait_begin() refuses.
 */
#include "guest/mm/fault.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pt.h"
#include "guest/task/smp.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"

static _Noreturn void bad_access(const struct fault *fault, const char *why)
{
	const char *what = fault->exec ? "fetch from" : fault->write ? "write to" : "read of";

	const struct kvl_range *hole = layout_hole_at(fault->va);
	const char *label = hole ? boot_options.hole_label[hole - layout.hole] : NULL;

	if (hole)
		panic("touch of a hole", "%s %lx, in the hole at gpa %lx%s%s%s, at %lx", what,
		      fault->va, hole->start, label ? " (" : "", label ? label : "",
		      label ? ")" : "", fault->pc);
	if (fault->va < PAGE_BYTES)
		panic("null pointer", "%s %lx at %lx", what, fault->va, fault->pc);
	panic("wild pointer", "%s %lx at %lx: %s", what, fault->va, fault->pc, why);
}

void fault_table_check(const void *table, const char *name)
{
	if ((const u8 *)table < fault_tables_start || (const u8 *)table >= fault_tables_end)
		panic("unmarked table",
		      "%s: a page fault may need it, and it is not marked FAULT_TABLE", name);
}

static bool allows(const struct vma *vma, const struct fault *fault)
{
	return !((fault->present && !vma->ops->maps_clean) ||
		 (fault->write && !(vma->prot & PROT_WRITE)) ||
		 (fault->exec && !(vma->prot & PROT_EXEC)) ||
		 (fault->user && !(vma->prot & PROT_USER)) || !vma->ops->fault);
}

static enum kvl_fault_outcome by_vma(struct mm *mm, const struct fault *fault,
				     enum kvl_fault_outcome done)
{
	struct vma vma;
	bool resolved;

	if (!vma_get(mm, fault->va, &vma))
		return KVL_FAULT_PANIC;
	resolved = allows(&vma, fault) && vma.ops->fault(&vma, fault) == FAULT_DONE;
	vma_put(&vma);
	return resolved ? done : KVL_FAULT_PANIC;
}

static enum kvl_fault_outcome kernel_address(const struct fault *fault)
{
	if (fault->user)
		return KVL_FAULT_PANIC;
	if (fault->present) /* the first write to a clean page? */
		return fault->write ? by_vma(&init_mm, fault, KVL_FAULT_KERNEL_VMA)
				    : KVL_FAULT_PANIC;
	switch (pt_sync_kernel(mm_loaded(), fault->va)) {
	case PT_SYNCED: count(COUNT_FAULT_SYNCS); return KVL_FAULT_SYNCED;
	case PT_PRESENT: count(COUNT_FAULT_SPURIOUS); return KVL_FAULT_SPURIOUS;
	case PT_MISSING: break;
	}
	return by_vma(&init_mm, fault, KVL_FAULT_KERNEL_VMA);
}

static enum kvl_fault_outcome user_address(const struct fault *fault)
{
	struct mm *mm = current()->mm;

	count(COUNT_USER_FAULTS);
	return mm ? by_vma(mm, fault, KVL_FAULT_USER_VMA) : KVL_FAULT_PANIC;
}

/* Nothing could be mapped: what that means depends on who made the access. */
static enum kvl_fault_outcome unresolved(const struct fault *fault)
{
	if (fault->user)
		return KVL_FAULT_KILLED;
	if (fault->has_fixup && (fault->va < layout.user_end || current()->may_fail))
		return KVL_FAULT_FIXUP;
	return KVL_FAULT_PANIC;
}

bool fault_handle(const struct fault *fault)
{
	struct task *task = current();
	enum kvl_fault_outcome outcome;

	count(COUNT_FAULTS);
	trace_event(KVL_EV_FAULT_ENTER, 0, fault->user, 0, fault->va, fault->error, fault->pc,
		    task->id, 0);
	task->fault_depth++;
	outcome = fault->va >= layout.user_end ? kernel_address(fault) : user_address(fault);
	if (outcome == KVL_FAULT_PANIC)
		outcome = unresolved(fault);
	task->fault_depth--;
	trace_event(KVL_EV_FAULT_EXIT, 0, outcome, 0, fault->va, 0, 0, 0, 0);
	if (outcome == KVL_FAULT_KILLED)
		task_kill("segmentation fault", fault->pc);
	if (outcome == KVL_FAULT_PANIC)
		bad_access(fault, fault->present ? "not allowed by its mapping"
						 : "nothing is mapped there");
	return outcome != KVL_FAULT_FIXUP;
}

static bool is_user_range(u64 va, size_t bytes)
{
	return va < layout.user_end && bytes <= layout.user_end - va;
}

bool copy_from_user(void *to, u64 va, size_t bytes)
{
	return is_user_range(va, bytes) && arch_copy_user(to, (const void *)va, bytes);
}

bool copy_to_user(u64 va, const void *from, size_t bytes)
{
	return is_user_range(va, bytes) && arch_copy_user((void *)va, from, bytes);
}

bool store_nofault(u64 *to, u64 value)
{
	bool stored;

	current()->may_fail = true;
	stored = arch_copy_user(to, &value, sizeof(value));
	current()->may_fail = false;
	return stored;
}
