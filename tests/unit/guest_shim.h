/* SPDX-License-Identifier: MIT */
/*
 * Enough of the guest kernel, on the host's C library, to run guest sources that need no processor:
 * console into a buffer, memory from malloc, a panic that the test can catch. Defines functions, so
 * that exactly one file of a test program includes it, before the guest sources.
 */
#ifndef TEST_GUEST_SHIM_H
#define TEST_GUEST_SHIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kernel.h"
#include "guest/mm/page.h"

struct boot_options boot_options;

/* --- console --- */
static char *shim_text; /* what was printed since shim_clear() */
static size_t shim_bytes, shim_room;

static void shim_clear(void)
{
	shim_bytes = 0;
	if (shim_text)
		shim_text[0] = '\0';
}

void printk(const char *format, ...)
{
	va_list args;
	int n;

	if (shim_room - shim_bytes < 8192) {
		shim_room = shim_room * 2 + 65536;
		shim_text = realloc(shim_text, shim_room);
		if (!shim_text)
			abort();
	}
	va_start(args, format);
	n = vsnprintf(shim_text + shim_bytes, shim_room - shim_bytes, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= shim_room - shim_bytes)
		abort();
	shim_bytes += n;
}

/* --- panic: jumps to shim_panic_to if the test expects one --- */
static jmp_buf shim_panic_to;
static bool shim_panic_expected;
static char shim_panic_name[64];

_Noreturn void panic(const char *name, const char *format, ...)
{
	va_list args;

	snprintf(shim_panic_name, sizeof(shim_panic_name), "%s", name);
	if (shim_panic_expected)
		longjmp(shim_panic_to, 1);
	va_start(args, format);
	fprintf(stderr, "panic: %s: ", name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

/* --- memory --- */
static u64 shim_pages;	    /* in use */
static u64 shim_page_limit; /* 0: none */

void *kalloc(size_t bytes)
{
	void *object = calloc(1, bytes);

	if (!object)
		abort();
	return object;
}

void kfree(void *object)
{
	free(object);
}

struct shim_page {
	struct page page; /* first */
	void *bytes;
};

struct page *page_alloc(enum zone_id zone, u32 order)
{
	struct shim_page *shim;

	if (shim_page_limit && shim_pages >= shim_page_limit)
		return NULL;
	shim = kalloc(sizeof(*shim));
	shim->page.zone = zone;
	shim->page.order = order;
	shim->bytes = malloc(PAGE_BYTES << order);
	memset(shim->bytes, 0xa5, PAGE_BYTES << order);
	shim_pages++;
	return &shim->page;
}

void *page_address(const struct page *page)
{
	return ((const struct shim_page *)page)->bytes;
}

void page_free(struct page *page)
{
	shim_pages--;
	free(page_address(page));
	free(page);
}

/* --- clock --- */
static u64 shim_words, shim_ns, shim_ticks;
static u32 shim_clock_waits; /* each is an exit of a real guest */

void flash_words_read(u64 words)
{
	shim_words += words;
}

u64 flash_clock_now(void)
{
	return shim_ns;
}

void flash_clock_until(u64 ns)
{
	shim_clock_waits++;
	if (shim_ns < ns)
		shim_ns = ns;
}

u64 ticks_now(void)
{
	return ++shim_ticks;
}

static inline void shim_free(void)
{
	free(shim_text);
	shim_text = NULL;
	shim_bytes = shim_room = 0;
}

#endif
