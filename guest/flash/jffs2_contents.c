/* SPDX-License-Identifier: MIT */
/*
 * Owns the pass that reads what files contain: for each, which node gives which of its bytes, then
 * from front to back the nodes' data, expanded, into a CRC. One node is held at a time, so that
 * memory does not depend on the medium; a node of which others left several pieces is expanded for
 * each of them.
 */
#include "guest/flash/jffs2_index.h"

#include "guest/lib/crc32.h"
#include "guest/lib/inflate.h"
#include "guest/lib/rtime.h"
#include "guest/lib/string.h"

/*
 * zlib adds so much at most to a page that it cannot compress (and mkfs.jffs2 then keeps "none").
 */
#define OVERHEAD 64

/* Bytes [start, end) of a file are @node's. */
struct fragment {
	struct fragment *next; /* ascending */
	u32 start, end;
	const struct jffs2_node *node;
};

struct contents {
	struct jffs2 *fs;
	struct fragment *fragments, *unused;
	const struct jffs2_node *held; /* whose data is in out */
	u8 in[JFFS2_MAX_NODE_DATA + OVERHEAD], out[JFFS2_MAX_NODE_DATA];
	u16 seen[256];
	struct inflate inflate;
};

/* --- which node gives which bytes ------------------------------------------------------------- */

static struct fragment *new_fragment(struct contents *c)
{
	struct fragment *f = c->unused;

	if (!f)
		return jffs2_alloc(c->fs, sizeof(*f));
	c->unused = f->next;
	return f;
}

/* Gives @node those bytes of [start, end) that no newer node has. False: no memory. */
static bool add_node(struct contents *c, const struct jffs2_node *node, u32 start, u32 end)
{
	struct fragment **at = &c->fragments;

	while (start < end) {
		struct fragment *f = *at;
		u32 stop = f && f->start < end ? f->start : end;

		if (start < stop) {
			struct fragment *made = new_fragment(c);

			if (!made)
				return false;
			*made = (struct fragment){ f, start, stop, node };
			*at = made;
			at = &made->next;
		}
		if (!f)
			break;
		start = f->end > start ? f->end : start;
		at = &f->next;
	}
	return true;
}

/* @inode's nodes are newest first. */
static bool find_fragments(struct contents *c, const struct jffs2_inode *inode)
{
	for (const struct list_link *l = inode->nodes; l; l = l->next) {
		const struct jffs2_node *node = (const struct jffs2_node *)l;
		u32 end = node->offset + node->dsize;

		end = end < inode->isize ? end : inode->isize;
		if (node->live && !add_node(c, node, node->offset, end))
			return false;
	}
	return true;
}

static void drop_fragments(struct contents *c)
{
	while (c->fragments) {
		struct fragment *f = c->fragments;

		c->fragments = f->next;
		f->next = c->unused;
		c->unused = f;
	}
	c->held = NULL;
}

/* --- a node's data ---------------------------------------------------------------------------- */

static void read_data(struct jffs2 *fs, const struct jffs2_node *node, u8 *to)
{
	u32 at = jffs2_data_at(node), end = jffs2_block_end(fs, node), bytes = node->csize;

	flash_reader_enter(fs->reader);
	while (bytes) {
		u32 n = PAGE_BYTES - at % PAGE_BYTES;

		n = n < bytes ? n : bytes;
		memcpy(to, flash_reader_get(fs->reader, at, n, end - at), n);
		flash_reader_put(fs->reader);
		at += n;
		to += n;
		bytes -= n;
	}
	flash_reader_leave(fs->reader);
}

static bool expand(struct contents *c, const struct jffs2_node *node)
{
	struct jffs2_counts *counts = &c->fs->counts;
	u64 start = ticks_now();
	bool ok;

	if (node->compr == JFFS2_COMPR_RTIME)
		ok = rtime_expand(c->seen, c->in, node->csize, c->out, node->dsize);
	else
		ok = zlib_expand(&c->inflate, c->in, node->csize, c->out, node->dsize) ==
		     node->dsize;
	counts->expand_ticks += ticks_now() - start;
	counts->expanded_bytes += node->dsize;
	if (!ok)
		jffs2_damaged(c->fs, JFFS2_EXPANSION, "inode node", node->at, node->dsize,
			      node->csize);
	return ok;
}

static enum jffs2_way way_of(const struct jffs2_node *node)
{
	switch (node->compr) {
	case JFFS2_COMPR_NONE: return JFFS2_WAY_NONE;
	case JFFS2_COMPR_ZERO: return JFFS2_WAY_ZERO;
	case JFFS2_COMPR_RTIME: return JFFS2_WAY_RTIME;
	case JFFS2_COMPR_ZLIB: return JFFS2_WAY_ZLIB;
	default: return JFFS2_WAYS;
	}
}

