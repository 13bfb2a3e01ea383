/* SPDX-License-Identifier: MIT */
/* Owns the scenario kva: its arms and parameters, its pages, and the order of its parts. */
#include "guest/scenario/kva.h"

const struct arm kva_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/kva.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param kva_params[] = {
	{ "slots", "number", "64", "of the window that are used" },
	{ "pinned", "number", "0", "slots that are held all the time" },
	{ "maps", "number", "256", "without reuse, of all CPUs together: closed forms" },
	{ "samples", "number", "33", "gets of each kind that are measured" },
	{ "rounds", "number", "4", "with reuse" },
	{ "gets", "number", "32", "of each CPU in a round" },
	{ "pages", "number", "128", "that are used in rounds" },
	{ "shared", "percent", "25", "of gets in rounds that are of pages of all CPUs" },
	{ "run", "number", "4", "reads at an address, at most" },
	{ NULL, NULL, NULL, NULL },
};

/* --- pages ------------------------------------------------------------------------------------------------- */

static struct page *make_page(void)
{
	struct page *page = page_alloc(ZONE_HIGH4G, 0);
	u64 *word;

	if (!page)
		panic("out of memory", "a page of kva's workload");
	word = kmap_local(page);
	*word = page_gpa(page);
	kunmap_local(word);
	return page;
}

void kva_pages_make(struct kva_pages *pages, u32 n)
{
	pages->n = n;
	pages->page = kva_array(n, sizeof(*pages->page));
	for (u32 i = 0; i < n; i++)
		pages->page[i] = make_page();
}

void kva_pages_free(struct kva_pages *pages)
{
	for (u32 i = 0; i < pages->n; i++)
		page_free(pages->page[i]);
	kva_array_free(pages->page);
}

void kva_hold(struct kva_holds *holds, u32 n)
{
	kva_pages_make(&holds->pages, n);
	holds->address = kva_array(n, sizeof(*holds->address));
	for (u32 i = 0; i < n; i++)
		holds->address[i] = kva_get(holds->pages.page[i]);
}

void kva_release(struct kva_holds *holds)
{
	for (u32 i = holds->pages.n; i--;)
		kva_put(holds->pages.page[i], holds->address[i]);
	kva_array_free(holds->address);
	kva_pages_free(&holds->pages);
}

bool kva_page_is_wrong(const struct page *page, const void *address)
{
	return *(const volatile u64 *)address != page_gpa(page);
}

/* --- a run --------------------------------------------------------------------------------------------------- */

struct sizes {
	struct kva_work work;
	struct kva_mix mix;
	u32 samples;
};

/* One more is to be got. */
static u32 most_pinned(const struct kva_ops *ops, u32 slots)
{
	return (ops->most_held ? ops->most_held : slots) - 1;
}

static void read_sizes(const struct kva_ops *ops, struct sizes *sizes)
{
	struct kva_mix *mix = &sizes->mix;

	mix->slots = param_number("slots", 64, 2, 1 << 20);
	mix->pinned = param_number("pinned", 0, 0, most_pinned(ops, mix->slots));
	mix->rounds = param_number("rounds", 4, 0, 1000000);
	mix->gets = param_number("gets", 32, 1, 1000000);
	mix->pages = param_number("pages", 128, boot_options.ncpus, 1 << 20);
	mix->shared = param_number("shared", 25, 0, 100);
	mix->run = param_number("run", 4, 1, 1000);
	sizes->samples = param_number("samples", 33, 1, 10000);
	sizes->work = (struct kva_work){
		.maps = param_number("maps", 256, 0, 1000000000) / boot_options.ncpus *
			boot_options.ncpus,
		.cpus = boot_options.ncpus,
		.slots = mix->slots,
		.pinned = mix->pinned,
	};
}

void kva_run(const struct arm *arm)
{
	const struct kva_ops *ops = arm->ops;
	struct sizes sizes;

	read_sizes(ops, &sizes);
	printk("kva: %s, %u slots, %u CPUs\n", arm->name, sizes.mix.slots, boot_options.ncpus);
	kva_measure(ops, sizes.mix.slots, sizes.samples);
	kva_compare_forms(ops, &sizes.work);
	kva_mix_run(ops, &sizes.mix);
	metric("slot_bytes", ops->slot_bytes + ops->cpu_bytes * boot_options.ncpus);
}
