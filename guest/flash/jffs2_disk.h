/* SPDX-License-Identifier: MIT */
/*
 * JFFS2 as it lies on the medium (little-endian). All members are naturally aligned and nodes begin
 * at multiples of four bytes, so the structures may be laid over the flash.
 */
#ifndef GUEST_JFFS2_DISK_H
#define GUEST_JFFS2_DISK_H

#include "devices/abi/types.h"

#define JFFS2_MAGIC 0x1985
#define JFFS2_MAGIC_SWAPPED 0x8519 /* a big-endian image */
#define JFFS2_MAGIC_OLD 0x1984
#define JFFS2_ERASED 0xffffffffu

/* Node types: what to do with an unknown one, a bit that is cleared in place when the node has
 * become obsolete, and the number. The header's CRC is computed as if that bit were set. */
#define JFFS2_COMPAT_MASK 0xc000
#define JFFS2_INCOMPAT 0xc000	   /* unknown: do not mount */
#define JFFS2_ROCOMPAT 0x8000	   /* unknown: mount read-only */
#define JFFS2_RWCOMPAT_COPY 0x4000 /* unknown: keep */
#define JFFS2_ACCURATE 0x2000

#define JFFS2_DIRENT 0xe001
#define JFFS2_INODE 0xe002
#define JFFS2_CLEANMARKER 0x2003
#define JFFS2_PADDING 0x2004
#define JFFS2_SUMMARY 0x2006
#define JFFS2_XATTR 0xe008
#define JFFS2_XREF 0xe009

/* How an inode node's data is compressed. */
#define JFFS2_COMPR_NONE 0
#define JFFS2_COMPR_ZERO 1 /* no data: all zeros */
#define JFFS2_COMPR_RTIME 2
#define JFFS2_COMPR_ZLIB 6

#define JFFS2_ROOT_INO 1
#define JFFS2_MAX_NAME 254
#define JFFS2_EMPTY_SCAN 256 /* a block that begins with so many FF bytes is empty */

struct jffs2_header {
	u16 magic;
	u16 type;
	u32 totlen;
	u32 hdr_crc; /* of the 8 bytes before */
};

/* What follows a node's header. node_crc covers header and body up to itself. */
struct jffs2_dirent_body {
	u32 pino;
	u32 version;
	u32 ino; /* 0: the name was removed */
	u32 mctime;
	u8 nsize;
	u8 type; /* as in readdir: mode >> 12 */
	u8 unused[2];
	u32 node_crc;
	u32 name_crc;
	/* name[nsize], without a final NUL */
};

struct jffs2_inode_body {
	u32 ino;
	u32 version;
	u32 mode;
	u16 uid, gid;
	u32 isize;
	u32 atime, mtime, ctime;
	u32 offset;
	u32 csize; /* bytes here */
	u32 dsize; /* bytes of the file that they stand for */
	u8 compr, usercompr;
	u16 flags;
	u32 data_crc; /* of the csize bytes */
	u32 node_crc; /* without data_crc; data[csize] follows */
};

struct jffs2_xattr_body {
	u32 xid;
	u32 version;
	u8 prefix;
	u8 name_bytes;
	u16 value_bytes;
	u32 data_crc; /* of name, NUL and value */
	u32 node_crc;
};

struct jffs2_xref_body {
	u32 ino;
	u32 xid;
	u32 xseqno;
	u32 node_crc;
};

struct jffs2_summary_body {
	u32 entries;
	u32 cleanmarker; /* bytes of the block's cleanmarker, 0 = none */
	u32 padded;
	u32 sum_crc;  /* of what follows the body, to the end of the node */
	u32 node_crc; /* without sum_crc */
};

_Static_assert(sizeof(struct jffs2_header) == 12, "header");
_Static_assert(sizeof(struct jffs2_dirent_body) == 28, "dirent");
_Static_assert(sizeof(struct jffs2_inode_body) == 56, "inode");
_Static_assert(sizeof(struct jffs2_xattr_body) == 20, "xattr");
_Static_assert(sizeof(struct jffs2_xref_body) == 16, "xref");
_Static_assert(sizeof(struct jffs2_summary_body) == 20, "summary");

static inline u16 jffs2_u16(u16 value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap16(value);
#else
	return value;
#endif
}

static inline u32 jffs2_u32(u32 value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(value);
#else
	return value;
#endif
}

#endif
