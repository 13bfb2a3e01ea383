/* SPDX-License-Identifier: MIT */
/*
 * Owns the arithmetic of the layout: which RAM has a direct address, where the kernel's regions and
 * the core lie, which RAM is usable. Knows nothing of who asks, prints nothing, allocates nothing:
 * the host and the guest compile this same file and must come to the same answer.
 */
#include "layout.h"

#include "shared.h"
#include "trace_abi.h"

#define GAP_BYTES MiB(2)
#define PAGEABLE_BYTES KVL_RAM_START_GPA /* whose direct map would show no RAM */
#define FIXMAP_BYTES MiB(2)
#define SPACE_END GiB(4)

static int fail(struct kvl_layout_failure *why, enum kvl_layout_error error, u64 value)
{
	*why = (struct kvl_layout_failure){ .error = error, .value = value };
	return -1;
}

static int fail_index(struct kvl_layout_failure *why, enum kvl_layout_error error, u32 index,
		      u32 other, u64 value)
{
	*why = (struct kvl_layout_failure){
		.error = error, .value = value, .index = index, .other = other
	};
	return -1;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

u64 kvl_range_end(struct kvl_range range)
{
	return range.bytes > UINT64_MAX - range.start ? UINT64_MAX : range.start + range.bytes;
}

bool kvl_ranges_overlap(struct kvl_range a, struct kvl_range b)
{
	return a.start < kvl_range_end(b) && b.start < kvl_range_end(a);
}

u64 kvl_machine_gpa(u64 offset)
{
	return offset < KVL_LOW_RAM_END_GPA ? offset
					    : offset - KVL_LOW_RAM_END_GPA + KVL_HIGH_RAM_GPA;
}

u64 kvl_machine_offset(u64 gpa)
{
	if (gpa < KVL_LOW_RAM_END_GPA)
		return gpa;
	if (gpa < KVL_HIGH_RAM_GPA)
		return UINT64_MAX;
	return gpa - KVL_HIGH_RAM_GPA + KVL_LOW_RAM_END_GPA;
}

u64 kvl_ram_end(u64 mem_bytes)
{
	return kvl_machine_gpa(mem_bytes - 1) + 1;
}

bool kvl_in_ranges(const struct kvl_range *range, u32 n, u64 at)
{
	for (u32 i = 0; i < n; i++)
		if (at - range[i].start < range[i].bytes)
			return true;
	return false;
}

const char *kvl_region_name(enum kvl_region_kind kind)
{
	switch (kind) {
	case KVL_REGION_PAGEABLE: return "pageable";
	case KVL_REGION_LOWMEM: return "lowmem";
	case KVL_REGION_GAP: return "gap";
	case KVL_REGION_VMALLOC: return "vmalloc";
	case KVL_REGION_KVA: return "kva";
	case KVL_REGION_UKVA: return "ukva";
	case KVL_REGION_FIXMAP: return "fixmap";
	case KVL_REGIONS: break;
	}
	return "?";
}

static u64 vmalloc_wanted(const struct kvl_layout_request *request)
{
	return request->vmalloc_bytes ? request->vmalloc_bytes : KVL_VMALLOC_DEFAULT;
}

static u64 kva_wanted(const struct kvl_layout_request *request)
{
	return request->kva_bytes ? request->kva_bytes : KVL_KVA_DEFAULT;
}

u64 kvl_ukva_bytes(const struct kvl_layout_request *request)
{
	return request->page_offset / PAGE_BYTES * sizeof(u64) + KVL_UKVA_SLOTS_BYTES;
}

u64 kvl_arena_bytes(const struct kvl_layout_request *request)
{
	return request->arena_bytes ? request->arena_bytes : KVL_ARENA_DEFAULT;
}

static int check_sizes(const struct kvl_layout_request *request, struct kvl_layout_failure *why)
{
	if (request->ncpus == 0 || request->ncpus > KVL_MAX_CPUS)
		return fail(why, KVL_LAYOUT_CPUS, KVL_MAX_CPUS);
	if (request->page_offset != GiB(1) && request->page_offset != GiB(2) &&
	    request->page_offset != GiB(3))
		return fail(why, KVL_LAYOUT_SPLIT, request->page_offset);
	if (request->mem_bytes < KVL_MEM_MIN)
		return fail(why, KVL_LAYOUT_MEM_SMALL, KVL_MEM_MIN);
	if (request->mem_bytes > KVL_MEM_MAX)
		return fail(why, KVL_LAYOUT_MEM_LARGE, KVL_MEM_MAX);
	if (request->mem_bytes % LARGE_BYTES)
		return fail(why, KVL_LAYOUT_MEM_ALIGN, request->mem_bytes);
	if (request->vmalloc_bytes % LARGE_BYTES)
		return fail_index(why, KVL_LAYOUT_ALIGN, 0, 0, request->vmalloc_bytes);
	if (request->kva_bytes % LARGE_BYTES)
		return fail_index(why, KVL_LAYOUT_ALIGN, 1, 0, request->kva_bytes);
	if (request->vmalloc_upper_bytes % LARGE_BYTES)
		return fail_index(why, KVL_LAYOUT_ALIGN, 2, 0, request->vmalloc_upper_bytes);
	if (request->arena_bytes % LARGE_BYTES)
		return fail_index(why, KVL_LAYOUT_ALIGN, 3, 0, request->arena_bytes);
	if (request->arena_bytes > KVL_ARENA_MAX)
		return fail(why, KVL_LAYOUT_ARENA, KVL_ARENA_MAX);
	if (request->vmalloc_upper_bytes > vmalloc_wanted(request))
		return fail(why, KVL_LAYOUT_UPPER, vmalloc_wanted(request));
	if (request->soft_entries &&
	    (request->soft_entries < KVL_SOFT_MIN || request->soft_entries > KVL_SOFT_MAX))
		return fail(why, KVL_LAYOUT_SOFT, request->soft_entries);
	if (request->segment_bytes % PAGE_BYTES || request->segment_bytes > KVL_SEGMENT_MAX)
		return fail(why, KVL_LAYOUT_SEGMENT, KVL_SEGMENT_MAX);
	return 0;
}

/* The core, guest-physical, from the boot page upward. The arena follows later if it is highmem. */
static void place_core(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	u64 at = KVL_CORE_END_GPA;

	out->ram_end_gpa = kvl_ram_end(request->mem_bytes);
	out->heap = (struct kvl_range){ at, KVL_HEAP_BYTES };
	at += KVL_HEAP_BYTES;
	out->arena = (struct kvl_range){ 0, kvl_arena_bytes(request) };
	if (!request->arena_highmem) {
		out->arena.start = at;
		at += out->arena.bytes;
	}
	out->frames.start = ALIGN_UP(at, LARGE_BYTES);
	out->frames.bytes =
		ALIGN_UP((out->ram_end_gpa >> PAGE_SHIFT) * KVL_FRAME_ENTRY_BYTES, LARGE_BYTES);
	out->core = (struct kvl_range){ KVL_BOOT_GPA, kvl_range_end(out->frames) - KVL_BOOT_GPA };
}

/* RAM has it all before the device gap. What grows is the arena alone. */
static int check_core(const struct kvl_layout *out, struct kvl_layout_failure *why)
{
	u64 end = kvl_range_end(out->core), ram_end = least(out->ram_end_gpa, KVL_LOW_RAM_END_GPA);

	return end <= ram_end ? 0 : fail(why, KVL_LAYOUT_ARENA, out->arena.bytes - (end - ram_end));
}

/* --- room for lowmem and vmalloc -------------------------------------------------------------- */

/*
 * What the options leave of kernel space for lowmem and vmalloc together, and for lowmem alone. All
 * in bytes from page_offset, so that of a linear map they are guest-physical addresses, too; the
 * pageable region is among them.
 */
struct room {
	u64 both;
	u64 direct;   /* for lowmem, if all vmalloc is behind it, and RAM reaches so far */
	u64 farthest; /* where lowmem ends at the latest */
	u64 ram_end;  /* no frame from here on gets a direct address */
};

/*
 * What each region takes if lowmem ends at @lowmem_end, from page_offset, and vmalloc takes no more
 * than it was asked to.
 */
static void least_regions(const struct kvl_layout_request *request, u64 lowmem_end,
			  u64 bytes[KVL_REGIONS])
{
	bytes[KVL_REGION_PAGEABLE] = PAGEABLE_BYTES;
	bytes[KVL_REGION_LOWMEM] = lowmem_end - PAGEABLE_BYTES;
	bytes[KVL_REGION_GAP] = GAP_BYTES;
	bytes[KVL_REGION_VMALLOC] = vmalloc_wanted(request);
	bytes[KVL_REGION_KVA] = kva_wanted(request);
	bytes[KVL_REGION_UKVA] = request->ukva_in_user ? 0 : kvl_ukva_bytes(request);
	bytes[KVL_REGION_FIXMAP] = FIXMAP_BYTES;
}

static u64 sum_up(const u64 bytes[KVL_REGIONS])
{
	const u64 most = ALIGN_DOWN(UINT64_MAX, LARGE_BYTES);
	u64 sum = 0;

	for (u32 i = 0; i < KVL_REGIONS; i++)
		sum += least(bytes[i], most - sum);
	return sum;
}

u64 kvl_layout_wanted(const struct kvl_layout_request *request, u64 bytes[KVL_REGIONS])
{
	struct kvl_layout placed;

	place_core(request, &placed);
	least_regions(request, kvl_range_end(placed.core), bytes);
	return sum_up(bytes);
}

/* The regions keep their size, lowmem gets what is left of kernel space, but at least the core. */
static int find_room(const struct kvl_layout_request *request, const struct kvl_layout *out,
		     struct room *room, struct kvl_layout_failure *why)
{
	u64 space = SPACE_END - request->page_offset, wanted, bytes[KVL_REGIONS];

	least_regions(request, kvl_range_end(out->core), bytes);
	wanted = sum_up(bytes);
	if (wanted > space)
		return fail(why, KVL_LAYOUT_NO_ROOM, wanted - space);
	room->both =
		space - GAP_BYTES - bytes[KVL_REGION_KVA] - bytes[KVL_REGION_UKVA] - FIXMAP_BYTES;
	room->farthest = room->both - request->vmalloc_upper_bytes;
	room->ram_end = least(out->ram_end_gpa, KVL_LOW_RAM_END_GPA);
	room->direct = least(room->both - bytes[KVL_REGION_VMALLOC], room->ram_end);
	return 0;
}

/* Last of the RAM below 4 GiB: the first CPU loads its root in 32-bit mode. */
static int place_high_arena(const struct kvl_layout_request *request, struct kvl_layout *out,
			    struct room *room, struct kvl_layout_failure *why)
{
	if (!request->arena_highmem)
		return 0;
	if (out->arena.bytes > room->ram_end - room->direct)
		return fail(why, KVL_LAYOUT_NO_HIGHMEM, room->direct);
	room->ram_end -= out->arena.bytes;
	out->arena.start = room->ram_end;
	return 0;
}

/* --- the direct map --------------------------------------------------------------------------- */

static void add_piece(struct kvl_layout *out, u64 gpa, u64 va, u64 bytes)
{
	if (bytes)
		out->lowmem[out->nlowmem++] = (struct kvl_piece){ gpa, va, bytes };
}

static const struct kvl_piece *last_piece(const struct kvl_layout *out)
{
	return &out->lowmem[out->nlowmem - 1];
}

static void map_linear(const struct room *room, struct kvl_layout *out)
{
	for (u32 i = 0; i < out->nusable && out->usable[i].start < room->direct; i++) {
		u64 start = out->usable[i].start,
		    end = least(kvl_range_end(out->usable[i]), room->direct);

		add_piece(out, start, start + out->page_offset, end - start);
	}
	out->lowmem_end_gpa = room->direct;
}

/*
 * Where RAM from @gpa on goes in a layout without gaps; the piece before it ends at a hole. What is
 * as low as the image stays: that one lies where it was linked to be.
 */
static u64 moved_to(const struct kvl_layout *out, u64 gpa)
{
	const struct kvl_piece *last = last_piece(out);
	u64 last_end = last->gpa + last->bytes, at = last->va + last->bytes;

	if (gpa < kvl_range_end(out->core))
		return gpa + out->page_offset;
	if (out->kind == KVL_LAYOUT_PACKED)
		return at;
	if (gpa / LARGE_BYTES == (last_end - 1) / LARGE_BYTES)
		return at + gpa - last_end;
	return ALIGN_UP(at, LARGE_BYTES) + gpa % LARGE_BYTES;
}

static void map_moved(const struct room *room, struct kvl_layout *out)
{
	u64 limit = out->page_offset + room->direct;

	for (u32 i = 0; i < out->nusable && out->usable[i].start < room->ram_end; i++) {
		u64 start = out->usable[i].start,
		    end = least(kvl_range_end(out->usable[i]), room->ram_end);
		u64 va = i ? moved_to(out, start) : start + out->page_offset;

		if (va >= limit)
			break;
		add_piece(out, start, va, least(end - start, limit - va));
	}
	out->lowmem_end_gpa = last_piece(out)->gpa + last_piece(out)->bytes;
}

/* As much as if the holes were RAM of somebody else's, and no farther than vmalloc behind it
 * allows. */
static void map_intermixed(const struct room *room, struct kvl_layout *out)
{
	u64 left = room->direct - PAGEABLE_BYTES, last = least(room->ram_end, room->farthest);

	for (u32 i = 0; i < out->nusable && out->usable[i].start < last && left; i++) {
		u64 start = out->usable[i].start, end = least(kvl_range_end(out->usable[i]), last);
		u64 bytes = least(end - start, left);

		add_piece(out, start, start + out->page_offset, bytes);
		left -= bytes;
	}
	out->lowmem_end_gpa = last_piece(out)->gpa + last_piece(out)->bytes;
}

static void map_lowmem(const struct room *room, struct kvl_layout *out)
{
	out->nlowmem = 0;
	switch (out->kind) {
	case KVL_LAYOUT_PACKED:
	case KVL_LAYOUT_SECTIONS: map_moved(room, out); break;
	case KVL_LAYOUT_INTERMIXED: map_intermixed(room, out); break;
	case KVL_LAYOUT_LINEAR:
	case KVL_LAYOUT_KINDS: map_linear(room, out); break;
	}
}

/* --- the regions ------------------------------------------------------------------------------ */

static void place_regions(const struct kvl_layout_request *request, const struct room *room,
			  struct kvl_layout *out)
{
	u64 at = out->page_offset, bytes[KVL_REGIONS];
	u64 lowmem_end = out->kind == KVL_LAYOUT_LINEAR
				 ? room->direct
				 : last_piece(out)->va + last_piece(out)->bytes - at;

	least_regions(request, lowmem_end, bytes);
	bytes[KVL_REGION_VMALLOC] = room->both - lowmem_end;
	for (u32 i = 0; i < KVL_REGIONS; i++) {
		out->region[i] = (struct kvl_range){ at, bytes[i] };
		at += bytes[i];
	}
	out->user_end = out->page_offset;
	if (request->ukva_in_user) {
		out->user_end -= kvl_ukva_bytes(request);
		out->region[KVL_REGION_UKVA] =
			(struct kvl_range){ out->user_end, kvl_ukva_bytes(request) };
	}
}

static void add_vmalloc(struct kvl_layout *out, u64 start, u64 end)
{
	if (start < end)
		out->vmalloc[out->nvmalloc++] = (struct kvl_range){ start, end - start };
}

static void place_vmalloc(struct kvl_layout *out)
{
	u64 at = out->region[KVL_REGION_LOWMEM].start;

	out->nvmalloc = 0;
	for (u32 i = 0; i < out->nlowmem && out->kind == KVL_LAYOUT_INTERMIXED; i++) {
		add_vmalloc(out, at, out->lowmem[i].va);
		at = out->lowmem[i].va + out->lowmem[i].bytes;
	}
	at = out->region[KVL_REGION_VMALLOC].start;
	add_vmalloc(out, at, out->region[KVL_REGION_KVA].start);
}

static void add_dynamic(struct kvl_layout *out, u64 start, u64 end)
{
	if (start < end)
		out->dynamic[out->ndynamic++] = (struct kvl_range){ start, end - start };
}

/* The gap before the vmalloc region is as large as what a directory entry maps: none is shared. */
static void find_dynamic(struct kvl_layout *out)
{
	out->ndynamic = 0;
	add_dynamic(out, 0, out->region[KVL_REGION_LOWMEM].start); /* user space, pageable */
	for (u32 i = 0;
	     i < out->nvmalloc && out->vmalloc[i].start < out->region[KVL_REGION_GAP].start; i++)
		add_dynamic(out, ALIGN_UP(out->vmalloc[i].start, LARGE_BYTES),
			    ALIGN_DOWN(kvl_range_end(out->vmalloc[i]), LARGE_BYTES));
	add_dynamic(out, ALIGN_DOWN(out->region[KVL_REGION_VMALLOC].start, LARGE_BYTES),
		    out->region[KVL_REGION_FIXMAP].start);
}

u64 kvl_lowmem_bytes(const struct kvl_layout *layout)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout->nlowmem; i++)
		bytes += layout->lowmem[i].bytes;
	return bytes;
}

