/* SPDX-License-Identifier: MIT */
/*
 * Owns the processes of task-kmap (row B13): their pages and the file's have no addresses, so each
 * page that is cleared, copied for a fork's sake or read from the file needs one. A space begins
 * with none of its own, after a fork and after an exec. At last threads of one process do the same.
 */
#include "guest/scenario/family_run.h"
#include "guest/scenario/kva_forms.h"
#include "guest/scenario/task_kmap.h"

static struct {
	u32 slots;
	volatile u32 not_empty;
} born;

static void look_at_new_space(struct mm *mm)
{
	if (task_kmap_leaves(mm, born.slots))
		__atomic_fetch_add(&born.not_empty, 1, __ATOMIC_RELAXED);
}

/* Of each page that got an address. */
static void report(const struct spent *spent, u64 maps)
{
	metric("family_maps", maps);
	metric("family_entries", spent->entries);
	metric("family_page_flushes", spent->page_flushes);
	metric("family_space_flushes", spent->space_flushes);
	metric("family_ipis", spent->ipis);
}

void task_kmap_families(const struct kva_ops *ops, u32 slots)
{
	struct spent before = spent_until_now(), spent;
	struct family_run run = family_run_read();
	u64 maps = count_total(COUNT_KVA_INSTALLS);

	born = (typeof(born)){ .slots = ops->own_space ? slots : 0 };
	run.team = 3;
	run.born = look_at_new_space;
	kva_start(ops, slots);
	family_run(&run);
	kva_stop();
	spent = spent_since(&before);
	report(&spent, count_total(COUNT_KVA_INSTALLS) - maps);
	check_equal("family.spaces_not_empty", born.not_empty, 0);
}
