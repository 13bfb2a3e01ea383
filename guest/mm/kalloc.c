/* SPDX-License-Identifier: MIT */
/*
 * Small kernel objects, from the core heap: memory that every address space maps from its birth, so
 * the fault path may use it. Power-of-two classes up to a page, whole pages above; one byte of
 * state per heap page. An object that is freed twice is noticed at once, unless it was handed out
 * in between.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/page.h"
#include "guest/task/sched.h"

enum {
	MIN_SHIFT = 5, /* 32 bytes */
	CLASSES = 8,   /* 32 … 4096 */
	PAGE_IS_FREE = 0,
	PAGE_CONTINUES = 0xfe, /* second and later page of a run */
	PAGE_RUN = 0xff,       /* first page of a run */
};

struct free_object {
	struct free_object *next;
	u64 mark; /* free_mark(), while it is free: what a second kfree() is known by */
};

static struct spinlock heap_lock = SPINLOCK("heap");
static u8 page_state[KVL_HEAP_BYTES / PAGE_BYTES]; /* a class + 1, or one of the above */
static struct free_object *free_list[CLASSES];
static u64 bytes_in_use;
static u32 next_fit;

static u8 *heap_page(u32 index)
{
	return (u8 *)(layout.heap.start + layout.page_offset + index * PAGE_BYTES);
}

static u32 heap_pages(void)
{
	return layout.heap.bytes / PAGE_BYTES;
}

static bool run_is_free(u32 start, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (page_state[start + i] != PAGE_IS_FREE)
			return false;
	return true;
}

/* @n pages at a multiple of @align pages; first fit from where the last one was found. */
static u32 take_pages(u32 n, u32 align)
{
	const u32 pages = heap_pages();

	for (u32 pass = 0; pass < 2; pass++, next_fit = 0) {
		for (u32 at = ALIGN_UP(next_fit, align); at + n <= pages; at += align) {
			if (!run_is_free(at, n))
				continue;
			next_fit = at + n;
			return at;
		}
	}
	panic("out of kernel heap", "%u pages wanted, %lu bytes in use of %lu", n, bytes_in_use,
	      layout.heap.bytes);
}

static u64 free_mark(const struct free_object *object)
{
	return (u64)object ^ 0xf7eef7eef7eef7eeull;
}

static void put_object(u32 class, struct free_object *object)
{
	object->next = free_list[class];
	object->mark = free_mark(object);
	free_list[class] = object;
}

/* The list is asked only where the mark is there, so that no contents of an object can pretend
 * it. */
static bool object_is_free(u32 class, const struct free_object *object)
{
	const struct free_object *at = object->mark == free_mark(object) ? free_list[class] : NULL;

	while (at && at != object)
		at = at->next;
	return at;
}

static void *take_run(u32 n, u32 align)
{
	u32 at = take_pages(n, align);

	page_state[at] = PAGE_RUN;
	for (u32 i = 1; i < n; i++)
		page_state[at + i] = PAGE_CONTINUES;
	bytes_in_use += n * PAGE_BYTES;
	return heap_page(at);
}

static void *take_object(u32 class)
{
	struct free_object *object = free_list[class];
	u32 bytes = 1u << (class + MIN_SHIFT);

	if (!object) {
		u32 at = take_pages(1, 1);

		page_state[at] = class + 1;
		for (u32 offset = PAGE_BYTES; offset; offset -= bytes) {
			object = (struct free_object *)(heap_page(at) + offset - bytes);
			put_object(class, object);
		}
	}
	free_list[class] = object->next;
	object->mark = 0;
	bytes_in_use += bytes;
	return object;
}

static u32 class_of(size_t bytes)
{
	u32 class = 0;

	while (bytes > 1u << (class + MIN_SHIFT))
		class ++;
	return class;
}

void *kalloc(size_t bytes)
{
	void *object;

	spin_lock(&heap_lock);
	object = bytes <= PAGE_BYTES ? take_object(class_of(bytes))
				     : take_run(ALIGN_UP(bytes, PAGE_BYTES) / PAGE_BYTES, 1);
	spin_unlock(&heap_lock);
	return memset(object, 0, bytes);
}

void *kalloc_stack(void)
{
	void *stack;

	spin_lock(&heap_lock);
	stack = take_run(ARCH_STACK_BYTES / PAGE_BYTES, ARCH_STACK_BYTES / PAGE_BYTES);
	spin_unlock(&heap_lock);
	return stack;
}

static void give_run(u32 at)
{
	do {
		page_state[at++] = PAGE_IS_FREE;
		bytes_in_use -= PAGE_BYTES;
	} while (at < heap_pages() && page_state[at] == PAGE_CONTINUES);
}

static void give_object(u32 class, struct free_object *object)
{
	if (object_is_free(class, object))
		panic("double free", "%p, of %u bytes, is free already", object,
		      1u << (class + MIN_SHIFT));
	put_object(class, object);
	bytes_in_use -= 1u << (class + MIN_SHIFT);
}

void kfree(void *object)
{
	u64 offset = (u64)object - (u64)heap_page(0);
	u32 at = offset / PAGE_BYTES, state;

	if (offset >= layout.heap.bytes)
		panic("bad free", "%p is not in the heap", object);
	spin_lock(&heap_lock);
	state = page_state[at];
	if (state == PAGE_RUN && offset % PAGE_BYTES == 0)
		give_run(at);
	else if (state >= 1 && state <= CLASSES && offset % (1u << (state - 1 + MIN_SHIFT)) == 0)
		give_object(state - 1, object);
	else if (state == PAGE_IS_FREE)
		panic("double free", "%p: its page of the heap is free", object);
	else
		panic("bad free", "%p is no object of the heap (page state %u)", object, state);
	spin_unlock(&heap_lock);
}

u64 kalloc_bytes_in_use(void)
{
	return bytes_in_use;
}