u64 kvl_vmalloc_bytes(const struct kvl_layout *layout)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout->nvmalloc; i++)
		bytes += layout->vmalloc[i].bytes;
	return bytes;
}

u64 kvl_vmalloc_largest(const struct kvl_layout *layout)
{
	u64 bytes = 0;

	for (u32 i = 0; i < layout->nvmalloc; i++)
		if (layout->vmalloc[i].bytes > bytes)
			bytes = layout->vmalloc[i].bytes;
	return bytes;
}

/* --- the testbed's own ------------------------------------------------------------------------ */

/* Behind all that is placed; not across the device gap, because it is mapped as one piece. */
static struct kvl_range place_behind(struct kvl_layout *out, u64 bytes)
{
	u64 offset = out->machine_bytes;

	bytes = ALIGN_UP(bytes, LARGE_BYTES);
	if (offset < KVL_LOW_RAM_END_GPA && offset + bytes > KVL_LOW_RAM_END_GPA)
		offset = KVL_LOW_RAM_END_GPA;
	out->machine_bytes = offset + bytes;
	return (struct kvl_range){ kvl_machine_gpa(offset), bytes };
}

_Static_assert(KVL_MAX_CPUS *(KVL_SOFT_FIXED_PAGES *PAGE_BYTES +
			      KVL_SOFT_MAX * (PAGE_BYTES + KVL_SOFT_ENTRY_BYTES)) <=
		       KVL_ARENA_VA - KVL_SOFT_VA,
	       "the soft TLBs end before the arena");
