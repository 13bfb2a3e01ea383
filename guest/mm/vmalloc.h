/* SPDX-License-Identifier: MIT */
/* Address space of the vmalloc region, for vma.c; the allocations themselves are in vm.h. */
#ifndef GUEST_VMALLOC_H
#define GUEST_VMALLOC_H

#include "devices/abi/types.h"

/* First fit; a guard page follows each reservation. 0: no room. */
u64 vmalloc_reserve(u64 bytes, u64 align);
void vmalloc_release(u64 start);

#endif
