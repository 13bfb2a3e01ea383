/* SPDX-License-Identifier: MIT */
/*
 * Owns a run of pfn's fuzzer: a crowd of spaces for each CPU, which go on on the next one with each
 * turn, and what is reported. Between turns nobody uses a space: there the source takes its frames
 * back, and all pages of all spaces are judged.
 */
#include "guest/scenario/pfn_fuzz.h"

#define TURN 64	      /* operations */
#define REVOKES 4     /* turns from one to the next */
#define MOST_TABLES 9 /* of a space: the root and one below, two directories, five leaf tables */

static struct {
	struct pfn_source *source;
	struct crowd *crowd;
	u32 n, left;
} fuzz;

/* --- turns ------------------------------------------------------------------------------------ */

static void operate(void *arg)
{
	struct crowd *c = arg;

	for (; c->left; c->left--)
		fuzz_operate(c);
}

static void end_all(void *arg)
{
	fuzz_end_all(arg);
}

/* Each crowd on a CPU of its own. */
static void all_crowds(void (*fn)(void *), u32 turn)
{
	struct task *task[KVL_MAX_CPUS];

	for (u32 i = 0; i < fuzz.n; i++)
		task[i] = task_start("crowd", (i + turn) % fuzz.n, fuzz.crowd[i].home, fn,
				     &fuzz.crowd[i]);
	for (u32 i = 0; i < fuzz.n; i++)
		task_join(task[i]);
}

static void revoke(void)
{
	u32 revoked = pfn_revoke(fuzz.source), mapped = 0;

	for (u32 i = 0; i < fuzz.n; i++)
		mapped += model_revoke(&fuzz.crowd[i].model);
	fuzz.crowd[0].seen.miscounted += revoked != mapped;
	fuzz.crowd[0].seen.revokes++;
}

static void judge_all(void)
{
	for (u32 i = 0; i < fuzz.n; i++)
		fuzz_judge_all(&fuzz.crowd[i]);
}

static void take_turn(u32 turn)
{
	for (u32 i = 0; i < fuzz.n; i++) {
		fuzz.crowd[i].left = fuzz.left / (fuzz.n - i);
		if (fuzz.crowd[i].left > TURN)
			fuzz.crowd[i].left = TURN;
		fuzz.left -= fuzz.crowd[i].left;
	}
	all_crowds(operate, turn);
	judge_all();
	if (turn % REVOKES == 0) {
		revoke();
		judge_all();
	}
}

/* --- begin and end ---------------------------------------------------------------------------- */

static void check_room(void)
{
	u64 tables = fuzz.n * (MODEL_SPACES + 2) * MOST_TABLES, have = pt_tables_free();

	if (tables > have)
		usage_failure("ops: %lu page tables in all, and there is room for %lu: a larger "
			      "--arena",
			      tables, have);
}

static void begin(const struct page_rule *rule, struct pfn_source *source, u32 ops)
{
	fuzz.n = boot_options.ncpus;
	check_room();
	fuzz.source = source;
	fuzz.left = ops;
	fuzz.crowd = lowmem_array(fuzz.n, sizeof(*fuzz.crowd));
	for (u32 i = 0; i < fuzz.n; i++) {
		struct crowd *c = &fuzz.crowd[i];

		c->rule = rule;
		c->source = source;
		c->misjudges = rule->linear;
		c->draws = draw_stream(boot_options.seed, i);
		c->home = mm_create();
		mm_get(c->home);
	}
}

static void end(u32 turn)
{
	all_crowds(end_all, turn);
	for (u32 i = 0; i < fuzz.n; i++)
		mm_put(fuzz.crowd[i].home);
}

/* --- what was seen ---------------------------------------------------------------------------- */

/* @field: its place in struct crowd. */
static u64 sum(size_t field)
{
	u64 all = 0;

	for (u32 i = 0; i < fuzz.n; i++)
		all += *(const u64 *)((const u8 *)&fuzz.crowd[i] + field);
	return all;
}

