/* SPDX-License-Identifier: MIT */
/*
 * Owns the page cache of a file: which pages are in memory, and who uses each at the moment. A page
 * has one user at a time, who may wait meanwhile: for its address, for the store, for a fault on
 * the user's side. Where pages are mapped is file_map.c's.
 */
#include "guest/mm/file.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/fault.h"
#include "guest/mm/file_cache.h"
#include "guest/mm/kva.h"
#include "guest/trace.h"

struct file *file_open(const struct file_config *config)
{
	struct file *file = kalloc(sizeof(*file));

	fault_table_check(config->frames, config->frames->name);
	if (config->store)
		fault_table_check(config->store->ops, config->store->ops->name);
	file->config = *config;
	file->lock.name = "file";
	file->areas_lock.name = "areas of a file";
	file->cached = lowmem_array(config->pages, sizeof(*file->cached));
	return file;
}

void file_close(struct file *file)
{
	if (file->areas)
		panic("mapping left", "a file is closed while a space maps it");
	for (u32 i = 0; i < file->config.pages; i++)
		if (file->cached[i].page)
			page_free(file->cached[i].page);
	lowmem_array_free(file->cached);
	kfree(file);
}

struct file_stats file_stats(const struct file *file)
{
	return file->stats;
}

/* --- one user of a page at a time ------------------------------------------------------------- */

static void take(struct file *file, struct cached *cached)
{
	busy_take(&cached->busy, KVL_WAIT_PAGE, cached - file->cached, SITE("file.take"));
}

void file_let_go(struct cached *cached)
{
	busy_let_go(&cached->busy);
}

void file_count_access(struct file *file, const struct page *page)
{
	spin_lock(&file->lock);
	file->stats.accesses++;
	file->stats.maps += page_is_highmem(page);
	spin_unlock(&file->lock);
}

void file_count(struct file *file, u64 *figure)
{
	spin_lock(&file->lock);
	++*figure;
	spin_unlock(&file->lock);
}

static void count_transfer(struct file *file, u64 *which, const struct page *page)
{
	spin_lock(&file->lock);
	++*which;
	file->stats.moved_above_4g += page->zone == ZONE_HIGH4G;
	spin_unlock(&file->lock);
}

/* --- to and from the store: with the page taken ----------------------------------------------- */

static void clear_page(struct file *file, struct page *page)
{
	void *address = kva_get(page);

	file_count_access(file, page);
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
	struct page *page = file->config.frames->alloc(cached - file->cached);

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

struct cached *file_take(struct file *file, u64 page)
{
	struct cached *cached = &file->cached[page];

	take(file, cached);
	if (cached->page || load(file, cached))
		return cached;
	file_let_go(cached);
	return NULL;
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

/*
 * Every page that is in memory; those that could not be stored stay. Nobody can write to what is
 * written back, so that a later write is not taken for stored, and nobody has what is freed.
 */
static bool write_all_back(struct file *file, bool evict)
{
	bool good = true;

	for (u32 i = 0; i < file->config.pages; i++) {
		struct cached *cached = &file->cached[i];
		bool stored;

		take(file, cached);
		if (cached->page && (evict || cached->dirty))
			file_withdraw(file, i, evict);
		stored = write_back(file, cached);
		if (stored && evict && cached->page) {
			page_free(cached->page);
			cached->page = NULL;
		}
		file_let_go(cached);
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

/* --- reading and writing ---------------------------------------------------------------------- */

void *file_hold(struct file *file, u64 page, bool write)
{
	struct cached *cached = file_take(file, page);

	if (!cached)
		return NULL;
	file_count_access(file, cached->page);
	cached->dirty |= write;
	return kva_get(cached->page);
}

void file_release(struct file *file, u64 page, void *address)
{
	struct cached *cached = &file->cached[page];

	kva_put(cached->page, address);
	file_let_go(cached);
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
