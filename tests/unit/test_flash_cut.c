/* SPDX-License-Identifier: MIT */
/*
 * The power goes at every single step of 200 operations with which a JFFS2 writes, marks obsolete,
 * cleans up and erases. After each cut the chip is powered up again, from copies of what it keeps;
 * what is left must be legal, and the guest's reader must mount it and find every node that was
 * complete.
 */
#include "tests/unit/jffs2_rig.h"

#include "devices/flash/flash.h"
#include "tests/unit/suite.h"

#ifdef __SANITIZE_ADDRESS__
#define STRIDE 11 /* the sanitized run looks at one step in so many */
#else
#define STRIDE 1
#endif

#define OPERATIONS 200
#define BLOCK KiB(4)
#define BLOCKS 8
#define BYTES (BLOCK * BLOCKS)
#define LINE 32 /* bytes of the write buffer */
#define FILES 2

static const struct flash_part part = {
	.name = "cut",
	.compatible = "test,cut",
	.command_set = 0x0001,
	.manufacturer = 0x0089,
	.device = { 0x4321 },
	.chip_bytes = BYTES,
	.widths = 2,
	.native_bytes = 2,
	.nregions = 1,
	.region = { { BLOCKS, BLOCK, { 1000000, 5000000 } } },
	.features = FLASH_OTP | FLASH_ERASE_MARK,
	.read_ns = 100,
	.program = { 210, 630 },
	.buffer = { 218, 654 },
	.cfi = { .extended_at = 0x31, .version = "11", .buffer_log2 = 5 },
};

/* ---- the script ------------------------------------------------------------------------------ */

struct operation {
	bool erases;
	u32 at, bytes; /* of a program: at most LINE, in words */
	u8 data[LINE];
};

struct node {
	u32 at;
	u32 fixed;    /* all but the data is there when so many operations are over */
	u32 done;     /* complete when so many are */
	u32 obsolete; /* the operation that marks it so; OPERATIONS: none */
	u32 ino;
	bool names; /* a dirent */
};

static struct operation script[OPERATIONS + 64];
static struct node node[256];
static u32 noperations, nnodes, head;
static u8 planned[BYTES]; /* what the script has written so far */

static u32 crc(const void *bytes, size_t n)
{
	return crc32(0, bytes, n);
}

static void plan_program(u32 at, const u8 *data, u32 bytes)
{
	for (u32 done = 0; done < bytes;) {
		struct operation *op = &script[noperations++];

		op->at = at + done;
		op->bytes = LINE - op->at % LINE < bytes - done ? LINE - op->at % LINE
								: bytes - done;
		memcpy(op->data, data + done, op->bytes);
		memcpy(planned + op->at, op->data, op->bytes);
		done += op->bytes;
	}
}

/* ACCURATE goes from 1 to 0, in place. */
static void plan_obsolete(struct node *old)
{
	u16 type = (u16)(planned[old->at + 2] | planned[old->at + 3] << 8) & (u16)~0x2000;

	old->obsolete = noperations;
	plan_program(old->at + 2, (const u8 *)&type, sizeof(type));
}

static void plan_node(void *fixed, u32 fixed_bytes, const void *tail, u32 tail_bytes, u32 ino,
		      bool names)
{
	u8 bytes[256];
	u32 n = ALIGN_UP(fixed_bytes + tail_bytes, 4), first = noperations;

	memset(bytes, 0xFF, sizeof(bytes));
	memcpy(bytes, fixed, fixed_bytes);
	memcpy(bytes + fixed_bytes, tail, tail_bytes);
	if (head / BLOCK != (head + n - 1) / BLOCK)
		head = ALIGN_UP(head, BLOCK) % BYTES;
	plan_program(head, bytes, n);
	while (script[first].at + script[first].bytes < head + fixed_bytes)
		first++;
	node[nnodes++] = (struct node){ head, first + 1, noperations, OPERATIONS, ino, names };
	head += n;
}

static struct jffs2_header header(u16 type, u32 bytes)
{
	struct jffs2_header h = { JFFS2_MAGIC, type, bytes, 0 };

	h.hdr_crc = crc(&h, 8);
	return h;
}

static void plan_dirent(u32 ino, u32 version)
{
	char name[] = "file-0";
	struct {
		struct jffs2_header h;
		struct jffs2_dirent_body b;
	} d = { header(JFFS2_DIRENT, sizeof(d) + 6),
		{ .pino = 1, .version = version, .ino = ino, .nsize = 6, .type = 8 } };

	name[5] = (char)('0' + ino);
	d.b.node_crc = crc(&d, 32);
	d.b.name_crc = crc(name, 6);
	plan_node(&d, sizeof(d), name, 6, ino, true);
}

