/* SPDX-License-Identifier: MIT */
/*
 * A read-only JFFS2: the mount (the scan of every header, node and name CRC, newest version wins,
 * deletions), a pass over every data CRC, a listing. Little-endian images only. Nothing on the
 * medium is trusted; a damaged node is named, skipped and counted, the rest is mounted.
 */
#ifndef GUEST_JFFS2_H
#define GUEST_JFFS2_H

#include "guest/flash/reader.h"

struct jffs2;

enum jffs2_status {
	JFFS2_OK = 0,
	JFFS2_BAD_GEOMETRY, /* erase block or partition size that cannot be */
	JFFS2_NO_NODES,	    /* not empty, but no valid node either */
	JFFS2_BIG_ENDIAN,   /* nodes of the other byte order */
	JFFS2_OLD_FORMAT,   /* nodes of JFFS version 1 */
	JFFS2_INCOMPATIBLE, /* a node type that forbids mounting for those who do not know it */
	JFFS2_NO_MEMORY,
	JFFS2_UNREADABLE, /* the reader had errors */
};

/* For people: "big-endian image". */
const char *jffs2_status_text(enum jffs2_status status);

/* What is wrong with a node. */
enum jffs2_damage {
	JFFS2_HEADER_CRC,
	JFFS2_NODE_CRC,
	JFFS2_NAME_CRC,
	JFFS2_DATA_CRC,
	JFFS2_LENGTH,	 /* does not fit its block or its type */
	JFFS2_BAD_NAME,	 /* empty, ".", "..", or with '/' or NUL inside */
	JFFS2_BAD_INO,	 /* inode number 0 */
	JFFS2_GARBAGE,	 /* a run of bytes that is neither a node nor erased */
	JFFS2_EXPANSION, /* data whose CRC is right does not expand to what the node says */
	JFFS2_DAMAGES,
};

/* How the data of inode nodes is compressed, as far as it is known here. */
enum jffs2_way { JFFS2_WAY_NONE, JFFS2_WAY_ZERO, JFFS2_WAY_RTIME, JFFS2_WAY_ZLIB, JFFS2_WAYS };

/* What the scan and the passes over the data met. */
struct jffs2_counts {
	u32 blocks, empty_blocks; /* erase blocks; of these, begin with erased bytes */
	u32 nodes;		  /* with a good header, of any type, and not obsolete */
	u32 obsolete;		  /* marked so in place */
	u32 dirents, inode_nodes; /* valid ones */
	u32 cleanmarkers, paddings, summaries, xattrs, xrefs;
	u32 unknown;	  /* of a type that may be ignored */
	u32 superseded;	  /* dirents that a newer one replaces */
	u32 deleted;	  /* names whose newest dirent removes them */
	u32 stale_nodes;  /* inode nodes whose data newer nodes replace */
	u32 data_checked; /* inode nodes whose data CRC was computed */
	u64 data_bytes;	  /* over so many bytes */
	u32 inodes;	  /* with at least one inode node, or the root */
	u32 dangling;	  /* names whose inode has no node; if a directory, its entries are kept */
	u32 orphans;	  /* inodes that no name leads to */
	u32 unreachable; /* by jffs2_list(): directories that are linked twice or form a loop, or lie too deep */
	u32 detached; /* inodes with a name, to which no path from the root leads */
	/* jffs2_read_contents(): */
	u32 files_read;		  /* files, links and devices whose contents are known */
	u32 files_unread;	  /* the others */
	u64 contents_bytes;	  /* of the files that were read, holes included */
	u32 expanded[JFFS2_WAYS]; /* pieces of files by how their node is compressed */
	u64 expanded_bytes;	  /* that rtime and zlib nodes became */
	u64 expand_ticks;	  /* spent expanding them, without reading the chip */
	u32 damaged;		  /* sum of damage[] */
	u32 damage[JFFS2_DAMAGES];
	u64 index_bytes; /* RAM of the index */
};

/*
 * Mounts what @reader reads. Erase blocks of @block_bytes, a power of two. The reader stays the
 * caller's and must outlive the mount. On success *@out must be unmounted.
 */
enum jffs2_status jffs2_mount(struct flash_reader *reader, u32 block_bytes, struct jffs2 **out);
void jffs2_unmount(struct jffs2 *fs);

/* Computes the data CRC of every inode node that still counts. Results: counts, and the listing. */
void jffs2_verify(struct jffs2 *fs);

/*
 * After the verify pass: reads the contents of every file, link and device that has a name: the
 * newest node wins, the newest size cuts off, what no node covers is zeros. Results: counts, and
 * the listing. Nodes of up to JFFS2_MAX_NODE_DATA bytes each, by none, zero, rtime and zlib.
 */
#define JFFS2_MAX_NODE_DATA PAGE_BYTES
void jffs2_read_contents(struct jffs2 *fs);

/*
 * Prints type, size, number of nodes, verdict and path, sorted by path; at most @max_rows entries,
 * then how many are left out. Lines begin with "ls:", the totals with "total:". Bytes that are not
 * printable and backslashes are written \xNN. Verdicts: "ok", "bad" (a data CRC is wrong),
 * "hole" (a part of the file has no node), "-" (not verified), "missing" (no inode node). After
 * jffs2_read_contents() there is one more column: the CRC-32 of the contents of files and links, as
 * gzip has it; MAJOR:MINOR of devices; "bad", "unknown" (compression), or "-". Detached
 * inodes follow as "jffs2: detached inode …", the first of them.
 */
void jffs2_list(struct jffs2 *fs, u32 max_rows);

const struct jffs2_counts *jffs2_counts(const struct jffs2 *fs);

#endif
