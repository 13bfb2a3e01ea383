/* SPDX-License-Identifier: MIT */
/*
 * Owns one fork after the other with nobody beside (row T6): how many addresses the kernel needs
 * for each copy, by which pages the tables of the spaces say that were copied, and to which. One if
 * the new page is highmem, none if it is lowmem; if another task forces it, one more if the page
 * that is copied is highmem.
 */
#include "guest/scenario/highmem_io_memory.h"

struct family {
	u32 pages;
	struct cow_group group;
	struct mm *mm[3]; /* parent, child, grandchild */
	struct vma *vma[3];
	u64 failed;
};

/* By the table: the page there has no address of its own. */
static bool is_high(struct mm *mm, u64 va)
{
	return page_is_highmem(gpa_page(arch_pte_gpa(pt_lookup(mm, va))));
}

static u64 high_pages(const struct family *f, u32 who)
{
	u64 n = 0;

	for (u32 i = 0; i < f->pages; i++)
		n += is_high(f->mm[who], IO_MEMORY_VA + i * PAGE_BYTES);
	return n;
}

static void write_pages(void *arg)
{
	struct family *f = arg;

	for (u64 i = 0; i < f->pages; i++)
		f->failed += !copy_to_user(IO_MEMORY_VA + i * PAGE_BYTES, &i, sizeof(i));
}

static void write_by(struct family *f, u32 who)
{
	task_join(task_start("family", boot_options.ncpus - 1, f->mm[who], write_pages, f));
}

/* As write_pages(), but from here. */
static void write_from_outside(struct family *f, u32 who)
{
	for (u64 i = 0; i < f->pages; i++)
		f->failed +=
			!cow_access(f->mm[who], IO_MEMORY_VA + i * PAGE_BYTES, &i, sizeof(i), true);
}

static void fork(struct family *f, u32 who)
{
	f->mm[who + 1] = mm_create();
	mm_get(f->mm[who + 1]);
	f->vma[who + 1] = cow_fork(f->vma[who], f->mm[who + 1]);
	if (!f->vma[who + 1])
		panic("no room", "a fork of space %u", f->mm[who]->id);
}

static void check_use(const struct family *f, const char *name, enum cow_cause cause, u64 maps)
{
	check_equal(name, f->group.stats.by[cause].maps, maps);
}

/* Each page was written first, copied by the child, copied for the grandchild, and then the
 * parent's alone. */
static void check_events(const struct family *f)
{
	const struct cow_stats *stats = &f->group.stats;
	u64 events = 0;

	for (u32 i = 0; i < COW_CAUSES; i++)
		events += stats->by[i].events;
	check_equal("cow.events", events, (u64)COW_CAUSES * f->pages);
	check_equal("cow.made_writable", stats->made_writable, f->pages);
	check_equal("cow.entries_protected", stats->protected, 2 * (u64)f->pages);
	/* one for each page that a copy takes the place of, and one for each fork */
	check_equal("cow.flushes", stats->flushes, 2 * (u64)f->pages + 2);
	check_equal("cow.failed", f->failed, 0);
}

static void run(struct family *f)
{
	write_by(f, 0);
	check_use(f, "cow.maps_clear", COW_CLEAR, high_pages(f, 0));
	fork(f, 0);
	write_by(f, 1);
	check_use(f, "cow.maps_copy", COW_COPY, high_pages(f, 1));
	fork(f, 1);
	write_from_outside(f, 2);
	check_use(f, "cow.maps_forced", COW_FORCED, high_pages(f, 1) + high_pages(f, 2));
	check_use(f, "cow.maps_access", COW_ACCESS, high_pages(f, 2));
	write_by(f, 0);
	check_events(f);
}

void highmem_io_cow(u32 pages)
{
	struct family f = { .pages = pages, .group = { .frames = &io_frames } };

	f.mm[0] = mm_create();
	mm_get(f.mm[0]);
	f.vma[0] = cow_map(f.mm[0], IO_MEMORY_VA, pages * PAGE_BYTES, PROT_WRITE, &f.group);
	if (!f.vma[0])
		panic("no room", "memory in space %u", f.mm[0]->id);
	run(&f);
	for (u32 i = 0; i < ARRAY_LEN(f.mm); i++)
		mm_put(f.mm[i]);
}
