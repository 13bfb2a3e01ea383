/* SPDX-License-Identifier: MIT */
/*
 * Owns what a scheme must get right whose slots go from page to page while CPUs still have the old
 * translation (seed row T15): a CPU sleeps exactly 16 steps of the clock; and a CPU takes
 * translations that nobody asked for, as processors do that look ahead. Words of pages say who was
 * wrong.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

enum { STEPS = 16, FEW = 4 };

struct reader {
	const struct kva_pages *pages;
	u32 first, n; /* of them */
	u32 gets;
	u64 draws;
	u64 wrong;
};

static void read_page(struct reader *r, u32 which)
{
	struct page *page = r->pages->page[which];
	void *address = kva_get(page);

	sched_point();
	r->wrong += kva_page_is_wrong(page, address);
	kva_put(page, address);
}

static void read_all(void *arg)
{
	struct reader *r = arg;

	for (u32 i = 0; i < r->n; i++)
		read_page(r, r->first + i);
}

static void run_on(u32 cpu, void (*fn)(void *), struct reader *reader)
{
	task_join(task_start("reader", cpu, NULL, fn, reader));
}

/*
 * The last CPU knows page 0 at its slot, and has just flushed all before; the first CPU gives slots
 * to 16 more pages, of which the last one comes to that slot, the one used longest ago: and the
 * last CPU reads it.
 */
static void sleep_through_the_clock(const struct kva_ops *ops)
{
	u32 last = boot_options.ncpus - 1;
	struct kva_pages pages;
	struct reader reader = { .pages = &pages, .n = 1 };

	kva_pages_make(&pages, STEPS + 1);
	kva_start(ops, STEPS);
	run_on(0, read_all, &reader);
	kva_flush_window(SITE("kva_unseen.sleep"));
	run_on(last, read_all, &reader);
	reader.first = 1;
	reader.n = STEPS;
	run_on(0, read_all, &reader);
	reader.first = STEPS;
	reader.n = 1;
	run_on(last, read_all, &reader);
	kva_stop();
	kva_pages_free(&pages);
	check_equal("sleep.wrong_words", reader.wrong, 0);
}

/* Translations that come into the CPU by themselves: what is read is of no matter, and not
 * recorded. */
static void look_ahead(void)
{
	for (u32 slot = 0; slot < kva_window.slots; slot++)
		(void)*(const volatile u64 *)kva_slot_address(slot);
}

static void read_and_look(void *arg)
{
	struct reader *r = arg;

	while (r->gets--) {
		u64 drawn = draw_next(&r->draws);

		if (drawn % 4 == 0)
			kva_flush_here(SITE("kva_unseen.look"));
		look_ahead();
		sched_point();
		read_page(r, drawn / 4 % r->n);
	}
}

/* All CPUs at once, in few slots. */
static void look_everywhere(struct reader *reader, u32 gets)
{
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		reader[cpu].gets = gets;
		reader[cpu].draws = draw_stream(boot_options.seed, cpu);
	}
	task_on_each_cpu("reader", read_and_look, reader, sizeof(*reader));
}

static void look_at_what_comes(const struct kva_ops *ops, u32 gets)
{
	struct reader reader[KVL_MAX_CPUS];
	struct kva_pages pages;
	u32 slots = FEW + boot_options.ncpus;
	u64 wrong = 0;

	kva_pages_make(&pages, 2 * slots);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		reader[cpu] = (struct reader){ .pages = &pages, .n = 2 * slots };
	kva_start(ops, slots);
	read_all(&reader[0]);
	look_everywhere(reader, gets);
	kva_stop();
	kva_pages_free(&pages);
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++)
		wrong += reader[cpu].wrong;
	check_equal("ahead.wrong_words", wrong, 0);
}

void kva_look_unseen(const struct kva_ops *ops, u32 gets)
{
	sleep_through_the_clock(ops);
	look_at_what_comes(ops, gets);
}
