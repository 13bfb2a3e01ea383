/* SPDX-License-Identifier: MIT */
/*
 * hello: the core that all proposals stand on, each part once, with its closed form.
 *
 *   highmem    a page without an address, through a short-lived local mapping (seeds T, B)
 *   sync       the ordinary vmalloc fault: a space's directory filled from init_mm (W2)
 *   tables     what one mapping costs where tables have an address, and where each must be mapped
 *              to be reached (--arena highmem; B3)
 *   swbit      a software bit in an entry, through the architecture's accessor (L3)
 *   watch      a user page is changed under a task on every CPU, flushed, seen changed
 *   spin       the same while the tasks read it at CPL 3 all the time (free schedule only: under the
 *              seeded one a CPU at CPL 3 has the turn, and nobody could change the page)
 *   share      two user tasks take turns on one CPU
 *   wait       a kernel VMA whose fault function waits (W1, W9)
 *   touch      anonymous user memory: faults = pages
 *   guard      a user task reads kernel space and is killed for it
 *   ioremap    device memory over tables that earlier mappings left, while spaces come and go
 */
#include "guest/scenario/hello.h"

#include "guest/lib/string.h"
#include "guest/mm/pt.h"
#include "guest/mm/vm.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"
#include "guest/user/user.h"

#define DATA_VA MiB(8)

const struct scenario_param hello_params[] = {
	{ "fail", "hang|fault|hole|triple|ring|wild|wait|deadlock", "none",
	  "do what must not happen, to see what is made of it" },
	{ NULL, NULL, NULL, NULL },
};

static u32 ncpus(void)
{
	return boot_options.ncpus;
}

/* Fails unless the counter rose by @want since @before. */
static void check_count(const char *name, enum counter which, u64 before, u64 want)
{
	check_equal(name, count_total(which) - before, want);
}

/* --- highmem ---------------------------------------------------------------------------------- */

static void highmem(void)
{
	u64 sets = count_total(COUNT_PT_SET), flushes = count_total(COUNT_FLUSH_PAGE);
	u64 ipis = count_total(COUNT_IPIS);
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	bool high = !page_address(page);
	volatile u64 *word = kmap_local(page);

	*word = 0x68656c6c6f;
	kunmap_local((void *)(u64)word);
	word = kmap_local(page);
	check_equal("highmem.word", *word, 0x68656c6c6f);
	kunmap_local((void *)(u64)word);
	page_free(page);
	/* kmap-local's closed form (section T): 2M entries, M flushes of a page, no IPI */
	check_count("highmem.entries", COUNT_PT_SET, sets, high ? 4 : 0);
	check_count("highmem.flushes", COUNT_FLUSH_PAGE, flushes, high ? 2 : 0);
	check_count("highmem.ipis", COUNT_IPIS, ipis, 0);
}

/* --- sync --------------------------------------------------------------------------------------- */

struct sync {
	u8 *area;
	u64 first, second; /* directory fills at the first and at the second touch */
};

static void touch_area(void *arg)
{
	struct sync *s = arg;
	u64 before = count_total(COUNT_FAULT_SYNCS);

	*(volatile u8 *)s->area = 1;
	s->first = count_total(COUNT_FAULT_SYNCS) - before;
	*(volatile u8 *)(s->area + PAGE_BYTES) = 2;
	s->second = count_total(COUNT_FAULT_SYNCS) - before - s->first;
}

/* A task with a space of its own touches a vmalloc area that was made after the space. */
static void sync_from_init_mm(void)
{
	struct mm *mm = mm_create();
	struct sync s = { .area = vmalloc(2 * PAGE_BYTES, SITE("hello.vmalloc")) };

	task_join(task_start("sync", ncpus() - 1, mm, touch_area, &s));
	check_equal("sync.first_touch", s.first, 1);
	check_equal("sync.second_touch", s.second, 0);
	check_equal("sync.bytes", s.area[0] + s.area[PAGE_BYTES], 3);
	vfree(s.area);
}

/* --- tables -------------------------------------------------------------------------------------- */

/*
 * A page is mapped where all tables exist: four tables are looked into, one entry is written. Where
 * tables are in highmem each look costs two entries of the fixmap and one flush of a page.
 */
static void reach_tables(void)
{
	u8 *area = vmalloc(PAGE_BYTES, SITE("hello.vmalloc"));
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 beside = ALIGN_DOWN((u64)area, LARGE_BYTES) + LARGE_BYTES - PAGE_BYTES;
	bool mapped_tables = layout.arena.start >= layout.lowmem_end_gpa;
	u64 sets = count_total(COUNT_PT_SET), flushes = count_total(COUNT_FLUSH_PAGE);

	pt_map(&init_mm, beside, page_gpa(page), PROT_READ, SITE("hello.tables"));
	check_count("tables.entries", COUNT_PT_SET, sets, mapped_tables ? 1 + 2 * 4 : 1);
	check_count("tables.flushes", COUNT_FLUSH_PAGE, flushes, mapped_tables ? 4 : 0);
	check_equal("tables.as_asked", mapped_tables, boot_options.request.arena_highmem);
	pt_unmap(&init_mm, beside, PAGE_BYTES, SITE("hello.tables"));
	tlb_flush_range(&init_mm, beside, PAGE_BYTES, SITE("hello.tables"));
	page_free(page);
	vfree(area);
}

