/* SPDX-License-Identifier: MIT */
/* Holes out of device trees that libfdt's writer makes; and out of damaged ones. */
#include <libfdt.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/suite.h"
#include "vmm/dtb_overlay.h"

#define ROOM 16384

static u8 tree[ROOM] __attribute__((aligned(8)));
static struct dtb_holes holes;
static struct err err;

/* --- writing ---------------------------------------------------------------------------------- */
static void good(int result)
{
	ck_assert_msg(result == 0, "libfdt: %s", fdt_strerror(result));
}

static void begin(const char *name)
{
	good(fdt_begin_node(tree, name));
}

static void end(void)
{
	good(fdt_end_node(tree));
}

static void flag(const char *name)
{
	good(fdt_property(tree, name, NULL, 0));
}

static void text(const char *name, const char *value)
{
	good(fdt_property_string(tree, name, value));
}

static void cells(u32 address, u32 size)
{
	good(fdt_property_u32(tree, "#address-cells", address));
	good(fdt_property_u32(tree, "#size-cells", size));
}

/* @n cells of 32 bits each. */
static void numbers(const char *name, int n, ...)
{
	fdt32_t value[16];
	va_list args;

	va_start(args, n);
	for (int i = 0; i < n; i++)
		value[i] = cpu_to_fdt32(va_arg(args, u32));
	va_end(args);
	good(fdt_property(tree, name, value, n * (int)sizeof(fdt32_t)));
}

#define reg(...) numbers("reg", (int)(sizeof((u32[]){ __VA_ARGS__ }) / sizeof(u32)), __VA_ARGS__)

static void begin_tree(u32 address, u32 size)
{
	good(fdt_create(tree, sizeof(tree)));
	good(fdt_finish_reservemap(tree));
	begin("");
	cells(address, size);
}

static void end_tree(void)
{
	end();
	good(fdt_finish(tree));
}

static void begin_reserved(u32 address, u32 size)
{
	begin("reserved-memory");
	cells(address, size);
}

static void end_reserved(void)
{
	end();
	end_tree();
}

/* One range of one cell each. */
static void hole(const char *name, u32 start, u32 bytes)
{
	begin(name);
	reg(start, bytes);
	flag("no-map");
	end();
}

static void memory(const char *name, u32 start, u32 bytes)
{
	begin(name);
	text("device_type", "memory");
	reg(start, bytes);
	end();
}

/* --- reading ---------------------------------------------------------------------------------- */
static int read_tree(void)
{
	memset(&err, 0, sizeof(err));
	return dtb_holes_read(tree, fdt_totalsize(tree), "x.dtb", &holes, &err);
}

static void refused(const char *message)
{
	ck_assert_int_eq(read_tree(), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_msg(strstr(err.text, message), "%s", err.text);
	ck_assert_msg(strstr(err.text, "x.dtb"), "%s", err.text);
}

static void taken(u32 n)
{
	ck_assert_msg(read_tree() == 0, "%s", err.text);
	ck_assert_uint_eq(holes.n, n);
}

static void is_hole(u32 i, u64 start, u64 bytes, const char *name)
{
	ck_assert_uint_eq(holes.hole[i].range.start, start);
	ck_assert_uint_eq(holes.hole[i].range.bytes, bytes);
	ck_assert_str_eq(holes.hole[i].name, name);
}

/* --- nodes ------------------------------------------------------------------------------------ */
START_TEST(cells_of_each_width)
{
	static const u32 width[][2] = { { 1, 1 }, { 2, 2 }, { 2, 1 }, { 1, 2 } };
	u32 address = width[_i][0], size = width[_i][1];
	bool far = address == 2;

	begin_tree(address, size);
	begin_reserved(address, size);
	begin("modem@8000000");
	if (address == 2 && size == 2)
		reg(1, 0x8000000, 0, 0x200000);
	else if (address == 2)
		reg(1, 0x8000000, 0x200000);
	else if (size == 2)
		reg(0x8000000, 0, 0x200000);
	else
		reg(0x8000000, 0x200000);
	flag("no-map");
	end();
	end_reserved();
	taken(1);
	is_hole(0, MiB(128) + (far ? GiB(4) : 0), MiB(2), "modem@8000000");
}
END_TEST

START_TEST(cells_that_are_left_out_are_two_and_one)
{
	begin_tree(1, 1);
	begin("reserved-memory");
	begin("modem@8000000");
	reg(0, 0x8000000, 0x200000);
	flag("no-map");
	end();
	end_reserved();
	taken(1);
	is_hole(0, MiB(128), MiB(2), "modem@8000000");
}
END_TEST

START_TEST(a_node_of_several_ranges)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	begin("a");
	reg(0x20000000, 0x100000, 0x10000000, 0x1000, 0x10001000, 0x1000);
	flag("no-map");
	end();
	end_reserved();
	taken(2);
	is_hole(0, MiB(256), KiB(8), "a");
	is_hole(1, MiB(512), MiB(1), "a");
}
END_TEST

