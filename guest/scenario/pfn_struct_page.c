/* SPDX-License-Identifier: MIT */
/*
 * Arm struct-page: the frames of a source have struct pages like RAM, an array of them for each
 * source, and so a count of who has them (seed row L5). The source's own reference is never dropped
 * while it lasts, so nobody's last one frees such a frame.
 */
#include "guest/arch.h"
#include "guest/scenario/pfn.h"

#define MOST_SOURCES 4

static struct mem_map {
	const struct pfn_source *source; /* NULL: free */
	struct page *page;
} mem_maps[MOST_SOURCES];

static u64 bytes_of(const struct mem_map *map)
{
	return map->source ? map->source->bytes / PAGE_BYTES * sizeof(struct page) : 0;
}

static struct page *raw_page(u64 gpa)
{
	for (u32 i = 0; i < MOST_SOURCES; i++) {
		const struct pfn_source *source = mem_maps[i].source;

		if (source && gpa - source->gpa < source->bytes)
			return &mem_maps[i].page[(gpa - source->gpa) / PAGE_BYTES];
	}
	return NULL;
}

/* --- sources ---------------------------------------------------------------------------------- */

static void add(const struct pfn_source *source)
{
	struct mem_map *map = mem_maps;

	while (map < mem_maps + MOST_SOURCES && map->source)
		map++;
	if (map == mem_maps + MOST_SOURCES)
		panic("too many sources", "%s is one more than %u", source->ops->name,
		      MOST_SOURCES);
	map->source = source;
	map->page = lowmem_array(source->bytes / PAGE_BYTES, sizeof(struct page));
	for (u64 i = 0; i < source->bytes / PAGE_BYTES; i++)
		map->page[i] = (struct page){ .state = PAGE_IN_USE, .refs = 1 };
}

static void remove(const struct pfn_source *source)
{
	struct mem_map *map = mem_maps;

	while (map->source != source)
		map++;
	for (u64 i = 0; i < source->bytes / PAGE_BYTES; i++)
		if (map->page[i].refs != 1)
			panic("page still mapped", "frame %lu of %s has %u references at its end",
			      i, source->ops->name, map->page[i].refs);
	lowmem_array_free(map->page);
	map->source = NULL;
}

/* --- entries ---------------------------------------------------------------------------------- */

static void get(struct mm *mm, u64 va, u64 entry)
{
	(void)mm;
	(void)va;
	page_get(raw_page(arch_pte_gpa(entry)));
}

static void put(struct mm *mm, u64 va, u64 entry)
{
	struct page *page = raw_page(arch_pte_gpa(entry));

	(void)mm;
	(void)va;
	if (__atomic_sub_fetch(&page->refs, 1, __ATOMIC_RELAXED) == 0)
		panic("raw frame freed", "the last reference of %lx is dropped",
		      arch_pte_gpa(entry));
}

static bool is_raw(const struct vma *vma, u64 va, u64 entry)
{
	(void)vma;
	(void)va;
	return raw_page(arch_pte_gpa(entry));
}

static u64 bytes(void)
{
	u64 all = 0;

	for (u32 i = 0; i < MOST_SOURCES; i++)
		all += bytes_of(&mem_maps[i]);
	return all;
}

static u64 predict(const struct page_rule_work *work)
{
	return work->source_pages * sizeof(struct page);
}

const struct page_rule pfn_struct_page FAULT_TABLE = {
	.copies = true,
	.add = add,
	.remove = remove,
	.mapped = get,
	.unmapped = put,
	.is_raw = is_raw,
	.bytes = bytes,
	.predict = predict,
	.unit_bytes = sizeof(struct page),
	.linux_unit_bytes = 64,
};
