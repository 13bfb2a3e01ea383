/* SPDX-License-Identifier: MIT */
/* Events chosen by name (--event). */
#ifndef KVL_TRACE_FILTER_H
#define KVL_TRACE_FILTER_H

#include "devices/abi/types.h"
#include "vmm/err.h"

/* EXIT_USAGE: one of @n names is no event's; says which there are. */
int filter_check(const char *const *name, u32 n, struct err *err);

/* True if one of @n names is that of event @id. */
bool filter_names(const char *const *name, u32 n, u16 id);

#endif
