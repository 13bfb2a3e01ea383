/* SPDX-License-Identifier: MIT */
/*
 * Areas against a model that has a byte for each page of the space and looks at all of them: what
 * is reserved goes where the model says, and after each step every page has the owner that it has
 * there.
 */
#include <check.h>
#include <string.h>

#include "guest/mm/area.c"
#include "tests/unit/suite.h"

#define PAGES 600
#define AREAS 200
#define START (GiB(3) + MiB(2) + 5 * PAGE_BYTES) /* aligned to no more than a page */

static struct area_space space;
static struct area area[AREAS];
static bool reserved[AREAS];

/* --- the model -------------------------------------------------------------------------------- */
static u8 owner[PAGES]; /* number of the area + 1; 0: free */

static u64 va_of(u32 page)
{
	return START + page * PAGE_BYTES;
}

/* Free pages from @page on. */
static u32 run_at(u32 page)
{
	u32 n = 0;

	while (page + n < PAGES && !owner[page + n])
		n++;
	return n;
}

/* Of the run of @run pages at @page the first from which on @n fit, aligned; PAGES: none. */
static u32 place_in(u32 page, u32 run, u32 n, u64 align)
{
	for (u32 at = page; at + n <= page + run; at++)
		if (va_of(at) % align == 0)
			return at;
	return PAGES;
}

static u32 model_place(u32 n, u64 align, enum area_fit fit)
{
	u32 found = PAGES, least = PAGES + 1;

	for (u32 page = 0, run; page < PAGES; page += run + 1) {
		u32 place;

		run = run_at(page);
		place = place_in(page, run, n, align);
		if (place == PAGES || run >= least)
			continue;
		if (fit == AREA_FIRST_FIT)
			return place;
		found = place;
		least = run;
	}
	return found;
}

static u32 model_largest(void)
{
	u32 largest = 0;

	for (u32 page = 0; page < PAGES; page++)
		if (run_at(page) > largest)
			largest = run_at(page);
	return largest;
}

static void model_take(u32 page, u32 n, u32 who)
{
	for (u32 i = 0; i < n; i++) {
		ck_assert_uint_eq(owner[page + i], 0);
		owner[page + i] = who + 1;
	}
	reserved[who] = true;
}

static void expect_model(void)
{
	struct area *at = area_first(&space);

	ck_assert_uint_eq(area_largest_free(&space), model_largest() * PAGE_BYTES);
	for (u32 page = 0; page < PAGES; page++) {
		struct area *want = owner[page] ? &area[owner[page] - 1] : NULL;

		ck_assert_ptr_eq(area_find(&space, va_of(page)), want);
		ck_assert_ptr_eq(area_find(&space, va_of(page) + PAGE_BYTES - 1), want);
		if (!want || (page && owner[page - 1] == owner[page]))
			continue;
		ck_assert_ptr_eq(at, want);
		ck_assert_uint_eq(at->start, va_of(page));
		at = area_next(at);
	}
	ck_assert_ptr_null(at);
	ck_assert_ptr_null(area_find(&space, START - 1));
	ck_assert_ptr_null(area_find(&space, va_of(PAGES)));
}

/* --- steps ------------------------------------------------------------------------------------ */
static u64 state;
static u32 nreserved, nrefused, nfixed;

static u32 below(u32 bound)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % bound;
}

/* An area that is not reserved; AREAS: all are. */
static u32 some_free(void)
{
	for (u32 i = 0, who = below(AREAS); i < AREAS; i++, who = (who + 1) % AREAS)
		if (!reserved[who])
			return who;
	return AREAS;
}

static void reserve_some(void)
{
	u32 who = some_free(), n = below(10) ? 1 + below(8) : 1 + below(100);
	u64 align = below(2) ? PAGE_BYTES : 1ull << below(PAGE_SHIFT + 8);
	u32 place = model_place(n, align, space.fit);

	if (who == AREAS)
		return;
	ck_assert(area_reserve(&space, &area[who], n * PAGE_BYTES, align) == (place < PAGES));
	if (place == PAGES) {
		nrefused++;
		return;
	}
	ck_assert_uint_eq(area[who].start, va_of(place));
	ck_assert_uint_eq(area[who].end, va_of(place + n));
	model_take(place, n, who);
	nreserved++;
}

