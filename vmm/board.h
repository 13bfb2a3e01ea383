/* SPDX-License-Identifier: MIT */
/*
 * What is known of the real board whose holes a run has (--dtb-overlay), beside the holes
 * themselves: for people alone, neither the planner nor the guest needs it.
 */
#ifndef KVL_BOARD_H
#define KVL_BOARD_H

#include "devices/abi/layout.h"

struct board {
	/* Whose the holes are, beside the request's hole[]; NULL: --hole gave it. */
	const char *hole_name[KVL_MAX_HOLES];
	/* From this address in the hole on the board has no RAM either; nothing if nobody says. */
	u64 hole_no_ram[KVL_MAX_HOLES];
	bool hole_grown[KVL_MAX_HOLES]; /* beyond what --hole said, to whole pages */
	u64 mem_bytes; /* the --mem that reaches as far as the board's RAM; 0: not known, or none does */
};

/*
 * Whose that hole of @request is that begins at @start: "mpss@8000000". NULL if nobody said, or if
 * @board is NULL.
 */
const char *board_hole_name(const struct board *board, const struct kvl_layout_request *request,
			    u64 start);

/* Which option hole @index came from, and would move it. */
const char *board_hole_option(const struct board *board, u32 index);

/* A name to stand behind a hole's addresses: " (mpss@8000000)", or "" of NULL. Returns @text. */
#define BOARD_OWNER_BYTES 128
const char *board_owner(const char *name, char text[BOARD_OWNER_BYTES]);

#endif
