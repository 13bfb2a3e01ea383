/* SPDX-License-Identifier: MIT */
/*
 * Virtual memory areas with operations, for user and kernel space alike (seed row W1): a sorted
 * list per space. The addresses of kernel areas come from the vmalloc region (vmalloc.c).
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/vm.h"
#include "guest/mm/vmalloc.h"
#include "guest/trace.h"

struct vma *vma_find(struct mm *mm, u64 va)
{
	struct vma *vma;

	spin_lock(&mm->vma_lock);
	for (vma = mm->vmas; vma && vma->end <= va; vma = vma->next)
		;
	if (vma && vma->start > va)
		vma = NULL;
	spin_unlock(&mm->vma_lock);
	return vma;
}

static void take_copy(const struct vma *vma, struct vma *copy)
{
	if (vma->ops->get)
		vma->ops->get(vma);
	*copy = *vma;
}

bool vma_get(struct mm *mm, u64 va, struct vma *copy)
{
	const struct vma *vma;

	spin_lock(&mm->vma_lock);
	for (vma = mm->vmas; vma && vma->end <= va; vma = vma->next)
		;
	if (vma && vma->start > va)
		vma = NULL;
	if (vma)
		take_copy(vma, copy);
	spin_unlock(&mm->vma_lock);
	return vma;
}

bool vma_get_next(struct mm *mm, u64 va, const struct vma_ops *ops, struct vma *copy)
{
	const struct vma *vma;

	spin_lock(&mm->vma_lock);
	for (vma = mm->vmas; vma && (vma->end <= va || vma->ops != ops); vma = vma->next)
		;
	if (vma)
		take_copy(vma, copy);
	spin_unlock(&mm->vma_lock);
	return vma;
}

void vma_put(const struct vma *copy)
{
	if (copy->ops->put)
		copy->ops->put(copy);
}

struct vma *vma_find_of(struct mm *mm, u64 va, const void *private)
{
	struct vma *vma;

	spin_lock(&mm->vma_lock);
	for (vma = mm->vmas; vma && (vma->end <= va || vma->private != private); vma = vma->next)
		;
	spin_unlock(&mm->vma_lock);
	return vma;
}

/* False: overlaps another. */
static bool insert_locked(struct mm *mm, struct vma *vma)
{
	struct vma **at = &mm->vmas;

	while (*at && (*at)->end <= vma->start)
		at = &(*at)->next;
	if (*at && (*at)->start < vma->end)
		return false;
	vma->next = *at;
	*at = vma;
	return true;
}

static bool insert(struct mm *mm, struct vma *vma)
{
	bool free;

	spin_lock(&mm->vma_lock);
	free = insert_locked(mm, vma);
	spin_unlock(&mm->vma_lock);
	return free;
}

static void take_out_locked(struct vma *vma)
{
	struct vma **at = &vma->mm->vmas;

	while (*at != vma)
		at = &(*at)->next;
	*at = vma->next;
}

void vma_take_out(struct vma *vma)
{
	spin_lock(&vma->mm->vma_lock);
	take_out_locked(vma);
	spin_unlock(&vma->mm->vma_lock);
}

static struct vma *vma_create(struct mm *mm, u64 start, u64 bytes, u32 prot,
			      const struct vma_ops *ops, void *private, u64 offset)
{
	struct vma *vma = kalloc(sizeof(*vma));

	fault_table_check(ops, ops->name);
	vma->start = start;
	vma->end = start + bytes;
	vma->prot = prot;
	vma->mm = mm;
	vma->ops = ops;
	vma->private = private;
	vma->offset = offset;
	if (insert(mm, vma))
		return vma;
	kfree(vma);
	return NULL;
}

struct vma *vma_map_user(struct mm *mm, u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			 void *private, u64 offset)
{
	bytes = ALIGN_UP(bytes, PAGE_BYTES);
	if (start % PAGE_BYTES || !bytes || start >= layout.user_end ||
	    bytes > layout.user_end - start)
		return NULL;
	return vma_create(mm, start, bytes, prot | PROT_USER, ops, private, offset);
}

struct vma *vma_map_kernel(u64 bytes, u32 prot, const struct vma_ops *ops, void *private,
			   u64 offset)
{
	u64 start = vmalloc_reserve(bytes, PAGE_BYTES, ops->name);
	struct vma *vma;

	if (!start)
		return NULL;
	vma = vma_create(&init_mm, start, ALIGN_UP(bytes, PAGE_BYTES), prot, ops, private, offset);
	if (!vma)
		vmalloc_release(start);
	return vma;
}

struct vma *vma_map_kernel_at(u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			      void *private, u64 offset)
{
	const struct kvl_range *region = &layout.region[KVL_REGION_PAGEABLE];

	bytes = ALIGN_UP(bytes, PAGE_BYTES);
	if (start % PAGE_BYTES || !bytes || start < region->start ||
	    start - region->start > region->bytes - bytes || bytes > region->bytes)
		return NULL;
	return vma_create(&init_mm, start, bytes, prot, ops, private, offset);
}

struct vma *vma_split(struct vma *vma, u64 at)
{
	struct vma *second = kalloc(sizeof(*second));

	spin_lock(&vma->mm->vma_lock);
	*second = *vma;
	second->start = at;
	second->offset += at - vma->start;
	vma->end = at;
	vma->next = second;
	spin_unlock(&vma->mm->vma_lock);
	return second;
}

void vma_join(struct vma *vma, struct vma *behind)
{
	spin_lock(&vma->mm->vma_lock);
	take_out_locked(behind);
	vma->end = behind->end;
	spin_unlock(&vma->mm->vma_lock);
}

void vma_move(struct vma *vma, u64 start, struct vma *room)
{
	u64 bytes = vma->end - vma->start;

	spin_lock(&vma->mm->vma_lock);
	take_out_locked(vma);
	vma->start = start;
	vma->end = room->start = start + bytes;
	insert_locked(vma->mm, vma);
	spin_unlock(&vma->mm->vma_lock);
}

void vma_free_page(struct mm *mm, u64 va, u16 site)
{
	u64 entry = pt_lookup(mm, va);

	if (!entry)
		return;
	pt_unmap(mm, va, PAGE_BYTES, site);
	tlb_flush_range(mm, va, PAGE_BYTES, site);
	page_free(gpa_page(arch_pte_gpa(entry)));
}

void vma_free_pages(struct vma *vma)
{
	for (u64 va = vma->start; va < vma->end; va += PAGE_BYTES)
		vma_free_page(vma->mm, va, SITE("vma.free_pages"));
}

static void unmap_rest(const struct vma *vma)
{
	u16 site = SITE("vma.unmap");

	if (pt_unmap(vma->mm, vma->start, vma->end - vma->start, site))
		tlb_flush_range(vma->mm, vma->start, vma->end - vma->start, site);
	if (is_vmalloc_addr(vma->start))
		vmalloc_release(vma->start);
}

void vma_remove(struct vma *vma)
{
	vma_take_out(vma);
	if (vma->ops->close)
		vma->ops->close(vma);
	unmap_rest(vma);
}

void vma_unmap(struct vma *vma)
{
	vma_remove(vma);
	kfree(vma);
}

void vma_end(struct vma *vma)
{
	if (vma->ops->close)
		vma->ops->close(vma);
	vma_take_out(vma);
	unmap_rest(vma);
	kfree(vma);
}
