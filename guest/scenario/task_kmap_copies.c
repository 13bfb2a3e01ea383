/* SPDX-License-Identifier: MIT */
/*
 * Owns copies between a task's user memory and pages that have no address (seed row B13,
 * "copy_to_user … cheaper"): what a copy takes in either direction, flushes included, and what it
 * takes to map and unmap alone. No other CPU has the task's space loaded.
 */
#include "guest/scenario/kva_forms.h"
#include "guest/scenario/task_kmap.h"

#define USER_VA MiB(8)

static struct {
	const struct kva_ops *ops;
	struct kva_pages pages;
	u32 copies;
	u64 wrong;
} now;

static void nothing(void *address)
{
	(void)address;
}

static void to_user(void *address)
{
	now.wrong += !copy_to_user(USER_VA, address, PAGE_BYTES);
}

static void from_user(void *address)
{
	now.wrong += !copy_from_user(address, USER_VA, PAGE_BYTES);
}

/* Returns the ticks that one took, on average. */
static u64 each(void (*use)(void *address))
{
	u64 start = ticks_now();

	for (u32 i = 0; i < now.copies; i++) {
		struct page *page = now.pages.page[i % now.pages.n];
		void *address = kva_get(page);

		use(address);
		kva_put(page, address);
	}
	return (ticks_now() - start) / now.copies;
}

/* A page that went out and was overwritten comes back as it was. */
static void check_content(struct page *page)
{
	u64 word = 0, *address = kva_get(page);

	to_user(address);
	address[0] = 0;
	now.wrong += !copy_from_user(&word, USER_VA, sizeof(word)) || word != page_gpa(page);
	from_user(address);
	now.wrong += kva_page_is_wrong(page, address);
	kva_put(page, address);
}

static void report(const struct spent *spent)
{
	metric("copies", now.copies);
	metric("copy_entries", spent->entries);
	metric("copy_page_flushes", spent->page_flushes);
	metric("copy_space_flushes", spent->space_flushes);
	metric("copy_ipis", spent->ipis);
}

static void copy(void *unused)
{
	struct spent before, spent;

	(void)unused;
	kva_settle(now.ops, &now.pages);
	for (u32 i = 0; i < now.pages.n; i++)
		check_content(now.pages.page[i]);
	metric("map_ticks", each(nothing));
	before = spent_until_now();
	metric("copy_to_user_ticks", each(to_user));
	spent = spent_since(&before);
	metric("copy_from_user_ticks", each(from_user));
	report(&spent);
	check_equal("copies.wrong", now.wrong, 0);
}

static struct mm *space(void)
{
	struct mm *mm = mm_create();

	if (!vma_map_user(mm, USER_VA, PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0))
		panic("no room", "a user page in a new space");
	return mm;
}

void task_kmap_copies(const struct kva_ops *ops, u32 slots, u32 copies)
{
	now = (typeof(now)){ .ops = ops, .copies = copies };
	kva_pages_make(&now.pages, slots + 1);
	kva_start(ops, slots);
	task_join(task_start("copies", 0, space(), copy, NULL));
	kva_stop();
	kva_pages_free(&now.pages);
}