static void reserve_fixed(void)
{
	u32 who = some_free(), page = below(PAGES), n = 1 + below(6);
	bool fits = run_at(page) >= n;

	if (who == AREAS)
		return;
	ck_assert(area_reserve_at(&space, &area[who], va_of(page), n * PAGE_BYTES) == fits);
	if (fits)
		model_take(page, n, who);
	nfixed += fits;
}

static void release_some(void)
{
	u32 who = below(AREAS);

	if (!reserved[who])
		return;
	area_release(&space, &area[who]);
	reserved[who] = false;
	for (u32 page = 0; page < PAGES; page++)
		if (owner[page] == who + 1)
			owner[page] = 0;
}

static void setup(void)
{
	memset(owner, 0, sizeof(owner));
	memset(area, 0x5a, sizeof(area)); /* what it was before is nothing to the space */
	memset(reserved, 0, sizeof(reserved));
	area_space_init(&space, START, va_of(PAGES));
}

/* Now more is reserved, now more is released; the fit changes, or stays. */
START_TEST(random_steps)
{
	state = 4711 + (u64)_i;
	nreserved = nrefused = nfixed = 0;
	space.fit = _i % 2 ? AREA_BEST_FIT : AREA_FIRST_FIT;
	for (u32 step = 0; step < 4000; step++) {
		u32 what = below(16), reserving = step / 300 % 2 ? 5 : 11;

		if (what < reserving)
			reserve_some();
		else if (what < 15)
			release_some();
		else
			reserve_fixed();
		if (_i >= 4 && below(50) == 0)
			space.fit = space.fit == AREA_BEST_FIT ? AREA_FIRST_FIT : AREA_BEST_FIT;
		expect_model();
	}
	ck_assert(nreserved > 500 && nrefused > 50 && nfixed > 10);
}
END_TEST

/* All pages one by one, then all back, in another order: one run again. */
START_TEST(full_and_empty)
{
	for (u32 i = 0; i < AREAS; i++) {
		ck_assert(area_reserve(&space, &area[i], 3 * PAGE_BYTES, 1));
		model_take(3 * i, 3, i);
	}
	expect_model();
	ck_assert_uint_eq(area_largest_free(&space), 0);
	for (u32 i = 0; i < AREAS; i++) {
		u32 who = i * 77 % AREAS; /* odd, and no multiple of 5: each once */

		area_release(&space, &area[who]);
		memset(&owner[3 * who], 0, 3);
	}
	expect_model();
	ck_assert_uint_eq(area_largest_free(&space), PAGES * PAGE_BYTES);
}
END_TEST

/* Sizes and places that cannot be had, among them some whose sums wrap. */
START_TEST(what_cannot_be)
{
	static const u64 bytes[] = { 0, (PAGES + 1) * PAGE_BYTES, 1ull << 63,
				     ~0ull & ~(PAGE_BYTES - 1) };
	static const struct {
		u64 start, bytes;
	} fixed[] = {
		{ START - PAGE_BYTES, PAGE_BYTES },
		{ START + PAGES * PAGE_BYTES, PAGE_BYTES },
		{ START, (PAGES + 1) * PAGE_BYTES },
		{ START, 0 },
		{ 0, PAGE_BYTES },
		{ ~0ull & ~(PAGE_BYTES - 1), 2 * PAGE_BYTES },
	};

	for (u32 fit = AREA_FIRST_FIT; fit <= AREA_BEST_FIT; fit++) {
		space.fit = fit;
		for (u32 i = 0; i < ARRAY_LEN(bytes); i++)
			ck_assert(!area_reserve(&space, &area[0], bytes[i], PAGE_BYTES));
		ck_assert(!area_reserve(&space, &area[0], PAGE_BYTES, 1ull << 63));
	}
	for (u32 i = 0; i < ARRAY_LEN(fixed); i++)
		ck_assert(!area_reserve_at(&space, &area[0], fixed[i].start, fixed[i].bytes));
	expect_model();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("areas");
	TCase *tcase = tcase_create("areas");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, random_steps, 0, 6);
	tcase_add_test(tcase, full_and_empty);
	tcase_add_test(tcase, what_cannot_be);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
