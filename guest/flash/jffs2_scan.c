/* SPDX-License-Identifier: MIT */
/*
 * Owns the scan: walks each erase block node by node, checks header, node and name CRCs, and hands
 * valid nodes to the index (jffs2_index.c). The rules (which bytes are skipped after which error)
 * are those of Linux's scan. It reads through the reader alone and never looks at file data.
 */
#include "guest/flash/jffs2_index.h"

#include "guest/lib/crc32.h"
#include "guest/lib/string.h"

#define NAMED_DAMAGES 16 /* more are only counted */
#define CHUNK 512u	 /* bytes looked at in one piece where the data itself is read */

static const char *const damage_text[JFFS2_DAMAGES] = {
	[JFFS2_HEADER_CRC] = "header CRC",   [JFFS2_NODE_CRC] = "node CRC",
	[JFFS2_NAME_CRC] = "name CRC",	     [JFFS2_DATA_CRC] = "data CRC",
	[JFFS2_LENGTH] = "length",	     [JFFS2_BAD_NAME] = "name",
	[JFFS2_BAD_INO] = "inode number",    [JFFS2_GARBAGE] = "no node",
	[JFFS2_EXPANSION] = "expanded data",
};

void jffs2_damaged(struct jffs2 *fs, enum jffs2_damage damage, const char *what, u32 at, u32 want,
		   u32 got)
{
	fs->counts.damage[damage]++;
	if (fs->counts.damaged++ < NAMED_DAMAGES)
		printk("jffs2: damaged %s at %08x: %s: want %08x, got %08x\n", what, at,
		       damage_text[damage], want, got);
	else if (fs->counts.damaged == NAMED_DAMAGES + 1)
		printk("jffs2: more damage is counted, not named\n");
}

u32 jffs2_crc(struct jffs2 *fs, u32 crc, u32 at, u32 bytes, u32 end)
{
	while (bytes) {
		u32 n = PAGE_BYTES - at % PAGE_BYTES;

		n = n < bytes ? n : bytes;
		crc = crc32(crc, flash_reader_get(fs->reader, at, n, end - at), n);
		flash_reader_put(fs->reader);
		at += n;
		bytes -= n;
	}
	return crc;
}

/* --- what is not a node ---------------------------------------------------------------------- */

/* How many of the @bytes at @data, from the start and in whole words, are FF. */
static u32 erased_bytes(const void *data, u32 bytes)
{
	const u32 *word = data;
	u32 n = bytes / 4, i = 0;

	while (i + 8 <= n && (word[i] & word[i + 1] & word[i + 2] & word[i + 3] & word[i + 4] &
			      word[i + 5] & word[i + 6] & word[i + 7]) == JFFS2_ERASED)
		i += 8;
	while (i < n && word[i] == JFFS2_ERASED)
		i++;
	return i * 4;
}

static bool block_is_empty(struct jffs2 *fs, u32 start)
{
	const void *data = flash_reader_get(fs->reader, start, JFFS2_EMPTY_SCAN, JFFS2_EMPTY_SCAN);
	bool empty = erased_bytes(data, JFFS2_EMPTY_SCAN) == JFFS2_EMPTY_SCAN;

	flash_reader_put(fs->reader);
	return empty;
}

/* A block that holds nothing but a cleanmarker: as Linux, a look at its first words is enough. */
static bool block_is_clean(struct jffs2 *fs, u32 at, u32 end)
{
	const u32 header = sizeof(struct jffs2_header), look = JFFS2_EMPTY_SCAN / 8 - header;
	bool clean;

	if (end - at != fs->block_bytes - header)
		return false;
	clean = erased_bytes(flash_reader_get(fs->reader, at, look, look), look) == look;
	flash_reader_put(fs->reader);
	return clean;
}

