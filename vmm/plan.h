/* SPDX-License-Identifier: MIT */
/* The layout planner with messages for people. */
#ifndef KVL_PLAN_H
#define KVL_PLAN_H

#include "devices/abi/layout.h"
#include "vmm/board.h"
#include "vmm/err.h"

/*
 * kvl_layout_plan(); what cannot work is EXIT_USAGE and names the option that would help. @board:
 * whose the holes are, or NULL.
 */
int layout_plan(const struct kvl_layout_request *request, const struct board *board,
		struct kvl_layout *out, struct err *err);

/* The same of a failure that kvl_layout_plan() has found. Returns -1. */
int layout_explain(const struct kvl_layout_request *request, const struct board *board,
		   const struct kvl_layout_failure *why, struct err *err);

#endif
