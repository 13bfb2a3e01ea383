/* SPDX-License-Identifier: MIT */
/* The first of a heap against a look at all keys, after each of many changes that a seed draws. */
#include <check.h>

#include "guest/lib/draw.h"
#include "guest/lib/heap.c"
#include "tests/unit/suite.h"

enum { MOST = 70, CHANGES = 4000 };

static u64 least(const u64 *key, u32 n)
{
	u64 found = key[0];

	for (u32 i = 1; i < n; i++)
		if (key[i] < found)
			found = key[i];
	return found;
}

/* @_i: its size. Few keys, so that many are equal; up and down. */
START_TEST(first_has_the_least_key)
{
	u64 key[MOST], model[MOST] = { 0 }, draws = draw_stream(1, (u64)_i);
	u32 thing[MOST], place[MOST], n = (u32)_i;
	struct heap heap = { .n = n, .key = key, .thing = thing, .place = place };

	heap_start(&heap);
	for (u32 i = 0; i < CHANGES; i++) {
		u32 which = draw_next(&draws) % n;

		model[which] = draw_next(&draws) % 50;
		heap_set(&heap, which, model[which]);
		ck_assert_uint_eq(model[heap_first(&heap)], least(model, n));
	}
}
END_TEST

/* As a queue: what is looked at goes behind all others, so all come once before one comes again. */
START_TEST(goes_round)
{
	u64 key[MOST];
	u32 thing[MOST], place[MOST], turns[MOST] = { 0 };
	struct heap heap = { .n = MOST, .key = key, .thing = thing, .place = place };

	heap_start(&heap);
	for (u32 i = 0; i < 10 * MOST; i++) {
		u32 first = heap_first(&heap);

		ck_assert_uint_eq(turns[first]++, i / MOST);
		heap_set(&heap, first, 1 + i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heap");
	TCase *order = tcase_create("order");

	tcase_add_loop_test(order, first_has_the_least_key, 1, MOST + 1);
	tcase_add_test(order, goes_round);
	suite_add_tcase(suite, order);
	return run_suite(suite);
}
