/* SPDX-License-Identifier: MIT */
/*
 * Owns what lowmem is for: "there is a penalty for mapping/unmapping highmem" (seed row A11). Pages
 * of all RAM are read, each by a short-lived local mapping, which is none where the page has an
 * address.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/layout.h"

#define PER 1000000 /* accesses that a figure is of */

/* Returns the ticks; @high: whether it had to be mapped. */
static u64 read_frame(u64 gpa, bool *high)
{
	struct page *page = gpa_page(gpa);
	u64 start = ticks_now(), ticks;
	void *address = kmap_local(page);

	(void)*(volatile u64 *)address;
	kunmap_local(address);
	ticks = ticks_now() - start;
	*high = address != page_address(page);
	return ticks;
}

void layout_access_all_ram(u32 n)
{
	u64 state = draw_stream(boot_options.seed, 0), frames = page_frames();
	u64 sets = count_total(COUNT_PT_SET), maps = 0, above = 0, ticks[2] = { 0, 0 };

	for (u32 i = 0; i < n; i++) {
		u64 gpa = page_nth_frame(draw_next(&state) % frames);
		bool high;
		u64 took = read_frame(gpa, &high);

		above += gpa >= layout.lowmem_end_gpa;
		maps += high;
		ticks[high] += took;
	}
	metric("highmem_maps", maps * PER / n); /* of a million accesses */
	metric("lowmem_access_ticks", maps < n ? ticks[false] / (n - maps) : 0);
	metric("highmem_access_ticks", maps ? ticks[true] / maps : 0);
	check_equal("access.maps", maps, above);
	check_count("access.entries", COUNT_PT_SET, sets, 2 * maps);
}