_Static_assert(KVL_ARENA_MAX <= KVL_WINDOW_VA + GiB(1) - KVL_ARENA_VA,
	       "one directory maps the window");

static u64 soft_cpu_bytes(u32 entries)
{
	return ALIGN_UP(KVL_SOFT_FIXED_PAGES * PAGE_BYTES +
				(u64)entries * (PAGE_BYTES + KVL_SOFT_ENTRY_BYTES),
			PAGE_BYTES);
}

static void place_testbed(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	u64 rings = (u64)request->ncpus * KVL_RING_PACKETS * KVL_PACKET_BYTES;

	out->machine_bytes = request->mem_bytes;
	out->shared = place_behind(out, KVL_RINGS_OFFSET + rings);
	out->soft = (struct kvl_range){ 0, 0 };
	if (request->soft_entries)
		out->soft =
			place_behind(out, request->ncpus * soft_cpu_bytes(request->soft_entries));
	out->segment = (struct kvl_range){ 0, 0 };
	if (request->segment_bytes)
		out->segment = place_behind(out, request->segment_bytes);
	out->segment.bytes = request->segment_bytes; /* up to the large page's end nothing is */
}

bool kvl_is_shared(const struct kvl_layout *layout, u64 va)
{
	return va >= layout->user_end && !kvl_in_ranges(&layout->region[KVL_REGION_UKVA], 1, va);
}

