/* SPDX-License-Identifier: MIT */
/*
 * ukva: the part of kernel space that is each space's own (Bligh's "per-task kernel space", seed
 * rows B1-B7; the task's own table of row T14). Its tables hang in the space's directory alone and
 * end with the space. Not for kernel tasks: they run on any.
 */
#ifndef GUEST_UKVA_H
#define GUEST_UKVA_H

#include "guest/mm/vm.h"

bool is_ukva(u64 va);
u64 ukva_slot_address(u32 slot);
u32 ukva_address_slot(
	const void *address); /* of any address; which slots there are knows the caller */
/* Changes the slot's entry, which nobody else does meanwhile; the caller flushes. */
void ukva_slot_set(struct mm *mm, u32 slot, const struct page *page, u16 site);
void ukva_slot_clear(struct mm *mm, u32 slot, u16 site);

#endif
