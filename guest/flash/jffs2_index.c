/* SPDX-License-Identifier: MIT */
/*
 * Owns the index: inodes and names in two hash tables, filled by the scan; then, once, the tree:
 * names that were removed go, the others are hung below their directories, and of each inode's
 * nodes it is decided which still count. Memory comes from a pool that goes with the mount.
 */
#include "guest/flash/jffs2_index.h"

#include "guest/lib/string.h"
#include "guest/mm/page.h"

#define CHUNK_ORDER 1
#define CHUNK_BYTES (PAGE_BYTES << CHUNK_ORDER)

/* --- memory ----------------------------------------------------------------------------------- */

struct jffs2_chunk {
	struct jffs2_chunk *next;
	struct page *page;
	u8 data[];
};

static bool pool_grow(struct jffs2_pool *pool)
{
	struct page *page = page_alloc(ZONE_LOWMEM, CHUNK_ORDER);
	struct jffs2_chunk *chunk;

	if (!page)
		return false;
	chunk = page_address(page);
	chunk->page = page;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	pool->left = CHUNK_BYTES - sizeof(*chunk);
	pool->bytes += CHUNK_BYTES;
	return true;
}

void *jffs2_alloc(struct jffs2 *fs, u32 bytes)
{
	struct jffs2_pool *pool = &fs->pool;
	u8 *object;

	bytes = ALIGN_UP(bytes, 8);
	if (bytes > pool->left && !pool_grow(pool)) {
		fs->status = JFFS2_NO_MEMORY;
		return NULL;
	}
	object = (u8 *)pool->chunks + CHUNK_BYTES - pool->left;
	pool->left -= bytes;
	return memset(object, 0, bytes);
}

void jffs2_pool_free(struct jffs2_pool *pool)
{
	while (pool->chunks) {
		struct jffs2_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		page_free(chunk->page);
	}
}

/* --- tables ----------------------------------------------------------------------------------- */

/* One bucket for 4 KiB of medium: about one node a bucket in images of mkfs.jffs2. */
static u32 bucket_count(u32 medium_bytes)
{
	u32 n = 16;

	while (n < medium_bytes / PAGE_BYTES && n * sizeof(void *) * 2 <= CHUNK_BYTES / 2)
		n *= 2;
	return n;
}

bool jffs2_index_init(struct jffs2 *fs)
{
	u32 n = bucket_count(fs->reader->bytes);

	fs->inodes_end = &fs->inodes;
	fs->hash_mask = n - 1;
	fs->inode_hash = jffs2_alloc(fs, n * sizeof(*fs->inode_hash));
	fs->dirent_hash = jffs2_alloc(fs, n * sizeof(*fs->dirent_hash));
	return fs->inode_hash && fs->dirent_hash;
}

struct jffs2_inode *jffs2_find_inode(const struct jffs2 *fs, u32 ino)
{
	struct jffs2_inode *inode = fs->inode_hash[ino & fs->hash_mask];

	while (inode && inode->ino != ino)
		inode = inode->hash_next;
	return inode;
}

static struct jffs2_inode *get_inode(struct jffs2 *fs, u32 ino)
{
	struct jffs2_inode **bucket = &fs->inode_hash[ino & fs->hash_mask];
	struct jffs2_inode *inode = jffs2_find_inode(fs, ino);

	if (inode)
		return inode;
	inode = jffs2_alloc(fs, sizeof(*inode));
	if (!inode)
		return NULL;
	inode->ino = ino;
	inode->hash_next = *bucket;
	*bucket = inode;
	*fs->inodes_end = inode;
	fs->inodes_end = &inode->next;
	return inode;
}

void jffs2_add_inode_node(struct jffs2 *fs, u32 at, const struct jffs2_inode_body *body)
{
	struct jffs2_inode *inode = get_inode(fs, jffs2_u32(body->ino));
	struct jffs2_node *node = jffs2_alloc(fs, sizeof(*node));

	if (!inode || !node)
		return;
	node->at = at;
	node->version = jffs2_u32(body->version);
	node->offset = jffs2_u32(body->offset);
	node->csize = jffs2_u32(body->csize);
	node->dsize = jffs2_u32(body->dsize);
	node->data_crc = jffs2_u32(body->data_crc);
	node->compr = body->compr;
	if (!inode->nnodes || node->version >= inode->newest_version) {
		inode->newest_version = node->version;
		inode->mode = jffs2_u32(body->mode);
		inode->isize = jffs2_u32(body->isize);
	} else {
		inode->unsorted = true;
	}
	node->link.next = inode->nodes;
	inode->nodes = &node->link;
	inode->nnodes++;
	fs->counts.inode_nodes++;
}

/* The entry for @name in directory @pino, whatever its version. */
static struct jffs2_dirent *find_dirent(struct jffs2_dirent *entry,
					const struct jffs2_dirent_body *body, const char *name)
{
	for (; entry; entry = entry->hash_next)
		if (entry->name_crc == body->name_crc && entry->pino == jffs2_u32(body->pino) &&
		    entry->nsize == body->nsize && !memcmp(entry->name, name, body->nsize))
			break;
	return entry;
}

