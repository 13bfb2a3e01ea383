/* SPDX-License-Identifier: MIT */
/*
 * Owns the comparison of a scheme's replacement with an exact LRU and a FIFO (seed row T3): the
 * same reference string, drawn from the seed, goes through the scheme by gets and puts, and through
 * both on the side, which know of pages and slots alone.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/kva.h"
#include "guest/scenario/kva_order.h"

/* Beside the scheme. Slots are filled one after the other; @last: when a slot was used; filled,
 * with FIFO. */
struct model {
	bool fifo;
	u32 slots, filled;
	u32 *slot; /* of a page, from 1; 0: none */
	u32 *page; /* of a slot */
	u32 *last;
	u32 hits;
};

static void model_make(struct model *model, u32 slots, u32 pages, bool fifo)
{
	*model = (struct model){
		.fifo = fifo,
		.slots = slots,
		.slot = lowmem_array(pages, sizeof(*model->slot)),
		.page = lowmem_array(slots, sizeof(*model->page)),
		.last = lowmem_array(slots, sizeof(*model->last)),
	};
}

static void model_free(struct model *model)
{
	lowmem_array_free(model->last);
	lowmem_array_free(model->page);
	lowmem_array_free(model->slot);
}

static u32 empty_oldest(struct model *model)
{
	u32 found = 0;

	for (u32 i = 1; i < model->slots; i++)
		if (model->last[i] < model->last[found])
			found = i;
	model->slot[model->page[found]] = 0;
	return found;
}

static void model_miss(struct model *model, u32 page, u32 now)
{
	u32 slot = model->filled < model->slots ? model->filled++ : empty_oldest(model);

	model->slot[page] = slot + 1;
	model->page[slot] = page;
	model->last[slot] = now;
}

static void model_use(struct model *model, u32 page, u32 now)
{
	u32 slot = model->slot[page];

	if (!slot) {
		model_miss(model, page, now);
		return;
	}
	model->hits++;
	if (!model->fifo)
		model->last[slot - 1] = now;
}

struct string {
	enum kva_order_kind kind;
	const char *hits, *exact, *fifo; /* names of what is reported */
};

static void check(const struct string *string, u32 hits, const struct model *exact,
		  const struct model *fifo)
{
	u32 slack = exact->hits / 50;

	if (param_choice("replacement", "lru", "fifo"))
		check_equal(string->hits, hits, fifo->hits);
	else
		check_range(string->hits, hits, exact->hits - slack, exact->hits + slack);
	metric(string->exact, exact->hits);
	metric(string->fifo, fifo->hits);
}

static void use_all(const struct string *string, const struct kva_pages *pages, u32 length,
		    struct model *exact, struct model *fifo)
{
	u64 draws = draw_stream(boot_options.seed, string->kind);
	struct kva_place place = { 0 };
	struct kva_order order;

	kva_order_make(&order, string->kind, pages->n);
	for (u32 i = 0; i < length; i++) {
		u32 which = kva_order_next(&order, &place, pages->n, draw_next(&draws));
		struct page *page = pages->page[which];

		kva_put(page, kva_get(page));
		model_use(exact, which, i);
		model_use(fifo, which, i);
	}
	kva_order_free(&order);
}

static void compare(const struct kva_ops *ops, const struct string *string, u32 slots, u32 length,
		    u32 npages)
{
	u64 installs = count_total(COUNT_KVA_INSTALLS);
	struct model exact, fifo;
	struct kva_pages pages;

	kva_pages_make(&pages, npages);
	model_make(&exact, slots, npages, false);
	model_make(&fifo, slots, npages, true);
	kva_start(ops, slots);
	use_all(string, &pages, length, &exact, &fifo);
	kva_stop();
	check(string, length - (count_total(COUNT_KVA_INSTALLS) - installs), &exact, &fifo);
	model_free(&fifo);
	model_free(&exact);
	kva_pages_free(&pages);
}

void kva_compare_lru(const struct kva_ops *ops, u32 slots, u32 length)
{
	static const struct string zipf = { KVA_ZIPF, "lru.zipf_hits", "lru.zipf_exact_hits",
					    "lru.zipf_fifo_hits" };
	static const struct string loop = { KVA_LOOP, "lru.loop_hits", "lru.loop_exact_hits",
					    "lru.loop_fifo_hits" };

	compare(ops, &zipf, slots, length, 4 * slots);
	compare(ops, &loop, slots, length, slots + 1);
}
