/* SPDX-License-Identifier: MIT */
/*
 * Arm kva-repair: as kva-seq, but the CPU that has a conflict repairs itself: every use begins with
 * a question on the CPU that uses, so one translation of its own is all that can be wrong (row T15,
 * "the using CPU repairs itself"). It notes that it has, in a bit per CPU of the slot (no bytes:
 * the cache has the mask for the installer), and pays once for each page that the slot gets, not at
 * each hit until it flushes everything.
 */
#include "guest/arch.h"
#include "guest/mm/kva_cache.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

static void repair(struct page *page)
{
	struct kva_slot *slot = kva_page_slot(page);

	count(COUNT_KVA_CONFLICTS);
	tlb_cpu_page(kva_slot_address(page->kva - 1), 0, SITE("kva_repair.conflict"));
	__atomic_fetch_or(&slot->clean, 1u << cpu_id(), __ATOMIC_SEQ_CST);
}

static void start(void)
{
	kva_cache_start(repair);
}

/* A short clock comes to its end, and then all flush. */
static void predict(const struct kva_work *work, struct kva_forms *forms)
{
	kva_cache_predict(work, forms);
	forms->no_ipis = param_number("seq_bits", 32, 4, 32) == 32;
}

const struct kva_ops kva_repair FAULT_TABLE = {
	KVA_CACHE_OPS,
	.start = start,
	.predict = predict,
};
