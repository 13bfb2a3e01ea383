/* SPDX-License-Identifier: MIT */
/*
 * Owns what task-kmap provokes: a kernel task that asks for an address while it runs on a space's
 * root (seed row B12); a task that moves to another CPU while it holds one (row B6); one that ends
 * while it holds one; one that waits for itself.
 */
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/task_kmap.h"

static struct {
	const struct kva_ops *ops;
	u32 slots;
	struct kva_pages pages;
} now;

static void ask(void *unused)
{
	(void)unused;
	kva_put(now.pages.page[0], kva_get(now.pages.page[0]));
}

/* The kernel task comes on this CPU, and finds our root loaded. */
static void let_kernel_task_ask(void *unused)
{
	ask(unused);
	task_join(task_start("lazy", cpu_id(), NULL, ask, NULL));
}

static void move_holding(void *unused)
{
	void *address = kva_get(now.pages.page[0]);

	(void)unused;
	task_move(boot_options.ncpus - 1);
	check_true("move.word", !kva_page_is_wrong(now.pages.page[0], address));
	kva_put(now.pages.page[0], address);
}

static void end_holding(void *unused)
{
	(void)unused;
	kva_get(now.pages.page[0]);
}

static void wait_for_itself(void *unused)
{
	(void)unused;
	kva_fill(now.ops, now.slots, KVA_HOLDER_WAITS);
}

/* By a task of a new space. */
static void run(void (*what)(void *))
{
	kva_pages_make(&now.pages, 1);
	kva_start(now.ops, now.slots);
	task_join(task_start("provoked", 0, mm_create(), what, NULL));
	kva_stop();
	kva_pages_free(&now.pages);
}

static void refuse_unless(bool possible, const char *what, const char *why)
{
	if (!possible)
		usage_failure("provoke=%s: %s", what, why);
}

bool task_kmap_provoke(const struct kva_ops *ops, const char *what, u32 slots)
{
	now = (typeof(now)){ .ops = ops, .slots = slots };
	if (strcmp(what, "self-wait") == 0) {
		task_join(task_start("provoked", 0, mm_create(), wait_for_itself, NULL));
	} else if (strcmp(what, "lazy-user") == 0) {
		refuse_unless(ops->own_space, what, "kernel tasks get addresses of this arm, too");
		run(let_kernel_task_ask);
	} else if (strcmp(what, "move") == 0) {
		refuse_unless(ops->reach == KVA_BY_TASK && boot_options.ncpus > 1, what,
			      "needs two CPUs, and addresses that belong to a task");
		run(move_holding);
	} else if (strcmp(what, "end-holding") == 0) {
		refuse_unless(ops->own_space, what, "addresses of this arm are no space's");
		run(end_holding);
	}
	return strcmp(what, "none") != 0;
}
