/* SPDX-License-Identifier: MIT */
/* Owns the copies of pages that a device does not reach. */
#include "guest/block/bounce.h"

#include "guest/lib/string.h"
#include "guest/mm/kva.h"

static bool reaches(const struct bounce *bounce, const struct page *page)
{
	return page_gpa(page) < bounce->end_gpa;
}

static struct page *buffer_for(struct bounce *bounce)
{
	__atomic_fetch_add(&bounce->bounces, 1, __ATOMIC_RELAXED);
	return page_alloc(ZONE_LOWMEM, 0);
}

static bool bounce_read(void *owner, u64 index, struct page *to)
{
	struct bounce *bounce = owner;
	const struct page_store *store = &bounce->store;
	struct page *buffer;
	bool read;

	if (reaches(bounce, to))
		return store->ops->read(store->owner, index, to);
	buffer = buffer_for(bounce);
	if (!buffer)
		return false;
	read = store->ops->read(store->owner, index, buffer);
	if (read) {
		void *address = kva_get(to);

		memcpy(address, page_address(buffer), PAGE_BYTES);
		kva_put(to, address);
	}
	page_free(buffer);
	return read;
}

static bool bounce_write(void *owner, u64 index, struct page *from)
{
	struct bounce *bounce = owner;
	const struct page_store *store = &bounce->store;
	struct page *buffer;
	void *address;
	bool written;

	if (reaches(bounce, from))
		return store->ops->write(store->owner, index, from);
	buffer = buffer_for(bounce);
	if (!buffer)
		return false;
	address = kva_get(from);
	memcpy(page_address(buffer), address, PAGE_BYTES);
	kva_put(from, address);
	written = store->ops->write(store->owner, index, buffer);
	page_free(buffer);
	return written;
}

static const struct page_store_ops bounce_ops FAULT_TABLE = {
	.name = "bounce buffers",
	.read = bounce_read,
	.write = bounce_write,
};

struct page_store bounce_page_store(struct bounce *bounce)
{
	return (struct page_store){ &bounce_ops, bounce, bounce->store.pages };
}
