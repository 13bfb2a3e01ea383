/* SPDX-License-Identifier: MIT */
/*
 * Is an address vmalloc's? Asked in four ways (seed row A7), of which a layout takes one for the
 * kernel's own is_vmalloc_addr() (guest/mm/vm.h). All but the first are exact: true for every
 * address that is reserved, guard pages included, and for no other.
 */
#ifndef GUEST_IS_VMALLOC_H
#define GUEST_IS_VMALLOC_H

#include "devices/abi/types.h"

/*
 * What 32-bit Linux has: between the first and the last address that vmalloc may use. True for what
 * is free, too; and in an intermixed layout for the lowmem between them, which is wrong.
 */
bool is_vmalloc_range(u64 va);
/* As the proposal's first version: looks at all areas from the first on, with the lock held. */
bool is_vmalloc_walk(u64 va);
/* The same by way of the tree: steps by the logarithm of the number of areas. */
bool is_vmalloc_tree(u64 va);
/*
 * As the proposal's third version: a bit for each page of kernel space, and no lock. It costs 32
 * KiB for a GiB of kernel space (the image has room for three), and, for each area that comes or
 * goes, a store for each 64 pages of it.
 */
bool is_vmalloc_bitmap(u64 va);

/* [start, end) becomes vmalloc's, or is so no longer. For vmalloc.c, with the lock held. */
void is_vmalloc_bitmap_set(u64 start, u64 end);
void is_vmalloc_bitmap_clear(u64 start, u64 end);

#endif
