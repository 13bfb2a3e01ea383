/* SPDX-License-Identifier: MIT */
/*
 * Owns the answer to which options can work. Where several things are wrong with them, the planner
 * may name any: a reason is right if it is true.
 */
#include "tests/unit/layout_model.h"

#include <string.h>

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* --- numbers that are wrong by themselves ----------------------------------------------------- */

static u64 vmalloc_asked(const struct kvl_layout_request *request)
{
	return request->vmalloc_bytes ? request->vmalloc_bytes : KVL_VMALLOC_DEFAULT;
}

static bool window_is_unaligned(const struct kvl_layout_request *request, u32 index)
{
	const u64 bytes[] = { request->vmalloc_bytes, request->kva_bytes,
			      request->vmalloc_upper_bytes, request->arena_bytes };

	return index < ARRAY_LEN(bytes) && bytes[index] % LARGE_BYTES;
}

static bool number_is_wrong(const struct kvl_layout_request *request, enum kvl_layout_error error,
			    u32 index)
{
	u64 split = request->page_offset, soft = request->soft_entries;
	u64 segment = request->segment_bytes;

	switch (error) {
	case KVL_LAYOUT_MEM_SMALL: return request->mem_bytes < MiB(64);
	case KVL_LAYOUT_MEM_LARGE: return request->mem_bytes > GiB(64);
	case KVL_LAYOUT_MEM_ALIGN: return request->mem_bytes % LARGE_BYTES;
	case KVL_LAYOUT_SPLIT: return split % GiB(1) || split < GiB(1) || split > GiB(3);
	case KVL_LAYOUT_ALIGN: return window_is_unaligned(request, index);
	case KVL_LAYOUT_UPPER: return request->vmalloc_upper_bytes > vmalloc_asked(request);
	case KVL_LAYOUT_CPUS: return request->ncpus < 1 || request->ncpus > 16;
	case KVL_LAYOUT_SOFT: return soft && (soft < 8 || soft > 1024);
	case KVL_LAYOUT_ARENA: return request->arena_bytes > MiB(768);
	case KVL_LAYOUT_SEGMENT: return segment % KiB(4) || segment > GiB(1);
	default: return false;
	}
}

static bool numbers_are_right(const struct kvl_layout_request *request)
{
	for (u32 error = 0; error <= KVL_LAYOUT_SEGMENT; error++)
		for (u32 index = 0; index < 4; index++)
			if (number_is_wrong(request, error, index))
				return false;
	return true;
}

/* --- what cannot be placed -------------------------------------------------------------------- */

/* Boot page and image, heap, arena unless it is in highmem; then, at a large page, the frame
 * table. */
static u64 core_end(const struct kvl_layout_request *request, u64 arena, u64 ram_end)
{
	u64 parts = MiB(2) + KVL_HEAP_BYTES + (request->arena_highmem ? 0 : arena);
	u64 table = ram_end / PAGE_BYTES * KVL_FRAME_ENTRY_BYTES;

	return MiB(16) + ALIGN_UP(parts, LARGE_BYTES) + ALIGN_UP(table, LARGE_BYTES);
}

/* Kernel space that is wanted beyond what there is: that of a layout with the core for all
 * lowmem. */
static u64 space_missing(const struct layout_facts *facts)
{
	u64 have = SPACE_END - facts->request->page_offset;
	u64 want = facts->core_end + MODEL_GAP + facts->ukva_taken + MODEL_FIXMAP;

	if (facts->vmalloc >= SPACE_END || facts->kva >= SPACE_END)
		return UINT64_MAX;
	want += facts->vmalloc + facts->kva;
	return want > have ? want - have : 0;
}

