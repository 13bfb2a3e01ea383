/* SPDX-License-Identifier: MIT */
/*
 * hello's user tasks:
 *
 *   watch      a user page is changed under a task on every CPU, flushed, seen changed
 *   spin       the same while the tasks read it at CPL 3 all the time (free schedule only: under
 *              the seeded one a CPU at CPL 3 has the turn, and nobody could change the page)
 *   share      two user tasks take turns on one CPU
 *   touch      anonymous user memory: faults = pages
 *   guard      a user task reads kernel space and is killed for it
 */
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"
#include "guest/user/user.h"

#define DATA_VA MiB(8)

/* --- watch ------------------------------------------------------------------------------------ */

enum { OLD_WORD = 0x01d, NEW_WORD = 0x2e3 };

static struct {
	volatile u32 saw_old, saw_new; /* bit per CPU */
	volatile bool changed;
	volatile u32 wrong;
} watch;

/* What a task saw; true if it was the new word. */
static bool note_seen(u64 value)
{
	u32 bit = 1u << cpu_id();

	if (value == NEW_WORD) {
		__atomic_fetch_or(&watch.saw_new, bit, __ATOMIC_SEQ_CST);
		return true;
	}
	if (value != OLD_WORD || watch.changed)
		__atomic_fetch_add(&watch.wrong, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&watch.saw_old, bit, __ATOMIC_SEQ_CST);
	return false;
}

/* A watcher reports what it reads; it is let go once it has seen the new word. */
static u64 watch_report(u64 value, u64 unused)
{
	(void)unused;
	if (note_seen(value))
		return 0;
	wait_begin(KVL_WAIT_TASK, current()->id, SITE("hello.watch"));
	while (!watch.changed)
		task_yield();
	wait_end(KVL_WAIT_TASK, current()->id, SITE("hello.watch"));
	return 1;
}

static u64 spin_report(u64 value, u64 unused)
{
	(void)unused;
	return note_seen(value);
}

static enum fault_result no_fault(struct vma *vma, const struct fault *fault)
{
	(void)vma;
	(void)fault;
	return FAULT_ERROR;
}

static const struct vma_ops fixed_ops FAULT_TABLE = { .name = "fixed page", .fault = no_fault };

/* Starts @program on every CPU of @cpus with the page to read, waits until each has read it. */
static void start_readers(struct mm *mm, void (*program)(u64), u32 cpus, struct task **task)
{
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		if (cpus & 1u << cpu)
			task[cpu] = user_start("reader", cpu, mm, program, DATA_VA, cpu);
	while (watch.saw_old != cpus)
		task_yield();
}

static void join_readers(const char *name, u32 cpus, struct task **task)
{
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		if (cpus & 1u << cpu)
			check_equal(name, task_join(task[cpu]), 0);
}

/* Replaces the page under the readers on @cpus. The flush reaches every CPU that runs the space. */
static void change_page(struct mm *mm, struct page *new)
{
	pt_replace(mm, DATA_VA, arch_pte_leaf(page_gpa(new), PROT_USER), SITE("hello.change"));
	tlb_flush_range(mm, DATA_VA, PAGE_BYTES, SITE("hello.change"));
}

/* A space with @page at DATA_VA, kept alive by us. */
static struct mm *space_with(struct page *page)
{
	struct mm *mm = user_mm_create();

	mm_get(mm);
	vma_map_user(mm, DATA_VA, PAGE_BYTES, PROT_READ, &fixed_ops, NULL, 0);
	pt_map_new(mm, DATA_VA, page_gpa(page), PROT_USER, SITE("hello.page"));
	memset((void *)&watch, 0, sizeof(watch));
	return mm;
}

static void drop_space(struct mm *mm)
{
	pt_unmap(mm, DATA_VA, PAGE_BYTES, SITE("hello.page"));
	tlb_flush_range(mm, DATA_VA, PAGE_BYTES, SITE("hello.page"));
	mm_put(mm);
}