/* Returns where the erased run that begins at @at ends. */
static u32 skip_erased(struct jffs2 *fs, u32 at, u32 end)
{
	u32 n, erased;

	if (block_is_clean(fs, at, end))
		return end;
	do {
		n = CHUNK - at % CHUNK;
		n = n < end - at ? n : end - at;
		erased = erased_bytes(flash_reader_get(fs->reader, at, n, end - at), n);
		flash_reader_put(fs->reader);
		at += erased;
	} while (erased == n && at < end);
	return at;
}

/* A run of garbage is one damaged thing, unless the header in front of it was counted already. */
static void end_garbage(struct jffs2 *fs)
{
	if (fs->garbage_end != fs->garbage_start && !fs->garbage_named)
		jffs2_damaged(fs, JFFS2_GARBAGE, "bytes", fs->garbage_start, 0,
			      fs->garbage_end - fs->garbage_start);
	fs->garbage_start = fs->garbage_end = 0;
	fs->garbage_named = false;
}

/* Skips the word at @at, after a header that makes no sense. @named: it has been counted. */
static u32 skip_word(struct jffs2 *fs, u32 at, bool named)
{
	if (fs->garbage_end != at || fs->garbage_end == fs->garbage_start) {
		end_garbage(fs);
		fs->garbage_start = at;
	}
	fs->garbage_end = at + 4;
	fs->garbage_named |= named;
	return at + 4;
}

/* --- nodes: each function is given a node whose header is good -------------------------------- */

struct scan_node {
	u32 at, end; /* of the node; of the block */
	u32 totlen;
	u16 type;
	u32 crc; /* of the first 8 bytes: the node's CRC goes on from there */
	u32 hdr_crc_raw;
};

/* Copies the node's body out and checks its CRC, which covers header and body up to @covered. */
static bool read_body(struct jffs2 *fs, const struct scan_node *n, const char *what, void *body,
		      u32 bytes, u32 covered, const u32 *node_crc)
{
	const u32 at = n->at + sizeof(struct jffs2_header);
	u32 crc;

	if (n->totlen < sizeof(struct jffs2_header) + bytes) {
		jffs2_damaged(fs, JFFS2_LENGTH, what, n->at, sizeof(struct jffs2_header) + bytes,
			      n->totlen);
		return false;
	}
	memcpy(body, flash_reader_get(fs->reader, at, bytes, n->end - at), bytes);
	flash_reader_put(fs->reader);
	crc = crc32(crc32(n->crc, &n->hdr_crc_raw, 4), body, covered);
	if (crc == jffs2_u32(*node_crc))
		return true;
	jffs2_damaged(fs, JFFS2_NODE_CRC, what, n->at, jffs2_u32(*node_crc), crc);
	return false;
}

#define READ_BODY(fs, n, what, body, last)                                              \
	read_body(fs, n, what, &(body), sizeof(body), offsetof(__typeof__(body), last), \
		  &(body).node_crc)

static void scan_inode(struct jffs2 *fs, const struct scan_node *n)
{
	struct jffs2_inode_body body;
	u32 data, csize, room;

	if (!READ_BODY(fs, n, "inode node", body, data_crc))
		return;
	room = n->totlen - sizeof(struct jffs2_header) - sizeof(body);
	data = jffs2_u32(body.offset);
	csize = jffs2_u32(body.csize);
	if (csize > room)
		jffs2_damaged(fs, JFFS2_LENGTH, "inode node", n->at, csize, room);
	else if (jffs2_u32(body.dsize) > UINT32_MAX - data)
		jffs2_damaged(fs, JFFS2_LENGTH, "inode node", n->at, data, jffs2_u32(body.dsize));
	else if (!body.ino)
		jffs2_damaged(fs, JFFS2_BAD_INO, "inode node", n->at, 1, 0);
	else
		jffs2_add_inode_node(fs, n->at, &body);
}

static bool good_name(const char *name, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		if (!name[i] || name[i] == '/')
			return false;
	return !(name[0] == '.' && (bytes == 1 || (bytes == 2 && name[1] == '.')));
}

