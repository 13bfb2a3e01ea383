/* SPDX-License-Identifier: MIT */
/*
 * Accesses to a device's registers through its uncached window: 32 bits each (VIRTIO 1.2, 4.2.2).
 */
#ifndef GUEST_BLOCK_REGS_H
#define GUEST_BLOCK_REGS_H

#include "devices/abi/types.h"

static inline u32 reg_read(volatile u8 *window, u32 offset)
{
	return *(volatile u32 *)(window + offset);
}

/*
 * What was stored before is seen before: the compiler keeps the order here, the window's memory
 * type below.
 */
static inline void reg_write(volatile u8 *window, u32 offset, u32 value)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile u32 *)(window + offset) = value;
}

#endif
