/* SPDX-License-Identifier: MIT */
/* Table pages, for pt.c. */
#ifndef GUEST_ARENA_H
#define GUEST_ARENA_H

#include "devices/abi/types.h"

void arena_init(u32 boot_tables);   /* frames from the start that the host has used */
u64 arena_alloc(u32 level, u32 mm); /* an all-zero table; a named failure when there is none */
void arena_free(u64 gpa, u32 level, u32 mm);

#endif
