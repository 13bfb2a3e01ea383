/* SPDX-License-Identifier: MIT */
/* The index of a mounted JFFS2: for the files jffs2_*.c only. */
#ifndef GUEST_JFFS2_INDEX_H
#define GUEST_JFFS2_INDEX_H

#include "guest/flash/jffs2.h"
#include "guest/flash/jffs2_disk.h"
#include "guest/lib/list_sort.h"

/* What is known of an inode's contents. */
enum jffs2_contents {
	JFFS2_NOT_READ,
	JFFS2_READ,    /* contents_crc is right */
	JFFS2_BAD,     /* a data CRC is wrong, or a node does not expand to what it should be */
	JFFS2_UNKNOWN, /* compressed in a way that is not known here, or too large a node */
};

/* An inode node. */
struct jffs2_node {
	struct list_link link; /* first member: inode->nodes */
	u32 at;		       /* in the partition */
	u32 version;
	u32 offset, csize, dsize;
	u32 data_crc;
	bool live; /* some of its bytes are the file's */
	u8 compr;
};

struct jffs2_dirent;

struct jffs2_inode {
	struct jffs2_inode *hash_next;
	struct jffs2_inode *next; /* all, in the order in which they were met */
	u32 ino;
	u32 nnodes;
	struct list_link *nodes; /* struct jffs2_node: newest first once linked, last once verified */
	bool unsorted;		 /* nodes did not come in the order of their versions */
	bool has_hole;
	bool linked;  /* some directory has a name for it */
	bool reached; /* the walk from the root came to such a name */
	bool verified;
	u8 contents; /* enum jffs2_contents */
	u32 bad_nodes;
	u32 newest_version;
	u32 mode, isize;  /* of the newest node */
	u32 contents_crc; /* of a device: its number, as it is stored */
	/* directories */
	struct list_link *children; /* struct jffs2_dirent, by name once linked */
	bool entered;		    /* the walk has been here */
};

struct jffs2_dirent {
	struct list_link link; /* first member: inode->children */
	struct jffs2_dirent *hash_next;
	struct jffs2_inode *inode; /* NULL: nothing is known of it but this name */
	u32 pino, ino, version;
	u32 name_crc;
	u8 type, nsize;
	char name[]; /* nsize bytes, then NUL */
};

/* Memory that is given back all at once. */
struct jffs2_pool {
	struct jffs2_chunk *chunks;
	u32 left; /* bytes in the newest chunk */
	u64 bytes;
};

struct jffs2 {
	struct flash_reader *reader;
	u32 block_bytes;
	struct jffs2_pool pool;
	u32 hash_mask;
	struct jffs2_inode **inode_hash;
	struct jffs2_dirent **dirent_hash;
	struct jffs2_inode *inodes, **inodes_end;
	enum jffs2_status status; /* the first thing that forbids the mount */
	/* scan */
	u32 garbage_start, garbage_end; /* present run; equal: none */
	bool garbage_named;		/* follows a damaged header, which was counted */
	bool contents_read;
	u32 swapped, old; /* headers with foreign magic numbers */
	struct jffs2_counts counts;
};

/* Zeroed, aligned for any object; NULL: no memory, and fs->status says so. */
void *jffs2_alloc(struct jffs2 *fs, u32 bytes);
void jffs2_pool_free(struct jffs2_pool *pool);

/* A damaged thing: counts it, and names the first ones. @want and @got: CRCs, or lengths. */
void jffs2_damaged(struct jffs2 *fs, enum jffs2_damage damage, const char *what, u32 at, u32 want,
		   u32 got);

/* Goes on with @crc over @bytes at @at. @end: nothing behind is of interest to a buffer. */
u32 jffs2_crc(struct jffs2 *fs, u32 crc, u32 at, u32 bytes, u32 end);

enum jffs2_status jffs2_scan(struct jffs2 *fs);

/* Where the data of @node begins, and the erase block that it lies in ends. */
static inline u32 jffs2_data_at(const struct jffs2_node *node)
{
	return node->at + sizeof(struct jffs2_header) + sizeof(struct jffs2_inode_body);
}

static inline u32 jffs2_block_end(const struct jffs2 *fs, const struct jffs2_node *node)
{
	return ALIGN_DOWN(node->at, fs->block_bytes) + fs->block_bytes;
}

/* The mode's type bits; the same numbers as in directory entries. */
#define JFFS2_TYPE_FIFO 1
#define JFFS2_TYPE_CHAR 2
#define JFFS2_TYPE_DIRECTORY 4
#define JFFS2_TYPE_BLOCK 6
#define JFFS2_TYPE_FILE 8
#define JFFS2_TYPE_LINK 10
#define JFFS2_TYPE_SOCKET 12

/* Index. Failures (no memory) are in fs->status. */
bool jffs2_index_init(struct jffs2 *fs);
void jffs2_add_inode_node(struct jffs2 *fs, u32 at, const struct jffs2_inode_body *body);
void jffs2_add_dirent(struct jffs2 *fs, const struct jffs2_dirent_body *body, const char *name);
struct jffs2_inode *jffs2_find_inode(const struct jffs2 *fs, u32 ino);
/* Turns the order of its nodes around. */
void jffs2_reverse_nodes(struct jffs2_inode *inode);
/* False for a directory of which only the entries are left. The root needs no node. */
static inline bool jffs2_has_inode(const struct jffs2_inode *inode)
{
	return inode->nnodes || inode->ino == JFFS2_ROOT_INO;
}

/* After the scan: which names hold, who is in which directory, which nodes are live. */
void jffs2_link(struct jffs2 *fs);

#endif
