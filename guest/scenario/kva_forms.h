/* SPDX-License-Identifier: MIT */
/* Counts against closed forms: what the parts that compare them share. */
#ifndef GUEST_SCENARIO_KVA_FORMS_H
#define GUEST_SCENARIO_KVA_FORMS_H

#include "guest/scenario/kva.h"
#include "guest/scenario/spent.h"

/* Checks them; the checks' names say which kind of work it was. @wrong words were read in it. */
void kva_check_forms(const struct kva_ops *ops, const struct kva_work *work,
		     const struct spent *spent, u64 wrong);
/* Got, read, put. Returns how many words were wrong: 1 or 0. */
u64 kva_map_once(struct page *page);
/*
 * Before counting, by a task of a new space: touches what belongs to all, and where spaces have
 * slots of their own, maps one of @pages. Nothing of the window is mapped.
 */
void kva_settle(const struct kva_ops *ops, const struct kva_pages *pages);

#endif
