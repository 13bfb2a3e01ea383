/* SPDX-License-Identifier: MIT */
/* Owns reference strings. Zipf's ranks are searched in sums of weights: whole numbers, the same
 * everywhere. */
#include "guest/scenario/kva_order.h"

#include "guest/lib/string.h"
#include "guest/mm/kva.h"

#define FIRST_WEIGHT \
	(1u << 20) /* all of 2^20 ranks: less than 2^24, so a draw of 31 bits is enough */

enum kva_order_kind kva_order_kind(const char *name)
{
	if (strcmp(name, "zipf") == 0)
		return KVA_ZIPF;
	return strcmp(name, "loop") == 0 ? KVA_LOOP : KVA_UNIFORM;
}

void kva_order_make(struct kva_order *order, enum kva_order_kind kind, u32 n)
{
	u32 sum = 0;

	*order = (struct kva_order){ .kind = kind };
	if (kind != KVA_ZIPF)
		return;
	order->sums = lowmem_array(n, sizeof(*order->sums));
	for (u32 i = 0; i < n; i++)
		order->sums[i] = sum += FIRST_WEIGHT / (i + 1);
}

void kva_order_free(struct kva_order *order)
{
	if (order->sums)
		lowmem_array_free(order->sums);
}

/* The first rank whose sum is above @weight, which the last one's is. */
static u32 search(const u32 *sums, u32 n, u32 weight)
{
	u32 low = 0, high = n - 1;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (sums[middle] > weight)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

u32 kva_order_next(const struct kva_order *order, struct kva_place *at, u32 n, u64 drawn)
{
	switch (order->kind) {
	case KVA_UNIFORM: return drawn % n;
	case KVA_ZIPF: return search(order->sums, n, drawn % order->sums[n - 1]);
	case KVA_LOOP: return at->next++ % n;
	}
	return 0;
}
