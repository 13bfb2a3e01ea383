/* SPDX-License-Identifier: MIT */
/*
 * Owns what one space can reach of another's (seed rows B1, B9): a task of space A holds an
 * address, at which user programs of both spaces read and write, and so does the kernel, for a task
 * of B.
 *
 * Where spaces have slots of their own, A's page is out of reach there, B's is at the same address,
 * A's page is at another one in B, and neither has more than its tasks hold.
 */
#include "guest/arch.h"
#include "guest/mm/ukva.h"
#include "guest/scenario/task_kmap.h"
#include "guest/user/user.h"

/* What B writes, of a page; 0 before. */
enum { HIS_WORD = 1, HIS_VALUE = 0x0b };

static struct {
	const struct kva_ops *ops;
	struct mm *a, *b;
	struct kva_pages pages; /* the first is A's, the second B's */
	u64 *address;		/* of A's page in A */
	u32 killed;
} now;

u32 task_kmap_leaves(struct mm *mm, u32 slots)
{
	u32 n = 0;

	for (u32 i = 0; i < MM_SLOTS + slots; i++)
		n += pt_lookup(mm, ukva_slot_address(i)) != 0;
	return n;
}

static u32 leaves(struct mm *mm)
{
	return task_kmap_leaves(mm, UKVA_POOL_SLOTS);
}

static u32 last_cpu(void)
{
	return boot_options.ncpus - 1;
}

/* --- at CPL 3 --------------------------------------------------------------------------------- */

static void be_killed(struct mm *mm, u32 cpu, void (*program)(u64), u32 thread)
{
	struct task *task = user_start("intruder", cpu, mm, program, (u64)now.address, thread);

	now.killed += task_join(task) == -1;
}

static void try_from_user(void)
{
	be_killed(now.a, 0, user_read, 0);
	be_killed(now.a, 0, user_write, 1);
	be_killed(now.b, last_cpu(), user_read, 0);
	be_killed(now.b, last_cpu(), user_write, 1);
	check_equal("isolation.killed", now.killed, 4);
}

/* --- in the kernel, for a task of B ----------------------------------------------------------- */

/* One page has two addresses, and one address shows two pages. */
static void use_both(struct page *hers, struct page *his)
{
	u64 *address = kva_get(his), *other;

	check_true("two.same_address", address == now.address);
	check_true("two.his_word", !kva_page_is_wrong(his, address));
	address[HIS_WORD] = HIS_VALUE;
	other = kva_get(hers);
	check_true("two.other_address", other != now.address);
	check_true("two.her_word", !kva_page_is_wrong(hers, other));
	check_equal("isolation.his_leaves", leaves(now.b), 2);
	kva_put(hers, other);
	kva_put(his, address);
}

static void try_from_kernel(void *unused)
{
	bool stored = store_nofault(now.address + HIS_WORD, HIS_VALUE);

	(void)unused;
	metric("foreign_stores", stored);
	if (!now.ops->own_space)
		return;
	check_true("isolation.no_store", !stored);
	use_both(now.pages.page[0], now.pages.page[1]);
}

/* --- A's task --------------------------------------------------------------------------------- */

static void hold(void *unused)
{
	struct page *page = now.pages.page[0];

	(void)unused;
	now.address = kva_get(page);
	try_from_user();
	task_join(task_start("b", last_cpu(), now.b, try_from_kernel, NULL));
	check_true("isolation.her_word", !kva_page_is_wrong(page, now.address));
	if (now.ops->own_space) {
		check_equal("isolation.her_next_word", now.address[HIS_WORD], 0);
		check_equal("isolation.her_leaves", leaves(now.a), 1);
	}
	kva_put(page, now.address);
}

static void check_empty(void)
{
	struct mm *new = mm_create();

	mm_get(new);
	check_equal("empty.after_put", leaves(now.a) + leaves(now.b), 0);
	check_equal("empty.new_space", leaves(new), 0);
	check_true("two.no_question", !now.ops->page_kva);
	mm_put(new);
}

static struct mm *space(void)
{
	struct mm *mm = user_mm_create();

	mm_get(mm);
	return mm;
}

void task_kmap_spaces(const struct kva_ops *ops, u32 slots)
{
	now = (typeof(now)){ .ops = ops, .a = space(), .b = space() };
	kva_pages_make(&now.pages, 2);
	kva_start(ops, slots);
	task_join(task_start("a", 0, now.a, hold, NULL));
	if (ops->own_space)
		check_empty();
	kva_stop();
	kva_pages_free(&now.pages);
	mm_put(now.a);
	mm_put(now.b);
}
