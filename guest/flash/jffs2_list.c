/* SPDX-License-Identifier: MIT */
/*
 * Owns the listing: walks the tree from the root, without recursion and with bounds on depth and
 * path length, since nothing says that what a chip holds is a tree.
 */
#include "guest/flash/jffs2_index.h"

#include "guest/mm/page.h"

#define MAX_DEPTH 128
#define MAX_PATH_BYTES 4096
#define MAX_DETACHED_ROWS 16

struct walk {
	struct jffs2 *fs;
	u32 max_rows, entries;
	u32 of_type[16];
	u64 file_bytes;
	u32 depth;
	struct {
		const struct list_link *next; /* entry of this directory */
		u32 path_bytes;		      /* of the directory's own path */
	} level[MAX_DEPTH];
	char path[MAX_PATH_BYTES];
};

static u32 entry_type(const struct jffs2_dirent *entry)
{
	return entry->inode && entry->inode->nnodes ? entry->inode->mode >> 12 & 15
						    : entry->type & 15;
}

/* Appends "/name" behind the first @used bytes; returns the new length, 0 if it does not fit. */
static u32 path_append(char *path, u32 used, const struct jffs2_dirent *entry)
{
	static const char hex[] = "0123456789abcdef";

	if (used + 2 + 4u * entry->nsize > MAX_PATH_BYTES)
		return 0;
	path[used++] = '/';
	for (u32 i = 0; i < entry->nsize; i++) {
		u8 c = entry->name[i];

		if (c >= ' ' && c != 0x7f && c != '\\') {
			path[used++] = c;
			continue;
		}
		path[used++] = '\\';
		path[used++] = 'x';
		path[used++] = hex[c >> 4];
		path[used++] = hex[c & 15];
	}
	path[used] = '\0';
	return used;
}

static const char *verdict(const struct jffs2_inode *inode, u32 type)
{
	if (!inode || !jffs2_has_inode(inode))
		return "missing";
	if (!inode->verified)
		return "-";
	if (inode->bad_nodes)
		return "bad";
	return inode->has_hole && type == JFFS2_TYPE_FILE ? "hole" : "ok";
}

/*
 * The column of the contents, if they were read. Device numbers are stored in 2 bytes, or in 4 with
 * the minor number's high bits on top.
 */
static void print_contents(const struct jffs2_inode *inode, u32 type)
{
	static const char *const word[] = { "-", "", "bad", "unknown" };
	enum jffs2_contents state = inode ? inode->contents : JFFS2_NOT_READ;
	u32 value = inode ? inode->contents_crc : 0;

	if (state != JFFS2_READ)
		printk("%-10s", word[state]);
	else if (type == JFFS2_TYPE_CHAR || type == JFFS2_TYPE_BLOCK)
		printk("%u:%-7u ", value >> 8 & 0xfff, (value & 0xff) | (value >> 12 & 0xfff00));
	else
		printk("%08x  ", value);
}

static void print_row(struct walk *w, const struct jffs2_dirent *entry)
{
	struct jffs2_inode *inode = entry->inode;
	u32 type = entry_type(entry);

	w->of_type[type]++;
	if (inode)
		inode->reached = true;
	if (type == JFFS2_TYPE_FILE && inode)
		w->file_bytes += inode->isize;
	if (w->entries++ >= w->max_rows)
		return;
	printk("ls: %c %9u %5u  %-7s ", "?pc?d?b?-?l?s???"[type], inode ? inode->isize : 0,
	       inode ? inode->nnodes : 0, verdict(inode, type));
	if (w->fs->contents_read)
		print_contents(inode, type);
	printk("%s\n", w->path);
}

/* Goes down into @entry's directory, whose path is now in w->path. */
static void enter(struct walk *w, const struct jffs2_dirent *entry, u32 path_bytes)
{
	struct jffs2_inode *inode = entry->inode;

	if (inode->entered || w->depth == MAX_DEPTH) {
		printk("jffs2: directory %u is %s, not entered again: %s\n", inode->ino,
		       inode->entered ? "linked twice" : "too deep", w->path);
		w->fs->counts.unreachable++;
		return;
	}
	inode->entered = true;
	w->level[w->depth].next = inode->children;
	w->level[w->depth++].path_bytes = path_bytes;
}

static void walk_entry(struct walk *w, const struct jffs2_dirent *entry, u32 parent_bytes)
{
	u32 bytes = path_append(w->path, parent_bytes, entry);

	if (!bytes) {
		printk("jffs2: path of inode %u is too long, left out\n", entry->ino);
		w->fs->counts.unreachable++;
		return;
	}
	print_row(w, entry);
	if (entry->inode && entry_type(entry) == JFFS2_TYPE_DIRECTORY)
		enter(w, entry, bytes);
}

static void walk_tree(struct walk *w, struct jffs2_inode *root)
{
	root->entered = root->reached = true;
	w->level[0].next = root->children;
	w->depth = 1;
	while (w->depth) {
		u32 top = w->depth - 1;
		const struct list_link *entry = w->level[top].next;

		if (!entry) {
			w->depth--;
			continue;
		}
		w->level[top].next = entry->next;
		walk_entry(w, (const struct jffs2_dirent *)entry, w->level[top].path_bytes);
	}
}

/* Files below a damaged directory that nobody can name any more, and loops without a way in. */
static void count_detached(struct jffs2 *fs)
{
	u32 n = 0;

	for (const struct jffs2_inode *inode = fs->inodes; inode; inode = inode->next)
		if (inode->nnodes && inode->linked && !inode->reached && n++ < MAX_DETACHED_ROWS)
			printk("jffs2: detached inode %u: %u bytes, %u nodes: no path leads to it\n",
			       inode->ino, inode->isize, inode->nnodes);
	if (n > MAX_DETACHED_ROWS)
		printk("jffs2: … and %u more detached inodes\n", n - MAX_DETACHED_ROWS);
	fs->counts.detached = n;
}

static void print_totals(const struct walk *w)
{
	const u32 *n = w->of_type;
	const u32 known = n[JFFS2_TYPE_DIRECTORY] + n[JFFS2_TYPE_FILE] + n[JFFS2_TYPE_LINK];

	if (w->entries > w->max_rows)
		printk("ls: … and %u more\n", w->entries - w->max_rows);
	printk("total: %u entries: %u directories, %u files with %lu bytes, %u links, %u others\n",
	       w->entries, n[JFFS2_TYPE_DIRECTORY], n[JFFS2_TYPE_FILE], w->file_bytes,
	       n[JFFS2_TYPE_LINK], w->entries - known);
}

void jffs2_list(struct jffs2 *fs, u32 max_rows)
{
	struct walk *w = kalloc(sizeof(*w));

	for (struct jffs2_inode *inode = fs->inodes; inode; inode = inode->next)
		inode->entered = inode->reached = false;
	fs->counts.unreachable = 0;
	w->fs = fs;
	w->max_rows = max_rows;
	if (max_rows)
		printk("ls: t      size nodes  crc     %spath\n",
		       fs->contents_read ? "contents  " : "");
	walk_tree(w, jffs2_find_inode(fs, JFFS2_ROOT_INO));
	print_totals(w);
	count_detached(fs);
	kfree(w);
}