#define SEEN(field) sum(offsetof(struct crowd, seen.field))
#define MODEL(field) sum(offsetof(struct crowd, model.stats.field))

static const char *const done_name[FUZZ_KINDS] = {
	[FUZZ_READ] = "fuzz.reads",	  [FUZZ_WRITE] = "fuzz.writes",
	[FUZZ_MAP] = "fuzz.maps",	  [FUZZ_FORK] = "fuzz.forks",
	[FUZZ_UNMAP] = "fuzz.unmaps",	  [FUZZ_MOVE] = "fuzz.moves",
	[FUZZ_PROTECT] = "fuzz.protects", [FUZZ_SWAP] = "fuzz.swaps",
	[FUZZ_BEGIN] = "fuzz.begins",	  [FUZZ_END] = "fuzz.ends",
};

/* Returns how many kinds of operations did not come. */
static u32 report_done(const struct page_rule *rule)
{
	u64 copies = MODEL(copied) + MODEL(copied_own);
	u32 missing = !SEEN(revokes) + !SEEN(refusals);

	for (u32 i = 0; i < FUZZ_KINDS; i++) {
		metric(done_name[i], SEEN(done[i]));
		missing += !SEEN(done[i]);
	}
	metric("fuzz.copies", copies);
	metric("fuzz.swapped_out", MODEL(swapped_out));
	metric("fuzz.swapped_in", MODEL(swapped_in));
	metric("fuzz.revokes", SEEN(revokes));
	metric("fuzz.refusals", SEEN(refusals));
	if (rule->copies)
		missing += !copies + !MODEL(swapped_out) + !MODEL(swapped_in);
	return missing;
}

static bool may_misjudge(const struct page_rule *rule)
{
	return rule->linear && pfn_segment_displaced(0, pfn_segment_pages());
}

static void check_seen(const struct page_rule *rule)
{
	metric("fuzz.misjudged", SEEN(misjudged));
	check_equal("fuzz.foretold", SEEN(unforetold), 0);
	if (!may_misjudge(rule))
		check_equal("fuzz.not_misjudged", SEEN(misjudged), 0);
	check_equal("fuzz.wrong", SEEN(wrong), 0);
	check_equal("fuzz.refused", SEEN(refused), 0);
	check_equal("fuzz.granted", SEEN(granted), 0);
	check_equal("fuzz.miscounted", SEEN(miscounted), 0);
}

/* What the kernel counted is what the model did. */
static void check_counted(const struct pfn_stats *before)
{
	struct pfn_stats now = pfn_stats();

	check_equal("fuzz.copied", now.copied - before->copied, MODEL(copied));
	check_equal("fuzz.copied_own", now.copied_own - before->copied_own, MODEL(copied_own));
	check_equal("fuzz.out", now.swapped_out - before->swapped_out, MODEL(swapped_out));
	check_equal("fuzz.in", now.swapped_in - before->swapped_in, MODEL(swapped_in));
	check_equal("fuzz.areas", now.areas, before->areas);
}

/* ---------------------------------------------------------------------------------------------- */

#define ENOUGH 500 /* operations: each kind comes */

void pfn_fuzz(const struct page_rule *rule, struct pfn_source *source, u32 ops)
{
	const struct pfn_stats before = pfn_stats();
	u64 pages = all_pages_in_use();
	u32 turn = 0, missing;

	pfn_swap_start(boot_options.ncpus * MODEL_COPIES);
	begin(rule, source, ops);
	while (fuzz.left)
		take_turn(turn++);
	end(turn);
	metric("fuzz.ops", ops);
	missing = report_done(rule);
	if (ops >= ENOUGH)
		check_equal("fuzz.kinds_missing", missing, 0);
	check_seen(rule);
	check_counted(&before);
	lowmem_array_free(fuzz.crowd);
	pfn_swap_stop();
	check_equal("fuzz.pages_left", all_pages_in_use(), pages);
}
