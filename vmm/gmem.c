/* SPDX-License-Identifier: MIT */
/*
 * The checked accessor of guest memory: the only place that turns a guest-physical range into a
 * pointer. Who maps the memory and who tells KVM of it: vm.c.
 */
#include "vmm/gmem.h"

#include <string.h>

/* [start, start + bytes) without computing a sum that could wrap. */
static bool within(const struct gmem_range *range, u64 at, u64 bytes)
{
	u64 offset = at - range->start.v;

	return at >= range->start.v && offset < range->bytes && bytes <= range->bytes - offset;
}

void *gmem_at(const struct gmem *mem, struct gpa at, u64 bytes)
{
	if (!bytes)
		return NULL;
	for (u32 i = 0; i < mem->nranges; i++) {
		const struct gmem_range *range = &mem->range[i];

		if (within(range, at.v, bytes))
			return range->host + (at.v - range->start.v);
	}
	return NULL;
}

bool gmem_read(const struct gmem *mem, struct gpa at, void *out, u64 bytes)
{
	const void *from = gmem_at(mem, at, bytes);

	if (!from)
		return false;
	memcpy(out, from, bytes);
	return true;
}

bool gmem_write(const struct gmem *mem, struct gpa at, const void *in, u64 bytes)
{
	void *to = gmem_at(mem, at, bytes);

	if (!to)
		return false;
	memcpy(to, in, bytes);
	return true;
}

static bool disjoint(const struct gmem_range *range, u64 start, u64 bytes)
{
	return start + (bytes - 1) < range->start.v || range->start.v + (range->bytes - 1) < start;
}

bool gmem_add(struct gmem *mem, struct gpa start, u64 bytes, void *host)
{
	u32 place = 0;

	if (!bytes || start.v + (bytes - 1) < start.v || mem->nranges == GMEM_MAX_RANGES)
		return false;
	for (u32 i = 0; i < mem->nranges; i++) {
		if (!disjoint(&mem->range[i], start.v, bytes))
			return false;
		if (mem->range[i].start.v < start.v)
			place = i + 1;
	}
	memmove(&mem->range[place + 1], &mem->range[place],
		(mem->nranges - place) * sizeof(mem->range[0]));
	mem->range[place] = (struct gmem_range){ .start = start, .bytes = bytes, .host = host };
	mem->nranges++;
	return true;
}
