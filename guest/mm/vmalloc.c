/* SPDX-License-Identifier: MIT */
/*
 * Owns the addresses of vmalloc's areas (area.c says where there is room): vmalloc() with highmem
 * pages, vmap() of somebody's, ioremap(), and reservations of addresses alone; a guard page follows
 * each. Mappings are made in init_mm alone; other spaces fill their directories at the first touch
 * (pt_sync_kernel()).
 */
#include "guest/mm/vmalloc.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/is_vmalloc.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

struct area_space vmalloc_space;
struct spinlock vmalloc_lock = SPINLOCK("vmalloc");
static u64 used;   /* bytes of vmalloc's areas */
static u32 nareas; /* so many of them */

/* --- the space -------------------------------------------------------------------------------- */

static struct area *new_area(enum area_kind kind, const char *who, u64 gpa)
{
	struct area *area = kalloc(sizeof(*area));

	area->kind = kind;
	area->who = who;
	area->gpa = gpa;
	return area;
}

static void add_fixed(enum area_kind kind, u64 start, u64 bytes, u64 gpa)
{
	struct area *area = new_area(kind, NULL, gpa);

	if (!area_reserve_at(&vmalloc_space, area, start, bytes))
		panic("bad layout", "%lx, of lowmem, is taken or outside", start);
}

void vmalloc_init(void)
{
	bool intermixed = layout.kind == KVL_LAYOUT_INTERMIXED;
	const struct kvl_range *first =
		&layout.region[intermixed ? KVL_REGION_LOWMEM : KVL_REGION_VMALLOC];
	const struct kvl_range *gap = &layout.region[KVL_REGION_GAP];

	area_space_init(&vmalloc_space, first->start, layout.region[KVL_REGION_KVA].start);
	if (!intermixed)
		return;
	for (u32 i = 0; i < layout.nlowmem; i++) {
		const struct kvl_piece *piece = &layout.lowmem[i];

		add_fixed(AREA_LOWMEM, piece->va, piece->bytes, piece->gpa);
	}
	add_fixed(AREA_GAP, gap->start, gap->bytes, 0);
}

void vmalloc_set_fit(enum area_fit fit)
{
	spin_lock(&vmalloc_lock);
	vmalloc_space.fit = fit;
	spin_unlock(&vmalloc_lock);
}

/*
 * Addresses for @bytes and the guard page, at @start, or where there is room if that is 0. Returns
 * @area; there is no room: frees it, and returns NULL.
 */
static struct area *reserve(struct area *area, u64 start, u64 bytes, u64 align)
{
	u64 all = ALIGN_UP(bytes, PAGE_BYTES) + PAGE_BYTES;
	bool found = false;

	spin_lock(&vmalloc_lock);
	if (bytes <= vmalloc_space.bytes && bytes) /* so it survives the rounding */
		found = start ? area_reserve_at(&vmalloc_space, area, start, all)
			      : area_reserve(&vmalloc_space, area, all, align);
	if (found) {
		is_vmalloc_bitmap_set(area->start, area->end);
		used += area->end - area->start;
		nareas++;
	}
	spin_unlock(&vmalloc_lock);
	if (found)
		return area;
	kfree(area);
	return NULL;
}

static void release(struct area *area)
{
	spin_lock(&vmalloc_lock);
	is_vmalloc_bitmap_clear(area->start, area->end);
	area_release(&vmalloc_space, area);
	used -= area->end - area->start;
	nareas--;
	spin_unlock(&vmalloc_lock);
	kfree(area);
}

static const char *kind_name(enum area_kind kind)
{
	switch (kind) {
	case AREA_LOWMEM: return "lowmem";
	case AREA_GAP: return "gap";
	case AREA_VMALLOC: return "vmalloc";
	case AREA_VMAP: return "vmap";
	case AREA_IOREMAP: return "ioremap";
	case AREA_VMA: return "vma";
	}
	return "?";
}

/* The area of that kind that begins at @start. */
static struct area *find(enum area_kind kind, u64 start)
{
	struct area *area;

	spin_lock(&vmalloc_lock);
	area = area_find(&vmalloc_space, start);
	spin_unlock(&vmalloc_lock);
	if (!area)
		panic("bad vfree", "nothing is reserved at %lx", start);
	if (area->start != start || area->kind != kind)
		panic("bad vfree", "no %s begins at %lx: %s from %lx to %lx", kind_name(kind),
		      start, kind_name(area->kind), area->start, area->end);
	return area;
}

bool vmalloc_reserve_at(u64 start, u64 bytes, const char *who)
{
	return reserve(new_area(AREA_VMA, who, 0), start, bytes, PAGE_BYTES);
}

u64 vmalloc_reserve(u64 bytes, u64 align, const char *who)
{
	struct area *area = reserve(new_area(AREA_VMA, who, 0), 0, bytes, align);

	return area ? area->start : 0;
}

void vmalloc_release(u64 start)
{
	release(find(AREA_VMA, start));
}

/* --- mappings --------------------------------------------------------------------------------- */

