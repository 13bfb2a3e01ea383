/* SPDX-License-Identifier: MIT */
/*
 * Anonymous memory: a zeroed highmem page at the first touch, freed with the area. For user areas
 * and, as they are, for areas of the kernel: vmalloc that is populated lazily (seed row W18). The
 * fault does not wait, but takes the locks of the allocator and of the tables: whoever holds one
 * must not touch.
 */
#include "guest/arch.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

static enum fault_result anon_fault(struct vma *vma, const struct fault *fault)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	if (!page)
		return FAULT_ERROR;
	page_fill(page, NULL, 0);
	if (!pt_map(vma->mm, ALIGN_DOWN(fault->va, PAGE_BYTES), page_gpa(page), vma->prot,
		    SITE("anon.fault")))
		page_free(page); /* another thread was first */
	return FAULT_DONE;
}

const struct vma_ops anon_ops FAULT_TABLE = {
	.name = "anonymous", .own_pages = true, .fault = anon_fault, .close = vma_free_pages
};