START_TEST(what_is_no_hole)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	begin("cma@10000000"); /* reserved, but mapped */
	reg(0x10000000, 0x100000);
	flag("reusable");
	end();
	begin("anywhere"); /* and found when the board boots */
	numbers("size", 1, 0x100000);
	flag("reusable");
	end();
	begin("off@20000000");
	reg(0x20000000, 0x100000);
	flag("no-map");
	text("status", "disabled");
	end();
	begin("off");
	numbers("size", 1, 0x100000);
	flag("no-map");
	text("status", "disabled");
	end();
	hole("filled-in", 0x24000800, 0); /* by the boot loader */
	begin("on@28000000");
	reg(0x28000000, 0x100000);
	flag("no-map");
	text("status", "okay");
	end();
	end_reserved();
	taken(1);
	is_hole(0, MiB(640), MiB(1), "on@28000000");
}
END_TEST

START_TEST(only_reserved_memory_counts)
{
	begin_tree(1, 1);
	begin("soc");
	hole("sram@10000000", 0x10000000, 0x100000);
	begin_reserved(1, 1);
	hole("deeper@20000000", 0x20000000, 0x100000);
	end();
	end();
	end_tree();
	refused("has no hole");
}
END_TEST

START_TEST(a_place_that_is_not_known_is_refused_by_name)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	hole("a@10000000", 0x10000000, 0x100000);
	begin("venus");
	numbers("size", 1, 0x600000);
	flag("no-map");
	end();
	end_reserved();
	refused("node venus: it has no reg");
}
END_TEST

static const struct {
	u32 ncells, cell[4], address, size;
	const char *text;
} bad_reg[] = {
	{ 1, { 0x10000000 }, 1, 1, "node a: its reg is no list of entries of 8 bytes" },
	{ 3, { 0, 0x10000000, 4096 }, 2, 2, "entries of 16 bytes" },
	{ 0, { 0 }, 1, 1, "entries of 8 bytes" },
	{ 4, { ~0u, ~0u, 0, 4096 }, 2, 2, "node a: 0x1000 bytes from 0xffffffffffffffff on" },
	{ 4, { 0, 4096, ~0u, ~0u }, 2, 2, "0xffffffffffffffff bytes from 0x1000 on" },
	{ 2, { 0x10000000, 4096 }, 3, 1, "node reserved-memory: its #address-cells" },
	{ 2, { 0x10000000, 4096 }, 1, 0, "node reserved-memory: its #address-cells" },
	{ 2, { 0x10000000, 4096 }, 77, 1, "node reserved-memory: its #address-cells" },
};

START_TEST(a_bad_reg_is_refused)
{
	const u32 *cell = bad_reg[_i].cell;

	begin_tree(1, 1);
	begin_reserved(bad_reg[_i].address, bad_reg[_i].size);
	begin("a");
	numbers("reg", (int)bad_reg[_i].ncells, cell[0], cell[1], cell[2], cell[3]);
	flag("no-map");
	end();
	end_reserved();
	refused(bad_reg[_i].text);
}
END_TEST

