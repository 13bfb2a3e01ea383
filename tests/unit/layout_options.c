/* SPDX-License-Identifier: MIT */
/* Owns the language of these bytes. */
#include "tests/unit/layout_options.h"

/* Of the first byte. */
#define HIGH_ARENA 16
#define ANY_UPPER (32 | 128)
#define SOFT 64
#define SPOILT (32 | 64 | 128)
/* Of the third. */
#define UKVA_IN_USER 16
#define ARENA_SHIFT 5

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u32 two_bytes(struct input *input)
{
	u32 low = input_byte(input);

	return low | (u32)input_byte(input) << 8;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* 64 MiB to 8 GiB and a little outside; every fourth near a border of the machine. */
static u64 ram(struct input *input)
{
	static const u64 border[] = { MiB(64), MiB(80), MiB(800), GiB(1),
				      GiB(2),  GiB(3),	GiB(4),	  GiB(8) };
	u32 n = two_bytes(input), which = n / 4;

	switch (n % 4) {
	case 0: return border[which % 8] + which / 8 % 16 * MiB(2) - MiB(16);
	case 1: return MiB(62) + which % 512 * MiB(2);
	default: return MiB(62) + which % 4096 * MiB(2);
	}
}

/* The default, or a multiple of 2 MiB: mostly one that fits. */
static u64 window(struct input *input)
{
	u32 n = input_byte(input);

	if (n < 96)
		return 0;
	return (n - 95 + (n >= 240 ? input_byte(input) * 4u : 0)) * MiB(2);
}

/* Something that no option may be, or at the edge of that. */
static void spoil(struct kvl_layout_request *request, u8 how)
{
	static const u64 bytes[] = { 1,		 MiB(1),    GiB(65), 0 - MiB(2),
				     UINT64_MAX, GiB(1024), KiB(4),  GiB(64) };
	u64 value = bytes[how >> 5];

	switch (how % 10) {
	case 0: request->mem_bytes = value; break;
	case 1: request->page_offset += value; break;
	case 2: request->vmalloc_bytes = value; break;
	case 3: request->vmalloc_upper_bytes = value; break;
	case 4: request->kva_bytes = value; break;
	case 5: request->ncpus = how >> 3; break;
	case 6: request->soft_entries = (how >> 3) * 70; break;
	case 7: request->vmalloc_upper_bytes = request->vmalloc_bytes; break;
	case 8: request->arena_bytes = value; break;
	case 9: request->segment_bytes = value; break;
	}
}

/* --- holes ------------------------------------------------------------------------------------ */

/* Bits 2..0: the unit; 7..3: how many. */
static u64 length(struct input *input)
{
	static const u64 unit[] = { PAGE_BYTES, PAGE_BYTES, 3 * PAGE_BYTES, KiB(68),
				    KiB(68),	MiB(2),	    MiB(2),	    MiB(8) };
	u8 n = input_byte(input);

	return (n >> 3) * unit[n & 7];
}

/* Where something of this machine without holes ends or begins. */
static u64 landmark(const struct kvl_layout_request *request, const struct kvl_layout *bare,
		    u8 which)
{
	u64 low_end = least(request->mem_bytes, GiB(3));
	const u64 at[] = {
		MiB(2),
		MiB(16),
		bare->core.start + bare->core.bytes,
		bare->lowmem_end_gpa,
		bare->lowmem_end_gpa + request->vmalloc_bytes - request->vmalloc_upper_bytes,
		low_end,
		low_end - (request->arena_bytes ? request->arena_bytes : KVL_ARENA_DEFAULT),
		GiB(4)
	};

	return at[which % ARRAY_LEN(at)];
}

/*
 * A byte says how it lies: bits 2..0: from a landmark (bits 5..3) upward (6) or downward (7; bit 6:
 * ending there), else behind the hole before it. Then come a distance and a size.
 */
static struct kvl_range hole(struct input *input, const struct kvl_layout_request *request,
			     const struct kvl_layout *bare, u64 *behind)
{
	u8 how = input_byte(input);
	u64 at = *behind, distance = length(input), bytes = length(input);

	if (!bytes)
		bytes = PAGE_BYTES;
	if (how == 255) /* what is no hole at all */
		return (struct kvl_range){ at + distance + (bytes & MiB(2) ? 1 : 0), 0 - bytes };
	if ((how & 7) >= 6)
		at = landmark(request, bare, how >> 3);
	at += (how & 7) == 7 ? 0 - distance - (how & 64 ? bytes : 0) : distance;
	if (at - GiB(3) < GiB(1)) /* no RAM */
		at += how & 128 ? 0 : GiB(1);
	*behind = at + bytes;
	return (struct kvl_range){ at, bytes };
}

static void holes(struct input *input, struct kvl_layout_request *request)
{
	struct kvl_layout bare = { .nholes = 0 };
	struct kvl_layout_failure why;
	u64 behind;

	if (kvl_layout_plan(request, &bare, &why))
		bare.core = (struct kvl_range){ MiB(16), MiB(24) };
	behind = bare.core.start + bare.core.bytes;
	while (input->left && request->nholes < KVL_MAX_HOLES) {
		request->hole[request->nholes] = hole(input, request, &bare, &behind);
		request->nholes++;
	}
	/* one more than there may be; the planner must not look at it */
	if (input->left > 12)
		request->nholes++;
}

struct kvl_layout_request layout_options(struct input *input)
{
	static const u32 soft[] = { 8, 64, 1024, 9 };
	static const u64 segment[] = { 0, KiB(4), 0, GiB(1) - KiB(4) };
	static const u64 arena[] = { 0, MiB(2), MiB(16), MiB(160), 0, MiB(64), MiB(768), MiB(770) };
	struct kvl_layout_request request = { .nholes = 0 };
	u8 first = input_byte(input), third;

	request.kind = first % KVL_LAYOUT_KINDS;
	request.page_offset = GiB(3) - (first >> 2 & 3) % 3 * GiB(1);
	request.arena_highmem = first & HIGH_ARENA;
	request.mem_bytes = ram(input);
	third = input_byte(input);
	request.ncpus = 1 + third % KVL_MAX_CPUS;
	request.ukva_in_user = third & UKVA_IN_USER;
	request.arena_bytes = arena[third >> ARENA_SHIFT];
	request.soft_entries = first & SOFT ? soft[request.ncpus % ARRAY_LEN(soft)] : 0;
	request.segment_bytes = segment[(request.ncpus - 1) / 4];
	request.vmalloc_bytes = window(input);
	request.vmalloc_upper_bytes = window(input);
	request.kva_bytes = window(input);
	if ((first & ANY_UPPER) != ANY_UPPER)
		request.vmalloc_upper_bytes =
			least(request.vmalloc_upper_bytes,
			      request.vmalloc_bytes ? request.vmalloc_bytes : KVL_VMALLOC_DEFAULT);
	if ((first & SPOILT) == SPOILT)
		spoil(&request, input_byte(input));
	holes(input, &request);
	return request;
}
