/* SPDX-License-Identifier: MIT */
/* Reference strings: in which order pages are used. */
#ifndef GUEST_SCENARIO_KVA_ORDER_H
#define GUEST_SCENARIO_KVA_ORDER_H

#include "devices/abi/types.h"

struct kva_order {
	enum kva_order_kind {
		KVA_UNIFORM,
		KVA_ZIPF, /* the page of rank k (from 1) 1/k times as often as that of rank 1 */
		KVA_LOOP, /* one after the other, and again */
	} kind;
	u32 *sums; /* KVA_ZIPF: weights of the first 1, 2, … ranks together; else NULL */
};

/* Where one user of it is. */
struct kva_place {
	u32 next;
};

/* @name: uniform, zipf or loop. */
enum kva_order_kind kva_order_kind(const char *name);
/* For up to @n pages, 2^20 at most. */
void kva_order_make(struct kva_order *order, enum kva_order_kind kind, u32 n);
void kva_order_free(struct kva_order *order);
/* One of @n pages; @drawn: of draw_next(). */
u32 kva_order_next(const struct kva_order *order, struct kva_place *at, u32 n, u64 drawn);

#endif