/* --- where RAM is ----------------------------------------------------------------------------- */
START_TEST(ram_that_begins_elsewhere)
{
	begin_tree(1, 1);
	memory("memory@80000000", 0x80000000, 0x40000000);
	begin_reserved(1, 1);
	hole("sram@10000000", 0x10000000, 0x100000);
	hole("low@80000000", 0x80000000, 0x300000);
	hole("a@86000000", 0x86000000, 0x100000);
	hole("behind@c0000000", 0xc0000000, 0x100000);
	end_reserved();
	taken(2);
	is_hole(0, MiB(2), MiB(1), "low@80000000");
	is_hole(1, MiB(96), MiB(1), "a@86000000");
	ck_assert_uint_eq(holes.mem_bytes, GiB(1));
}
END_TEST

START_TEST(two_banks)
{
	begin_tree(1, 1);
	memory("memory@c0000000", 0xc0000000, 0x10000000);
	memory("memory@80000000", 0x80000000, 0x10000000);
	begin_reserved(1, 1);
	hole("between@a0000000", 0xa0000000, 0x100000);
	hole("a@c8000000", 0xc8000000, 0x100000);
	end_reserved();
	taken(2);
	is_hole(0, MiB(256), MiB(768), DTB_NO_RAM);
	is_hole(1, GiB(1) + MiB(128), MiB(1), "a@c8000000");
	ck_assert_uint_eq(holes.mem_bytes, GiB(1) + MiB(256));
	ck_assert_uint_eq(holes.hole[0].no_ram, MiB(256));
	ck_assert_uint_eq(holes.hole[1].no_ram, GiB(1) + MiB(129));
}
END_TEST

/* Banks in any order, that touch and overlap; ranges of one node; nothing is reserved at all. */
START_TEST(gaps_between_banks)
{
	begin_tree(1, 1);
	begin("memory@80000000");
	text("device_type", "memory");
	reg(0xb0000000, 0x10000000, 0x80000000, 0x20000000, 0x90000000, 0x1000);
	end();
	memory("memory@a0000000", 0xa0000000, 0x8000800);
	end_tree();
	taken(1);
	is_hole(0, MiB(640), MiB(128), DTB_NO_RAM);
	ck_assert_uint_eq(holes.mem_bytes, GiB(1));
}
END_TEST

/* They are one hole with what is reserved at either end. */
START_TEST(gaps_that_touch_what_is_reserved)
{
	begin_tree(1, 1);
	memory("memory@80000000", 0x80000000, 0x10000000);
	memory("memory@a0000000", 0xa0000000, 0x10000000);
	memory("memory@c0000000", 0xc0000000, 0x10000000);
	begin_reserved(1, 1);
	hole("last@8ff00000", 0x8ff00000, 0x100000);
	hole("across@a0000000", 0x9ff00000, 0x200000);
	hole("top@afff0000", 0xafff0000, 0x10000);
	end_reserved();
	taken(2);
	is_hole(0, MiB(255), MiB(258), "last@8ff00000 to across@a0000000");
	ck_assert_uint_eq(holes.hole[0].no_ram, MiB(513));
	is_hole(1, MiB(768) - KiB(64), MiB(256) + KiB(64), "top@afff0000 to no RAM");
	ck_assert_uint_eq(holes.hole[1].no_ram, MiB(768));
}
END_TEST

/* Where this machine has none either, RAM is not missing. */
START_TEST(a_gap_across_the_devices)
{
	begin_tree(2, 2);
	begin("memory@80000000");
	text("device_type", "memory");
	reg(0, 0x80000000, 0, 0x80000000, 2, 0x80000000, 0, 0x80000000);
	end();
	end_tree();
	taken(2);
	is_hole(0, GiB(2), GiB(1), DTB_NO_RAM);
	is_hole(1, GiB(4), GiB(4), DTB_NO_RAM);
	ck_assert_uint_eq(holes.mem_bytes, GiB(9));
}
END_TEST

