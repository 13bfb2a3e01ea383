/* SPDX-License-Identifier: MIT */
/* Owns the scenario task-kmap: its arms and parameters, and the order of its parts. */
#include "guest/scenario/family_run.h"
#include "guest/scenario/task_kmap.h"

const struct arm task_kmap_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/task_kmap.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param task_kmap_params[] = {
	{ "carve", "kernel|user", "kernel", "the side that ukva is taken from" },
	{ "slots", "number", "16, or 4*CPUs", "of a pool: of all, of each CPU, of each space" },
	{ "pinned", "number", "0", "slots that are held all the time" },
	{ "maps", "number", "200", "of all CPUs together: closed forms" },
	{ "between", "number", "24", "maps of a CPU from one switch of spaces to the next" },
	{ "copies", "number", "40", "of a page each way; 0: none" },
	KVA_MIX_PARAMS,
	FAMILY_PARAMS,
	{ "threads", "off|on", "off", "all workers of rounds are threads of one space" },
	{ "global", "off|on", "off",
	  "the window's entries are global: a load of a root leaves them" },
	{ "provoke", "none|self-wait|lazy-user|move|end-holding", "none",
	  "instead of all: a task waits for itself; a kernel task asks, on a space's root; a task moves, or ends, with an address" },
	{ NULL, NULL, NULL, NULL },
};

struct sizes {
	const struct kva_ops *ops;
	struct kva_work work;
	struct kva_mix mix;
	u32 between, copies;
};

static void read_sizes(const struct kva_ops *ops, struct sizes *sizes)
{
	u32 cpus = boot_options.ncpus, least = TASK_LOCAL_KVAS * cpus,
	    slots = least > 16 ? least : 16;

	sizes->ops = ops;
	slots = param_number("slots", slots, 2, 1 << 20);
	sizes->work = (struct kva_work){
		.maps = param_number("maps", 200, 0, 1000000000) / cpus * cpus,
		.cpus = cpus,
		.slots = slots,
		.pinned = param_number("pinned", 0, 0, slots - 1),
	};
	sizes->between = param_number("between", 24, 1, 1000000000);
	sizes->copies = param_number("copies", 40, 0, 1000000);
	sizes->mix.slots = slots;
	sizes->mix.pinned = sizes->work.pinned;
	sizes->mix.threads = param_choice("threads", "off", "on");
}

static void compare_forms(const struct sizes *sizes)
{
	struct kva_work work = sizes->work;

	kva_compare_forms(sizes->ops, &work);
	work.pinned = 0;
	work.between = sizes->between;
	kva_compare_forms(sizes->ops, &work);
	work.between = 0;
	work.threads = true;
	task_kmap_threads(sizes->ops, &work);
}

static void fill(void *arg)
{
	const struct sizes *sizes = arg;

	kva_fill(sizes->ops, sizes->work.slots, KVA_ANOTHER_WAITS);
}

static void families(void *arg)
{
	const struct sizes *sizes = arg;

	task_kmap_families(sizes->ops, sizes->work.slots);
}

/* Whether kernel tasks are lazy is said here: the forms are of those that are. */
static void mix(void *arg)
{
	struct sizes *sizes = arg;

	kva_mix_params(&sizes->mix, sizes->ops);
	kva_mix_run(sizes->ops, &sizes->mix, &sizes->work);
}

/* Each time a new one, with a pool that nobody has used: that is as large as is asked for. */
static void run_in_a_space(const struct kva_ops *ops, void (*part)(void *), struct sizes *sizes)
{
	if (ops->own_space)
		task_join(task_start("task-kmap", 0, mm_create(), part, sizes));
	else
		part(sizes);
}

void task_kmap_run(const struct arm *arm)
{
	const struct kva_ops *ops = kva_chosen(arm);
	struct sizes sizes;

	kva_check_memory(arm, ops);
	read_sizes(ops, &sizes);
	printk("task-kmap: %s, %u slots, %u CPUs\n", arm->name, sizes.work.slots,
	       boot_options.ncpus);
	if (task_kmap_provoke(ops, param_text("provoke", "none"), sizes.work.slots))
		return;
	compare_forms(&sizes);
	task_kmap_spaces(ops, sizes.work.slots);
	if (sizes.copies)
		task_kmap_copies(ops, sizes.work.slots, sizes.copies);
	run_in_a_space(ops, fill, &sizes);
	run_in_a_space(ops, families, &sizes);
	run_in_a_space(ops, mix, &sizes);
	metric("slot_bytes", ops->slot_bytes);
	metric("cpu_bytes", ops->cpu_bytes);
}
