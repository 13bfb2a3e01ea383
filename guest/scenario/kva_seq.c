/* SPDX-License-Identifier: MIT */
/*
 * Arm kva-seq: the proposal itself (seed 001). A page keeps its address while no other one needs it
 * more (rows T2-T4); "a kva MM sequence number on each CPU" says what a CPU may not have seen; "the
 * SMP-global invalidation" is put off "until we detect a cross-CPU kva conflict", and then made as
 * it was written: all CPUs flush (row T15).
 */
#include "guest/mm/kva_cache.h"
#include "guest/scenario/kva.h"
#include "guest/trace.h"

static void flush_all(struct page *page)
{
	kva_cache_flush_all(page, SITE("kva_seq.conflict"));
}

static void start(void)
{
	kva_cache_start(flush_all);
}

const struct kva_ops kva_seq FAULT_TABLE = {
	KVA_CACHE_OPS,
	.start = start,
	.predict = kva_cache_predict,
};