/* One thread per CPU reads the page; the page is replaced and flushed; each must see the new
 * one. */
static void watch_change(void)
{
	struct page *old = hello_page(OLD_WORD), *new = hello_page(NEW_WORD);
	struct mm *mm = space_with(old);
	struct task *task[KVL_MAX_CPUS];
	u64 shootdowns = count_total(COUNT_SHOOTDOWNS), ipis = count_total(COUNT_IPIS);
	u64 faults = count_total(COUNT_USER_FAULTS);
	const u32 n = boot_options.ncpus;

	syscall_report = watch_report;
	start_readers(mm, user_watch, cpus_online(), task);
	/* each thread touches its stack; the text page is mapped by the first, and those that fault
	 * on it at the same time find it there */
	check_range("watch.faults", count_total(COUNT_USER_FAULTS) - faults, n + 1, 2 * n);
	change_page(mm, new);
	check_count("watch.shootdowns", COUNT_SHOOTDOWNS, shootdowns, n > 1);
	check_count("watch.ipis", COUNT_IPIS, ipis, n - 1);
	watch.changed = true;
	join_readers("watch.exit", cpus_online(), task);
	check_equal("watch.saw_new", watch.saw_new, cpus_online());
	check_equal("watch.stale_or_wild", watch.wrong, 0);
	drop_space(mm);
	page_free(old);
	page_free(new);
}

/*
 * The readers are at CPL 3 when the page is changed: the interrupt has to fetch them. But no
 * processor has to keep a translation (and KVM drops all when a trapped store replaces one):
 * without turns a reader may see the new page, and be gone, before it is asked.
 */
static void spin_change(void)
{
	struct page *old = hello_page(OLD_WORD), *new = hello_page(NEW_WORD);
	struct mm *mm = space_with(old);
	struct task *task[KVL_MAX_CPUS];
	u64 ipis = count_total(COUNT_IPIS);
	u32 others = cpus_online() & ~(1u << cpu_id()), most = boot_options.ncpus - 1;

	syscall_report = spin_report;
	start_readers(mm, user_spin, others, task);
	change_page(mm, new);
	check_range("spin.ipis", count_total(COUNT_IPIS) - ipis, boot_options.seeded ? most : 0,
		    most);
	join_readers("spin.exit", others, task);
	check_equal("spin.saw_new", watch.saw_new, others);
	drop_space(mm);
	page_free(old);
	page_free(new);
}

/* Two tasks in turns on one CPU: each traps on its own kernel stack. */
static void share_cpu(void)
{
	struct mm *a = user_mm_create(), *b = user_mm_create();
	struct task *first = user_start("first", boot_options.ncpus - 1, a, user_yield, 5, 0);
	struct task *second = user_start("second", boot_options.ncpus - 1, b, user_yield, 5, 0);

	check_equal("share.first", task_join(first), 0);
	check_equal("share.second", task_join(second), 0);
}

/* --- touch, guard ----------------------------------------------------------------------------- */

static void touch_anonymous(void)
{
	struct mm *mm = user_mm_create();
	u64 faults = count_total(COUNT_USER_FAULTS);

	vma_map_user(mm, DATA_VA, 16 * PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0);
	check_equal(
		"touch.wrong_words",
		task_join(user_start("touch", boot_options.ncpus - 1, mm, user_touch, DATA_VA, 0)),
		0);
	/* 16 pages of data, 1 of text, 1 of stack */
	check_count("touch.faults", COUNT_USER_FAULTS, faults, 18);
}

static void guard_kernel(void)
{
	struct mm *mm = user_mm_create();

	check_equal("guard.killed",
		    task_join(user_start("intruder", 0, mm, user_read,
					 layout.page_offset + KVL_BOOT_GPA, 0)),
		    -1);
}

void hello_user(void)
{
	watch_change();
	if (!boot_options.seeded && boot_options.ncpus > 1)
		spin_change();
	share_cpu();
	touch_anonymous();
	guard_kernel();
}