/* Afterwards the node's bytes, of which there are dsize, are in c->out. Not for zeros. */
static enum jffs2_contents hold(struct contents *c, const struct jffs2_node *node)
{
	if (c->held == node)
		return JFFS2_READ;
	c->held = NULL;
	if (way_of(node) == JFFS2_WAYS || node->dsize > sizeof(c->out) ||
	    node->csize > sizeof(c->in))
		return JFFS2_UNKNOWN;
	if (way_of(node) == JFFS2_WAY_NONE) {
		if (node->csize != node->dsize) {
			jffs2_damaged(c->fs, JFFS2_EXPANSION, "inode node", node->at, node->dsize,
				      node->csize);
			return JFFS2_BAD;
		}
		read_data(c->fs, node, c->out);
	} else {
		read_data(c->fs, node, c->in);
		if (!expand(c, node))
			return JFFS2_BAD;
	}
	c->held = node;
	return JFFS2_READ;
}

/* --- files ------------------------------------------------------------------------------------ */

static enum jffs2_contents add_fragment(struct contents *c, const struct fragment *f, u32 *crc)
{
	enum jffs2_contents state;

	if (way_of(f->node) == JFFS2_WAY_ZERO) {
		*crc = crc32_zeros(*crc, f->end - f->start);
	} else {
		state = hold(c, f->node);
		if (state != JFFS2_READ)
			return state;
		*crc = crc32(*crc, c->out + (f->start - f->node->offset), f->end - f->start);
	}
	c->fs->counts.expanded[way_of(f->node)]++;
	return JFFS2_READ;
}

/* The CRC-32 as everybody else has it: begun with ones, inverted at the end. */
static enum jffs2_contents read_file(struct contents *c, struct jffs2_inode *inode)
{
	u32 crc = ~0u, at = 0;

	if (!find_fragments(c, inode))
		return JFFS2_NOT_READ;
	for (const struct fragment *f = c->fragments; f; f = f->next) {
		enum jffs2_contents state;

		crc = crc32_zeros(crc, f->start - at);
		state = add_fragment(c, f, &crc);
		if (state != JFFS2_READ)
			return state;
		at = f->end;
	}
	inode->contents_crc = ~crc32_zeros(crc, inode->isize - at);
	c->fs->counts.contents_bytes += inode->isize;
	return JFFS2_READ;
}

/* The newest node holds nothing but the number. */
static enum jffs2_contents read_device(struct contents *c, struct jffs2_inode *inode)
{
	const struct jffs2_node *node = (const struct jffs2_node *)inode->nodes;
	enum jffs2_contents state = hold(c, node);

	if (state == JFFS2_READ && node->dsize != 2 && node->dsize != 4)
		return JFFS2_UNKNOWN;
	if (state == JFFS2_READ)
		inode->contents_crc = c->out[0] | c->out[1] << 8;
	if (state == JFFS2_READ && node->dsize == 4)
		inode->contents_crc |= c->out[2] << 16 | (u32)c->out[3] << 24;
	return state;
}

static void read_inode(struct contents *c, struct jffs2_inode *inode)
{
	u32 type = inode->mode >> 12 & 15;

	if (type != JFFS2_TYPE_FILE && type != JFFS2_TYPE_LINK && type != JFFS2_TYPE_CHAR &&
	    type != JFFS2_TYPE_BLOCK)
		return;
	jffs2_reverse_nodes(inode); /* the verify pass left them oldest first */
	if (inode->bad_nodes)
		inode->contents = JFFS2_BAD;
	else if (type == JFFS2_TYPE_FILE || type == JFFS2_TYPE_LINK)
		inode->contents = read_file(c, inode);
	else
		inode->contents = read_device(c, inode);
	drop_fragments(c);
	jffs2_reverse_nodes(inode);
	if (inode->contents == JFFS2_READ)
		c->fs->counts.files_read++;
	else
		c->fs->counts.files_unread++;
}

void jffs2_read_contents(struct jffs2 *fs)
{
	struct contents *c = kalloc(sizeof(*c));

	c->fs = fs;
	for (struct jffs2_inode *inode = fs->inodes; inode; inode = inode->next)
		if (inode->verified && inode->nnodes && inode->linked && !inode->contents)
			read_inode(c, inode);
	fs->contents_read = true;
	flash_reader_tell(fs->reader);
	kfree(c);
}
