/* SPDX-License-Identifier: MIT */
/* Owns the scenario kva: its arms and parameters, its pages, and the order of its parts. */
#include "guest/scenario/kva.h"

#include "guest/lib/string.h"

const struct arm kva_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/kva.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

/* Fewer than pages of a short reference string. */
#define LRU_SLOTS 16

const struct scenario_param kva_params[] = {
	{ "slots", "number", "64", "of the window that are used" },
	{ "pinned", "number", "0", "slots that are held all the time" },
	{ "maps", "number", "256", "without reuse, of all CPUs together: closed forms" },
	{ "samples", "number", "33", "gets of each kind that are measured" },
	KVA_MIX_PARAMS,
	{ "replacement", "lru|fifo", "lru", "whose slot another page gets (kva-seq, kva-repair)" },
	{ "refs", "number", "300",
	  "gets that are held against an exact LRU (kva-seq, kva-repair)" },
	{ "frees", "number", "8", "rounds in which each CPU frees pages that have an address" },
	{ "looks", "number", "32",
	  "gets of each CPU while it looks ahead; 0: it does not (sf-buf, kva-seq, kva-repair)" },
	{ "seq_bits", "number", "32",
	  "of the sequence that says what a CPU has not seen (kva-seq, kva-repair)" },
	{ "provoke", "none|self-wait|handler-wait|raw-handover", "none",
	  "instead of all: a task waits for itself; a handler waits; a CPU does not ask for an address" },
	KVA_ARM_PARAMS,
	{ NULL, NULL, NULL, NULL },
};

/* --- pages ------------------------------------------------------------------------------------ */

bool kva_all_is_lowmem(void)
{
	const struct kvl_range *last = &layout.usable[layout.nusable - 1];

	return last->start + last->bytes <= layout.lowmem_end_gpa;
}

void kva_check_memory(const struct arm *arm, const struct kva_ops *ops)
{
	if (kva_all_is_lowmem() != ops->lowmem_only)
		skip_run("%s runs where %s, which ends at %lu MiB: %s --mem", arm->name,
			 ops->lowmem_only ? "all RAM is lowmem" : "there is RAM above lowmem",
			 layout.lowmem_end_gpa >> 20, ops->lowmem_only ? "less" : "more");
}

static struct page *make_page(void)
{
	struct page *page = page_alloc(ZONE_HIGH4G, 0);
	u64 *word;

	if (!page || (!page_is_highmem(page) && !kva_all_is_lowmem()))
		usage_failure(
			"no highmem is left for a page of the workload: more --mem, or less of "
			"pages, slots, maps");
	word = kmap_local(page);
	word[0] = page_gpa(page);
	word[1] = 0;
	kunmap_local(word);
	return page;
}

void kva_pages_make(struct kva_pages *pages, u32 n)
{
	pages->n = n;
	pages->page = lowmem_array(n, sizeof(*pages->page));
	for (u32 i = 0; i < n; i++)
		pages->page[i] = make_page();
}

void kva_pages_free(struct kva_pages *pages)
{
	for (u32 i = 0; i < pages->n; i++)
		page_free(pages->page[i]);
	lowmem_array_free(pages->page);
}

u32 kva_room(void)
{
	if (kva_ops->room)
		return kva_ops->room();
	return kva_ops->most_held ? kva_ops->most_held : kva_window.slots;
}

/* One more is to be got. */
void kva_hold(struct kva_holds *holds, u32 n)
{
	if (n >= kva_room())
		usage_failure("pinned=%u: must be from 0 to %u", n, kva_room() - 1);
	kva_pages_make(&holds->pages, n);
	holds->address = lowmem_array(n, sizeof(*holds->address));
	for (u32 i = 0; i < n; i++)
		holds->address[i] = kva_get(holds->pages.page[i]);
}

void kva_release(struct kva_holds *holds)
{
	for (u32 i = holds->pages.n; i--;)
		kva_put(holds->pages.page[i], holds->address[i]);
	lowmem_array_free(holds->address);
	kva_pages_free(&holds->pages);
}

bool kva_page_is_wrong(const struct page *page, const void *address)
{
	return *(const volatile u64 *)address != page_gpa(page);
}