START_TEST(more_gaps_than_there_may_be_holes)
{
	begin_tree(1, 1);
	for (u32 i = 0; i < KVL_MAX_HOLES + 1 + (u32)_i; i++)
		memory(i <= KVL_MAX_HOLES ? "memory" : "memory@last", 0x10000000 + i * 0x800000,
		       0x400000);
	end_tree();
	if (_i)
		refused("node memory@last: more than 16 holes");
	else
		taken(KVL_MAX_HOLES);
}
END_TEST

/* Of RAM whose size the boot loader fills in only the beginning is known. */
START_TEST(ram_without_a_size)
{
	u32 base = _i ? 0x40000000 : 0;

	begin_tree(1, 1);
	memory("memory", base, 0);
	begin_reserved(1, 1);
	hole("a@70000000", 0x70000000, 0x100000);
	end_reserved();
	taken(1);
	is_hole(0, 0x70000000 - base, MiB(1), "a@70000000");
	ck_assert_uint_eq(holes.mem_bytes, 0);
}
END_TEST

/* There is none between 3 and 4 GiB here; what would begin there cannot be had. */
START_TEST(how_much_ram_the_board_has)
{
	static const struct {
		u32 gib, want;
	} row[] = { { 3, 3 }, { 4, 0 }, { 6, 5 }, { 65, 64 }, { 66, 0 } };

	begin_tree(2, 2);
	begin("memory@80000000");
	text("device_type", "memory");
	reg(0, 0x80000000, row[_i].gib / 4, row[_i].gib % 4 << 30);
	end();
	begin_reserved(1, 1);
	hole("a@90000000", 0x90000000, 0x100000);
	end_reserved();
	taken(1);
	ck_assert_uint_eq(holes.mem_bytes, GiB(row[_i].want));
}
END_TEST

/* --- holes ------------------------------------------------------------------------------------ */
START_TEST(what_touches_is_one_hole)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	hole("c@8300000", 0x8300000, 0x100000);
	hole("a@8000000", 0x8000000, 0x200000);
	hole("b@8200000", 0x8200000, 0x100000);
	hole("d@8401000", 0x8401000, 0x1000);
	end_reserved();
	taken(2);
	is_hole(0, MiB(128), MiB(4), "a@8000000 to c@8300000");
	is_hole(1, MiB(132) + KiB(4), KiB(4), "d@8401000");
}
END_TEST

START_TEST(pages_are_reserved_as_a_whole)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	hole("a", 0x8000800, 0x1000);
	hole("b", 0x8001900, 0x10);
	hole("c", 0x8003fff, 1);
	end_reserved();
	taken(2);
	is_hole(0, MiB(128), KiB(8), "a to b");
	is_hole(1, MiB(128) + KiB(12), KiB(4), "c");
}
END_TEST

START_TEST(overlaps_are_refused)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	hole("b@8100000", 0x8100000, 0x100000);
	hole("a@8000000", 0x8000000, 0x100001);
	end_reserved();
	refused("node b@8100000: it overlaps with node a@8000000");
}
END_TEST

START_TEST(more_holes_than_there_may_be)
{
	u32 n = KVL_MAX_HOLES + (u32)_i;

	begin_tree(1, 1);
	begin_reserved(1, 1);
	for (u32 i = 0; i < n; i++)
		hole(i < KVL_MAX_HOLES ? "a" : "last", 0x8000000 + i * 0x2000, 0x1000);
	end_reserved();
	if (_i)
		refused("node last: more than 16 holes that do not touch");
	else
		taken(n);
}
END_TEST

START_TEST(more_ranges_than_any_board_has)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	for (u32 i = 0; i < 256 + (u32)_i; i++)
		hole("a", 0x8000000 + i * 0x1000, 0x1000);
	end_reserved();
	if (_i)
		refused("node a: more than 256 ranges");
	else
		taken(1);
}
END_TEST

