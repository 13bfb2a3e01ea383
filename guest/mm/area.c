/* SPDX-License-Identifier: MIT */
/*
 * Owns the order of areas. The trees are libbsd's, which keeps what a node knows of those below it
 * (RB_AUGMENT) only where it turns nodes around. So an area comes and goes without a gap, which
 * changes nothing above it, and set_gap() tells those above.
 */
#include <stddef.h>

#include "guest/mm/area.h"

/* Where an area ends no other one does; the start of the space has no bytes, but an end. */
static int compare_address(const struct area *a, const struct area *b)
{
	return (a->end > b->end) - (a->end < b->end);
}

static int compare_gap(const struct area *a, const struct area *b)
{
	return a->gap != b->gap ? (a->gap > b->gap) - (a->gap < b->gap) : compare_address(a, b);
}

static u64 largest_below(const struct area *area)
{
	return area ? area->largest : 0;
}

static void find_largest(struct area *area)
{
	u64 left = largest_below(RB_LEFT(area, by_address));
	u64 right = largest_below(RB_RIGHT(area, by_address));
	u64 below = left > right ? left : right;

	area->largest = area->gap > below ? area->gap : below;
}

/* RB_GENERATE_STATIC() wants a macro that libbsd does not define. */
#define STATIC __attribute__((unused)) static

RB_GENERATE_INTERNAL(area_by_gap, area, by_gap, compare_gap, STATIC)
#undef RB_AUGMENT
#define RB_AUGMENT(area) find_largest(area)
RB_GENERATE_INTERNAL(area_by_address, area, by_address, compare_address, STATIC)

static void set_gap(struct area_space *space, struct area *area, u64 gap)
{
	if (area->gap)
		RB_REMOVE(area_by_gap, &space->by_gap, area);
	area->gap = gap;
	if (gap)
		RB_INSERT(area_by_gap, &space->by_gap, area);
	for (; area; area = RB_PARENT(area, by_address))
		find_largest(area);
}

void area_space_init(struct area_space *space, u64 start, u64 end)
{
	*space = (struct area_space){ .first = { .start = start, .end = start },
				      .bytes = end - start };
	RB_INSERT(area_by_address, &space->by_address, &space->first);
	set_gap(space, &space->first, end - start);
}

/* --- where ------------------------------------------------------------------------------------ */

/* Of @area and those below it the first behind which are @bytes; there is one. */
static struct area *first_with(struct area *area, u64 bytes)
{
	for (;;) {
		struct area *left = RB_LEFT(area, by_address);

		if (largest_below(left) >= bytes)
			area = left;
		else if (area->gap >= bytes)
			return area;
		else
			area = RB_RIGHT(area, by_address);
	}
}

/* The first ancestor of @area that lies behind it. */
static struct area *ancestor_behind(struct area *area)
{
	struct area *child;

	do {
		child = area;
		area = RB_PARENT(area, by_address);
	} while (area && child == RB_RIGHT(area, by_address));
	return area;
}

/* Of those behind @area the first behind which are @bytes. */
static struct area *next_with(struct area *area, u64 bytes)
{
	do {
		struct area *right = RB_RIGHT(area, by_address);

		if (largest_below(right) >= bytes)
			return first_with(right, bytes);
		area = ancestor_behind(area);
	} while (area && area->gap < bytes);
	return area;
}

static bool has_room(const struct area *before, u64 bytes, u64 align)
{
	u64 skipped = ALIGN_UP(before->end, align) - before->end;

	return skipped <= before->gap && before->gap - skipped >= bytes;
}

static struct area *first_fit(const struct area_space *space, u64 bytes, u64 align)
{
	struct area *before = NULL;

	if (area_largest_free(space) >= bytes)
		before = first_with(RB_ROOT(&space->by_address), bytes);
	while (before && !has_room(before, bytes, align))
		before = next_with(before, bytes);
	return before;
}

static struct area *best_fit(struct area_space *space, u64 bytes, u64 align)
{
	struct area least = { .gap = bytes }, *before;

	before = RB_NFIND(area_by_gap, &space->by_gap, &least);
	while (before && !has_room(before, bytes, align))
		before = RB_NEXT(area_by_gap, &space->by_gap, before);
	return before;
}

/* --- coming and going ------------------------------------------------------------------------- */

static void insert_behind(struct area_space *space, struct area *before, struct area *area,
			  u64 start, u64 bytes)
{
	u64 free_end = before->end + before->gap;

	area->start = start;
	area->end = start + bytes;
	area->gap = area->largest = 0;
	RB_INSERT(area_by_address, &space->by_address, area);
	set_gap(space, before, start - before->end);
	set_gap(space, area, free_end - area->end);
}

bool area_reserve(struct area_space *space, struct area *area, u64 bytes, u64 align)
{
	struct area *before = NULL;

	if (bytes && space->fit == AREA_BEST_FIT)
		before = best_fit(space, bytes, align);
	else if (bytes)
		before = first_fit(space, bytes, align);
	if (!before)
		return false;
	insert_behind(space, before, area, ALIGN_UP(before->end, align), bytes);
	return true;
}

/* The area with the lowest end behind @va. */
static struct area *first_ending_behind(const struct area_space *space, u64 va)
{
	struct area *area = RB_ROOT(&space->by_address), *found = NULL;

	while (area) {
		bool ends_behind = area->end > va;

		if (ends_behind)
			found = area;
		area = ends_behind ? RB_LEFT(area, by_address) : RB_RIGHT(area, by_address);
	}
	return found;
}

bool area_reserve_at(struct area_space *space, struct area *area, u64 start, u64 bytes)
{
	struct area *behind = first_ending_behind(space, start), *before;

	before = behind ? RB_PREV(area_by_address, &space->by_address, behind)
			: RB_MAX(area_by_address, &space->by_address);
	if (!before || !bytes || start - before->end > before->gap ||
	    bytes > before->gap - (start - before->end))
		return false;
	insert_behind(space, before, area, start, bytes);
	return true;
}

void area_release(struct area_space *space, struct area *area)
{
	struct area *before = RB_PREV(area_by_address, &space->by_address, area);
	u64 free_end = area->end + area->gap;

	set_gap(space, area, 0);
	RB_REMOVE(area_by_address, &space->by_address, area);
	set_gap(space, before, free_end - before->end);
}

/* --- looking ---------------------------------------------------------------------------------- */

struct area *area_find(const struct area_space *space, u64 va)
{
	struct area *area = first_ending_behind(space, va);

	return area && area->start <= va ? area : NULL;
}

struct area *area_first(struct area_space *space)
{
	return area_next(&space->first);
}

struct area *area_next(struct area *area)
{
	return RB_NEXT(area_by_address, NULL, area);
}

u64 area_largest_free(const struct area_space *space)
{
	return RB_ROOT(&space->by_address)->largest;
}
