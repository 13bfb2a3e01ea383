/* SPDX-License-Identifier: MIT */
/* Layouts that cannot be, told before anything starts. */
#ifndef KVL_CLI_REFUSAL_H
#define KVL_CLI_REFUSAL_H

#include "devices/abi/layout.h"
#include "vmm/board.h"
#include "vmm/err.h"

/*
 * layout_plan(). Of what cannot be for want of room, or because two things want one place, stderr
 * gets the map: what lies where in RAM, or who wants how much of the kernel's addresses.
 */
int cli_plan(const struct kvl_layout_request *request, const struct board *board,
	     struct kvl_layout *out, struct err *err);

#endif
