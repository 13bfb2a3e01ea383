/* SPDX-License-Identifier: MIT */
/* Inside a flash chip: what chip.c and a command set share. Not for the owners of a chip. */
#ifndef KVL_FLASH_CHIP_H
#define KVL_FLASH_CHIP_H

#include "devices/flash/cfi_query.h"
#include "devices/flash/operation.h"

/* Write to Buffer, while it is loaded. */
struct flash_buffer {
	u32 start;	   /* offset of the first word */
	u32 words, loaded; /* 0 words: the count is awaited */
	u8 data[FLASH_MAX_BUFFER_BYTES];
};

struct flash_chip {
	const struct flash_part *part;
	u8 *array;
	struct flash_observer observer;
	u64 now_ns; /* the latest time that was handed in */
	enum kvl_flash_mode mode;
	u8 setup;  /* first cycle of a command of which more cycles are awaited; 0: none */
	u8 errors; /* status register: its error bits */
	struct flash_buffer buffer;
	struct flash_op op;
	u8 query[FLASH_QUERY_BYTES];
};

/* One bus cycle of a chip with command set 0001; @offset: of a bus word inside the chip. */
u16 intel_read_cycle(const struct flash_chip *chip, u32 offset);
void intel_write_cycle(struct flash_chip *chip, u32 offset, u16 data);

/* The status register (command set 0001). */
u8 intel_status(const struct flash_chip *chip);

/* For command sets: what happens at chip->now_ns, told to the observer. */
void chip_set_mode(struct flash_chip *chip, enum kvl_flash_mode mode);
void chip_tell_command(const struct flash_chip *chip, u32 offset, u8 command, u16 data);
void chip_tell_state(const struct flash_chip *chip, u64 when_ns);

#endif