static void plan_inode(u32 ino, u32 version)
{
	char data[40];
	struct {
		struct jffs2_header h;
		struct jffs2_inode_body b;
	} i = { header(JFFS2_INODE, sizeof(i) + sizeof(data)),
		{ .ino = ino, .version = version, .mode = 0100644, .isize = sizeof(data) } };

	memset(data, (int)(version * 31 + ino), sizeof(data));
	i.b.csize = i.b.dsize = sizeof(data);
	i.b.data_crc = crc(data, sizeof(data));
	i.b.node_crc = crc(&i, 60);
	plan_node(&i, sizeof(i), data, sizeof(data), ino, false);
}

/* The newer node is complete before the older one is marked. */
static void plan_rewrite(u32 ino, u32 version, bool names)
{
	u32 before = nnodes;

	if (names)
		plan_dirent(ino, version);
	else
		plan_inode(ino, version);
	for (u32 i = 0; i < before; i++)
		if (node[i].ino == ino && node[i].names == names && node[i].obsolete == OPERATIONS)
			plan_obsolete(&node[i]);
}

/* Everything that still counts in the block goes elsewhere, then it is erased. */
static void plan_clean(u32 block, u32 version)
{
	u32 n = nnodes;

	for (u32 i = 0; i < n; i++)
		if (node[i].at / BLOCK == block && node[i].obsolete == OPERATIONS)
			plan_rewrite(node[i].ino, version, node[i].names);
	script[noperations++] = (struct operation){ .erases = true, .at = block * BLOCK };
	memset(planned + block * BLOCK, 0xFF, BLOCK);
}

static void plan(void)
{
	u32 version = 1;

	noperations = nnodes = head = 0;
	memset(script, 0, sizeof(script));
	memset(planned, 0xFF, sizeof(planned));
	for (u32 ino = 2; ino < 2 + FILES; ino++) {
		plan_dirent(ino, version);
		plan_inode(ino, version);
	}
	for (u32 round = 0; noperations < OPERATIONS; round++) {
		plan_rewrite(2 + round % FILES, ++version, false);
		head = ALIGN_UP(head, BLOCK) %
		       BYTES; /* blocks are far from full, for more erases */
		plan_clean(round % BLOCKS, ++version);
	}
	noperations = OPERATIONS;
}

/* ---- the chip -------------------------------------------------------------------------------- */

static u8 array[BYTES], copy[BYTES], before[BYTES];
static struct flash_nv *nv, *nv_copy;
static struct flash_bank *chip;
static u64 ns;

static void put(u32 at, u16 value)
{
	flash_write(chip, at, 2, value, ns);
}

static void start(const struct operation *op)
{
	put(op->at, op->erases ? 0x20 : 0xE8);
	if (!op->erases) {
		put(op->at, (u16)(op->bytes / 2 - 1));
		for (u32 i = 0; i < op->bytes; i += 2)
			put(op->at + i, (u16)(op->data[i] | op->data[i + 1] << 8));
	}
	put(op->at, 0xD0);
}

/* A little further, by less than what lies between two steps: 31 ms of an erase, 0.8 us of a
 * buffer. */