void jffs2_add_dirent(struct jffs2 *fs, const struct jffs2_dirent_body *body, const char *name)
{
	struct jffs2_dirent **bucket =
		&fs->dirent_hash[(body->name_crc ^ jffs2_u32(body->pino)) & fs->hash_mask];
	struct jffs2_dirent *entry = find_dirent(*bucket, body, name);

	fs->counts.dirents++;
	if (entry) {
		fs->counts.superseded++;
		if (entry->version > jffs2_u32(body->version))
			return;
	} else {
		entry = jffs2_alloc(fs, sizeof(*entry) + body->nsize + 1);
		if (!entry)
			return;
		entry->hash_next = *bucket;
		*bucket = entry;
		memcpy(entry->name, name, body->nsize);
	}
	entry->name_crc = body->name_crc;
	entry->nsize = body->nsize;
	entry->pino = jffs2_u32(body->pino);
	entry->ino = jffs2_u32(body->ino);
	entry->version = jffs2_u32(body->version);
	entry->type = body->type;
}

/* --- the tree --------------------------------------------------------------------------------- */

static void link_dirent(struct jffs2 *fs, struct jffs2_dirent *entry)
{
	struct jffs2_inode *directory;

	if (!entry->ino) {
		fs->counts.deleted++;
		return;
	}
	directory = get_inode(fs, entry->pino);
	if (!directory)
		return;
	entry->link.next = directory->children;
	directory->children = &entry->link;
}

/* Once all directories are known: one whose own nodes are damaged still has its entries. */
static void find_inodes_of(struct jffs2 *fs, struct jffs2_inode *directory)
{
	for (struct list_link *l = directory->children; l; l = l->next) {
		struct jffs2_dirent *entry = (struct jffs2_dirent *)l;

		entry->inode = jffs2_find_inode(fs, entry->ino);
		if (entry->inode)
			entry->inode->linked = true;
		fs->counts.dangling += !entry->inode || !jffs2_has_inode(entry->inode);
	}
}

static int by_name(const struct list_link *a, const struct list_link *b)
{
	return strcmp(((const struct jffs2_dirent *)a)->name,
		      ((const struct jffs2_dirent *)b)->name);
}

static int newest_first(const struct list_link *a, const struct list_link *b)
{
	u32 va = ((const struct jffs2_node *)a)->version,
	    vb = ((const struct jffs2_node *)b)->version;

	return va < vb ? 1 : va > vb ? -1 : 0;
}

/* Ranges of a file that newer nodes cover: ascending, neither touching nor overlapping. */
struct covered {
	struct covered *next;
	u32 start, end;
};

/*
 * Adds [start, end) to the ranges; true if some of it was not there. One range is enough for a file
 * that was written from front to back; a medium made to hurt can make this quadratic.
 */
static bool cover(struct jffs2 *fs, struct covered **ranges, u32 start, u32 end)
{
	struct covered *range;

	while (*ranges && (*ranges)->end < start)
		ranges = &(*ranges)->next;
	range = *ranges;
	if (range && range->start <= start && end <= range->end)
		return false;
	if (!range || range->start > end) {
		range = jffs2_alloc(fs, sizeof(*range));
		if (!range)
			return true;
		*range = (struct covered){ *ranges, start, end };
		*ranges = range;
		return true;
	}
	range->start = range->start < start ? range->start : start;
	range->end = range->end > end ? range->end : end;
	while (range->next && range->next->start <= range->end) {
		range->end = range->next->end > range->end ? range->next->end : range->end;
		range->next = range->next->next;
	}
	return true;
}

void jffs2_reverse_nodes(struct jffs2_inode *inode)
{
	struct list_link *l = inode->nodes, *back = NULL;

	while (l) {
		struct list_link *next = l->next;

		l->next = back;
		back = l;
		l = next;
	}
	inode->nodes = back;
}

/* Which nodes still count: from the newest on, those that add bytes below isize, and the newest. */
static void judge_nodes(struct jffs2 *fs, struct jffs2_inode *inode)
{
	struct covered *ranges = NULL;

	if (inode->unsorted)
		inode->nodes = list_sort(inode->nodes, newest_first);
	for (struct list_link *l = inode->nodes; l; l = l->next) {
		struct jffs2_node *node = (struct jffs2_node *)l;
		u32 end = node->offset + node->dsize;

		end = end < inode->isize ? end : inode->isize;
		node->live = node->offset < end && cover(fs, &ranges, node->offset, end);
		node->live |= l == inode->nodes;
		fs->counts.stale_nodes += !node->live;
	}
	inode->has_hole = inode->isize && (!ranges || ranges->start || ranges->end < inode->isize);
}

void jffs2_link(struct jffs2 *fs)
{
	if (!get_inode(fs, JFFS2_ROOT_INO))
		return;
	for (u32 i = 0; i <= fs->hash_mask && !fs->status; i++)
		for (struct jffs2_dirent *e = fs->dirent_hash[i]; e; e = e->hash_next)
			link_dirent(fs, e);
	for (struct jffs2_inode *inode = fs->inodes; inode && !fs->status; inode = inode->next)
		find_inodes_of(fs, inode);
	for (struct jffs2_inode *inode = fs->inodes; inode && !fs->status; inode = inode->next) {
		inode->children = list_sort(inode->children, by_name);
		judge_nodes(fs, inode);
		fs->counts.inodes += jffs2_has_inode(inode);
		fs->counts.orphans += inode->nnodes && !inode->linked &&
				      inode->ino != JFFS2_ROOT_INO;
	}
}
