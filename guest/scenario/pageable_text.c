/* SPDX-License-Identifier: MIT */
/*
 * Functions and data that are marked pageable: each function in a page of its own, each with a page
 * of data that it reads and writes, called through pointers that are pageable, too. They call
 * ordinary code, as any function of the kernel.
 */
#include "guest/scenario/pageable.h"

#define WORDS (PAGE_BYTES / sizeof(u64))
#define FACTOR 0x9e3779b97f4a7c15ull
#define FIRST_WORD(n) ((n + 1) * 0x0123456789abcdefull) /* of the data of function n */

/* Word 0 is read, one of the others is counted up at each call. */
static u64 words[SECTION_FUNCTIONS][WORDS] __pageable_data __attribute__((aligned(PAGE_BYTES))) = {
	{ FIRST_WORD(0) }, { FIRST_WORD(1) }, { FIRST_WORD(2) }, { FIRST_WORD(3) },
	{ FIRST_WORD(4) }, { FIRST_WORD(5) }, { FIRST_WORD(6) }, { FIRST_WORD(7) },
};

/* Ordinary text. */
static __attribute__((noinline)) u64 mix(u64 x, u64 word)
{
	return (x ^ word) * FACTOR;
}

#define IN_PAGE(n) __attribute__((section(".pageable.text." #n), noinline, aligned(4096)))

#define FUNCTION(n)                                                                      \
	static IN_PAGE(n) u64 function_##n(u64 x)                                        \
	{                                                                                \
		__atomic_fetch_add(&words[n][1 + x % (WORDS - 1)], 1, __ATOMIC_RELAXED); \
		return mix(x, words[n][0]) + n;                                          \
	}

FUNCTION(0)
FUNCTION(1)
FUNCTION(2)
FUNCTION(3)
FUNCTION(4)
FUNCTION(5)
FUNCTION(6)
FUNCTION(7)

static u64 (*function[SECTION_FUNCTIONS])(u64) __pageable_data
	__attribute__((aligned(PAGE_BYTES))) = {
		function_0, function_1, function_2, function_3,
		function_4, function_5, function_6, function_7,
	};

IN_PAGE(sum) u64 section_sum(u64 x)
{
	for (u32 n = 0; n < SECTION_FUNCTIONS; n++)
		x = function[n](x);
	return x;
}

u64 section_sum_expected(u64 x)
{
	for (u32 n = 0; n < SECTION_FUNCTIONS; n++)
		x = mix(x, FIRST_WORD(n)) + n;
	return x;
}

u64 section_writes(u32 *wrong)
{
	u64 writes = 0;

	for (u32 n = 0; n < SECTION_FUNCTIONS; n++) {
		*wrong += words[n][0] != FIRST_WORD(n);
		for (u32 i = 1; i < WORDS; i++)
			writes += words[n][i];
	}
	return writes;
}
