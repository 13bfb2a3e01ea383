/* SPDX-License-Identifier: MIT */
/* Begin and end of the kva window: for kva.c. */
#ifndef GUEST_KVA_WINDOW_H
#define GUEST_KVA_WINDOW_H

#include "devices/abi/types.h"

void kva_window_open(u32 slots); /* a usage failure if the region has less */
void kva_window_close(void);	 /* a named failure if an entry is left */

#endif