START_TEST(names_that_cannot_be_shown)
{
	begin_tree(1, 1);
	begin_reserved(1, 1);
	hole("a\033[31m\xff b", 0x8000000, 0x1000);
	hole("0123456789012345678901234567890123456789012345678901234567890", 0x8001000, 0x1000);
	end_reserved();
	taken(1);
	is_hole(0, MiB(128), KiB(8),
		"a?[31m??b to 01234567890123456789012345678901234567890123456");
}
END_TEST

/* --- overlays --------------------------------------------------------------------------------- */
static void begin_fragment(const char *path)
{
	good(fdt_create(tree, sizeof(tree)));
	good(fdt_finish_reservemap(tree));
	begin("");
	begin("fragment@0");
	if (path)
		text("target-path", path);
	else
		numbers("target", 1, ~0u);
	begin("__overlay__");
}

static void end_fragment(void)
{
	end();
	end();
	end_tree();
}

START_TEST(an_overlay_of_the_root)
{
	begin_fragment("/");
	begin_reserved(1, 1);
	hole("a@8000000", 0x8000000, 0x100000);
	end();
	end_fragment();
	taken(1);
	is_hole(0, MiB(128), MiB(1), "a@8000000");
}
END_TEST

START_TEST(an_overlay_of_reserved_memory)
{
	begin_fragment("/reserved-memory");
	cells(1, 1);
	hole("a@8000000", 0x8000000, 0x100000);
	end_fragment();
	taken(1);
	is_hole(0, MiB(128), MiB(1), "a@8000000");
}
END_TEST

START_TEST(an_overlay_of_something_else)
{
	begin_fragment("/soc");
	begin_reserved(1, 1);
	hole("a@8000000", 0x8000000, 0x100000);
	end();
	end_fragment();
	refused("has no hole");
}
END_TEST

START_TEST(what_only_the_boards_tree_knows)
{
	begin_fragment(_i ? NULL : "/reserved-memory");
	if (_i)
		cells(1, 1);
	hole("a@8000000", 0x8000000, 0x100000);
	end_fragment();
	refused(_i ? "node a@8000000: its overlay is for a label: merge"
		   : "node a@8000000: its overlay has no #address-cells or no #size-cells: merge");
}
END_TEST

/* --- any bytes -------------------------------------------------------------------------------- */
/* A tree with all that is looked at. */
static void rich_tree(void)
{
	begin_tree(2, 1);
	begin("memory@80000000");
	text("device_type", "memory");
	reg(0, 0x80000000, 0x20000000, 0, 0xa0000000, 0x10000000, 0, 0xc0000000, 0x10000000);
	end();
	begin_reserved(2, 1);
	begin("a@90000000");
	reg(0, 0x90000000, 0x100000, 0, 0x90100000, 0x1000);
	flag("no-map");
	text("status", "okay");
	end();
	begin("b@98000000");
	reg(0, 0x98000000, 0x100000);
	flag("no-map");
	end();
	end();
	begin("fragment@0");
	text("target-path", "/");
	begin("__overlay__");
	begin_reserved(1, 1);
	hole("c@a0000000", 0xa0000000, 0x1000);
	end();
	end();
	end();
	end_tree();
}

/* Up to the end of a page behind which nothing may be read; the tree begins at a multiple of 8. */
static u8 *guarded(const u8 *from, size_t bytes)
{
	static u8 *room;
	u8 *at;

	if (!room) {
		room = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		ck_assert_ptr_ne(room, MAP_FAILED);
		ck_assert_int_eq(mprotect(room + ROOM, 4096, PROT_NONE), 0);
	}
	at = room + ROOM - (bytes + 7) / 8 * 8;
	memcpy(at, from, bytes);
	return at;
}

