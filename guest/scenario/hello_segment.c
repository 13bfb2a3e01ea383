/* SPDX-License-Identifier: MIT */
/*
 * hello's look at the shared segment, if --segment gives one: memory that is no RAM, has no struct
 * page and may only be read (seed row L7). Its first and its last page are compared with what the
 * host puts into a segment that it makes itself.
 */
#include "devices/abi/segment.h"
#include "guest/arch.h"
#include "guest/lib/string.h"
#include "guest/mm/page.h"
#include "guest/mm/vm.h"
#include "guest/mm/vmalloc.h"
#include "guest/scenario/hello.h"
#include "guest/trace.h"

static u64 programs_bytes(void)
{
	return (u64)(user_text_end - user_text_start);
}

/* Of the page that begins with byte @at of the user programs: bytes that are not theirs, or not 0
 * behind them. */
static u64 wrong_bytes(const u8 *seen, u64 at)
{
	u64 left = programs_bytes() - at, wrong = 0;

	for (u64 i = 0; i < PAGE_BYTES; i++)
		wrong += seen[i] != (i < left ? user_text_start[at + i] : 0);
	return wrong;
}

static u64 wrong_words(const u64 *seen, u64 page)
{
	u64 wrong = 0;

	for (u64 nth = 0; nth < PAGE_BYTES / sizeof(*seen); nth++)
		wrong += seen[nth] != kvl_segment_word(page, nth);
	return wrong;
}

static void *map_page(u64 page)
{
	u64 va = vmalloc_reserve(PAGE_BYTES, PAGE_BYTES, "hello.segment");

	if (!va)
		usage_failure("no room to map a page of the segment: give more --vmalloc");
	pt_map_range(&init_mm, va, layout.segment.start + page * PAGE_BYTES, PAGE_BYTES, PROT_READ,
		     SITE("hello.segment"));
	return (void *)va;
}

static void unmap_page(void *seen)
{
	pt_unmap(&init_mm, (u64)seen, PAGE_BYTES, SITE("hello.segment"));
	tlb_flush_range(&init_mm, (u64)seen, PAGE_BYTES, SITE("hello.segment"));
	vmalloc_release((u64)seen);
}

/* What of it is not as the host makes it: bytes where programs stand, or else words. */
static u64 wrong_in_page(u64 page)
{
	void *seen = map_page(page);
	u64 at = page * PAGE_BYTES;
	u64 wrong = at < programs_bytes() ? wrong_bytes(seen, at) : wrong_words(seen, page);

	unmap_page(seen);
	return wrong;
}

void hello_segment(void)
{
	u64 last = layout.segment.bytes / PAGE_BYTES - 1;

	if (!layout.segment.bytes)
		return;
	if (wrong_in_page(0))
		usage_failure("the segment does not begin with the user programs of this kvalab: "
			      "name a file that it may make (--segment FILE,size=SIZE)");
	check_equal("segment.last_page_wrong", wrong_in_page(last), 0);
	check_true("segment.no_struct_page",
		   !gpa_page(layout.segment.start) &&
			   !gpa_page(layout.segment.start + last * PAGE_BYTES));
}

/* Ends the run where the host sees it; where it does not, nothing is written (docs/hosts.md). */
void hello_write_to_segment(void)
{
	volatile u64 *seen;
	u64 before;

	if (!layout.segment.bytes)
		usage_failure("--set fail=segment needs a segment: --segment size=1M");
	seen = ioremap(layout.segment.start, PAGE_BYTES, SITE("hello.segment"));
	before = *seen;
	*seen = ~before;
	check_equal("segment.kept", *seen, before);
	iounmap((void *)(u64)seen);
}