u64 kvl_soft_gpa(const struct kvl_layout *layout, u32 entries, u32 cpu)
{
	return layout->soft.start + cpu * soft_cpu_bytes(entries);
}

bool kvl_is_soft(const struct kvl_layout *layout, u64 va)
{
	return kvl_in_ranges(layout->dynamic, layout->ndynamic, va);
}

/* --- holes ------------------------------------------------------------------------------------ */

/* RAM is [2 MiB, 3 GiB) and, if there is more, [4 GiB, ram_end). */
static enum kvl_outside find_outside(const struct kvl_layout *layout, struct kvl_range hole)
{
	static const struct kvl_range devices = { KVL_LOW_RAM_END_GPA,
						  KVL_HIGH_RAM_GPA - KVL_LOW_RAM_END_GPA };
	u64 end = kvl_range_end(hole);

	if (end > ALIGN_DOWN(UINT64_MAX, PAGE_BYTES))
		return KVL_OUTSIDE_ALL;
	if (hole.start < KVL_RAM_START_GPA)
		return KVL_OUTSIDE_LOW;
	if (kvl_ranges_overlap(hole, devices))
		return KVL_OUTSIDE_DEVICES;
	return end > layout->ram_end_gpa ? KVL_OUTSIDE_RAM : KVL_OUTSIDE_NOT;
}