struct mm *kva_space_make(bool wanted)
{
	struct mm *mm = wanted ? mm_create() : NULL;

	if (mm)
		mm_get(mm);
	return mm;
}

void kva_space_drop(struct mm *mm)
{
	if (mm)
		mm_put(mm);
}

/* --- a run ------------------------------------------------------------------------------------ */

struct sizes {
	const struct kva_ops *ops;
	struct kva_work work;
	struct kva_mix mix;
	u32 samples, refs, looks, frees;
};

static void read_sizes(const struct kva_ops *ops, struct sizes *sizes)
{
	struct kva_mix *mix = &sizes->mix;

	sizes->ops = ops;
	mix->slots = param_number("slots", 64, 2, 1 << 20);
	mix->pinned = param_number("pinned", 0, 0, mix->slots - 1);
	kva_mix_params(mix, ops);
	sizes->samples = param_number("samples", 33, 1, 10000);
	sizes->refs = param_number("refs", 300, 0, 1000000000);
	sizes->frees = param_number("frees", 8, 0, 1000000);
	sizes->looks = param_number("looks", 32, 0, 1000000);
	sizes->work = (struct kva_work){
		.maps = param_number("maps", 256, 0, 1000000000) / boot_options.ncpus *
			boot_options.ncpus,
		.cpus = boot_options.ncpus,
		.slots = mix->slots,
		.pinned = mix->pinned,
	};
}

/* Returns whether there was something to provoke. */
static bool provoke(const struct kva_ops *ops, u32 slots)
{
	const char *what = param_text("provoke", "none");

	if (strcmp(what, "self-wait") == 0)
		kva_fill(ops, slots, KVA_HOLDER_WAITS);
	else if (strcmp(what, "handler-wait") == 0)
		kva_fill(ops, slots, KVA_HANDLER_WAITS);
	else if (strcmp(what, "raw-handover") == 0)
		kva_raw_handover(ops, slots);
	return strcmp(what, "none") != 0;
}

static void run_parts(void *arg)
{
	const struct sizes *sizes = arg;
	const struct kva_ops *ops = sizes->ops;

	if (provoke(ops, sizes->mix.slots))
		return;
	kva_measure(ops, sizes->mix.slots, sizes->samples);
	kva_compare_forms(ops, &sizes->work);
	kva_fill(ops, sizes->mix.slots, KVA_ANOTHER_WAITS);
	if (ops->lru)
		kva_compare_lru(ops, LRU_SLOTS, sizes->refs);
	if (ops->reach == KVA_WHERE_ASKED && sizes->looks)
		kva_look_unseen(ops, sizes->looks);
	if (ops->forget)
		kva_free_meanwhile(ops, sizes->frees);
	kva_mix_run(ops, &sizes->mix, &sizes->work);
	metric("slot_bytes", ops->slot_bytes);
	metric("cpu_bytes", ops->cpu_bytes);
}

/* Those of the window stay (row T5); a space's go with it. */
static void check_tables(u64 before, u32 slots)
{
	u64 left = pt_tables_in_use() - before;

	metric("window_tables", left);
	check_equal("window_tables", left, ALIGN_UP(slots, ARCH_PT_ENTRIES) / ARCH_PT_ENTRIES);
}

void kva_run(const struct arm *arm)
{
	static const char *const reach[] = {
		[KVA_ANYWHERE] = "everywhere",
		[KVA_WHERE_ASKED] = "where they were asked for",
		[KVA_BY_TASK] = "for their task",
	};
	const struct kva_ops *ops = kva_chosen(arm);
	u64 tables = pt_tables_in_use();
	struct sizes sizes;
	struct mm *space;

	kva_check_memory(arm, ops);
	read_sizes(ops, &sizes);
	printk("kva: %s, %u slots, %u CPUs; addresses hold %s\n", arm->name, sizes.mix.slots,
	       boot_options.ncpus, reach[ops->reach]);
	space = kva_space_make(ops->own_space);
	if (space)
		task_join(task_start("kva", 0, space, run_parts, &sizes));
	else
		run_parts(&sizes);
	kva_space_drop(space);
	check_tables(tables, sizes.mix.slots);
}
