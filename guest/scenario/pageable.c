/* SPDX-License-Identifier: MIT */
/*
 * Owns the scenario pageable: its parameters, and the order of things: rounds of calls of pageable
 * functions by a task on each CPU, with the sections dropped in between; then the tasks that visit
 * memory.
 */
#include "guest/scenario/pageable.h"

#include "guest/lib/string.h"
#include "guest/scenario/flash_params.h"

const struct arm pageable_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/pageable.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param pageable_params[] = {
	{ "text", "xip|copy|disk", "xip",
	  "pageable text: mapped from flash; copied from there; copied from the disk" },
	{ "partition", "label", "text", "where text is in flash: it is overwritten" },
	{ "log", "label", "log", "the partition that is written meanwhile" },
	{ "writer", "off|erase|program|mixed", "off",
	  "what is done to it: a session in each round" },
	{ "rounds", "number", "2", "rounds of calls; the sections are dropped after each" },
	{ "calls", "number", "4", "calls of each task in a round" },
	{ "pages", "number", "32", "of memory" },
	{ "frames", "number", "20", "that memory and sections may have together" },
	{ "pressure", "limit|ram", "limit",
	  "why there are no more: they may not have more; RAM has none" },
	{ "policy", "fifo|clock|random", "clock", "which page goes out" },
	{ "tasks", "number", "4", "that call and visit, on CPUs in turn" },
	{ "passes", "number", "2", "visits of each, in multiples of the pages" },
	{ "pattern", "loop|random|hot", "random",
	  "which page is visited; hot: 8 of 10 times a fifth of them" },
	{ "written", "percent", "30", "of visits by the task that may write to the page" },
	{ "provoke", "none|locked|irqs-off", "none", "a touch where waiting is forbidden" },
	{ NULL, NULL, NULL, NULL },
};

