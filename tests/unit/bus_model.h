/* SPDX-License-Identifier: MIT */
/*
 * The flash chip model behind a bus, for tests of the guest's driver: driver and model both call
 * their chip "struct flash_chip", so a test of the one cannot include the header of the other.
 */
#ifndef TEST_BUS_MODEL_H
#define TEST_BUS_MODEL_H

#include "devices/abi/types.h"

struct bus_faults {
	bool never_ready;  /* SR.7 stays 0 */
	u32 status_errors; /* SR bits that are set when an operation ends, until 50h */
	u32 query_at;	   /* this query byte (0: none) … */
	u32 query_value;   /* … reads so */
	u32 query_scale;   /* 2: query bytes at every second bus word */
	u32 silent;	   /* no chip: reads as an open bus */
	bool done_at_once; /* an operation takes no time */
};

/* A fresh chip of 4 blocks of 8 KiB and 3 of 32 KiB on a bus of @width bytes; time is *@ns. */
void bus_model_start(const u64 *ns, u32 width);
void bus_model_stop(void);
extern struct bus_faults bus_faults;

u32 bus_model_read(u64 offset, u32 width);
void bus_model_write(u64 offset, u32 width, u32 value);

u8 *bus_model_array(void);
u64 bus_model_bytes(void);
bool bus_model_is_array(void); /* array mode, and nothing runs */
u32 bus_model_status(void);    /* the status register */

#endif
