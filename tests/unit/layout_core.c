/* SPDX-License-Identifier: MIT */
/*
 * Owns what lies where for the kernel itself and for the testbed: the core's parts, the shared
 * region, the soft TLBs, the segment. That no two of them overlap is seen in layout_map.c.
 */
#include "devices/abi/shared.h"
#include "devices/abi/trace_abi.h"
#include "tests/unit/layout_model.h"

static void expect_core(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	rule(plan->ram_end_gpa == facts->ram_end, "RAM ends where it should", plan->ram_end_gpa,
	     facts->ram_end);
	rule(plan->core.start == KVL_BOOT_GPA && range_end(plan->core) == facts->core_end &&
		     range_end(plan->frames) == facts->core_end,
	     "the core begins at the boot page and ends with the frame table", plan->core.start,
	     plan->core.bytes);
	rule(plan->frames.bytes / KVL_FRAME_ENTRY_BYTES >= facts->ram_end / PAGE_BYTES,
	     "each frame has an entry in the table (entries, frames)",
	     plan->frames.bytes / KVL_FRAME_ENTRY_BYTES, facts->ram_end / PAGE_BYTES);
	rule(plan->frames.start % LARGE_BYTES == 0, "the frame table begins at a large page",
	     plan->frames.start, 0);
	rule(plan->heap.bytes == KVL_HEAP_BYTES && plan->arena.bytes == facts->arena,
	     "heap and arena have their sizes", plan->heap.bytes, plan->arena.bytes);
	if (facts->request->arena_highmem)
		rule(range_end(plan->arena) == facts->low_ram_end,
		     "the arena is the last RAM below the device gap", plan->arena.start, 0);
}

/* At byte @offset of the host's memory, or behind the device gap if it would lie across it. Returns
 * where it ends. */
static u64 expect_behind(struct kvl_range range, u64 offset)
{
	u64 start = kvl_machine_offset(range.start);

	range.bytes = ALIGN_UP(range.bytes, LARGE_BYTES);
	if (offset < GiB(3) && offset + range.bytes > GiB(3))
		offset = GiB(3);
	rule(range.start % LARGE_BYTES == 0 && start == offset &&
		     kvl_machine_offset(range_end(range) - 1) == start + range.bytes - 1,
	     "the testbed's own is behind RAM and in one piece (start, bytes)", range.start,
	     range.bytes);
	return start + range.bytes;
}

/* Each CPU's soft TLB: KVL_SOFT_FIXED_PAGES, a leaf table for each entry, accounts. */
static void expect_testbed(const struct kvl_layout_request *request, const struct kvl_layout *plan)
{
	u64 end = expect_behind(plan->shared, request->mem_bytes), n = request->soft_entries;
	u64 rings = request->ncpus * KVL_RING_PACKETS * KVL_PACKET_BYTES, step;

	rule(plan->shared.bytes >= KVL_RINGS_OFFSET + rings, "the shared region holds the rings",
	     plan->shared.bytes, rings);
	if (n) {
		end = expect_behind(plan->soft, end);
		step = kvl_soft_gpa(plan, (u32)n, 1) - plan->soft.start;
		rule(step % PAGE_BYTES == 0 &&
			     step >= (8 + n) * PAGE_BYTES + n * KVL_SOFT_ENTRY_BYTES &&
			     plan->soft.bytes >= request->ncpus * step &&
			     kvl_soft_gpa(plan, (u32)n, 0) == plan->soft.start,
		     "each CPU has room for its soft TLB (bytes, of all)", step, plan->soft.bytes);
	} else {
		rule(plan->soft.bytes == 0, "no soft TLBs are planned", plan->soft.bytes, 0);
	}
	rule(plan->segment.bytes == request->segment_bytes, "the segment has its size",
	     plan->segment.bytes, request->segment_bytes);
	if (request->segment_bytes)
		end = expect_behind(plan->segment, end);
	rule(plan->machine_bytes == end, "host memory ends behind all (bytes, end)",
	     plan->machine_bytes, end);
}

void layout_expect_core(const struct layout_facts *facts, const struct kvl_layout *plan)
{
	expect_core(facts, plan);
	expect_testbed(facts->request, plan);
}
