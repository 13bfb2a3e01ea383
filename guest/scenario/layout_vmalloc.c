/* SPDX-License-Identifier: MIT */
/*
 * Owns what becomes of vmalloc's addresses (seed rows A6, A7, A9): where areas come to lie, what it
 * costs to tell their addresses from others, how many there can be, how they fragment, and whether
 * a mapping that has its place at the end of vmalloc space, as ARM's static ones, still finds it.
 */
#include "guest/lib/draw.h"
#include "guest/mm/is_vmalloc.h"
#include "guest/mm/vmalloc.h"
#include "guest/scenario/layout.h"
#include "guest/trace.h"

#define LOAD 75		/* percent of vmalloc space that the workload keeps in use at most */
#define MOST_LIVE 16384 /* of its areas */

static u64 reserve(u64 pages)
{
	return vmalloc_reserve(pages * PAGE_BYTES, PAGE_BYTES, "layout.workload");
}

/* In one of vmalloc's ranges, guard page and all. */
static bool is_inside(u64 start, u64 pages)
{
	for (u32 i = 0; i < layout.nvmalloc; i++)
		if (start >= layout.vmalloc[i].start &&
		    start + (pages + 1) * PAGE_BYTES <=
			    layout.vmalloc[i].start + layout.vmalloc[i].bytes)
			return true;
	return false;
}

/* --- rows A5, A6: the listing ----------------------------------------------------------------- */

/* One area of each kind, beside what the kernel has, and lowmem where it is among them. */
void layout_list_areas(void)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	void *memory = vmalloc(3 * PAGE_BYTES, SITE("layout.vmalloc"));
	void *pages = page ? vmap(&page, 1, PROT_READ, SITE("layout.vmap")) : NULL;
	void *device = ioremap(KVL_LAPIC_GPA, PAGE_BYTES, SITE("layout.ioremap"));
	u64 addresses = vmalloc_reserve(4 * PAGE_BYTES, PAGE_BYTES, "layout.vma");

	if (!page || !memory || !pages || !device || !addresses)
		usage_failure("there is no room for five small areas: a larger --vmalloc or --mem");
	vmallocinfo_print();
	vmalloc_release(addresses);
	iounmap(device);
	vunmap(pages);
	vfree(memory);
	page_free(page);
}

/* --- the cost of is_vmalloc_addr() ------------------------------------------------------------ */

/* With many areas: addresses of all parts of kernel space up to the end of vmalloc. */
void layout_measure_is_vmalloc(u32 nareas)
{
	u64 *area = kalloc(nareas * sizeof(area[0]));
	u32 n = 0;

	while (n < nareas && (area[n] = reserve(1)))
		n++;
	check_equal("areas.measured", n, nareas);
	metric("is_vmalloc_range_ticks", layout_ask_ticks(is_vmalloc_range));
	metric("is_vmalloc_walk_ticks", layout_ask_ticks(is_vmalloc_walk));
	metric("is_vmalloc_tree_ticks", layout_ask_ticks(is_vmalloc_tree));
	metric("is_vmalloc_bitmap_ticks", layout_ask_ticks(is_vmalloc_bitmap));
	while (n)
		vmalloc_release(area[--n]);
	kfree(area);
}

/* --- fragmentation ---------------------------------------------------------------------------- */

struct workload {
	u64 state;
	u64 *live;
	u32 nlive, most_live;
	u32 reserved, failed, outside;
};

/* Of 10 areas 6 are up to 4 pages long, 3 up to 32, one up to 256. */
static u64 draw_pages(struct workload *w)
{
	u64 kind = draw_next(&w->state) % 10;

	return 1 + draw_next(&w->state) % (kind < 6 ? 4 : kind < 9 ? 32 : 256);
}

static void reserve_one(struct workload *w)
{
	u64 pages = draw_pages(w), start = reserve(pages);

	if (!start) {
		w->failed++;
		return;
	}
	w->reserved++;
	w->outside += !is_inside(start, pages);
	w->live[w->nlive++] = start;
	if (w->nlive > w->most_live)
		w->most_live = w->nlive;
}

static void release_one(struct workload *w)
{
	u32 i = draw_next(&w->state) % w->nlive;

	vmalloc_release(w->live[i]);
	w->live[i] = w->live[--w->nlive];
}

static bool is_loaded(const struct workload *w)
{
	struct vmalloc_stats now = vmalloc_stats();

	return w->nlive == MOST_LIVE || now.used * 100 >= now.total * LOAD;
}

static void work(struct workload *w, u32 n)
{
	while (w->reserved + w->failed < n)
		if (w->nlive && (is_loaded(w) || draw_next(&w->state) % 4 == 0))
			release_one(w);
		else
			reserve_one(w);
}

void layout_fragment(u32 n)
{
	struct vmalloc_stats before = vmalloc_stats(), loaded, after;
	struct workload w = { .state = draw_stream(boot_options.seed, 1),
			      .live = kalloc(MOST_LIVE * sizeof(w.live[0])) };
	u64 free;

	work(&w, n);
	loaded = vmalloc_stats();
	free = loaded.total - loaded.used;
	metric("areas_live", w.nlive);
	metric("areas_failed", w.failed);
	metric("loaded_free_bytes", free);
	metric("loaded_largest_bytes", loaded.largest_free);
	metric("fragmentation_percent", free ? 100 - loaded.largest_free * 100 / free : 0);
	while (w.nlive)
		release_one(&w);
	after = vmalloc_stats();
	check_equal("areas.outside", w.outside, 0);
	check_equal("areas.left", after.areas, before.areas);
	check_equal("areas.used", after.used, before.used);
	check_equal("areas.largest_free", after.largest_free, before.largest_free);
	kfree(w.live);
}

/* --- what there is, and what is starved ------------------------------------------------------- */

void layout_account_for_vmalloc(void)
{
	struct vmalloc_stats stats = vmalloc_stats();
	u64 upper = layout.region[KVL_REGION_VMALLOC].bytes;

	metric("vmalloc_bytes", stats.total);
	metric("vmalloc_upper_bytes", upper);
	metric("vmalloc_largest_bytes", stats.largest_free);
	layout_check_vmalloc(stats.total, upper);
	check_equal("vmalloc.largest_bytes", stats.largest_free, kvl_vmalloc_largest(&layout));
}

bool layout_has_room(u32 nareas)
{
	u64 most = 0;

	for (u32 i = 0; i < layout.nvmalloc; i++)
		most += layout.vmalloc[i].bytes / (2 * PAGE_BYTES);
	return nareas < most;
}

/* Row A9: as much as there is behind lowmem, and no more, whatever there is under holes. */
void layout_map_static(u64 bytes)
{
	u64 upper = layout.region[KVL_REGION_VMALLOC].bytes;
	u64 end = layout.region[KVL_REGION_KVA].start;
	u64 start = end - PAGE_BYTES - ALIGN_UP(bytes, PAGE_BYTES);
	bool mapped = vmalloc_reserve_at(start, end - start - PAGE_BYTES, "layout.static");

	metric("static_mapped", mapped);
	check_equal("static.mapped", mapped, end - start <= upper);
	if (mapped)
		vmalloc_release(start);
}