static void scan_dirent(struct jffs2 *fs, const struct scan_node *n)
{
	struct jffs2_dirent_body body;
	u32 at = n->at + sizeof(struct jffs2_header) + sizeof(body);
	const char *name;
	u32 crc;

	if (!READ_BODY(fs, n, "dirent", body, node_crc))
		return;
	if (!body.nsize || body.nsize > JFFS2_MAX_NAME || at + body.nsize > n->at + n->totlen) {
		jffs2_damaged(fs, JFFS2_LENGTH, "dirent", n->at, body.nsize, n->totlen);
		return;
	}
	name = flash_reader_get(fs->reader, at, body.nsize, n->end - at);
	crc = crc32(0, name, body.nsize);
	if (crc != jffs2_u32(body.name_crc))
		jffs2_damaged(fs, JFFS2_NAME_CRC, "dirent", n->at, jffs2_u32(body.name_crc), crc);
	else if (!good_name(name, body.nsize))
		jffs2_damaged(fs, JFFS2_BAD_NAME, "dirent", n->at, 0, body.nsize);
	else if (!body.pino)
		jffs2_damaged(fs, JFFS2_BAD_INO, "dirent", n->at, 1, 0);
	else
		jffs2_add_dirent(fs, &body, name);
	flash_reader_put(fs->reader);
}

/* The summary repeats what the block's nodes say; its CRCs are checked, the nodes are read
 * anyway. */
static void scan_summary(struct jffs2 *fs, const struct scan_node *n)
{
	const u32 fixed = sizeof(struct jffs2_header) + sizeof(struct jffs2_summary_body);
	struct jffs2_summary_body body;
	u32 crc;

	if (!READ_BODY(fs, n, "summary", body, sum_crc))
		return;
	crc = jffs2_crc(fs, 0, n->at + fixed, n->totlen - fixed, n->end);
	if (crc != jffs2_u32(body.sum_crc))
		jffs2_damaged(fs, JFFS2_DATA_CRC, "summary", n->at, jffs2_u32(body.sum_crc), crc);
	else
		fs->counts.summaries++;
}

static void scan_xattr(struct jffs2 *fs, const struct scan_node *n)
{
	const u32 fixed = sizeof(struct jffs2_header) + sizeof(struct jffs2_xattr_body);
	struct jffs2_xattr_body body;
	u32 bytes, crc;

	if (!READ_BODY(fs, n, "xattr", body, node_crc))
		return;
	bytes = body.name_bytes + 1u + jffs2_u16(body.value_bytes);
	if (bytes > n->totlen - fixed) {
		jffs2_damaged(fs, JFFS2_LENGTH, "xattr", n->at, bytes, n->totlen - fixed);
		return;
	}
	crc = jffs2_crc(fs, 0, n->at + fixed, bytes, n->end);
	if (crc != jffs2_u32(body.data_crc))
		jffs2_damaged(fs, JFFS2_DATA_CRC, "xattr", n->at, jffs2_u32(body.data_crc), crc);
	else
		fs->counts.xattrs++;
}

static void scan_xref(struct jffs2 *fs, const struct scan_node *n)
{
	struct jffs2_xref_body body;

	if (READ_BODY(fs, n, "xref", body, node_crc))
		fs->counts.xrefs++;
}

static void scan_unknown(struct jffs2 *fs, const struct scan_node *n)
{
	fs->counts.unknown++;
	if ((n->type & JFFS2_COMPAT_MASK) != JFFS2_INCOMPAT)
		return;
	printk("jffs2: node type %04x at %08x is unknown and may not be ignored\n", n->type, n->at);
	if (!fs->status)
		fs->status = JFFS2_INCOMPATIBLE;
}

