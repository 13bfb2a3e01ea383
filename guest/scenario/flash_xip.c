/* SPDX-License-Identifier: MIT */
/*
 * Owns the scenario flash-xip: fills a partition, starts programs that run from it and read there,
 * in several spaces and on all CPUs, and writes another partition of the chip. In the first half of
 * the rounds programs and writer meet: a write when all have done a round, so that everything that
 * is counted has a closed form. In the second half the writer is a task like the others.
 */
#include "guest/scenario/flash_xip.h"

#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/flash_params.h"
#include "guest/trace.h"
#include "guest/user/xip.h"

const struct arm flash_xip_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/flash_xip.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param flash_xip_params[] = {
	{ "partition", "label", "xip", "the partition that programs run from: it is overwritten" },
	{ "log", "label", "log", "the partition that is written meanwhile" },
	{ "writer", "off|erase|program|mixed", "mixed", "what is done to it" },
	{ "tasks", "number", "4", "user programs, on CPUs in turn" },
	{ "spaces", "number", "2", "spaces that they run in" },
	{ "code", "number", "2", "pages of code that each calls, beside its own" },
	{ "pages", "number", "3", "pages of data that each reads" },
	{ "rounds", "number", "3", "rounds in which they meet for a write; as many after that" },
	{ NULL, NULL, NULL, NULL },
};

