/* SPDX-License-Identifier: MIT */
/* Room in the store that pageable memory is written to: for pageable.c. */
#ifndef GUEST_SWAP_H
#define GUEST_SWAP_H

#include "guest/mm/pageable.h"

void swap_start(const struct page_store *store); /* NULL: there is none, and no room */
void swap_stop(void);				 /* all room has been released */
const struct page_store *swap_store(void);
/* @n pages, one behind the other, from *@first on; false: there is no such room. */
bool swap_reserve(u32 n, u64 *first);
void swap_release(u64 first, u32 n);

#endif