static void scan_node(struct jffs2 *fs, const struct scan_node *n)
{
	fs->counts.nodes++;
	switch (n->type) {
	case JFFS2_INODE: scan_inode(fs, n); break;
	case JFFS2_DIRENT: scan_dirent(fs, n); break;
	case JFFS2_CLEANMARKER: fs->counts.cleanmarkers++; break;
	case JFFS2_PADDING: fs->counts.paddings++; break;
	case JFFS2_SUMMARY: scan_summary(fs, n); break;
	case JFFS2_XATTR: scan_xattr(fs, n); break;
	case JFFS2_XREF: scan_xref(fs, n); break;
	default: scan_unknown(fs, n);
	}
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* A header that begins with the magic number. Returns where to go on. */
static u32 scan_header(struct jffs2 *fs, u32 at, u32 end, const struct jffs2_header *header)
{
	struct jffs2_header whole = *header;
	struct scan_node n = { .at = at, .end = end, .hdr_crc_raw = header->hdr_crc };

	n.type = jffs2_u16(header->type) | JFFS2_ACCURATE;
	n.totlen = jffs2_u32(header->totlen);
	whole.type = jffs2_u16(n.type);
	n.crc = crc32(0, &whole, 8);
	if (n.crc != jffs2_u32(header->hdr_crc)) {
		jffs2_damaged(fs, JFFS2_HEADER_CRC, "node", at, jffs2_u32(header->hdr_crc), n.crc);
		return skip_word(fs, at, true);
	}
	if (n.totlen < sizeof(*header) || n.totlen > end - at) {
		jffs2_damaged(fs, JFFS2_LENGTH, "node", at, end - at, n.totlen);
		return skip_word(fs, at, true);
	}
	end_garbage(fs);
	if (jffs2_u16(header->type) & JFFS2_ACCURATE)
		scan_node(fs, &n);
	else
		fs->counts.obsolete++;
	return at + ALIGN_UP(n.totlen, 4);
}

/* What begins at @at: a node, or what is none. */
static u32 scan_thing(struct jffs2 *fs, u32 at, u32 end)
{
	struct jffs2_header header;

	memcpy(&header, flash_reader_get(fs->reader, at, sizeof(header), end - at), sizeof(header));
	flash_reader_put(fs->reader);
	switch (jffs2_u16(header.magic)) {
	case JFFS2_MAGIC: return scan_header(fs, at, end, &header);
	case JFFS2_MAGIC_SWAPPED: fs->swapped++; break;
	case JFFS2_MAGIC_OLD: fs->old++; break;
	case 0xffff:
		if (header.type == 0xffff) {
			end_garbage(fs);
			return skip_erased(fs, at, end);
		}
	}
	return skip_word(fs, at, false);
}

static u32 scan_at(struct jffs2 *fs, u32 at, u32 end)
{
	flash_reader_enter(fs->reader);
	at = scan_thing(fs, at, end);
	flash_reader_leave(fs->reader);
	return at;
}

static void scan_block(struct jffs2 *fs, u32 start)
{
	u32 end = start + fs->block_bytes, at = start;

	fs->counts.blocks++;
	if (block_is_empty(fs, start)) {
		fs->counts.empty_blocks++;
		return;
	}
	while (at < end && end - at >= sizeof(struct jffs2_header) && !fs->status)
		at = scan_at(fs, at, end);
	end_garbage(fs);
}

enum jffs2_status jffs2_scan(struct jffs2 *fs)
{
	for (u32 at = 0; at < fs->reader->bytes && !fs->status; at += fs->block_bytes)
		scan_block(fs, at);
	if (fs->status)
		return fs->status;
	if (fs->reader->errors)
		return JFFS2_UNREADABLE;
	if (fs->counts.nodes || fs->counts.empty_blocks == fs->counts.blocks)
		return JFFS2_OK;
	return fs->swapped ? JFFS2_BIG_ENDIAN : fs->old ? JFFS2_OLD_FORMAT : JFFS2_NO_NODES;
}
