/* SPDX-License-Identifier: MIT */
/*
 * Arm side-table: memory beside each leaf table says which of its entries map raw frames, on
 * machines whose entries have no bit for it (seed row L4). In two variants:
 *
 *   side=bits      a bit for each entry: 64 bytes a table
 *   side=doubled   as much again as the table: a word for each entry (s390's PGSTE)
 *
 * All tables of all spaces have it, whether they map such frames or not.
 */
#include "guest/arch.h"
#include "guest/mm/pt_side.h"
#include "guest/scenario/pfn.h"

/* --- a bit each ------------------------------------------------------------------------------- */

/* Other mappings have bits in the same table. */
static u64 *word_of(struct mm *mm, u64 va, u64 *bit)
{
	u32 index = arch_pt_index(va, 1);

	*bit = 1ull << index % 64;
	return (u64 *)pt_side(mm, va) + index / 64;
}

static void set_bit(struct mm *mm, u64 va, u64 entry)
{
	u64 bit, *word = word_of(mm, va, &bit);

	(void)entry;
	__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
}

static void clear_bit(struct mm *mm, u64 va, u64 entry)
{
	u64 bit, *word = word_of(mm, va, &bit);

	(void)entry;
	__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED);
}

static bool has_bit(const struct vma *vma, u64 va, u64 entry)
{
	u64 bit, *word = word_of(vma->mm, va, &bit);

	(void)entry;
	return __atomic_load_n(word, __ATOMIC_RELAXED) & bit;
}

static void start_bits(void)
{
	pt_side_start(ARCH_PT_ENTRIES / 8);
}

static u64 predict_bits(const struct page_rule_work *work)
{
	return work->leaf_tables * ARCH_PT_ENTRIES / 8;
}

static const struct page_rule bits FAULT_TABLE = {
	.copies = true,
	.start = start_bits,
	.stop = pt_side_stop,
	.mapped = set_bit,
	.unmapped = clear_bit,
	.is_raw = has_bit,
	.bytes = pt_side_bytes,
	.predict = predict_bits,
};

/* --- a word each ------------------------------------------------------------------------------ */

static u64 *side_entry(struct mm *mm, u64 va)
{
	return (u64 *)pt_side(mm, va) + arch_pt_index(va, 1);
}

static void set_word(struct mm *mm, u64 va, u64 entry)
{
	(void)entry;
	*side_entry(mm, va) = 1;
}

static void clear_word(struct mm *mm, u64 va, u64 entry)
{
	(void)entry;
	*side_entry(mm, va) = 0;
}

static bool has_word(const struct vma *vma, u64 va, u64 entry)
{
	(void)entry;
	return *side_entry(vma->mm, va);
}

static void start_doubled(void)
{
	pt_side_start(ARCH_PT_ENTRIES * sizeof(u64));
}

static u64 predict_doubled(const struct page_rule_work *work)
{
	return work->leaf_tables * ARCH_PT_ENTRIES * sizeof(u64);
}

static const struct page_rule doubled FAULT_TABLE = {
	.copies = true,
	.start = start_doubled,
	.stop = pt_side_stop,
	.mapped = set_word,
	.unmapped = clear_word,
	.is_raw = has_word,
	.bytes = pt_side_bytes,
	.predict = predict_doubled,
};

/* --- which one -------------------------------------------------------------------------------- */

static const struct page_rule *choose(void)
{
	return param_choice("side", "bits", "doubled") ? &doubled : &bits;
}

const struct page_rule pfn_side_table FAULT_TABLE = { .copies = true, .choose = choose };