/* --- swbit ----------------------------------------------------------------------------------------- */

static void software_bit(void)
{
	u64 *area = vmalloc(PAGE_BYTES, SITE("hello.vmalloc"));
	u64 entry = pt_lookup(&init_mm, (u64)area);

	*area = 42;
	check_true("swbit.there_is_one", arch_pte_has_sw_bits());
	pt_replace(&init_mm, (u64)area, arch_pte_set_sw(entry, true), SITE("hello.swbit"));
	tlb_flush_range(&init_mm, (u64)area, PAGE_BYTES, SITE("hello.swbit"));
	entry = pt_lookup(&init_mm, (u64)area);
	check_true("swbit.set", arch_pte_sw(entry));
	check_equal("swbit.word", *area, 42);
	check_true("swbit.cleared", !arch_pte_sw(arch_pte_set_sw(entry, false)));
	vfree(area);
}

/* --- watch -------------------------------------------------------------------------------------------- */

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

static struct page *page_with(u64 word)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *address = kmap_local(page);

	*address = word;
	kunmap_local(address);
	return page;
}

static enum fault_result no_fault(struct vma *vma, const struct fault *fault)
{
	(void)vma;
	(void)fault;
	return FAULT_ERROR;
}

static const struct vma_ops fixed_ops = { .name = "fixed page", .fault = no_fault };

/* Starts @program on every CPU of @cpus with the page to read, waits until each has read it. */
static void start_readers(struct mm *mm, void (*program)(u64), u32 cpus, struct task **task)
{
	for (u32 cpu = 0; cpu < ncpus(); cpu++)
		if (cpus & 1u << cpu)
			task[cpu] = user_start("reader", cpu, mm, program, DATA_VA, cpu);
	while (watch.saw_old != cpus)
		task_yield();
}

static void join_readers(const char *name, u32 cpus, struct task **task)
{
	for (u32 cpu = 0; cpu < ncpus(); cpu++)
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

	mm->users++;
	vma_map_user(mm, DATA_VA, PAGE_BYTES, PROT_READ, &fixed_ops, NULL, 0);
	pt_map(mm, DATA_VA, page_gpa(page), PROT_USER, SITE("hello.page"));
	memset((void *)&watch, 0, sizeof(watch));
	return mm;
}

static void drop_space(struct mm *mm)
{
	pt_unmap(mm, DATA_VA, PAGE_BYTES, SITE("hello.page"));
	tlb_flush_range(mm, DATA_VA, PAGE_BYTES, SITE("hello.page"));
	mm_put(mm);
}