/* Of a request whose numbers are right. Where there is no room, room and limit mean nothing. */
static void find_facts(const struct kvl_layout_request *request, struct layout_facts *facts)
{
	u64 mem = request->mem_bytes;

	facts->request = request;
	facts->vmalloc = vmalloc_asked(request);
	facts->kva = request->kva_bytes ? request->kva_bytes : KVL_KVA_DEFAULT;
	facts->low_ram_end = least(mem, GiB(3));
	facts->ram_end = mem > GiB(3) ? mem + GiB(1) : mem;
	facts->arena = request->arena_bytes ? request->arena_bytes : MiB(8);
	facts->core_end = core_end(request, facts->arena, facts->ram_end);
	facts->high_arena = facts->low_ram_end;
	if (request->arena_highmem)
		facts->high_arena -= least(facts->arena, facts->low_ram_end);
	facts->ukva = MiB(2) + request->page_offset / GiB(1) * MiB(2);
	facts->ukva_taken = request->ukva_in_user ? 0 : facts->ukva;
	facts->room = SPACE_END - request->page_offset - MODEL_GAP - facts->kva -
		      facts->ukva_taken - MODEL_FIXMAP;
	facts->limit = least(facts->room - facts->vmalloc, facts->low_ram_end);
}

/* A hole has to lie in one of the two pieces of RAM. No sum is made that could wrap. */
static bool lies_in(struct kvl_range hole, u64 start, u64 end)
{
	return hole.start >= start && hole.start <= end && hole.bytes <= end - hole.start;
}

static bool touches(struct kvl_range hole, u64 start, u64 end)
{
	return hole.start < end && (hole.start >= start || hole.bytes > start - hole.start);
}

static bool hole_is_outside(const struct layout_facts *facts, struct kvl_range hole)
{
	return !lies_in(hole, MiB(2), facts->low_ram_end) && !lies_in(hole, GiB(4), facts->ram_end);
}

static bool hole_is_wrong(const struct layout_facts *facts, enum kvl_layout_error error, u32 index,
			  u32 other)
{
	const struct kvl_range *hole = facts->request->hole;
	u32 n = facts->request->nholes;

	if (n > KVL_MAX_HOLES || index >= n)
		return error == KVL_LAYOUT_HOLES && n > KVL_MAX_HOLES;
	switch (error) {
	case KVL_LAYOUT_HOLE_ALIGN:
		return !hole[index].bytes || (hole[index].start | hole[index].bytes) % PAGE_BYTES;
	case KVL_LAYOUT_HOLE_OUTSIDE: return hole_is_outside(facts, hole[index]);
	case KVL_LAYOUT_HOLE_OVERLAP:
		return other < n && other != index && !hole_is_outside(facts, hole[other]) &&
		       touches(hole[index], hole[other].start, range_end(hole[other]));
	case KVL_LAYOUT_HOLE_CORE:
		if (other)
			return facts->request->arena_highmem &&
			       touches(hole[index], facts->high_arena, facts->low_ram_end);
		return touches(hole[index], MiB(16), facts->core_end);
	default: return false;
	}
}

static bool holes_are_right(const struct layout_facts *facts)
{
	u32 n = facts->request->nholes;

	if (n > KVL_MAX_HOLES)
		return false;
	for (u32 index = 0; index < n; index++) {
		if (hole_is_wrong(facts, KVL_LAYOUT_HOLE_ALIGN, index, 0) ||
		    hole_is_wrong(facts, KVL_LAYOUT_HOLE_OUTSIDE, index, 0) ||
		    hole_is_wrong(facts, KVL_LAYOUT_HOLE_CORE, index, 0) ||
		    hole_is_wrong(facts, KVL_LAYOUT_HOLE_CORE, index, 1))
			return false;
		for (u32 other = index + 1; other < n; other++)
			if (hole_is_wrong(facts, KVL_LAYOUT_HOLE_OVERLAP, index, other))
				return false;
	}
	return true;
}

/* The arena lies in what is highmem in kind linear, and so in every kind. */
static bool has_no_highmem(const struct layout_facts *facts)
{
	return facts->request->arena_highmem && facts->high_arena < facts->limit;
}

/* By so many bytes RAM before the device gap is too small for the core. */
static u64 ram_missing(const struct layout_facts *facts)
{
	return facts->core_end - least(facts->core_end, facts->low_ram_end);
}

