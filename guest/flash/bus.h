/* SPDX-License-Identifier: MIT */
/* Bus cycles to a flash chip through its uncached window; one access of the bank's width each. */
#ifndef GUEST_FLASH_BUS_H
#define GUEST_FLASH_BUS_H

#include "devices/abi/types.h"
#include "guest/lib/string.h"

static inline u32 bus_read(volatile u8 *window, u32 width, u64 offset)
{
	switch (width) {
	case 1: return window[offset];
	case 2: return *(volatile u16 *)(window + offset);
	default: return *(volatile u32 *)(window + offset);
	}
}

static inline void bus_write(volatile u8 *window, u32 width, u64 offset, u32 value)
{
	switch (width) {
	case 1: window[offset] = value; break;
	case 2: *(volatile u16 *)(window + offset) = value; break;
	default: *(volatile u32 *)(window + offset) = value;
	}
}

/* Array data, with whatever access is quickest: the chip is in array mode, the bus splits it. */
static inline void bus_copy(void *to, volatile u8 *window, u64 offset, u64 bytes)
{
	memcpy(to, (const void *)(uintptr_t)(window + offset), bytes);
}

#endif
