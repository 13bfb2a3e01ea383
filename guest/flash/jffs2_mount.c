/* SPDX-License-Identifier: MIT */
/*
 * Owns the life of a mount, and the pass over the data CRCs. Scan, index and listing have files of
 * their own.
 */
#include "guest/flash/jffs2_index.h"

#include "guest/mm/page.h"

const char *jffs2_status_text(enum jffs2_status status)
{
	static const char *const text[] = {
		[JFFS2_OK] = "mounted",
		[JFFS2_BAD_GEOMETRY] = "erase block or partition size is impossible",
		[JFFS2_NO_NODES] = "no valid JFFS2 node, and not empty",
		[JFFS2_BIG_ENDIAN] = "big-endian image, only little-endian ones are read",
		[JFFS2_OLD_FORMAT] = "image of JFFS version 1",
		[JFFS2_INCOMPATIBLE] = "a node type that is unknown and may not be ignored",
		[JFFS2_NO_MEMORY] = "out of memory for the index",
		[JFFS2_UNREADABLE] = "parts of the chip could not be read",
	};

	return text[status];
}

/* A summary node needs its block in 32 bits, a scan its first 256 bytes. */
static bool geometry_ok(u32 bytes, u32 block_bytes)
{
	return block_bytes >= PAGE_BYTES && !(block_bytes & (block_bytes - 1)) &&
	       bytes >= block_bytes && bytes % block_bytes == 0 && bytes <= GiB(1);
}

enum jffs2_status jffs2_mount(struct flash_reader *reader, u32 block_bytes, struct jffs2 **out)
{
	struct jffs2 *fs;
	enum jffs2_status status;

	if (!geometry_ok(reader->bytes, block_bytes))
		return JFFS2_BAD_GEOMETRY;
	fs = kalloc(sizeof(*fs));
	fs->reader = reader;
	fs->block_bytes = block_bytes;
	status = jffs2_index_init(fs) ? jffs2_scan(fs) : fs->status;
	if (!status) {
		jffs2_link(fs);
		status = fs->status;
	}
	flash_reader_tell(reader);
	fs->counts.index_bytes = fs->pool.bytes;
	if (status) {
		jffs2_unmount(fs);
		return status;
	}
	*out = fs;
	return JFFS2_OK;
}

void jffs2_unmount(struct jffs2 *fs)
{
	jffs2_pool_free(&fs->pool);
	kfree(fs);
}

const struct jffs2_counts *jffs2_counts(const struct jffs2 *fs)
{
	return &fs->counts;
}

/* --- data CRCs -------------------------------------------------------------------------------- */

static void verify_node(struct jffs2 *fs, struct jffs2_inode *inode, const struct jffs2_node *node)
{
	u32 crc;

	flash_reader_enter(fs->reader);
	crc = jffs2_crc(fs, 0, jffs2_data_at(node), node->csize, jffs2_block_end(fs, node));
	flash_reader_leave(fs->reader);

	fs->counts.data_checked++;
	fs->counts.data_bytes += node->csize;
	if (crc == node->data_crc)
		return;
	inode->bad_nodes++;
	jffs2_damaged(fs, JFFS2_DATA_CRC, "inode node", node->at, node->data_crc, crc);
}

/* Oldest node first: as they lie on the chip, which is how a buffer likes it. */
void jffs2_verify(struct jffs2 *fs)
{
	for (struct jffs2_inode *inode = fs->inodes; inode; inode = inode->next) {
		if (inode->verified)
			continue;
		jffs2_reverse_nodes(inode);
		for (struct list_link *l = inode->nodes; l; l = l->next)
			if (((struct jffs2_node *)l)->live)
				verify_node(fs, inode, (struct jffs2_node *)l);
		inode->verified = true;
	}
	flash_reader_tell(fs->reader);
}