static bool can_work(const struct layout_facts *facts)
{
	return !ram_missing(facts) && !space_missing(facts) && !has_no_highmem(facts) &&
	       holes_are_right(facts);
}

/* --- is a refusal right? ---------------------------------------------------------------------- */

static bool reason_is_true(const struct layout_facts *facts, const struct kvl_layout_failure *why)
{
	if (why->error == KVL_LAYOUT_ARENA)
		return ram_missing(facts);
	if (why->error == KVL_LAYOUT_NO_ROOM)
		return space_missing(facts);
	if (why->error == KVL_LAYOUT_NO_HIGHMEM)
		return !space_missing(facts) && has_no_highmem(facts);
	return hole_is_wrong(facts, why->error, why->index, why->other);
}

/* The figure that goes with a reason, where layout.h states one; else what was said. */
static u64 right_value(const struct layout_facts *facts, const struct kvl_layout_failure *why)
{
	switch (why->error) {
	case KVL_LAYOUT_NO_ROOM:
		return space_missing(facts) < UINT64_MAX ? space_missing(facts) : why->value;
	case KVL_LAYOUT_ARENA: return facts->arena - ram_missing(facts);
	case KVL_LAYOUT_NO_HIGHMEM: return facts->limit;
	case KVL_LAYOUT_HOLE_OUTSIDE: return facts->ram_end;
	case KVL_LAYOUT_HOLE_CORE: return why->other ? facts->low_ram_end : facts->core_end;
	default: return why->value;
	}
}

static u64 right_number(const struct kvl_layout_request *request,
			const struct kvl_layout_failure *why)
{
	const u64 bytes[] = { request->vmalloc_bytes, request->kva_bytes,
			      request->vmalloc_upper_bytes, request->arena_bytes };

	switch (why->error) {
	case KVL_LAYOUT_MEM_SMALL: return MiB(64);
	case KVL_LAYOUT_MEM_LARGE: return GiB(64);
	case KVL_LAYOUT_ALIGN: return bytes[why->index];
	case KVL_LAYOUT_UPPER: return vmalloc_asked(request);
	case KVL_LAYOUT_ARENA: return MiB(768);
	default: return why->value;
	}
}

static void expect_refusal(const struct kvl_layout_request *request,
			   const struct kvl_layout_failure *why)
{
	struct layout_facts facts;

	if (number_is_wrong(request, why->error, why->index)) {
		rule(why->value == right_number(request, why), "refused with this figure",
		     why->error, why->value);
		return;
	}
	rule(numbers_are_right(request), "refused for this error, which is not there", why->error,
	     why->index);
	find_facts(request, &facts);
	rule(reason_is_true(&facts, why), "refused for this error, index; it is not so", why->error,
	     why->index);
	rule(why->value == right_value(&facts, why), "refused with this figure", why->error,
	     why->value);
}

/* With ranges that could be of a plan, so that it is seen when one is left, or looked at too
 * many. */
static void fill(struct kvl_layout *plan)
{
	const u64 word = MiB(40);

	for (size_t i = 0; i + sizeof(word) <= sizeof(*plan); i += sizeof(word))
		memcpy((u8 *)plan + i, &word, sizeof(word));
}

bool layout_judge(const struct kvl_layout_request *request, struct kvl_layout *plan)
{
	struct kvl_layout_failure why = { .error = KVL_LAYOUT_OK };
	struct layout_facts facts;

	fill(plan);
	if (kvl_layout_plan(request, plan, &why)) {
		expect_refusal(request, &why);
		return false;
	}
	rule(numbers_are_right(request), "planned with wrong numbers", 0, 0);
	find_facts(request, &facts);
	rule(can_work(&facts), "planned what cannot work", 0, 0);
	layout_expect_map(&facts, plan);
	layout_expect_core(&facts, plan);
	layout_expect_room(&facts, plan);
	layout_expect_conversions(plan);
	return true;
}