static void go_on(const struct operation *op)
{
	u64 piece = op->erases ? 1000000 : 400, end = flash_busy_until(chip);

	ns = ns + piece < end ? ns + piece : end;
	flash_advance(chip, ns);
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* Since the step before: bits of the operation's place alone, and in the direction that it goes. */
static void check_legal(const struct operation *op)
{
	u32 end = op->at + (op->erases ? BLOCK : op->bytes);

	for (u32 i = 0; i < BYTES; i++) {
		bool inside = i >= op->at && i < end;

		if (array[i] == before[i])
			continue;
		ck_assert_msg(inside, "byte %#x changed", i);
		if (!op->erases)
			ck_assert_uint_eq(array[i] & ~before[i], 0);
	}
	memcpy(before, array, BYTES);
}

static u32 nodes_found;

static bool in_block(const struct node *n, const struct operation *op)
{
	return op->erases && n->at / BLOCK == op->at / BLOCK;
}

/* Operations before @k are over, @k is under way. */
static void check_mount(struct medium *m, u32 k)
{
	struct outcome out = run_reader(m, BLOCK, false);
	u32 least = 0, most = 0;

	for (u32 i = 0; i < nnodes; i++) {
		bool gone = false;

		for (u32 op = node[i].done; op < k; op++)
			gone |= in_block(&node[i], &script[op]);
		if (gone || in_block(&node[i], &script[k]))
			continue;
		least += node[i].done <= k && node[i].obsolete > k;
		most += node[i].fixed <= k + 1 && node[i].obsolete >= k;
	}
	nodes_found = out.counts.dirents + out.counts.inode_nodes;
	if (least)
		ck_assert_msg(out.status == JFFS2_OK, "operation %u: %s", k,
			      jffs2_status_text(out.status));
	ck_assert_msg(nodes_found >= least && nodes_found <= most,
		      "operation %u: %u nodes found, want %u to %u\n%s", k, nodes_found, least,
		      most, shim_text);
	for (u32 i = 0; i < nnodes; i++) {
		char line[] = "/file-0\n";

		line[6] = (char)('0' + node[i].ino);
		if (node[i].names && node[i].done <= k)
			ck_assert_msg(printed(line), "operation %u: no %s%s", k, line, shim_text);
	}
}

/* Powered up from copies of what is kept, and read over the bus. */
static void check_power_up(u32 k)
{
	struct flash_config config = { .part = &part, .seed = k + 1 };
	struct medium m = medium_new(BYTES);
	struct flash_bank *other;

	memcpy(copy, array, BYTES);
	memcpy(nv_copy, nv, flash_nv_bytes(&part));
	other = flash_create(&config, copy, (struct flash_nv *const[]){ nv_copy, NULL }, NULL);
	ck_assert_ptr_nonnull(other);
	ck_assert_uint_eq(flash_busy_until(other), UINT64_MAX);
	for (u32 at = 0; at < BYTES; at += 8) {
		u64 value = flash_read(other, at, 8, 0);

		memcpy(m.data + at, &value, 8);
	}
	flash_write(other, 0, 2, 0x70, 0);
	ck_assert_uint_eq(flash_read(other, 0, 2, 0), 0x80);
	flash_destroy(other);
	check_mount(&m, k);
	free(m.data);
}

static void setup(void)
{
	struct flash_config config = { .part = &part };

	memset(array, 0xFF, BYTES);
	memset(before, 0xFF, BYTES);
	nv = malloc(flash_nv_bytes(&part));
	nv_copy = malloc(flash_nv_bytes(&part));
	flash_nv_init(&part, nv, 1, 0);
	chip = flash_create(&config, array, (struct flash_nv *const[]){ nv, NULL }, NULL);
	ck_assert_ptr_nonnull(chip);
	ns = 0;
	plan();
}

static void teardown(void)
{
	flash_destroy(chip);
	free(nv);
	free(nv_copy);
	shim_free();
}

START_TEST(every_step_of_the_script)
{
	u64 steps = 0, cuts = 0, erases = 0;

	for (u32 k = 0; k < OPERATIONS; k++) {
		erases += script[k].erases;
		start(&script[k]);
		while (flash_busy_until(chip) != UINT64_MAX) {
			go_on(&script[k]);
			ck_assert_uint_le(flash_steps(chip), steps + 1);
			if (flash_steps(chip) == steps)
				continue;
			steps = flash_steps(chip);
			check_legal(&script[k]);
			if (steps % STRIDE)
				continue;
			check_power_up(k);
			cuts++;
		}
	}
	ck_assert_uint_ge(erases, 8);
	ck_assert_uint_ge(cuts, 10000 / STRIDE);
}
END_TEST

/* A cut that is configured leaves what was copied above: tried at some steps. */
static void replay(u64 cut_at)
{
	for (u32 k = 0; k < OPERATIONS && flash_has_power(chip); k++) {
		start(&script[k]);
		ns += 10000000000ull;
		flash_advance(chip, ns);
	}
	ck_assert_uint_eq(flash_steps(chip), cut_at);
}

START_TEST(a_configured_cut_leaves_the_same)
{
	u8 want[BYTES];
	u64 cut_at = 0;

	for (u32 k = 0; k < OPERATIONS; k += 9) {
		struct flash_config config = { .part = &part };

		/* up to the middle of operation k, step by step */
		teardown();
		setup();
		for (u32 i = 0; i <= k; i++) {
			u64 until;

			start(&script[i]);
			until = i < k ? flash_busy_until(chip)
				      : ns + (flash_busy_until(chip) - ns) / 2;
			while (ns < until) {
				ns = until - ns > 777777 ? ns + 777777 : until;
				flash_advance(chip, ns);
			}
		}
		memcpy(want, array, BYTES);
		cut_at = flash_steps(chip);
		flash_destroy(chip);
		memset(array, 0xFF, BYTES);
		flash_nv_init(&part, nv, 1, 0);
		config.cut_at = cut_at;
		chip = flash_create(&config, array, (struct flash_nv *const[]){ nv, NULL }, NULL);
		ns = 0;
		replay(cut_at);
		ck_assert_mem_eq(array, want, BYTES);
	}
	ck_assert_uint_gt(cut_at, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_cut");
	TCase *tcase = tcase_create("cut");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, every_step_of_the_script);
	tcase_add_test(tcase, a_configured_cut_leaves_the_same);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
