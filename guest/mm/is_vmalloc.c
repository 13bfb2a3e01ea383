/* SPDX-License-Identifier: MIT */
/* Owns the ways to ask whether an address is vmalloc's, and the bitmap that one of them looks
 * at. */
#include "guest/mm/is_vmalloc.h"

#include "guest/kernel.h"
#include "guest/mm/vm.h"
#include "guest/mm/vmalloc.h"

#define KERNEL_SPACE_MAX GiB(3) /* at a 1G split */
#define WORD_BITS 64

static u64 bitmap[KERNEL_SPACE_MAX / PAGE_BYTES / WORD_BITS];

bool is_vmalloc_addr(u64 va)
{
	return layout_ops->is_vmalloc_addr(va);
}

bool is_vmalloc_range(u64 va)
{
	const struct kvl_range *last = &layout.vmalloc[layout.nvmalloc - 1];
	u64 start = layout.vmalloc[0].start;

	return va - start < last->start + last->bytes - start;
}

bool is_vmalloc_walk(u64 va)
{
	struct area *area;

	spin_lock(&vmalloc_lock);
	area = area_first(&vmalloc_space);
	while (area && !(area->start <= va && va < area->end && area_is_vmalloc(area)))
		area = area_next(area);
	spin_unlock(&vmalloc_lock);
	return area;
}

bool is_vmalloc_tree(u64 va)
{
	const struct area *area;
	bool is;

	spin_lock(&vmalloc_lock);
	area = area_find(&vmalloc_space, va);
	is = area && area_is_vmalloc(area);
	spin_unlock(&vmalloc_lock);
	return is;
}

/* --- a bit for each page ---------------------------------------------------------------------- */

static u64 page_number(u64 va)
{
	return (va - layout.page_offset) / PAGE_BYTES;
}

bool is_vmalloc_bitmap(u64 va)
{
	u64 page = page_number(va);

	if (va < layout.page_offset || page >= ARRAY_LEN(bitmap) * WORD_BITS)
		return false;
	return __atomic_load_n(&bitmap[page / WORD_BITS], __ATOMIC_RELAXED) >> page % WORD_BITS & 1;
}

/* Bits of word @word that stand for pages of [first, end); one of them is in it. */
static u64 bits_in_word(u64 word, u64 first, u64 end)
{
	u64 bits = ~0ull;

	if (first > word * WORD_BITS)
		bits <<= first % WORD_BITS;
	if (end < (word + 1) * WORD_BITS)
		bits &= ~(~0ull << end % WORD_BITS);
	return bits;
}

/* Who looks takes no lock: a word of several areas changes at once. */
static void change(u64 start, u64 end, bool set)
{
	u64 first = page_number(start), after = page_number(end);

	for (u64 word = first / WORD_BITS; word * WORD_BITS < after; word++) {
		u64 bits = bits_in_word(word, first, after);
		u64 value = set ? bitmap[word] | bits : bitmap[word] & ~bits;

		__atomic_store_n(&bitmap[word], value, __ATOMIC_RELAXED);
	}
}

void is_vmalloc_bitmap_set(u64 start, u64 end)
{
	change(start, end, true);
}

void is_vmalloc_bitmap_clear(u64 start, u64 end)
{
	change(start, end, false);
}
