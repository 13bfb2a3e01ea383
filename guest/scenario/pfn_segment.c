/* SPDX-License-Identifier: MIT */
/*
 * Owns the segment as a source of frames, and the kernel's own look at it. Pages that programs are
 * executed from lie where they do; the others can be filled by frames in a drawn order, as a file
 * system has its blocks.
 */
#include "devices/abi/segment.h"
#include "guest/arch.h"
#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/scenario/pfn.h"
#include "guest/trace.h"

static struct {
	struct pfn_source source;
	u32 pages;
	u32 *frame; /* of each page */
	u64 *word;  /* the kernel's address of all */
} segment = { .source.lock = SPINLOCK("segment") };

static u64 frame_of(const struct pfn_source *source, u64 page)
{
	return source->gpa + segment.frame[page] * PAGE_BYTES;
}

static const struct pfn_source_ops segment_ops FAULT_TABLE = { .name = "the segment",
							       .frame = frame_of };

static void fill(bool random)
{
	u64 draws = draw_stream(boot_options.seed, 0);
	u32 text = pfn_text_pages();

	for (u32 i = 0; i < segment.pages; i++)
		segment.frame[i] = i;
	for (u32 i = segment.pages - 1; random && i > text; i--) {
		u32 other = text + draw_next(&draws) % (i - text + 1), frame = segment.frame[i];

		segment.frame[i] = segment.frame[other];
		segment.frame[other] = frame;
	}
}

struct pfn_source *pfn_segment_start(void)
{
	const struct kvl_range *range = &layout.segment;

	segment.pages = range->bytes / PAGE_BYTES;
	if (segment.pages < pfn_text_pages() + KVL_SEGMENT_LEAST_PAGES)
		usage_failure("a segment of %u pages is too small: it needs %u (--segment)",
			      segment.pages, pfn_text_pages() + KVL_SEGMENT_LEAST_PAGES);
	segment.frame = lowmem_array(segment.pages, sizeof(*segment.frame));
	segment.word = ioremap(range->start, range->bytes, SITE("pfn.look"));
	if (!segment.word)
		usage_failure("a segment of %lu MiB does not fit vmalloc: a larger --vmalloc",
			      range->bytes >> 20);
	if (memcmp(segment.word, user_text_start, user_text_end - user_text_start))
		usage_failure("the segment does not begin with this kernel's programs: --segment "
			      "FILE,size=SIZE makes one that does");
	fill(param_choice("fill", "linear", "random"));
	segment.source.ops = &segment_ops;
	segment.source.gpa = range->start;
	segment.source.bytes = range->bytes;
	pfn_source_add(&segment.source);
	return &segment.source;
}

void pfn_segment_stop(void)
{
	pfn_source_remove(&segment.source);
	iounmap(segment.word);
	lowmem_array_free(segment.frame);
}

u32 pfn_text_pages(void)
{
	return ALIGN_UP(user_text_end - user_text_start, PAGE_BYTES) / PAGE_BYTES;
}

u32 pfn_segment_pages(void)
{
	return segment.pages;
}

u64 pfn_segment_word(u32 page, u32 nth)
{
	return segment.word[segment.frame[page] * (PAGE_BYTES / sizeof(u64)) + nth];
}

u32 pfn_segment_displaced(u32 first, u32 n)
{
	u32 displaced = 0;

	for (u32 page = first; page < first + n; page++)
		displaced += segment.frame[page] != page;
	return displaced;
}
