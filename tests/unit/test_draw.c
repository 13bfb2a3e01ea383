/* SPDX-License-Identifier: MIT */
/*
 * Streams of one seed have nothing to do with one another: over many of them, each pair of classes
 * of what a stream and its neighbour draw first comes about as often as any other.
 */
#include <check.h>

#include "guest/lib/draw.h"
#include "tests/unit/suite.h"

enum { CLASSES = 8, PAIRS = CLASSES * CLASSES, OF_EACH = 400 };

/* Six standard deviations of a binomial distribution with a mean of OF_EACH. */
static void expect_even(const u32 seen[PAIRS])
{
	for (u32 pair = 0; pair < PAIRS; pair++)
		ck_assert_msg(seen[pair] > OF_EACH - 120 && seen[pair] < OF_EACH + 120,
			      "%u then %u: %u times, about %u expected", pair / CLASSES,
			      pair % CLASSES, seen[pair], OF_EACH);
}

static u32 first_class(u64 state)
{
	return draw_next(&state) % CLASSES;
}

START_TEST(neighbours_draw_by_themselves)
{
	u32 seen[PAIRS] = { 0 };

	for (u64 i = 0; i < PAIRS * OF_EACH; i++)
		seen[first_class(draw_stream((u64)_i, i)) * CLASSES +
		     first_class(draw_stream((u64)_i, i + 1))]++;
	expect_even(seen);
}
END_TEST

START_TEST(seeds_side_by_side_draw_by_themselves)
{
	u32 seen[PAIRS] = { 0 };

	for (u64 seed = 0; seed < PAIRS * OF_EACH; seed++)
		seen[first_class(draw_stream(seed, (u64)_i)) * CLASSES +
		     first_class(draw_stream(seed + 1, (u64)_i))]++;
	expect_even(seen);
}
END_TEST

/* Whoever takes numbers from a seed's own stream learns nothing of the streams made of it. */
START_TEST(a_seed_does_not_tell_its_streams)
{
	u32 seen[PAIRS] = { 0 };
	u64 parent = (u64)_i;

	for (u64 i = 0; i < PAIRS * OF_EACH; i++) {
		u32 child = first_class(draw_stream(parent, 0));

		seen[child * CLASSES + draw_next(&parent) % CLASSES]++;
	}
	expect_even(seen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("draw");
	TCase *streams = tcase_create("streams");

	tcase_add_loop_test(streams, neighbours_draw_by_themselves, 0, 4);
	tcase_add_loop_test(streams, seeds_side_by_side_draw_by_themselves, 0, 4);
	tcase_add_loop_test(streams, a_seed_does_not_tell_its_streams, 0, 4);
	suite_add_tcase(suite, streams);
	return run_suite(suite);
}
