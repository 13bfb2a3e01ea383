/* SPDX-License-Identifier: MIT */
/*
 * Owns the pages of anonymous areas that fork: what each slot holds, faults, copies, forks. What
 * other tasks do to them is cow_others.c's.
 *
 * A page is shared only while no entry anywhere allows writes to it: a fork takes them away, and
 * flushes, before it lets go of the slots. So what is copied stands still, and who finds that he is
 * the only owner left can have it as it is. Where a copy takes a page's place, all threads of the
 * space first lose the page, and get its copy then: replaced in one step, one thread could write to
 * the copy while another still read the page.
 */
#include "guest/mm/cow.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/cow_area.h"
#include "guest/mm/fault.h"
#include "guest/mm/kva.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

static struct cow_stats *stats_of(const struct vma *vma)
{
	return &cow_area(vma)->group->stats;
}

static u64 va_of(const struct vma *vma, const struct cow_slot *slot)
{
	return vma->start + (u64)(slot - cow_area(vma)->slot) * PAGE_BYTES;
}

void cow_take(const struct vma *vma, struct cow_slot *slot)
{
	busy_take(&slot->busy, KVL_WAIT_PAGE, va_of(vma, slot), SITE("cow.take"));
}

void cow_let_go(struct cow_slot *slot)
{
	busy_let_go(&slot->busy);
}

/* --- frames, and the kernel's way to them ----------------------------------------------------- */

static struct page *new_frame(struct cow_group *group)
{
	return group->frames->alloc(__atomic_fetch_add(&group->allocated, 1, __ATOMIC_RELAXED));
}

void *cow_kva_get(struct cow_group *group, enum cow_cause cause, struct page *page)
{
	struct cow_use *use = &group->stats.by[cause];

	cow_count(&use->accesses, 1);
	cow_count(&use->maps, page_is_highmem(page));
	return kva_get(page);
}

void cow_count_event(struct cow_group *group, enum cow_cause cause, const struct page *page)
{
	struct cow_use *use = &group->stats.by[cause];

	cow_count(&use->events, 1);
	cow_count(&use->high, page_is_highmem(page));
}

static void clear(struct cow_group *group, struct page *page)
{
	void *address = cow_kva_get(group, COW_CLEAR, page);

	memset(address, 0, PAGE_BYTES);
	kva_put(page, address);
	cow_count_event(group, COW_CLEAR, page);
}

/* --- a slot: mapping -------------------------------------------------------------------------- */

static u32 prot_of(const struct vma *vma, const struct cow_slot *slot)
{
	return slot->writable ? vma->prot : vma->prot & ~(u32)PROT_WRITE;
}

/* The entry is what the slot says now. Returns the old one; flushed by the caller, unless it only
 * allows more. */
static u64 change_entry(struct vma *vma, const struct cow_slot *slot, u16 site)
{
	return pt_replace(vma->mm, va_of(vma, slot),
			  arch_pte_leaf(page_gpa(slot->page), prot_of(vma, slot)), site);
}

void cow_slot_map(struct vma *vma, struct cow_slot *slot)
{
	pt_map_new(vma->mm, va_of(vma, slot), page_gpa(slot->page), prot_of(vma, slot),
		   SITE("cow.map"));
}

void cow_slot_unmap(struct vma *vma, struct cow_slot *slot, u16 site)
{
	u64 va = va_of(vma, slot);

	pt_unmap(vma->mm, va, PAGE_BYTES, site);
	tlb_flush_range(vma->mm, va, PAGE_BYTES, site);
	slot->writable = false;
	cow_count(&stats_of(vma)->flushes, 1);
}

/* --- a slot: in ------------------------------------------------------------------------------- */

/* What the slot holds is nobody else's from now on. */
static void make_own(struct cow_slot *slot)
{
	if (slot->place)
		swap_release(slot->place - 1, 1);
	slot->place = 0;
	slot->dirty = true;
}

