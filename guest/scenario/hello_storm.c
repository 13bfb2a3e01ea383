/* SPDX-License-Identifier: MIT */
/*
 * hello's storm: every CPU maps, unmaps, flushes and reads pages that all share, in an order drawn
 * from the seed. Each page holds a number that says which one it is, so that whoever reads through
 * a stale translation reads a wrong number: a witness that knows nothing of the trace. A round is
 * what the seed makes of a few steps on each CPU; many share a boot.
 *
 *   kernel     an area of pages that is changed under a lock, some at a time, with one flush of
 *              all of them; who reads under the lock must read what was last put there
 *   user       a page in each of two spaces, taken out, freed and put back while the tasks of that
 *              space read it (with a soft TLB: without a lock): one that was freed must never be
 *              read
 *   spaces     come and go meanwhile
 */
#include "guest/arch.h"
#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/mm/pt.h"
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"
#include "guest/trace.h"

#define STEPS 6	      /* of each CPU in a round */
#define AREA_PAGES 36 /* more than are flushed one by one (tlb.c) */
#define NEAR_PAGES 4  /* at most of the time only the first of these, and some behind */
#define SOME_PAGES 3
#define SPACES 2
#define PAGE_VA MiB(8) /* in each space */

enum { FREED = 0xf3eed, FIRST_NUMBER = 1 << 20 };

struct space {
	struct mm *mm;
	volatile u64 oldest, newest; /* numbers that may be read there, besides that nothing is */
};

static struct storm {
	struct spinlock lock; /* orders all changes, and reads of the area */
	u64 area;	      /* kernel-virtual */
	struct page *shown[AREA_PAGES], *spare[AREA_PAGES], *extra[AREA_PAGES];
	struct space space[SPACES];
	volatile u64 last_number;
	u32 kernel_reads, user_reads, wrong_kernel, wrong_user;
} storm = { .lock = SPINLOCK("storm") };

/* --- the kernel's area ------------------------------------------------------------------------ */
/* A page of the area holds its own address. */
static struct page *area_page(void)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *address = kmap_local(page);

	*address = page_gpa(page);
	kunmap_local(address);
	return page;
}

static void show_spare(u32 i)
{
	struct page *page = storm.spare[i];

	storm.spare[i] = storm.shown[i];
	storm.shown[i] = page;
	pt_replace(&init_mm, storm.area + i * PAGE_BYTES, arch_pte_leaf(page_gpa(page), PROT_WRITE),
		   SITE("storm.show"));
}

static void change_area(u32 first, u32 n)
{
	spin_lock(&storm.lock);
	for (u32 i = first; i < first + n; i++)
		show_spare(i);
	tlb_flush_range(&init_mm, storm.area + first * PAGE_BYTES, n * PAGE_BYTES,
			SITE("storm.show"));
	spin_unlock(&storm.lock);
}

static void read_area(u32 i)
{
	const volatile u64 *word = (const volatile u64 *)(storm.area + i * PAGE_BYTES);

	spin_lock(&storm.lock);
	trace_use(word, false, SITE("storm.read"));
	storm.wrong_kernel += *word != page_gpa(storm.shown[i]);
	storm.kernel_reads++;
	spin_unlock(&storm.lock);
}

/*
 * Without a lock: what is seen may be old or new; that it was looked at may leave a translation
 * behind.
 */
static void glance_at_area(u32 i)
{
	(void)*(const volatile u64 *)(storm.area + i * PAGE_BYTES);
}

/* --- the spaces' pages ------------------------------------------------------------------------ */
static void put_page(struct space *space)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *address = kmap_local(page);

	*address = ++storm.last_number;
	kunmap_local(address);
	space->newest = storm.last_number;
	pt_map_new(space->mm, PAGE_VA, page_gpa(page), PROT_USER, SITE("storm.put"));
}

/* Whoever takes up the page that was freed writes to it at once. */
static void spoil_a_free_page(void)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *address = kmap_local(page);

	*address = FREED;
	kunmap_local(address);
	page_free(page);
}

static void change_page(struct space *space)
{
	spin_lock(&storm.lock);
	vma_free_page(space->mm, PAGE_VA, SITE("storm.take"));
	space->oldest = storm.last_number + 1;
	spoil_a_free_page();
	put_page(space);
	spin_unlock(&storm.lock);
}

