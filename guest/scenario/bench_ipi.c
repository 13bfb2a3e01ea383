/* SPDX-License-Identifier: MIT */
/*
 * bench: the round trip of an interprocessor interrupt: a flush of one page that only CPU 1 needs, from
 * the request to its acknowledgement. Where the interrupt finds CPU 1 makes the difference
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
	u64 rounds;
	volatile bool there, leave; /* CPU 1 is where it shall be; it may go */
} ipi;

static void flush_batch(void *unused)
{
	(void)unused;
	for (u64 left = ipi.rounds; left; left--)
		tlb_flush_range(ipi.mm, DATA_VA, PAGE_BYTES, SITE("bench.ipi"));
}

static void measure(const char *name, const char *check)
{
	static const struct bench_batch batch = { .batch = flush_batch };
	u64 ipis = count_total(COUNT_IPIS);

	while (!ipi.there)
		task_yield();
	metric(name, bench_best(&batch, NULL));
	check_count(check, COUNT_IPIS, ipis, BENCH_BATCHES * ipi.rounds);
}

/* --- CPU 1 at CPL 3: reads a word until it changes ---------------------------------------------- */
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
	measure("ipi_user_tsc_ticks", "ipis_user");
	set_word(page, 1);
	task_join(task);
}

/* --- CPU 1 at CPL 0 ------------------------------------------------------------------------------- */
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
	measure("ipi_kernel_tsc_ticks", "ipis_kernel");
	ipi.leave = true;
	task_join(task);
}

void bench_ipi(u64 rounds)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	struct mm *mm = user_mm_create();

	mm->users++; /* ours: it outlives the tasks */
	ipi.mm = mm;
	ipi.rounds = rounds;
	vma_map_user(mm, DATA_VA, PAGE_BYTES, PROT_READ, &bench_page_ops, page, 0);
	at_cpl3(page);
	at_cpl0();
	pt_unmap(mm, DATA_VA, PAGE_BYTES, SITE("bench.page"));
	tlb_flush_range(mm, DATA_VA, PAGE_BYTES, SITE("bench.page"));
	mm_put(mm);
	page_free(page);
}
