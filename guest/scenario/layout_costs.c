/* SPDX-License-Identifier: MIT */
/*
 * Owns what conversions cost (seed row A4), and questions whether an address is vmalloc's (A7): the
 * same addresses are asked for again and again, and what the loop costs without it is taken off.
 * First and last: of the first piece of lowmem, and of the last, which lies behind all holes; else
 * of all lowmem.
 */
#include "guest/host.h"
#include "guest/scenario/layout.h"

#define SPREAD 64 /* addresses */
#define PER 1000  /* conversions that a figure is of */

struct addresses {
	u64 gpa[SPREAD], va[SPREAD];
};

static u64 as_it_is(u64 address)
{
	return address;
}

static __attribute__((noinline)) u64 loop_ticks(u64 (*convert)(u64), const u64 *address, u32 n)
{
	u64 start = ticks_now();
	volatile u64 sink;

	for (u32 i = 0; i < n; i++)
		sink = convert(address[i % SPREAD]);
	(void)sink;
	return ticks_now() - start;
}

static u64 ticks_of(u64 (*convert)(u64), const u64 *address, u32 n)
{
	return (loop_ticks(convert, address, n) - loop_ticks(as_it_is, address, n)) * PER / n;
}

/* In [offset, offset + bytes) of lowmem's pages, counted without the gaps. */
static void choose(struct addresses *addresses, u64 offset, u64 bytes)
{
	u64 step = ALIGN_DOWN(bytes / SPREAD, PAGE_BYTES);

	for (u32 i = 0; i < SPREAD; i++) {
		u64 at = offset + i * step, left = at;
		u32 piece = 0;

		while (left >= layout.lowmem[piece].bytes)
			left -= layout.lowmem[piece++].bytes;
		addresses->gpa[i] = layout.lowmem[piece].gpa + left;
		addresses->va[i] = layout.lowmem[piece].va + left;
	}
}

static void measure(const struct addresses *addresses, u32 n, const char *to_virt,
		    const char *to_phys)
{
	metric(to_virt, ticks_of(layout_ops->phys_to_virt, addresses->gpa, n));
	metric(to_phys, ticks_of(layout_ops->virt_to_phys, addresses->va, n));
}

void layout_measure_conversions(u32 n)
{
	struct addresses *addresses = kalloc(sizeof(*addresses));
	u64 all = kvl_lowmem_bytes(&layout), last = layout.lowmem[layout.nlowmem - 1].bytes;

	choose(addresses, 0, layout.lowmem[0].bytes);
	measure(addresses, n, "phys_to_virt_first_ticks", "virt_to_phys_first_ticks");
	choose(addresses, all - last, last);
	measure(addresses, n, "phys_to_virt_last_ticks", "virt_to_phys_last_ticks");
	choose(addresses, 0, all);
	measure(addresses, n, "phys_to_virt_ticks", "virt_to_phys_ticks");
	kfree(addresses);
}

/* --- is it vmalloc's? ------------------------------------------------------------------------- */

static bool not_asked(u64 va)
{
	return va == 0;
}

static __attribute__((noinline)) u64 ask_loop_ticks(bool (*ask)(u64), u64 first, u64 step)
{
	u64 start = ticks_now();
	volatile bool sink;

	for (u32 i = 0; i < SPREAD; i++)
		sink = ask(first + i * step);
	(void)sink;
	return ticks_now() - start;
}

u64 layout_ask_ticks(bool (*is_vmalloc)(u64 va))
{
	u64 first = layout.region[KVL_REGION_LOWMEM].start;
	u64 step = ALIGN_DOWN((layout.region[KVL_REGION_KVA].start - first) / SPREAD, PAGE_BYTES);

	return (ask_loop_ticks(is_vmalloc, first, step) - ask_loop_ticks(not_asked, first, step)) *
	       PER / SPREAD;
}
