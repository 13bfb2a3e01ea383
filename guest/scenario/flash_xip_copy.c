/* SPDX-License-Identifier: MIT */
/*
 * Arm copy: a page that is touched is read out of the chip into a page of RAM, under the chip's
 * read lock, and stays there: of what flash already holds each space has a second copy (seed row
 * W12).
 */
#include "guest/scenario/flash_xip.h"

#include "guest/flash/page_store.h"
#include "guest/trace.h"

struct copy {
	struct flash_partition part;
	struct flash_mapping_stats stats; /* threads of a space share it */
};

static struct page *copy_page(const struct copy *copy, u64 offset)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	if (!page || !flash_read_page(&copy->part, offset, page))
		return page;
	page_free(page);
	return NULL;
}

static void note(u64 *what, u64 n)
{
	__atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

static enum fault_result copy_fault(struct vma *vma, const struct fault *fault)
{
	struct copy *copy = vma->private;
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES);
	struct page *page = copy_page(copy, va - vma->start);

	if (!page)
		return FAULT_ERROR;
	if (!pt_map(vma->mm, va, page_gpa(page), vma->prot, SITE("xip.copy"))) {
		page_free(page); /* another thread was first */
		note(&copy->stats.spurious, 1);
		return FAULT_DONE;
	}
	note(&copy->stats.faults, 1);
	note(&copy->stats.fetches, fault->exec);
	note(&copy->stats.pages_mapped, 1);
	return FAULT_DONE;
}

static void copy_close(struct vma *vma)
{
	vma_free_pages(vma);
	kfree(vma->private);
}

static const struct vma_ops copy_ops FAULT_TABLE = {
	.name = "copy of flash",
	.fault = copy_fault,
	.close = copy_close,
};

static void *copy_map(struct mm *mm, u64 va, const struct flash_partition *part, bool exec)
{
	struct copy *copy = kalloc(sizeof(*copy));

	copy->part = *part;
	if (vma_map_user(mm, va, part->bytes, exec ? PROT_EXEC : PROT_READ, &copy_ops, copy, 0))
		return copy;
	printk("flash-xip: no room for %lu bytes at %lx\n", part->bytes, va);
	kfree(copy);
	return NULL;
}

static struct flash_mapping_stats copy_stats(const void *area)
{
	return ((const struct copy *)area)->stats;
}

const struct flash_xip_ops flash_xip_copy = {
	.map = copy_map,
	.stats = copy_stats,
};