static const char *site_name(u16 site)
{
	return sites_start[site].name;
}

/* Unmaps all of it but the guard page. */
static void unmap(const struct area *area, u16 site)
{
	u64 bytes = area->end - PAGE_BYTES - area->start;

	if (pt_unmap(&init_mm, area->start, bytes, site))
		tlb_flush_range(&init_mm, area->start, bytes, site);
}

static bool add_pages(struct area *area, u32 n, u16 site)
{
	for (; area->npages < n; area->npages++) {
		struct page *page = page_alloc(ZONE_HIGHMEM, 0);

		if (!page)
			return false;
		area->page[area->npages] = page;
		pt_map_new(&init_mm, area->start + area->npages * PAGE_BYTES, page_gpa(page),
			   PROT_WRITE, site);
	}
	return true;
}

void *vmalloc(u64 bytes, u16 site)
{
	struct area *area =
		reserve(new_area(AREA_VMALLOC, site_name(site), 0), 0, bytes, PAGE_BYTES);
	u32 n = ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES;

	if (!area)
		return NULL;
	area->page = kalloc(n * sizeof(area->page[0]));
	if (add_pages(area, n, site))
		return (void *)area->start;
	vfree((void *)area->start);
	return NULL;
}

void vfree(void *address)
{
	struct area *area = find(AREA_VMALLOC, (u64)address);

	unmap(area, SITE("vfree"));
	for (u32 i = 0; i < area->npages; i++)
		page_free(area->page[i]);
	kfree(area->page);
	release(area);
}

void *vmap(struct page *const *pages, u32 n, u32 prot, u16 site)
{
	struct area *area =
		reserve(new_area(AREA_VMAP, site_name(site), 0), 0, n * PAGE_BYTES, PAGE_BYTES);

	if (!area)
		return NULL;
	for (; area->npages < n; area->npages++)
		pt_map_new(&init_mm, area->start + area->npages * PAGE_BYTES,
			   page_gpa(pages[area->npages]), prot, site);
	return (void *)area->start;
}

void vunmap(void *address)
{
	struct area *area = find(AREA_VMAP, (u64)address);

	unmap(area, SITE("vunmap"));
	release(area);
}

void *ioremap(u64 gpa, u64 bytes, u16 site)
{
	bool large = gpa % LARGE_BYTES == 0 && bytes % LARGE_BYTES == 0;
	struct area *area = reserve(new_area(AREA_IOREMAP, site_name(site), gpa), 0, bytes,
				    large ? LARGE_BYTES : PAGE_BYTES);

	if (!area)
		return NULL;
	if (large)
		pt_map_range(&init_mm, area->start, gpa, bytes,
			     PROT_WRITE | PROT_UNCACHED | PROT_LARGE, site);
	/* The rest, and where a table of small leaves stands already. */
	pt_map_range(&init_mm, area->start, gpa, ALIGN_UP(bytes, PAGE_BYTES),
		     PROT_WRITE | PROT_UNCACHED, site);
	return (void *)area->start;
}

void iounmap(void *address)
{
	struct area *area = find(AREA_IOREMAP, (u64)address);

	unmap(area, SITE("iounmap"));
	release(area);
}

/* --- what is known of it ---------------------------------------------------------------------- */

struct vmalloc_stats vmalloc_stats(void)
{
	struct vmalloc_stats stats = { .total = kvl_vmalloc_bytes(&layout) };

	spin_lock(&vmalloc_lock);
	stats.used = used;
	stats.areas = nareas;
	stats.largest_free = area_largest_free(&vmalloc_space);
	spin_unlock(&vmalloc_lock);
	return stats;
}

void vmalloc_walk(void (*visit)(const struct area *area, void *context), void *context)
{
	spin_lock(&vmalloc_lock);
	for (struct area *area = area_first(&vmalloc_space); area; area = area_next(area))
		visit(area, context);
	spin_unlock(&vmalloc_lock);
}

#define LINE "0x%08lx-0x%08lx %10lu "
#define LINE_OF(area) (area)->start, (area)->end, (area)->end - (area)->start

static void print_area(const struct area *area, void *context)
{
	const char *kind = kind_name(area->kind);

	(void)context;
	switch ((enum area_kind)area->kind) {
	case AREA_LOWMEM: printk(LINE "%s phys=0x%lx\n", LINE_OF(area), kind, area->gpa); break;
	case AREA_GAP: printk(LINE "%s\n", LINE_OF(area), kind); break;
	case AREA_VMALLOC:
	case AREA_VMAP:
		printk(LINE "%s pages=%u %s\n", LINE_OF(area), area->who, area->npages, kind);
		break;
	case AREA_IOREMAP:
		printk(LINE "%s phys=0x%lx %s\n", LINE_OF(area), area->who, area->gpa, kind);
		break;
	case AREA_VMA: printk(LINE "%s %s\n", LINE_OF(area), area->who, kind); break;
	}
}

void vmallocinfo_print(void)
{
	vmalloc_walk(print_area, NULL);
}