const struct scenario_varies flash_xip_varies[] = {
	{ "flash_status_busy", NULL,
	  "QEMU's flash has done a program or erase before it is asked" },
#define ARM(name, ops, about)
#define VARIES(count, when, why) { count, when, why },
#include "guest/scenario/flash_xip.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

/* --- parameters ------------------------------------------------------------------------------- */

static void read_params(struct flash_xip *x)
{
	struct flash_writes writes = flash_writes_param("mixed");

	x->sessions.erases = writes.erases;
	x->sessions.programs = writes.programs;
	x->ntasks = param_number("tasks", 4, 1, XIP_MAX_TASKS);
	x->nspaces = param_number("spaces", x->ntasks < 2 ? 1 : 2, 1, x->ntasks);
	x->image.code = param_number("code", 2, 0, XIP_MAX_PAGES);
	x->image.pages = param_number("pages", 3, 0, XIP_MAX_PAGES);
	x->rounds = param_number("rounds", 3, 1, 10000);
}

static void refuse_partitions(const struct flash_xip *x)
{
	const struct flash_partition *p = &x->image.partition;
	u64 need = (xip_text_pages(&x->image) + x->image.pages) * PAGE_BYTES;

	flash_refuse_overlap(p, &x->sessions.log);
	if (need > p->bytes)
		usage_failure("code=%u, pages=%u: partition %s of %lu bytes has no room for %lu",
			      x->image.code, x->image.pages, p->label, p->bytes, need);
}

/* --- the writer ------------------------------------------------------------------------------- */

static void writer_task(void *arg)
{
	struct flash_xip *x = arg;

	for (u32 i = 0; i < x->rounds; i++) {
		flash_session(&x->sessions);
		task_yield();
	}
}

/* --- programs --------------------------------------------------------------------------------- */

static bool make_space(const struct flash_xip *x, struct xip_space *space)
{
	const struct flash_partition text = xip_image_text(&x->image),
				     data = xip_image_data(&x->image);

	space->mm = mm_create();
	mm_get(space->mm);
	space->text = x->ops->map(space->mm, USER_TEXT_VA, &text, true);
	if (space->text && x->image.pages)
		space->data = x->ops->map(space->mm, XIP_DATA_VA, &data, false);
	return space->text && (space->data || !x->image.pages);
}

static bool make_spaces(struct flash_xip *x)
{
	bool made = true;

	for (u32 i = 0; i < x->nspaces; i++)
		made = make_space(x, &x->space[i]) && made;
	return made;
}

static void drop_spaces(struct flash_xip *x)
{
	for (u32 i = 0; i < x->nspaces; i++)
		mm_put(x->space[i].mm);
}

static void start_programs(struct flash_xip *x)
{
	u64 shape = x->image.code | x->image.pages << 8 | (u64)(2 * x->rounds) << 16;

	x->met_in = (struct xip_rounds){ .image = &x->image,
					 .each = x->rounds,
					 .from_chip = x->ops->revocable };
	xip_rounds_begin(&x->met_in);
	for (u32 i = 0; i < x->ntasks; i++)
		x->task[i] = user_start("program", i % boot_options.ncpus,
					x->space[i % x->nspaces].mm, user_xip, shape,
					i / x->nspaces);
}

static void add(struct flash_mapping_stats *sum, const struct flash_mapping_stats s)
{
	sum->faults += s.faults;
	sum->fetches += s.fetches;
	sum->spurious += s.spurious;
	sum->pages_ahead += s.pages_ahead;
	sum->pages_revoked += s.pages_revoked;
	sum->pages_mapped += s.pages_mapped;
}

static struct xip_faults faults_so_far(const struct flash_xip *x)
{
	struct xip_faults sum = { 0 };

	for (u32 i = 0; i < x->nspaces; i++) {
		add(&sum.text, x->ops->stats(x->space[i].text));
		if (x->space[i].data)
			add(&sum.data, x->ops->stats(x->space[i].data));
	}
	return sum;
}

static void meet(struct flash_xip *x)
{
	const struct flash_stats *s = flash_stats(x->sessions.log.chip), before = *s;

	for (u32 round = 1; round <= x->rounds; round++) {
		xip_rounds_await(&x->met_in, round, x->task, x->ntasks);
		x->met = faults_so_far(x);
		flash_session(&x->sessions);
		x->met_revocations = s->revocations - before.revocations;
		x->met_revoked = s->pages_revoked - before.pages_revoked;
		xip_rounds_release(&x->met_in, round);
	}
}

/* --- run -------------------------------------------------------------------------------------- */

static void run_all(struct flash_xip *x)
{
	struct task *writer;
	u64 start = ticks_now();

	start_programs(x);
	meet(x);
	writer = task_start("writer", boot_options.ncpus - 1, NULL, writer_task, x);
	for (u32 i = 0; i < x->ntasks; i++)
		x->bad_exits += task_join(x->task[i]) != 0;
	task_join(writer);
	x->run_ticks = ticks_now() - start;
}

/* In the first space, when all is over: user_touch() stores to the address that it is given. */
static void store_to_text(struct flash_xip *x)
{
	x->store_exit = task_join(
		user_start("vandal", 0, x->space[0].mm, user_touch, USER_TEXT_VA, XIP_MAX_TASKS));
	x->store_unchanged = xip_image_text_is_whole(&x->image);
}

static void run_with(const struct arm *arm, struct flash_xip *x)
{
	u64 faults, pages = all_pages_in_use(), start = ticks_now();

	xip_image_fill(&x->image);
	x->fill_ticks = ticks_now() - start;
	check_equal("filled", x->image.error, FLASH_OK);
	if (x->image.error)
		return;
	if (make_spaces(x)) {
		faults = count_total(COUNT_USER_FAULTS);
		run_all(x);
		x->user_faults = count_total(COUNT_USER_FAULTS) - faults;
		x->ram_pages = all_pages_in_use() - pages;
		x->all = faults_so_far(x);
		store_to_text(x);
		flash_xip_report(arm->name, x);
	} else {
		check_true("spaces_made", false);
	}
	drop_spaces(x);
}

void flash_xip_run(const struct arm *arm)
{
	struct flash_xip *x = kalloc(sizeof(*x));
	struct flash_chip *chip;
	bool found;

	x->ops = arm->ops;
	read_params(x);
	chip = flash_chip_open();
	check_true("chip_found", chip);
	if (chip) {
		found = flash_partition_find(chip, flash_partition_param("partition", "xip"),
					     &x->image.partition) &&
			flash_partition_find(chip, flash_partition_param("log", "log"),
					     &x->sessions.log);
		check_true("partitions_found", found);
		if (found) {
			refuse_partitions(x);
			run_with(arm, x);
		}
		flash_chip_close(chip);
	}
	kfree(x);
}
