/* SPDX-License-Identifier: MIT */
/*
 * Owns work with reuse: rounds in which workers on all CPUs use pages of their own and of all, in
 * an order drawn from the seed. Who reads through a stale translation reads another page's word,
 * who writes through one is missed at the end: witnesses that know nothing of the trace. Many
 * rounds share a boot.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/kva_mix.h"

struct kva_run kva_now;

static void read_percentages(struct kva_mix *mix)
{
	mix->shared = param_number("shared", 25, 0, 100);
	mix->writes = param_number("writes", 25, 0, 100);
	mix->atomic = param_number("atomic", 10, 0, 100);
	mix->switches = param_number("switches", 5, 0, 100);
	mix->migrate = param_number("migrate", 5, 0, 100);
	mix->handover = param_number("handover", 5, 0, 100);
}

void kva_mix_params(struct kva_mix *mix, const struct kva_ops *ops)
{
	mix->rounds = param_number("rounds", 4, 0, 1000000);
	mix->gets = param_number("gets", 16, 1, 1000000);
	mix->pages = param_number("pages", 128, boot_options.ncpus, 1 << 20);
	mix->order = kva_order_kind(param_text("order", "uniform"));
	mix->run = param_number("run", 4, 1, 1000);
	read_percentages(mix);
	if (ops->reach == KVA_BY_TASK || boot_options.ncpus == 1)
		mix->handover = 0;
	if ((ops->reach == KVA_BY_TASK && !ops->moves) || boot_options.ncpus == 1)
		mix->migrate = 0;
	task_set_lazy_tlb(!param_choice("lazy_tlb", "on", "off"));
}

/* --- rounds ----------------------------------------------------------------------------------- */

static void work(void *arg)
{
	for (u32 i = 0; i < kva_now.mix->gets; i++) {
		kva_use(arg);
		task_yield();
	}
}

static u32 workers(void)
{
	return KVA_WORKERS * boot_options.ncpus;
}

static void round_of_gets(u64 number)
{
	struct task *task[KVA_WORKERS * KVL_MAX_CPUS];
	u64 round = draw_stream(boot_options.seed, number);

	for (u32 i = 0; i < workers(); i++) {
		struct kva_worker *w = &kva_now.worker[i];

		w->draws = draw_stream(round, i);
		task[i] = task_start("worker", w->home, w->space, work, w);
	}
	for (u32 i = 0; i < workers(); i++)
		task_join(task[i]);
}

/* --- what it took ----------------------------------------------------------------------------- */

static const struct {
	enum counter counter;
	const char *name;
} costs[] = {
	{ COUNT_PT_SET, "per_million_entries" },
	{ COUNT_FLUSH_PAGE, "per_million_page_flushes" },
	{ COUNT_FLUSH_SPACE, "per_million_space_flushes" },
	{ COUNT_SHOOTDOWNS, "per_million_shootdowns" },
	{ COUNT_IPIS, "per_million_ipis" },
	{ COUNT_KVA_WAITS, "per_million_waits" },
	{ COUNT_KVA_CONFLICTS, "per_million_conflicts" },
	{ COUNT_KVA_WRAPS, "per_million_wraps" },
};

struct spent {
	u64 n[ARRAY_LEN(costs)];
};

static struct spent spent_until_now(void)
{
	struct spent spent;

	for (u32 i = 0; i < ARRAY_LEN(costs); i++)
		spent.n[i] = count_total(costs[i].counter);
	return spent;
}

static u64 per_million(u64 n, u64 gets)
{
	return gets ? n * 1000000 / gets : 0;
}

static void report_costs(const struct spent *before, u64 gets)
{
	struct spent after = spent_until_now();

	for (u32 i = 0; i < ARRAY_LEN(costs); i++)
		metric(costs[i].name, per_million(after.n[i] - before->n[i], gets));
}

/* @field: its place in struct kva_worker. */
static u64 sum(size_t field)
{
	u64 all = 0;

	for (u32 i = 0; i < workers(); i++)
		all += *(const u64 *)((const u8 *)&kva_now.worker[i] + field);
	return all;
}

#define SUM(field) sum(offsetof(struct kva_worker, field))

static void report(void)
{
	u64 gets = SUM(gets), misses = SUM(misses);

	metric("gets", gets);
	metric("hits", gets - misses);
	metric("misses", misses);
	metric("per_million_hits", per_million(gets - misses, gets));
	metric("reads", SUM(reads));
	metric("writes", SUM(writes));
	metric("handovers", SUM(handovers));
	metric("moves", SUM(moves));
	metric("switches", SUM(switches));
	metric("interrupts", SUM(interrupts));
	metric("refused", SUM(refused));
	check_equal("mix.wrong_words", SUM(wrong), 0);
	check_equal("mix.refused_early", SUM(refused_early), 0);
}

/* Not of threads that have a pool of their space's own in common, and its flushes. */
static void check_no_ipis(const struct kva_ops *ops, const struct kva_work *work, u64 ipis)
{
	struct kva_forms forms;

	ops->predict(work, &forms);
	if (forms.no_ipis && !(kva_now.mix->threads && ops->own_space))
		check_count("mix.ipis", COUNT_IPIS, ipis, 0);
}

static void check_writes(void)
{
	u64 wrong = 0;

	for (u32 i = 0; i < kva_now.pages.n; i++) {
		u64 *word = kmap_local(kva_now.pages.page[i]);

		wrong += word[1] != kva_now.written[i];
		kunmap_local(word);
	}
	check_equal("mix.pages_written_wrong", wrong, 0);
}

static struct mm *worker_space(const struct kva_ops *ops)
{
	struct mm *first = kva_now.worker[0].space;

	if (!kva_now.mix->threads || !first)
		return kva_space_make(ops->own_space);
	mm_get(first);
	return first;
}

static void begin(const struct kva_ops *ops, const struct kva_mix *mix)
{
	kva_now = (struct kva_run){ .ops = ops, .mix = mix };
	kva_pages_make(&kva_now.pages, mix->pages);
	kva_now.written = lowmem_array(mix->pages, sizeof(*kva_now.written));
	kva_order_make(&kva_now.order, mix->order, mix->pages);
	kva_now.visitor = mm_create();
	mm_get(kva_now.visitor);
	for (u32 i = 0; i < workers(); i++) {
		kva_now.worker[i].home = i % boot_options.ncpus;
		kva_now.worker[i].space = worker_space(ops);
	}
}

static void end(void)
{
	for (u32 i = 0; i < workers(); i++)
		kva_space_drop(kva_now.worker[i].space);
	mm_put(kva_now.visitor);
	kva_order_free(&kva_now.order);
	lowmem_array_free(kva_now.written);
	kva_pages_free(&kva_now.pages);
}

void kva_mix_run(const struct kva_ops *ops, const struct kva_mix *mix, const struct kva_work *work)
{
	struct kva_holds holds;
	struct spent before;
	u64 ipis;

	begin(ops, mix);
	kva_start(ops, mix->slots);
	kva_hold(&holds, mix->pinned);
	before = spent_until_now();
	ipis = count_total(COUNT_IPIS);
	for (u32 i = 0; i < mix->rounds; i++)
		round_of_gets(i);
	check_no_ipis(ops, work, ipis);
	report_costs(&before, SUM(gets));
	report();
	kva_release(&holds);
	kva_stop();
	check_writes();
	end();
}