/* What reaches beyond all addresses could not be made of whole pages, and is no matter of them. */
static int check_hole(const struct kvl_layout *layout, struct kvl_range hole, u32 index,
		      struct kvl_layout_failure *why)
{
	enum kvl_outside outside = find_outside(layout, hole);
	bool whole = hole.start % PAGE_BYTES == 0 && hole.bytes % PAGE_BYTES == 0;

	if (!hole.bytes || (!whole && outside != KVL_OUTSIDE_ALL))
		return fail_index(why, KVL_LAYOUT_HOLE_ALIGN, index, 0, 0);
	if (outside != KVL_OUTSIDE_NOT)
		return fail_index(why, KVL_LAYOUT_HOLE_OUTSIDE, index, outside,
				  layout->ram_end_gpa);
	if (kvl_ranges_overlap(hole, layout->core))
		return fail_index(why, KVL_LAYOUT_HOLE_CORE, index, 0, kvl_range_end(layout->core));
	if (kvl_ranges_overlap(hole, layout->arena))
		return fail_index(why, KVL_LAYOUT_HOLE_CORE, index, 1,
				  kvl_range_end(layout->arena));
	return 0;
}

static int check_holes(const struct kvl_layout_request *request, const struct kvl_layout *layout,
		       struct kvl_layout_failure *why)
{
	if (request->nholes > KVL_MAX_HOLES)
		return fail(why, KVL_LAYOUT_HOLES, KVL_MAX_HOLES);
	for (u32 i = 0; i < request->nholes; i++) {
		if (check_hole(layout, request->hole[i], i, why))
			return -1;
		for (u32 j = 0; j < i; j++)
			if (kvl_ranges_overlap(request->hole[j], request->hole[i]))
				return fail_index(why, KVL_LAYOUT_HOLE_OVERLAP, j, i, 0);
	}
	return 0;
}

