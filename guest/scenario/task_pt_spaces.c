/* SPDX-License-Identifier: MIT */
/*
 * Owns the sweep over spaces (rows B2, B3): what their birth takes, how many tables they have, and
 * how much kernel space it takes to reach these. Nobody runs in them but in the first, which meets
 * vmalloc space that it has not seen yet.
 */
#include "guest/scenario/task_pt.h"

#include "guest/mm/pt.h"
#include "guest/trace.h"

static struct mm *make_space(struct page *page)
{
	struct mm *mm = task_pt_space(page, PAGE_BYTES);

	pt_map_new(mm, TASK_PT_VA, page_gpa(page), PROT_USER, SITE("task_pt.space"));
	return mm;
}

/* Of the core's GiB and the fixmap's, if they are not init_mm's. */
static u64 kernel_directories(void)
{
	if (pt_directories_are_shared())
		return 0;
	return layout.page_offset == GiB(3) ? 1 : 2;
}

/* The root and one below, a directory of user space and a leaf table; of ukva, where the page's
 * leaf table stands, and the slots, and a directory of user space if it hangs in another one. */
static u64 tables_of_a_space(const struct table_way *way)
{
	u64 of_ukva = 2 + (task_pt_has_directory(way, 0, 4) && !task_pt_has_directory(way, 0, 1));

	return 4 + kernel_directories() + (way->in_ukva ? of_ukva : 0);
}

/* --- vmalloc space ---------------------------------------------------------------------------- */

static void read_word(void *arg)
{
	(void)*(const volatile u64 *)arg;
}

/* Directories of its own are filled when they are needed: by a fault. */
static void check_syncs(struct mm *mm, void *area)
{
	u64 syncs = count_total(COUNT_FAULT_SYNCS);

	task_join(task_start("reader", 0, mm, read_word, area));
	check_count("spaces.syncs", COUNT_FAULT_SYNCS, syncs, !pt_directories_are_shared());
}

/* A large leaf of lowmem becomes a table: copies of it go, and no space loses what it is now.
 * Returns whether there was one. */
static bool split_lowmem(struct mm *mm)
{
	struct page *page = page_alloc(ZONE_LOWMEM, 0);
	void *address = page_address(page);
	bool split = pt_protect_lowmem((u64)address, PROT_READ, SITE("task_pt.protect"));

	task_join(task_start("reader", 0, mm, read_word, address));
	pt_protect_lowmem((u64)address, PROT_WRITE, SITE("task_pt.protect"));
	page_free(page);
	return split;
}

/* --- the sweep -------------------------------------------------------------------------------- */

static void report(const struct table_way *way, u32 n, u64 tables, u64 entries, u64 ticks)
{
	check_equal("spaces.tables", tables, n * tables_of_a_space(way));
	metric("birth_ticks", ticks / n);
	metric("birth_entries", entries / n);
	metric("tables", tables);
	metric("table_bytes", tables * PAGE_BYTES);
	metric("table_address_bytes", way->address_bytes(tables));
}

/* Said before the arena is found to be full half-way. */
static void check_room(const struct table_way *way, u32 n)
{
	u64 need = n * tables_of_a_space(way), room = pt_tables_free();

	if (need > room)
		usage_failure("spaces=%u: they have %lu page tables, and there is room for %lu: a "
			      "larger --arena",
			      n, need, room);
}

void task_pt_spaces(const struct table_way *way, u32 n)
{
	struct mm **mm = lowmem_array(n, sizeof(struct mm *));
	void *area = vmalloc(PAGE_BYTES, SITE("task_pt.vmalloc"));
	struct page *page = task_pt_page_make();
	u64 before = pt_tables_in_use(), entries = count_total(COUNT_PT_SET), start = ticks_now();

	if (!area)
		usage_failure("no page is left for vmalloc: more --mem");
	check_room(way, n);
	for (u32 i = 0; i < n; i++)
		mm[i] = make_space(page);
	report(way, n, pt_tables_in_use() - before, count_total(COUNT_PT_SET) - entries,
	       ticks_now() - start);
	check_syncs(mm[0], area);
	before += split_lowmem(mm[0]); /* its table stays */
	while (n--) {		       /* the youngest is the first on the list of spaces */
		pt_unmap(mm[n], TASK_PT_VA, PAGE_BYTES, SITE("task_pt.space"));
		mm_put(mm[n]);
	}
	check_equal("spaces.tables_left", pt_tables_in_use() - before, 0);
	page_free(page);
	vfree(area);
	lowmem_array_free(mm);
}
