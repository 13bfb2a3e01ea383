/* SPDX-License-Identifier: MIT */
/* Inside of a watch, for its three files: calls of the bank, cells, what is shown. */
#ifndef KVL_FUZZ_WATCH_H
#define KVL_FUZZ_WATCH_H

#include "tests/fuzz/flash_watch.h"
#include "tests/fuzz/told.h"

#define MAX_PAGES (MiB(256) >> PAGE_SHIFT)

struct watch {
	struct watch_config config;
	struct geometry geometry;
	struct told told;
	struct flash_bank *bank;
	struct flash_nv *nv_before[FLASH_MAX_CHIPS];
	u64 lane_mask[FLASH_MAX_CHIPS]; /* the bytes of a chip among any eight aligned ones */
	u64 now_ns, turn;		/* @turn: a source of places to look at */
	u64 generation;
	u8 shown[GEOMETRY_MAX_BLOCKS], shown_before[GEOMETRY_MAX_BLOCKS];
	u8 resident[MAX_PAGES];
};

static inline const char *name_of(const struct watch *watch)
{
	return watch->config.flash.part->name;
}

/* A mask of the lowest bytes of eight. */
static inline u64 ones(u64 bytes)
{
	return bytes >= sizeof(u64) ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

/* --- watch_cells.c --- */
void watch_cells_begin(struct watch *watch);
void watch_cells_end(struct watch *watch);
/* What has changed was allowed to. */
void watch_cells(struct watch *watch);
/* Of the array and of what lies beside it. */
u64 watch_cells_digest(struct watch *watch, u64 digest);

/* --- watch_shown.c --- */
void watch_shown(struct watch *watch);

#endif
