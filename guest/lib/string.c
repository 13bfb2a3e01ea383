/* SPDX-License-Identifier: MIT */
/*
 * String functions. Plain loops, eight bytes at a time where that is easy: one emulated instruction
 * may cost a microsecond, and REP is not one instruction everywhere.
 */
#include "string.h"

#include "devices/abi/types.h"

typedef u64 __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	for (; n >= 32; n -= 32, t += 32, f += 32) {
		((word *)t)[0] = ((const word *)f)[0];
		((word *)t)[1] = ((const word *)f)[1];
		((word *)t)[2] = ((const word *)f)[2];
		((word *)t)[3] = ((const word *)f)[3];
	}
	for (; n >= 8; n -= 8, t += 8, f += 8)
		*(word *)t = *(const word *)f;
	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	const u64 pattern = 0x0101010101010101ull * (u8)byte;
	u8 *t = to;

	for (; n >= 64; n -= 64, t += 64) {
		((word *)t)[0] = pattern;
		((word *)t)[1] = pattern;
		((word *)t)[2] = pattern;
		((word *)t)[3] = pattern;
		((word *)t)[4] = pattern;
		((word *)t)[5] = pattern;
		((word *)t)[6] = pattern;
		((word *)t)[7] = pattern;
	}
	while (n--)
		*t++ = byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && *(const word *)x == *(const word *)y; n -= 8, x += 8, y += 8)
		;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	for (const u8 *p = s; n--; p++)
		if (*p == (u8)byte)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}

void str_copy(char *to, const char *from, size_t bytes)
{
	size_t n = strnlen(from, bytes - 1);

	memcpy(to, from, n);
	to[n] = 0;
}
