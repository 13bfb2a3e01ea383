/* SPDX-License-Identifier: MIT */
/* Finds whose a hole is. Where the names come from: dtb_overlay.c. */
#include "vmm/board.h"

#include <stdio.h>

const char *board_hole_name(const struct board *board, const struct kvl_layout_request *request,
			    u64 start)
{
	for (u32 i = 0; board && i < request->nholes && i < KVL_MAX_HOLES; i++)
		if (request->hole[i].start == start)
			return board->hole_name[i];
	return NULL;
}

const char *board_hole_option(const struct board *board, u32 index)
{
	return board && board->hole_name[index] ? "--dtb-overlay" : "--hole";
}

const char *board_owner(const char *name, char text[BOARD_OWNER_BYTES])
{
	snprintf(text, BOARD_OWNER_BYTES, "%s%s%s", name ? " (" : "", name ? name : "",
		 name ? ")" : "");
	return text;
}