static void sort_holes(const struct kvl_layout_request *request, struct kvl_layout *out)
{
	out->nholes = 0;
	for (u32 i = 0; i < request->nholes; i++) {
		u32 at = out->nholes++;

		for (; at > 0 && out->hole[at - 1].start > request->hole[i].start; at--)
			out->hole[at] = out->hole[at - 1];
		out->hole[at] = request->hole[i];
	}
}

static void add_usable(struct kvl_layout *out, u64 start, u64 end)
{
	if (start < end)
		out->usable[out->nusable++] = (struct kvl_range){ start, end - start };
}

/* One piece of RAM, less the holes that lie in it. */
static void take_out_holes(struct kvl_layout *out, u64 start, u64 end)
{
	for (u32 i = 0; i < out->nholes; i++) {
		if (out->hole[i].start < start || out->hole[i].start >= end)
			continue;
		add_usable(out, start, out->hole[i].start);
		start = kvl_range_end(out->hole[i]);
	}
	add_usable(out, start, end);
}

int kvl_layout_plan(const struct kvl_layout_request *request, struct kvl_layout *out,
		    struct kvl_layout_failure *why)
{
	struct room room;

	if (check_sizes(request, why))
		return -1;
	out->kind = request->kind;
	out->page_offset = request->page_offset;
	place_core(request, out);
	if (check_core(out, why) || find_room(request, out, &room, why) ||
	    place_high_arena(request, out, &room, why) || check_holes(request, out, why))
		return -1;
	sort_holes(request, out);
	out->nusable = 0;
	take_out_holes(out, KVL_RAM_START_GPA, least(out->ram_end_gpa, KVL_LOW_RAM_END_GPA));
	take_out_holes(out, KVL_HIGH_RAM_GPA, out->ram_end_gpa);
	map_lowmem(&room, out);
	place_regions(request, &room, out);
	place_vmalloc(out);
	find_dynamic(out);
	place_testbed(request, out);
	why->error = KVL_LAYOUT_OK;
	return 0;
}