/* What comes out of a tree that may be damaged is either a message or holes as they must be. */
static bool harmless(const u8 *from, size_t bytes)
{
	memset(&err, 0, sizeof(err));
	if (dtb_holes_read(guarded(from, bytes), bytes, "x.dtb", &holes, &err)) {
		ck_assert_int_eq(err.status, EXIT_USAGE);
		ck_assert_ptr_nonnull(strstr(err.text, "x.dtb"));
		return false;
	}
	ck_assert(holes.n >= 1 && holes.n <= KVL_MAX_HOLES);
	for (u32 i = 0; i < holes.n; i++) {
		const struct kvl_range *range = &holes.hole[i].range;

		ck_assert_uint_eq(range->start % 4096, 0);
		ck_assert_uint_eq(range->bytes % 4096, 0);
		ck_assert_uint_gt(range->bytes, 0);
		ck_assert_uint_gt(range->start + range->bytes, range->start);
		ck_assert_uint_ge(holes.hole[i].no_ram, range->start);
		ck_assert_uint_le(holes.hole[i].no_ram, range->start + range->bytes);
		if (i)
			ck_assert_uint_gt(range->start, kvl_range_end(holes.hole[i - 1].range));
		ck_assert_uint_lt(strnlen(holes.hole[i].name, DTB_NAME_BYTES), DTB_NAME_BYTES);
	}
	return true;
}

START_TEST(a_tree_cut_short_anywhere)
{
	rich_tree();
	taken(4);
	for (size_t bytes = 0; bytes < fdt_totalsize(tree); bytes++)
		ck_assert_msg(!harmless(tree, bytes), "%zu bytes", bytes);
}
END_TEST

static u64 random_state = 1;

static u32 random_below(u32 n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(random_state >> 33) % n;
}

START_TEST(any_bytes_are_harmless)
{
	u32 whole = 0, rounds = 200000;

	for (u32 round = 0; round < rounds; round++) {
		u32 bytes;

		if (round % 8 == 0)
			rich_tree();
		bytes = fdt_totalsize(tree) < ROOM ? fdt_totalsize(tree) : 512;
		tree[random_below(bytes)] ^= (u8)(1 << random_below(8));
		whole += harmless(tree, bytes);
	}
	/* Damage that can be read was tried, and such that cannot. */
	ck_assert_uint_gt(whole, rounds / 100);
	ck_assert_uint_lt(whole, rounds);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dtb_overlay");
	TCase *tcase = tcase_create("dtb_overlay");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, cells_of_each_width, 0, 4);
	tcase_add_test(tcase, cells_that_are_left_out_are_two_and_one);
	tcase_add_test(tcase, a_node_of_several_ranges);
	tcase_add_test(tcase, what_is_no_hole);
	tcase_add_test(tcase, only_reserved_memory_counts);
	tcase_add_test(tcase, a_place_that_is_not_known_is_refused_by_name);
	tcase_add_loop_test(tcase, a_bad_reg_is_refused, 0, (int)ARRAY_LEN(bad_reg));
	tcase_add_test(tcase, ram_that_begins_elsewhere);
	tcase_add_test(tcase, two_banks);
	tcase_add_test(tcase, gaps_between_banks);
	tcase_add_test(tcase, gaps_that_touch_what_is_reserved);
	tcase_add_test(tcase, a_gap_across_the_devices);
	tcase_add_loop_test(tcase, more_gaps_than_there_may_be_holes, 0, 2);
	tcase_add_loop_test(tcase, ram_without_a_size, 0, 2);
	tcase_add_loop_test(tcase, how_much_ram_the_board_has, 0, 5);
	tcase_add_test(tcase, what_touches_is_one_hole);
	tcase_add_test(tcase, pages_are_reserved_as_a_whole);
	tcase_add_test(tcase, overlaps_are_refused);
	tcase_add_loop_test(tcase, more_holes_than_there_may_be, 0, 2);
	tcase_add_loop_test(tcase, more_ranges_than_any_board_has, 0, 2);
	tcase_add_test(tcase, names_that_cannot_be_shown);
	tcase_add_test(tcase, an_overlay_of_the_root);
	tcase_add_test(tcase, an_overlay_of_reserved_memory);
	tcase_add_test(tcase, an_overlay_of_something_else);
	tcase_add_loop_test(tcase, what_only_the_boards_tree_knows, 0, 2);
	tcase_add_test(tcase, a_tree_cut_short_anywhere);
	tcase_add_test(tcase, any_bytes_are_harmless);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
