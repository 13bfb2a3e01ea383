/* SPDX-License-Identifier: MIT */
/*
 * Owns pages that are freed while they have an address (struct kva_ops: forget) and other CPUs get
 * theirs, in so few slots that each get may take the slot of any other page: who comes too late for
 * one must not keep it from ending.
 */
#include "guest/scenario/kva.h"

enum { SLOTS = 2, PAGES = 2 };

struct user {
	u32 rounds;
	u64 wrong;
};

static void get_once(struct page *page, u64 *wrong)
{
	void *address = kva_get(page);

	*wrong += kva_page_is_wrong(page, address);
	kva_put(page, address);
}

/* The second get of a page finds its address, or that it has gone meanwhile. */
static void get_and_free(void *arg)
{
	struct user *user = arg;

	for (u32 round = 0; round < user->rounds; round++) {
		struct kva_pages pages;

		kva_pages_make(&pages, PAGES);
		for (u32 i = 0; i < 2 * PAGES; i++)
			get_once(pages.page[i / 2], &user->wrong);
		kva_pages_free(&pages);
	}
}

void kva_free_meanwhile(const struct kva_ops *ops, u32 rounds)
{
	struct user user[KVL_MAX_CPUS];
	u64 wrong = 0;

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		user[cpu] = (struct user){ .rounds = rounds };
	kva_start(ops, SLOTS);
	task_on_each_cpu("user", get_and_free, user, sizeof(*user));
	kva_stop();
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		wrong += user[cpu].wrong;
	check_equal("freed.wrong_words", wrong, 0);
}
