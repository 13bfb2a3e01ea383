/* SPDX-License-Identifier: MIT */
/*
 * Who answers an address. Warnings about accesses that nobody claims, and what --strict-io does
 * with them, are exit.c's.
 */
#include "vmm/bus.h"

static bool overlap(const struct bus_range *range, u64 start, u64 bytes)
{
	return start <= range->start + (range->bytes - 1) && range->start <= start + (bytes - 1);
}

int bus_add(struct bus *bus, const char *name, u64 start, u64 bytes, bus_handler *handler,
	    void *owner, struct err *err)
{
	if (!bytes || start + (bytes - 1) < start)
		return err_set(err, EXIT_VMM, "%s device '%s': 0x%llx bytes at 0x%llx are no range",
			       bus->name, name, (unsigned long long)bytes,
			       (unsigned long long)start);
	for (u32 i = 0; i < bus->nranges; i++) {
		const struct bus_range *range = &bus->range[i];

		if (overlap(range, start, bytes))
			return err_set(err, EXIT_VMM,
				       "%s device '%s' 0x%llx-0x%llx overlaps '%s' 0x%llx-0x%llx",
				       bus->name, name, (unsigned long long)start,
				       (unsigned long long)(start + (bytes - 1)), range->name,
				       (unsigned long long)range->start,
				       (unsigned long long)(range->start + (range->bytes - 1)));
	}
	if (bus->nranges == BUS_MAX_RANGES)
		return err_set(err, EXIT_VMM, "%s device '%s': all %d ranges are in use", bus->name,
			       name, BUS_MAX_RANGES);
	bus->range[bus->nranges++] = (struct bus_range){ name, start, bytes, handler, owner };
	return 0;
}

u64 bus_mask(u32 bytes)
{
	return bytes >= 8 ? UINT64_MAX : (1ull << (bytes * 8)) - 1;
}

bool bus_access(const struct bus *bus, struct bus_access *access)
{
	for (u32 i = 0; i < bus->nranges; i++) {
		const struct bus_range *range = &bus->range[i];

		access->offset = access->address - range->start;
		if (access->address < range->start || access->offset >= range->bytes ||
		    access->bytes > range->bytes - access->offset)
			continue;
		range->handler(range->owner, access);
		access->data &= bus_mask(access->bytes);
		return true;
	}
	if (!access->write)
		access->data = bus_mask(access->bytes);
	return false;
}
