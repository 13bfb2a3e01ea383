/* SPDX-License-Identifier: MIT */
/*
 * Guest memory as the host sees it. struct gpa is not a number and not a pointer: the only way to
 * the bytes behind one is gmem_at(), which checks the whole range.
 */
#ifndef KVL_GMEM_H
#define KVL_GMEM_H

#include "devices/abi/types.h"

struct gpa {
	u64 v;
};

struct gva {
	u64 v;
};

static inline struct gpa gpa(u64 v)
{
	return (struct gpa){ v };
}

static inline struct gva gva(u64 v)
{
	return (struct gva){ v };
}

#define GMEM_MAX_RANGES 32

/* One range of guest-physical space that host memory backs. */
struct gmem_range {
	struct gpa start;
	u64 bytes;
	u8 *host;
};

struct gmem {
	u32 nranges;
	struct gmem_range range[GMEM_MAX_RANGES]; /* ascending, disjoint */
};

/*
 * Pointer to @bytes bytes at @at, or NULL if any of them is not backed by one range of host memory
 * (holes, devices, wrap-around). @bytes 0 is NULL. The guest may change the bytes at any time: read
 * a value once, into a copy, and check the copy.
 */
void *gmem_at(const struct gmem *mem, struct gpa at, u64 bytes);

/* Copies; returns false (and touches nothing) where gmem_at() would be NULL. */
bool gmem_read(const struct gmem *mem, struct gpa at, void *out, u64 bytes);
bool gmem_write(const struct gmem *mem, struct gpa at, const void *in, u64 bytes);

/* Adds a range; false if the table is full or it overlaps one that is there. */
bool gmem_add(struct gmem *mem, struct gpa start, u64 bytes, void *host);

#endif