static void read_page(const struct space *space)
{
	u64 oldest = space->oldest, number;

	if (copy_from_user(&number, PAGE_VA, sizeof(number)))
		__atomic_fetch_add(&storm.wrong_user, number < oldest || number > space->newest,
				   __ATOMIC_RELAXED);
	__atomic_fetch_add(&storm.user_reads, 1, __ATOMIC_RELAXED);
}

/*
 * Without a lock it may be there, or not, or change meanwhile; what is read of a page between its
 * removal and the flush is for the TLB to say, and so is whether that faults. With the processor's
 * own TLB counts would differ from host to host.
 */
static void read_page_in_its_way(const struct space *space)
{
	if (boot_options.request.soft_entries) {
		read_page(space);
		return;
	}
	spin_lock(&storm.lock);
	read_page(space);
	spin_unlock(&storm.lock);
}

/* Its tables are handed out and taken back beside those of others. */
static void come_and_go(void)
{
	struct mm *mm = mm_create();

	mm_get(mm);
	mm_put(mm);
}

/* --- rounds ----------------------------------------------------------------------------------- */
static void step(const struct space *own, u64 drawn)
{
	u32 i = drawn / 16 % NEAR_PAGES;

	switch (drawn % 16) {
	case 0: change_area(0, AREA_PAGES); break;
	case 1: change_area(i, 1); break;
	case 2 ... 3: change_area(i, SOME_PAGES); break;
	case 4 ... 5: change_page(&storm.space[drawn / 16 % SPACES]); break;
	case 6 ... 8: read_area(i); break;
	case 9 ... 10: glance_at_area(i); break;
	case 11: come_and_go(); break;
	default: read_page_in_its_way(own);
	}
}

static void blow(void *arg)
{
	const struct space *own = &storm.space[cpu_id() % SPACES];
	u64 draws = *(const u64 *)arg;

	for (u32 i = 0; i < STEPS; i++) {
		step(own, draw_next(&draws));
		task_yield();
	}
}

static void round_of_steps(u64 number)
{
	struct task *task[KVL_MAX_CPUS];
	u64 draws[KVL_MAX_CPUS], round = draw_stream(boot_options.seed, number);

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		draws[cpu] = draw_stream(round, cpu);
		task[cpu] =
			task_start("storm", cpu, storm.space[cpu % SPACES].mm, blow, &draws[cpu]);
	}
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		task_join(task[cpu]);
}

static void begin(void)
{
	storm.last_number = FIRST_NUMBER;
	storm.area = (u64)vmalloc(AREA_PAGES * PAGE_BYTES, SITE("hello.vmalloc"));
	for (u32 i = 0; i < AREA_PAGES; i++) {
		u64 va = storm.area + i * PAGE_BYTES;

		storm.shown[i] = gpa_page(arch_pte_gpa(pt_lookup(&init_mm, va)));
		*(volatile u64 *)va = page_gpa(storm.shown[i]);
		storm.spare[i] = storm.extra[i] = area_page();
	}
	for (u32 i = 0; i < SPACES; i++) {
		storm.space[i].mm = mm_create();
		mm_get(storm.space[i].mm);
		storm.space[i].oldest = storm.last_number + 1;
		put_page(&storm.space[i]);
	}
}

/* vfree() frees the pages that vmalloc() gave, whatever is shown. */
static void end(void)
{
	const u16 site = SITE("storm.end");

	for (u32 i = 0; i < SPACES; i++) {
		vma_free_page(storm.space[i].mm, PAGE_VA, site);
		mm_put(storm.space[i].mm);
	}
	vfree((void *)storm.area);
	for (u32 i = 0; i < AREA_PAGES; i++)
		page_free(storm.extra[i]);
}

void hello_storm(u64 rounds)
{
	u64 shootdowns = count_total(COUNT_SHOOTDOWNS);

	if (!rounds)
		return;
	begin();
	for (u64 i = 0; i < rounds; i++)
		round_of_steps(i);
	check_equal("storm.wrong_kernel_words", storm.wrong_kernel, 0);
	check_equal("storm.wrong_user_words", storm.wrong_user, 0);
	if (boot_options.ncpus == 1)
		check_count("storm.shootdowns", COUNT_SHOOTDOWNS, shootdowns, 0);
	metric("storm_kernel_reads", storm.kernel_reads);
	metric("storm_user_reads", storm.user_reads);
	end();
}