/* One thread per CPU reads the page; the page is replaced and flushed; each must see the new one. */
static void watch_change(void)
{
	struct page *old = page_with(OLD_WORD), *new = page_with(NEW_WORD);
	struct mm *mm = space_with(old);
	struct task *task[KVL_MAX_CPUS];
	u64 shootdowns = count_total(COUNT_SHOOTDOWNS), ipis = count_total(COUNT_IPIS);
	u64 faults = count_total(COUNT_FAULTS), syncs = count_total(COUNT_FAULT_SYNCS);
	const u32 n = ncpus();

	syscall_report = watch_report;
	start_readers(mm, user_watch, cpus_online(), task);
	/* each thread touches its stack; the text page is mapped by the first, and those that fault
	 * on it at the same time find it there */
	faults = count_total(COUNT_FAULTS) - faults - (count_total(COUNT_FAULT_SYNCS) - syncs);
	check_range("watch.faults", faults, n + 1, 2 * n);
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

/* The readers are at CPL 3 when the page is changed: the interrupt has to fetch them. */
static void spin_change(void)
{
	struct page *old = page_with(OLD_WORD), *new = page_with(NEW_WORD);
	struct mm *mm = space_with(old);
	struct task *task[KVL_MAX_CPUS];
	u64 ipis = count_total(COUNT_IPIS);
	u32 others = cpus_online() & ~(1u << cpu_id());

	syscall_report = spin_report;
	start_readers(mm, user_spin, others, task);
	change_page(mm, new);
	check_count("spin.ipis", COUNT_IPIS, ipis, ncpus() - 1);
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
	struct task *first = user_start("first", ncpus() - 1, a, user_yield, 5, 0);
	struct task *second = user_start("second", ncpus() - 1, b, user_yield, 5, 0);

	check_equal("share.first", task_join(first), 0);
	check_equal("share.second", task_join(second), 0);
}

/* --- wait ------------------------------------------------------------------------------------------------- */

struct latch {
	volatile bool reached, open;
	struct page *page;
};

static enum fault_result latch_fault(struct vma *vma, const struct fault *fault)
{
	struct latch *latch = vma->private;

	latch->reached = true;
	wait_begin(KVL_WAIT_TASK, (u64)latch, SITE("hello.latch"));
	while (!latch->open)
		task_yield();
	wait_end(KVL_WAIT_TASK, (u64)latch, SITE("hello.latch"));
	pt_map(&init_mm, ALIGN_DOWN(fault->va, PAGE_BYTES), page_gpa(latch->page), vma->prot,
	       SITE("hello.latch"));
	return FAULT_DONE;
}

static const struct vma_ops latch_ops = { .name = "latch", .fault = latch_fault };

static void open_latch(void *arg)
{
	struct latch *latch = arg;

	while (!latch->reached)
		task_yield();
	latch->open = true;
}

static void waiting_fault(void)
{
	struct latch latch = { .page = page_with(7) };
	struct vma *vma = vma_map_kernel(PAGE_BYTES, PROT_READ, &latch_ops, &latch, 0);
	u64 waits = count_total(COUNT_FAULT_WAITS);
	struct task *opener = task_start("opener", ncpus() - 1, NULL, open_latch, &latch);

	check_equal("wait.word", *(volatile u64 *)vma->start, 7);
	check_count("wait.fault_waits", COUNT_FAULT_WAITS, waits, 1);
	task_join(opener);
	vma_unmap(vma);
	page_free(latch.page);
}

/* --- touch, guard ------------------------------------------------------------------------------------------- */

static void touch_anonymous(void)
{
	struct mm *mm = user_mm_create();
	u64 faults = count_total(COUNT_FAULTS), syncs = count_total(COUNT_FAULT_SYNCS);

	vma_map_user(mm, DATA_VA, 16 * PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0);
	check_equal("touch.wrong_words",
		    task_join(user_start("touch", ncpus() - 1, mm, user_touch, DATA_VA, 0)), 0);
	/* 16 pages of data, 1 of text, 1 of stack */
	check_count("touch.faults", COUNT_FAULTS, faults + count_total(COUNT_FAULT_SYNCS) - syncs,
		    18);
}

static void guard_kernel(void)
{
	struct mm *mm = user_mm_create();

	check_equal("guard.killed",
		    task_join(user_start("intruder", 0, mm, user_read,
					 layout.page_offset + KVL_BOOT_GPA, 0)),
		    -1);
}

/* --- ioremap --------------------------------------------------------------------------------- */

static void come_and_go(void *unused)
{
	(void)unused;
	for (u32 i = 0; i < 2; i++) {
		struct mm *mm = mm_create();

		mm->users++;
		mm_put(mm);
		task_yield();
	}
}

/*
 * 2 MiB of addresses where a vmalloc() has left its table behind, and a large leaf beside, mapped
 * and unmapped while another task makes and ends spaces: each may hold a copy of the leaf.
 */
static void remap_devices(void)
{
	u64 gpa = layout.shared.start; /* any memory that no struct page describes */
	struct task *spaces;

	vfree(vmalloc(PAGE_BYTES, SITE("hello.vmalloc")));
	spaces = task_start("spaces", ncpus() - 1, NULL, come_and_go, NULL);
	for (u32 i = 0; i < 3; i++) {
		const struct kvl_shared *seen =
			ioremap(gpa, 2 * LARGE_BYTES, SITE("hello.ioremap"));

		check_equal("ioremap.word", seen->version, KVL_ABI_VERSION);
		iounmap((void *)(u64)seen);
		task_yield();
	}
	task_join(spaces);
}

void hello_run(const struct arm *arm)
{
	const char *fail = param_text("fail");

	(void)arm;
	if (fail && strcmp(fail, "none") && !hello_fail(fail))
		usage_failure("--set fail=%s: no such failure", fail);
	printk("hello from %u CPUs: %lu MiB of lowmem, %s arena, kernel space from %lx\n", ncpus(),
	       (layout.lowmem_end_gpa - KVL_RAM_START_GPA) >> 20,
	       layout.arena.start < layout.lowmem_end_gpa ? "lowmem" : "highmem",
	       layout.page_offset);
	highmem();
	sync_from_init_mm();
	reach_tables();
	software_bit();
	watch_change();
	if (!boot_options.seeded && ncpus() > 1)
		spin_change();
	share_cpu();
	waiting_fault();
	touch_anonymous();
	guard_kernel();
	remap_devices();
}
