/* SPDX-License-Identifier: MIT */
/*
 * bench: instructions at both privilege levels, system calls, page faults, port exits.
 * Interprocessor interrupts: bench_ipi.c; areas of the kernel: bench_fault.c; the chip:
 * bench_flash.c. The host turns cycles into time (kvalab probe): it sees the two lines on the
 * console that stand around what bench_tsc_ticks counts.
 */
#include "guest/scenario/bench.h"

#include "guest/arch.h"
#include "guest/mm/vm.h"
#include "guest/task/syscall.h"
#include "guest/trace.h"
#include "guest/user/user.h"

const struct scenario_param bench_params[] = {
	{ "rounds", "number", "5", "events of a kind in each of 20 batches" },
	{ "loops", "number", "4000", "loops of two instructions in a batch at CPL 0" },
	{ "user_loops", "number", "1000000", "the same at CPL 3" },
	{ NULL, NULL, NULL, NULL },
};

u64 bench_best(const struct bench_batch *batch, void *arg)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < BENCH_BATCHES; i++) {
		u64 start, took;

		if (batch->prepare)
			batch->prepare(arg);
		start = arch_cycles();
		batch->batch(arg);
		took = arch_cycles() - start;
		if (took < best)
			best = took;
	}
	return best;
}

/* --- CPL 0 ------------------------------------------------------------------------------------ */
static void loop_batch(void *arg)
{
	arch_loop(*(u64 *)arg);
}

static void kernel_loops(u64 loops)
{
	static const struct bench_batch batch = { .batch = loop_batch };

	metric("loop_insns", 2 * loops);
	metric("loop_tsc_ticks", bench_best(&batch, &loops));
}

static void port_batch(void *arg)
{
	for (u64 left = *(u64 *)arg; left; left--)
		arch_console_ready();
}

static void port_exits(u64 rounds)
{
	static const struct bench_batch batch = { .batch = port_batch };

	metric("port_exit_tsc_ticks", bench_best(&batch, &rounds));
}

/* --- CPL 3: a program that reports, and goes on with its loop as long as it shall ------------- */
static struct {
	u64 per_batch;	   /* reports */
	u64 reports;	   /* so far */
	u64 started, best; /* cycles */
} user;

/* The first report starts the first batch, the last one ends the last: one more than the
 * batches. */
static u64 user_report(u64 unused, u64 unused_too)
{
	u64 now = arch_cycles();

	(void)unused;
	(void)unused_too;
	if (user.reports && user.reports % user.per_batch == 0 && now - user.started < user.best)
		user.best = now - user.started;
	if (user.reports % user.per_batch == 0)
		user.started = arch_cycles();
	return user.reports++ < BENCH_BATCHES * user.per_batch;
}

/* Cycles of the quickest batch of @per_batch times @loops loops and a system call. */
static u64 user_best(const char *name, u64 per_batch, u64 loops)
{
	u64 calls = count_total(COUNT_SYSCALLS);

	user.per_batch = per_batch;
	user.reports = 0;
	user.best = ~0ull;
	syscall_report = user_report;
	task_join(user_start(name, 0, user_mm_create(), user_loop, loops, 0));
	/* the first of them starts the clock; the program ends with one more */
	check_count(name, COUNT_SYSCALLS, calls, BENCH_BATCHES * per_batch + 2);
	return user.best;
}

/* --- page faults ------------------------------------------------------------------------------ */
static enum fault_result page_fault(struct vma *vma, const struct fault *fault)
{
	pt_map_new(vma->mm, ALIGN_DOWN(fault->va, PAGE_BYTES), page_gpa(vma->private), vma->prot,
		   SITE("bench.page"));
	return FAULT_DONE;
}

const struct vma_ops bench_page_ops FAULT_TABLE = { .name = "bench", .fault = page_fault };

static void forget_pages(void *arg)
{
	struct vma *vma = arg;

	pt_unmap(&init_mm, vma->start, vma->end - vma->start, SITE("bench.page"));
	tlb_flush_range(&init_mm, vma->start, vma->end - vma->start, SITE("bench.page"));
}

static void touch_pages(void *arg)
{
	const struct vma *vma = arg;

	for (u64 va = vma->start; va < vma->end; va += PAGE_BYTES)
		*(volatile u8 *)va;
}

/* A kernel area whose fault function sets one entry and does nothing else. */
static void page_faults(u64 rounds)
{
	static const struct bench_batch batch = { .prepare = forget_pages, .batch = touch_pages };
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	struct vma *vma = vma_map_kernel(rounds * PAGE_BYTES, PROT_READ, &bench_page_ops, page, 0);
	u64 faults = count_total(COUNT_FAULTS);

	if (!vma)
		usage_failure("--set rounds=%lu: no address space for so many pages", rounds);
	metric("page_fault_tsc_ticks", bench_best(&batch, vma));
	check_count("faults", COUNT_FAULTS, faults, BENCH_BATCHES * rounds);
	vma_unmap(vma);
	page_free(page);
}

/* --- events ----------------------------------------------------------------------------------- */
#define EVENTS (2 * KVL_PACKET_RECORDS) /* so that the way into the next packet has its share */
#define EVENT_MARK 0x62656e6368		/* "bench" */

/*
 * What a record costs the guest, with its arguments and the loop; without a trace, what is left of
 * that. Ticks, not cycles: the limit is one of instructions.
 */
static void events(void)
{
	u64 start = ticks_now();

	for (u32 i = 0; i < EVENTS; i++)
		trace_event(KVL_EV_MARK, 0, 0, 0, EVENT_MARK, i, 0, 0, 0);
	metric("events_ticks", ticks_now() - start);
	metric("event_rounds", EVENTS);
}

/* --- run -------------------------------------------------------------------------------------- */
#define MOST ((u64)1 << 32) /* so that no product overflows */

static u64 number_of(const char *key, u64 fallback)
{
	u64 n = param_u64(key, fallback);

	if (!n || n > MOST)
		usage_failure("--set %s=%lu: at least 1, at most %lu", key, n, MOST);
	return n;
}

void bench_run(const struct arm *arm)
{
	u64 rounds = number_of("rounds", 5), loops = number_of("loops", 4000);
	u64 user_loops = number_of("user_loops", 1000000), start;

	(void)arm;
	metric("rounds", rounds);
	printk("bench: begins\n");
	start = arch_cycles();
	page_faults(rounds); /* first: it knows whether rounds can be */
	bench_fault();
	kernel_loops(loops);
	metric("user_loop_insns", 2 * user_loops);
	metric("user_loop_tsc_ticks", user_best("user_loops", 1, user_loops));
	metric("syscall_tsc_ticks", user_best("syscalls", rounds, 1));
	port_exits(rounds);
	events();
	if (boot_options.flash_bytes)
		bench_flash(rounds);
	/* Under the seeded schedule CPUs take turns: none runs that an interrupt could reach. */
	if (!boot_options.seeded && boot_options.ncpus > 1)
		bench_ipi(rounds < BENCH_MOST_IPIS / BENCH_BATCHES ? BENCH_BATCHES * rounds
								   : BENCH_MOST_IPIS);
	metric("bench_tsc_ticks", arch_cycles() - start);
	printk("bench: ends\n");
}