const struct scenario_varies pageable_varies[] = {
#define ARM(name, ops, about)
#define VARIES(count, when, why) { count, when, why },
#include "guest/scenario/pageable.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

/* --- parameters ------------------------------------------------------------------------------- */

static u32 word_param(const char *key, const char *fallback, const char *const *word)
{
	const char *text = param_text(key, fallback);

	for (u32 i = 0; word[i]; i++)
		if (strcmp(text, word[i]) == 0)
			return i;
	usage_failure("%s=%s: kvalab list says what it may be", key, text);
}

static const struct replacement *policy_param(void)
{
	const char *name = param_text("policy", "clock");

	for (const struct replacement *r = replacements; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	usage_failure("policy=%s: must be fifo, clock or random", name);
}

static void read_params(struct pageable_run *r)
{
	static const char *const from[] = { "xip", "copy", "disk", NULL };
	static const char *const pattern[] = { "loop", "random", "hot", NULL };
	struct flash_writes writes = flash_writes_param("off");

	r->text_from = word_param("text", "xip", from);
	r->pattern = word_param("pattern", "random", pattern);
	r->replacement = policy_param();
	r->sessions.erases = writes.erases;
	r->sessions.programs = writes.programs;
	r->rounds = param_number("rounds", 2, 1, 1000);
	r->calls = param_number("calls", 4, 1, 1000);
	r->npages = param_number("pages", 32, 1, 16384);
	r->frames = param_number("frames", 20, 2, 16384);
	r->ntasks = param_number("tasks", 4, 1, 64);
	r->passes = param_number("passes", 2, 1, 10000);
	r->percent_written = param_number("written", 30, 0, 100);
	r->provoke = param_text("provoke", "none");
	r->ram_is_short = param_choice("pressure", "limit", "ram");
	if (r->ram_is_short && !r->ops->pages_out)
		usage_failure("pressure=ram: in this arm all pages have to have frames");
	if (r->ops->pages_out && r->frames < 2 * r->ntasks)
		usage_failure(
			"frames=%u: %u tasks need two each, as an instruction may need a page of "
			"text and one of data at once",
			r->frames, r->ntasks);
	if (flash_sessions_wanted(&r->sessions) &&
	    (!r->ops->pages_out || r->text_from == TEXT_DISK))
		usage_failure("writer: no text is in flash, so nobody reads there meanwhile");
}

/* Page faults so far, but those of CPUs that were not the first: the page was there. */
static u64 faults_so_far(void)
{
	return count_total(COUNT_FAULTS) - count_total(COUNT_FAULT_SPURIOUS);
}

/* --- the sections ----------------------------------------------------------------------------- */

static void caller_task(void *arg)
{
	struct pageable_run *r = arg;
	u32 wrong = 0;

	for (u32 i = 0; i < r->calls; i++) {
		u64 x = (u64)current()->id << 32 | i;

		wrong += section_sum(x) != section_sum_expected(x);
		sched_point();
	}
	__atomic_fetch_add(&r->sums_wrong, wrong, __ATOMIC_RELAXED);
}

static void call_round(struct pageable_run *r)
{
	struct task **task = kalloc(r->ntasks * sizeof(task[0]));

	for (u32 i = 0; i < r->ntasks; i++)
		task[i] = task_start("caller", i % boot_options.ncpus, NULL, caller_task, r);
	flash_session(&r->sessions);
	for (u32 i = 0; i < r->ntasks; i++)
		task_join(task[i]);
	kfree(task);
	r->ops->drop_sections(r);
}

static void call_all(struct pageable_run *r)
{
	u64 start = ticks_now(), faults = faults_so_far();

	for (u32 i = 0; i < r->rounds; i++)
		call_round(r);
	r->section_ticks = ticks_now() - start;
	r->section_faults = faults_so_far() - faults;
	r->sections = r->ops->account(r);
	r->data_written = section_writes(&r->first_words_wrong);
	r->ops->drop_sections(r);
}

/* --- where waiting is forbidden (seed row W17) ------------------------------------------------ */

static void provoke(struct pageable_run *r)
{
	struct spinlock lock = SPINLOCK("provoke");
	const volatile u8 *page = r->memory->base;
	unsigned long irq;

	if (strcmp(r->provoke, "locked") == 0) {
		spin_lock(&lock);
		(void)*page;
		spin_unlock(&lock);
	} else {
		irq = arch_irq_save();
		(void)*page;
		arch_irq_restore(irq);
	}
}

static void refuse_provocation(const struct pageable_run *r)
{
	if (strcmp(r->provoke, "none") != 0 && !r->ops->pages_out)
		usage_failure("provoke=%s needs an arm whose pages are not always there",
			      r->provoke);
}

/* --- run -------------------------------------------------------------------------------------- */

static void work(struct pageable_run *r)
{
	u64 faults;

	if (strcmp(r->provoke, "none") != 0) {
		provoke(r);
		check_true("provoked_failure_happened", false);
		return;
	}
	faults = faults_so_far();
	pageable_memory_work(r);
	r->memory_faults = faults_so_far() - faults;
	r->all = r->ops->account(r);
	r->frames_used = r->ops->frames(r);
}

static void call_and_visit(const struct arm *arm, struct pageable_run *r)
{
	u64 frames = all_pages_in_use(), reads = count_total(COUNT_DISK_READS);
	u64 writes = count_total(COUNT_DISK_WRITES);
	bool memory;

	call_all(r);
	memory = pageable_memory_open(r);
	check_true("memory", memory);
	if (!memory)
		return;
	work(r);
	r->frames_held = all_pages_in_use() - frames;
	r->disk_reads = count_total(COUNT_DISK_READS) - reads;
	r->disk_writes = count_total(COUNT_DISK_WRITES) - writes;
	pageable_report(arm->name, r);
	pageable_memory_close(r);
}

void pageable_run(const struct arm *arm)
{
	struct pageable_run *r = kalloc(sizeof(*r));
	struct ballast *ballast = NULL;
	bool opened;

	r->ops = arm->ops;
	read_params(r);
	refuse_provocation(r);
	opened = r->ops->open(r);
	check_true("opened", opened);
	if (opened) {
		if (r->ram_is_short)
			ballast = pageable_ballast(r->frames);
		call_and_visit(arm, r);
	}
	if (ballast)
		pageable_ballast_free(ballast);
	r->ops->close(r);
	kfree(r);
}
