/* SPDX-License-Identifier: MIT */
/*
 * Watches a flash bank from outside, and stops the program with a message at the first thing that
 * no NOR flash may do, or that flash.h does not say. It knows blocks, partitions, what the bank's
 * observer is told and which bytes have changed, but nothing of commands.
 */
#ifndef KVL_FUZZ_FLASH_WATCH_H
#define KVL_FUZZ_FLASH_WATCH_H

#include "devices/flash/flash.h"

struct watch_config {
	struct flash_config flash;
	u8 *array, *before; /* flash_bank_bytes() each; @before equals @array, the watch keeps it */
	bool sparse;	    /* @array was mapped: pages that nobody has touched are not looked at */
	struct flash_nv *nv[FLASH_MAX_CHIPS]; /* NULL: the bank's own */
	bool probe;   /* after each step read what is shown; that must not change anything */
	bool split;   /* let time go in several strides; that must not change anything either */
	bool verbose; /* print what is told */
};

struct watch;

/* Makes the bank, as flash_create(). The watch is the only one there can be at a time. */
struct watch *watch_open(const struct watch_config *config);
void watch_close(struct watch *watch);

/* As flash_*(), with the time from watch_now() on. */
u64 watch_read(struct watch *watch, u64 offset, u32 bytes, u64 now_ns);
void watch_write(struct watch *watch, u64 offset, u32 bytes, u64 value, u64 now_ns);
void watch_advance(struct watch *watch, u64 now_ns);
void watch_power_cut(struct watch *watch);
void watch_power_up(struct watch *watch);
/* Destroys the bank, as the end of a process does, and makes it anew. */
void watch_reopen(struct watch *watch);

u64 watch_now(const struct watch *watch);
u64 watch_busy_until(const struct watch *watch);

/* Looks at everything. What may have changed since the last time is what was told since then. */
void watch_step(struct watch *watch);
/*
 * Lets all operations end (but those of a sparse array), cuts power, restores it, and looks whether
 * the array is there again.
 */
void watch_finish(struct watch *watch);

/* Of all that was read, of all that the observer was told, and of what there is now. */
u64 watch_digest(struct watch *watch);

#endif