static bool fill(const struct vma *vma, const struct cow_slot *slot, struct page *page)
{
	const struct page_store *store = swap_store();

	if (!slot->place) {
		clear(cow_area(vma)->group, page);
		return true;
	}
	if (!store->ops->read(store->owner, slot->place - 1, page))
		return false;
	cow_count(&stats_of(vma)->swapped_in, 1);
	return true;
}

static bool bring_in(struct vma *vma, struct cow_slot *slot, bool write)
{
	struct page *page = new_frame(cow_area(vma)->group);

	if (!page)
		return false;
	if (!fill(vma, slot, page)) {
		page_free(page);
		return false;
	}
	slot->page = page;
	slot->writable = write;
	if (write)
		make_own(slot);
	cow_slot_map(vma, slot);
	return true;
}

/* --- a slot: copies --------------------------------------------------------------------------- */

/* Through the task's own address, by which it just tried to write: only @to needs another one. */
static bool copy_own(const struct vma *vma, const struct cow_slot *slot, struct page *to)
{
	struct cow_group *group = cow_area(vma)->group;
	void *address = cow_kva_get(group, COW_COPY, to);
	bool copied = copy_from_user(address, va_of(vma, slot), PAGE_BYTES);

	kva_put(to, address);
	cow_count_event(group, COW_COPY, to);
	return copied;
}

static bool two_held; /* busy: somebody holds an address, or is about to, and wants another one */

/* The task has no address of its own for the page. Of those who hold one and want another there is
 * one at a time: else each could wait for the other. */
static void copy_forced(const struct vma *vma, const struct cow_slot *slot, struct page *to)
{
	struct cow_group *group = cow_area(vma)->group;
	void *from_address, *to_address;

	busy_take(&two_held, KVL_WAIT_KVA, page_gpa(to), SITE("cow.forced"));
	from_address = cow_kva_get(group, COW_FORCED, slot->page);
	to_address = cow_kva_get(group, COW_FORCED, to);
	memcpy(to_address, from_address, PAGE_BYTES);
	kva_put(to, to_address);
	kva_put(slot->page, from_address);
	busy_let_go(&two_held);
	cow_count_event(group, COW_FORCED, to);
	cow_count(&group->stats.by[COW_FORCED].high, page_is_highmem(slot->page));
}

static bool copy(const struct vma *vma, const struct cow_slot *slot, struct page *to)
{
	if (current()->mm == vma->mm)
		return copy_own(vma, slot, to);
	copy_forced(vma, slot, to);
	return true;
}

static bool copy_and_replace(struct vma *vma, struct cow_slot *slot)
{
	struct page *old = slot->page, *new = new_frame(cow_area(vma)->group);

	if (!new)
		return false;
	if (!copy(vma, slot, new)) {
		page_free(new);
		return false;
	}
	cow_slot_unmap(vma, slot, SITE("cow.copy"));
	slot->page = new;
	slot->writable = true;
	cow_slot_map(vma, slot);
	page_put(old); /* its other owner may become the only one, and write */
	return true;
}

/* --- faults ----------------------------------------------------------------------------------- */

static bool make_writable(struct vma *vma, struct cow_slot *slot)
{
	if (page_is_shared(slot->page))
		return copy_and_replace(vma, slot);
	make_own(slot);
	slot->writable = true;
	change_entry(vma, slot, SITE("cow.writable"));
	cow_count(&stats_of(vma)->made_writable, 1);
	return true;
}

bool cow_touch(struct vma *vma, struct cow_slot *slot, bool write)
{
	if (!slot->page)
		return bring_in(vma, slot, write);
	return !write || slot->writable || make_writable(vma, slot);
}

static enum fault_result cow_fault(struct vma *vma, const struct fault *fault)
{
	struct cow_slot *slot = cow_slot(vma, fault->va);
	bool done;

	cow_take(vma, slot);
	done = cow_touch(vma, slot, fault->write);
	cow_let_go(slot);
	return done ? FAULT_DONE : FAULT_ERROR;
}

