/* SPDX-License-Identifier: MIT */
/*
 * A bus: devices claim address ranges, accesses find their device. One bus for MMIO, one for ports.
 */
#ifndef KVL_BUS_H
#define KVL_BUS_H

#include "devices/abi/types.h"
#include "vmm/err.h"

struct bus_access {
	u32 cpu;     /* which vCPU */
	u64 address; /* guest-physical, or port number */
	u64 offset;  /* from the start of the device's range; filled by bus_access() */
	u32 bytes;   /* 1 to 8 */
	bool write;
	u64 data; /* written, or to be filled by a read; only the low @bytes count */
};

/* Called on the vCPU's thread; a device that two vCPUs may reach locks itself. */
typedef void bus_handler(void *owner, struct bus_access *access);

struct bus_range {
	const char *name;
	u64 start, bytes;
	bus_handler *handler;
	void *owner;
};

#define BUS_MAX_RANGES 32

struct bus {
	const char *name; /* "memory", "port" */
	u32 nranges;
	struct bus_range range[BUS_MAX_RANGES];
};

/* @name must outlive the bus. -1: empty, wrapping, overlapping another one (both named), full. */
int bus_add(struct bus *bus, const char *name, u64 start, u64 bytes, bus_handler *handler,
	    void *owner, struct err *err);

/*
 * Hands @access to the device that claims all of its bytes. False if none does: a read is then all
 * ones, a write goes nowhere.
 */
bool bus_access(const struct bus *bus, struct bus_access *access);

/* A mask of the low @bytes bytes. */
u64 bus_mask(u32 bytes);

#endif
