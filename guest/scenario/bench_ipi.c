/* SPDX-License-Identifier: MIT */
/*
 * bench: the round trip of an interprocessor interrupt: a flush of one page that only CPU 1 needs,
 * from the request to its acknowledgement. Where the interrupt finds CPU 1 makes the difference
 * (docs/hosts.md): at CPL 3, or in a spin at CPL 0. Neither looks for requests by itself.
 */
#include "guest/arch.h"
#include "guest/mm/vm.h"
#include "guest/scenario/bench.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"
#include "guest/user/user.h"

#define DATA_VA MiB(8)

static struct {
	struct mm *mm; /* whose translations are flushed: CPU 1 has it loaded */
	u32 n;
	volatile bool there, leave; /* CPU 1 is where it shall be; it may go */
	u64 sample[BENCH_MOST_IPIS];
} ipi;

/*
 * The median. An interrupt comes at any time of what it interrupts, so the quickest says little;
 * and the mean is that of the few that found CPU 1 not running at all.
 */
static u64 median(u64 *sample, u32 n)
{
	for (u32 i = 1; i < n; i++) {
		u64 value = sample[i];
		u32 at = i;

		for (; at && sample[at - 1] > value; at--)
			sample[at] = sample[at - 1];
		sample[at] = value;
	}
	return sample[n / 2];
}

static void measure(const char *check)
{
	u64 ipis = count_total(COUNT_IPIS);

	while (!ipi.there)
		task_yield();
	for (u32 i = 0; i < ipi.n; i++) {
		u64 start = arch_cycles();

		tlb_flush_range(ipi.mm, DATA_VA, PAGE_BYTES, SITE("bench.ipi"));
		ipi.sample[i] = arch_cycles() - start;
	}
	check_count(check, COUNT_IPIS, ipis, ipi.n);
}

/* --- CPU 1 at CPL 3: reads a word until it changes -------------------------------------------- */
static u64 spinner_reports(u64 unused, u64 unused_too)
{
	(void)unused;
	(void)unused_too;
	ipi.there = true;
	return 0;
}

static void set_word(struct page *page, u64 word)
{
	volatile u64 *address = kmap_local(page);

	*address = word;
	kunmap_local((void *)(u64)address);
}

static void at_cpl3(struct page *page)
{
	struct task *task;

	ipi.there = false;
	set_word(page, 0);
	syscall_report = spinner_reports;
	task = user_start("spinner", 1, ipi.mm, user_spin, DATA_VA, 0);
	measure("ipis_user");
	set_word(page, 1);
	task_join(task);
	metric("ipi_user_tsc_ticks", median(ipi.sample, ipi.n));
}

/* --- CPU 1 at CPL 0 --------------------------------------------------------------------------- */
static void spin(void *unused)
{
	(void)unused;
	ipi.there = true;
	while (!ipi.leave)
		arch_relax();
}

static void at_cpl0(void)
{
	struct task *task;

	ipi.there = ipi.leave = false;
	task = task_start("spinner", 1, ipi.mm, spin, NULL);
	measure("ipis_kernel");
	ipi.leave = true;
	task_join(task);
	metric("ipi_kernel_tsc_ticks", median(ipi.sample, ipi.n));
}

void bench_ipi(u32 n)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	struct mm *mm = user_mm_create();

	mm_get(mm); /* ours: it outlives the tasks */
	ipi.mm = mm;
	ipi.n = n;
	vma_map_user(mm, DATA_VA, PAGE_BYTES, PROT_READ, &bench_page_ops, page, 0);
	at_cpl3(page);
	at_cpl0();
	pt_unmap(mm, DATA_VA, PAGE_BYTES, SITE("bench.page"));
	tlb_flush_range(mm, DATA_VA, PAGE_BYTES, SITE("bench.page"));
	mm_put(mm);
	page_free(page);
}