/* --- areas ------------------------------------------------------------------------------------ */

static u32 npages(const struct vma *vma)
{
	return (vma->end - vma->start) / PAGE_BYTES;
}

/* Nobody touches it any more. */
static void cow_close(struct vma *vma)
{
	struct cow_area *area = cow_area(vma);
	u16 site = SITE("cow.close");

	if (pt_unmap(vma->mm, vma->start, vma->end - vma->start, site))
		tlb_flush_range(vma->mm, vma->start, vma->end - vma->start, site);
	for (u32 i = 0; i < npages(vma); i++) {
		if (area->slot[i].page)
			page_put(area->slot[i].page);
		if (area->slot[i].place)
			swap_release(area->slot[i].place - 1, 1);
	}
	lowmem_array_free(area);
}

const struct vma_ops cow_ops FAULT_TABLE = {
	.name = "anonymous, forks",
	.maps_clean = true,
	.own_pages = true,
	.fault = cow_fault,
	.close = cow_close,
};

struct vma *cow_map(struct mm *mm, u64 start, u64 bytes, u32 prot, struct cow_group *group)
{
	u64 n = ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES;
	struct cow_area *area = lowmem_array(1, sizeof(*area) + n * sizeof(area->slot[0]));
	struct vma *vma = vma_map_user(mm, start, bytes, prot, &cow_ops, area, 0);

	fault_table_check(group->frames, group->frames->name);
	area->group = group;
	if (!vma)
		lowmem_array_free(area);
	return vma;
}

/* --- fork ------------------------------------------------------------------------------------- */

/* Both slots have the page, and no entry is made that allows writes. The caller flushes what
 * allowed them. */
static bool share(struct vma *vma, struct cow_slot *slot, struct vma *child)
{
	struct cow_slot *to = cow_slot(child, va_of(vma, slot));

	if (!slot->page && !slot->place)
		return true; /* zero in both */
	if (!slot->page && !bring_in(vma, slot, false))
		return false;
	make_own(slot);
	if (slot->writable) {
		slot->writable = false;
		cow_count(&stats_of(vma)->protected,
			  arch_pte_allows(change_entry(vma, slot, SITE("cow.fork")), true, false,
					  true));
	}
	page_get(slot->page);
	to->page = slot->page;
	to->dirty = true;
	cow_slot_map(child, to);
	cow_count(&stats_of(vma)->shared, 1);
	return true;
}

/* With all slots taken. */
static bool share_all(struct vma *vma, struct vma *child)
{
	struct cow_slot *slot = cow_area(vma)->slot;
	bool shared = true, was_writable = false;

	for (u32 i = 0; i < npages(vma) && shared; i++) {
		was_writable |= slot[i].writable;
		shared = share(vma, &slot[i], child);
	}
	if (was_writable) {
		tlb_flush_range(vma->mm, vma->start, vma->end - vma->start, SITE("cow.fork"));
		cow_count(&stats_of(vma)->flushes, 1);
	}
	return shared;
}

struct vma *cow_fork(struct vma *vma, struct mm *child)
{
	struct cow_area *area = cow_area(vma);
	struct vma *copy =
		cow_map(child, vma->start, vma->end - vma->start, vma->prot, area->group);
	bool shared;

	if (!copy)
		return NULL;
	for (u32 i = 0; i < npages(vma); i++)
		cow_take(vma, &area->slot[i]);
	shared = share_all(vma, copy);
	for (u32 i = 0; i < npages(vma); i++)
		cow_let_go(&area->slot[i]);
	cow_count(&area->group->stats.forks, shared);
	if (shared)
		return copy;
	vma_unmap(copy);
	return NULL;
}

bool cow_fork_all(struct mm *mm, struct mm *child)
{
	for (struct vma *vma = mm->vmas; vma; vma = vma->next)
		if (vma->ops == &cow_ops && !cow_fork(vma, child))
			return false;
	return true;
}
