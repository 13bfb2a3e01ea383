/* SPDX-License-Identifier: MIT */
/*
 * Owns the page cache of a file: which pages are in memory, and who uses each at the moment. A page has one
 * user at a time, who may wait meanwhile: for its address, for the store, for a fault on the user's side.
 */
#include "guest/mm/file.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/kva.h"
#include "guest/trace.h"

struct cached {
	struct page *page; /* NULL: not in memory */
	bool busy;	   /* somebody uses it, or brings it */
	bool dirty;	   /* the store has another content */
};

struct file {
	struct file_config config;
	struct spinlock lock; /* of the figures */
	struct file_stats stats;
	struct cached *cached;
};

struct file *file_open(const struct file_config *config)
{
	struct file *file = kalloc(sizeof(*file));

	file->config = *config;
	file->lock.name = "file";
	file->cached = kva_array(config->pages, sizeof(*file->cached));
	return file;
}

void file_close(struct file *file)
{
	for (u32 i = 0; i < file->config.pages; i++)
		if (file->cached[i].page)
			page_free(file->cached[i].page);
	kva_array_free(file->cached);
	kfree(file);
}

struct file_stats file_stats(const struct file *file)
{
	return file->stats;
}

/* --- one user of a page at a time ------------------------------------------------------------------------------- */

static void take(struct file *file, struct cached *cached)
{
	busy_take(&cached->busy, KVL_WAIT_PAGE, cached - file->cached, SITE("file.take"));
}

static void count_access(struct file *file, const struct page *page)
{
	spin_lock(&file->lock);
	file->stats.accesses++;
	file->stats.maps += page_is_highmem(page);
	spin_unlock(&file->lock);
}

static void count_transfer(struct file *file, u64 *which, const struct page *page)
{
	spin_lock(&file->lock);
	++*which;
	file->stats.moved_above_4g += page->zone == ZONE_HIGH4G;
	spin_unlock(&file->lock);
}

/* --- to and from the store: with the page taken ------------------------------------------------------------- */

static void clear_page(struct file *file, struct page *page)
{
	void *address = kva_get(page);

	count_access(file, page);
	memset(address, 0, PAGE_BYTES);
	kva_put(page, address);
}

static u64 place_of(const struct file *file, const struct cached *cached)
{
	return file->config.first + (cached - file->cached);
}

static bool load(struct file *file, struct cached *cached)
{
	const struct page_store *store = file->config.store;
	struct page *page = file->config.alloc(cached - file->cached);

	if (!page)
		return false;
	if (!store) {
		clear_page(file, page);
	} else if (!store->ops->read(store->owner, place_of(file, cached), page)) {
		page_free(page);
		return false;
	} else {
		count_transfer(file, &file->stats.loaded, page);
	}
	cached->page = page;
	cached->dirty = false;
	return true;
}

static bool write_back(struct file *file, struct cached *cached)
{
	const struct page_store *store = file->config.store;

	if (!cached->dirty)
		return true;
	if (!store || !store->ops->write(store->owner, place_of(file, cached), cached->page))
		return false;
	cached->dirty = false;
	count_transfer(file, &file->stats.stored, cached->page);
	return true;
}

/* Every page that is in memory; those that could not be stored stay. */
static bool write_all_back(struct file *file, bool evict)
{
	bool good = true;

	for (u32 i = 0; i < file->config.pages; i++) {
		struct cached *cached = &file->cached[i];
		bool stored;

		take(file, cached);
		stored = write_back(file, cached);
		if (stored && evict && cached->page) {
			page_free(cached->page);
			cached->page = NULL;
		}
		busy_let_go(&cached->busy);
		good = good && stored;
	}
	return good;
}

bool file_sync(struct file *file)
{
	return write_all_back(file, false);
}

bool file_evict(struct file *file)
{
	return write_all_back(file, true);
}

/* --- reading and writing ---------------------------------------------------------------------------------------- */

void *file_hold(struct file *file, u64 page, bool write)
{
	struct cached *cached = &file->cached[page];

	take(file, cached);
	if (!cached->page && !load(file, cached)) {
		busy_let_go(&cached->busy);
		return NULL;
	}
	count_access(file, cached->page);
	cached->dirty |= write;
	return kva_get(cached->page);
}

void file_release(struct file *file, u64 page, void *address)
{
	struct cached *cached = &file->cached[page];

	kva_put(cached->page, address);
	busy_let_go(&cached->busy);
}

/* @bytes within one page. */
static bool copy_piece(struct file *file, u64 offset, u64 va, u64 bytes, bool write)
{
	u64 page = offset / PAGE_BYTES;
	u8 *address = file_hold(file, page, write), *at = address + offset % PAGE_BYTES;
	bool copied;

	if (!address)
		return false;
	copied = write ? copy_from_user(at, va, bytes) : copy_to_user(va, at, bytes);
	file_release(file, page, address);
	return copied;
}

static bool copy(struct file *file, u64 offset, u64 va, u64 bytes, bool write)
{
	u64 end = (u64)file->config.pages * PAGE_BYTES;

	if (offset > end || bytes > end - offset)
		return false;
	while (bytes) {
		u64 rest = PAGE_BYTES - offset % PAGE_BYTES, piece = bytes < rest ? bytes : rest;

		if (!copy_piece(file, offset, va, piece, write))
			return false;
		offset += piece;
		va += piece;
		bytes -= piece;
	}
	return true;
}

bool file_read(struct file *file, u64 offset, u64 va, u64 bytes)
{
	return copy(file, offset, va, bytes, false);
}

bool file_write(struct file *file, u64 offset, u64 va, u64 bytes)
{
	return copy(file, offset, va, bytes, true);
}
