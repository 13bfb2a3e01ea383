/* SPDX-License-Identifier: MIT */
/*
 * The vmalloc region: reservations (first fit, sorted, a guard page behind each), vmalloc() with
 * highmem pages, ioremap(). Kernel VMAs reserve from it too. Mappings are made in init_mm alone;
 * other spaces fill their directories at the first touch (pt_sync_kernel()).
 */
#include "guest/mm/vmalloc.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

struct reservation {
	u64 start, end; /* guard page not included */
	u32 npages;	/* owned by vmalloc() */
	struct page **page;
	struct reservation *next;
};

static struct spinlock lock = SPINLOCK("vmalloc");
static struct reservation *reservations;

static void insert_first_fit(struct reservation *r, u64 bytes, u64 align)
{
	const struct kvl_range *region = &layout.region[KVL_REGION_VMALLOC];
	struct reservation **at = &reservations;
	u64 start = ALIGN_UP(region->start, align);

	while (*at && (*at)->start < start + bytes + PAGE_BYTES) {
		start = ALIGN_UP((*at)->end + PAGE_BYTES, align);
		at = &(*at)->next;
	}
	if (start + bytes + PAGE_BYTES > region->start + region->bytes)
		return;
	r->start = start;
	r->end = start + bytes;
	r->next = *at;
	*at = r;
}

bool is_vmalloc_addr(u64 va)
{
	for (u32 i = 0; i < layout.nvmalloc; i++)
		if (va - layout.vmalloc[i].start < layout.vmalloc[i].bytes)
			return true;
	return false;
}

u64 vmalloc_reserve(u64 bytes, u64 align)
{
	struct reservation *r = kalloc(sizeof(*r));
	u64 start;

	bytes = ALIGN_UP(bytes, PAGE_BYTES);
	spin_lock(&lock);
	insert_first_fit(r, bytes, align);
	start = r->start;
	spin_unlock(&lock);
	if (!start)
		kfree(r);
	return start;
}

static struct reservation *find(u64 start)
{
	struct reservation *r = reservations;

	while (r && r->start != start)
		r = r->next;
	if (!r)
		panic("bad vfree", "nothing is reserved at %lx", start);
	return r;
}

void vmalloc_release(u64 start)
{
	struct reservation **at = &reservations, *r;

	spin_lock(&lock);
	r = find(start);
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	spin_unlock(&lock);
	kfree(r);
}

static bool add_pages(struct reservation *r, u32 n, u16 site)
{
	for (; r->npages < n; r->npages++) {
		struct page *page = page_alloc(ZONE_HIGHMEM, 0);

		if (!page)
			return false;
		r->page[r->npages] = page;
		pt_map_new(&init_mm, r->start + r->npages * PAGE_BYTES, page_gpa(page), PROT_WRITE,
			   site);
	}
	return true;
}

void *vmalloc(u64 bytes, u16 site)
{
	u32 n = ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES;
	u64 start = vmalloc_reserve(bytes, PAGE_BYTES);
	struct reservation *r;

	if (!start)
		return NULL;
	spin_lock(&lock);
	r = find(start);
	spin_unlock(&lock);
	r->page = kalloc(n * sizeof(r->page[0]));
	if (add_pages(r, n, site))
		return (void *)start;
	vfree((void *)start);
	return NULL;
}

static void unmap_all(u64 start, u64 bytes, u16 site)
{
	if (pt_unmap(&init_mm, start, bytes, site))
		tlb_flush_range(&init_mm, start, bytes, site);
}

void vfree(void *address)
{
	struct reservation *r;

	spin_lock(&lock);
	r = find((u64)address);
	spin_unlock(&lock);
	unmap_all(r->start, r->end - r->start, SITE("vfree"));
	for (u32 i = 0; i < r->npages; i++)
		page_free(r->page[i]);
	kfree(r->page);
	vmalloc_release((u64)address);
}

void *ioremap(u64 gpa, u64 bytes, u16 site)
{
	bool large = gpa % LARGE_BYTES == 0 && bytes % LARGE_BYTES == 0;
	u64 start = vmalloc_reserve(bytes, large ? LARGE_BYTES : PAGE_BYTES);

	if (!start)
		return NULL;
	if (large)
		pt_map_range(&init_mm, start, gpa, bytes, PROT_WRITE | PROT_UNCACHED | PROT_LARGE,
			     site);
	/* The rest, and where a table of small leaves stands already. */
	pt_map_range(&init_mm, start, gpa, ALIGN_UP(bytes, PAGE_BYTES), PROT_WRITE | PROT_UNCACHED,
		     site);
	return (void *)start;
}

void iounmap(void *address)
{
	struct reservation *r;

	spin_lock(&lock);
	r = find((u64)address);
	spin_unlock(&lock);
	unmap_all(r->start, r->end - r->start, SITE("iounmap"));
	vmalloc_release((u64)address);
}
