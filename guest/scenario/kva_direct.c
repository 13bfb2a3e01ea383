/* SPDX-License-Identifier: MIT */
/*
 * Arm direct: all RAM is lowmem, so every page has an address for good: what no scheme can beat.
 * Where there is highmem it does not run.
 */
#include "guest/scenario/kva.h"

static void start(void)
{
}

static void stop(void)
{
}

/* No page of highmem, none that comes here. */
static void *get(struct page *page)
{
	panic("no direct address", "page %lx", page_gpa(page));
}

static void put(struct page *page, void *address)
{
	panic("no direct address", "page %lx at %p", page_gpa(page), address);
}

static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	(void)work;
	*forms = (struct kva_forms){ .no_ipis = true };
}

const struct kva_ops kva_direct FAULT_TABLE = {
	.reach = KVA_ANYWHERE,
	.lowmem_only = true,
	.hit_ticks = 30,
	.start = start,
	.stop = stop,
	.get = get,
	.put = put,
	.page_kva = get,
	.predict = predict,
};
