/* SPDX-License-Identifier: MIT */
/* The device tree, parsed back with libfdt's reader. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "vmm_rig.h"
#include "devices/abi/dt.h"
#include "tests/unit/suite.h"
#include "vmm/boot.h"
#include "vmm/plan.h"

static u8 tree[KVL_DTB_MAX_BYTES];
static struct run_config config;
static struct kvl_layout layout;
static struct err err;

static void setup(void)
{
	config = (struct run_config){
		.scenario = "flash-mount",
		.arm = "fault",
		.seed = 0x123456789ABCDEFull,
		.layout = { .mem_bytes = GiB(5),
			    .page_offset = GiB(3),
			    .vmalloc_bytes = MiB(96),
			    .ncpus = 3,
			    .nholes = 2,
			    .hole = { { GiB(1), MiB(2) }, { MiB(512), PAGE_BYTES } } },
		.board.hole_name = { "modem@c0000000" },
		.nparams = 2,
		.param = { { "writer", "erase" }, { "nodes", "17" } },
	};
	ck_assert_int_eq(layout_plan(&config.layout, NULL, &layout, &err), 0);
}

static void write_tree(void)
{
	int bytes = fdt_write(&config, &layout, tree, sizeof(tree), &err);

	ck_assert_msg(bytes > 0, "%s", err.text);
	ck_assert_int_eq(fdt_check_full(tree, (size_t)bytes), 0);
}

static int node(const char *path)
{
	int offset = fdt_path_offset(tree, path);

	ck_assert_msg(offset >= 0, "%s: %s", path, fdt_strerror(offset));
	return offset;
}

static const void *property(const char *path, const char *name, int bytes)
{
	int length;
	const void *value = fdt_getprop(tree, node(path), name, &length);

	ck_assert_msg(value != NULL, "%s has no %s", path, name);
	ck_assert_int_eq(length, bytes);
	return value;
}

static void check_text(const char *path, const char *name, const char *want)
{
	ck_assert_str_eq(property(path, name, (int)strlen(want) + 1), want);
}

static void check_u32(const char *path, const char *name, u32 want)
{
	ck_assert_uint_eq(fdt32_ld(property(path, name, 4)), want);
}

static void check_u64(const char *path, const char *name, u64 want)
{
	ck_assert_uint_eq(fdt64_ld(property(path, name, 8)), want);
}

static void check_reg(const char *path, u64 start, u64 bytes)
{
	const fdt64_t *reg = property(path, "reg", 16);

	ck_assert_uint_eq(fdt64_ld(&reg[0]), start);
	ck_assert_uint_eq(fdt64_ld(&reg[1]), bytes);
}

START_TEST(memory_and_holes)
{
	write_tree();
	check_reg("/memory@200000", MiB(2), GiB(3) - MiB(2));
	check_reg("/memory@100000000", GiB(4), GiB(2));
	check_reg("/reserved-memory/hole@20000000", MiB(512), PAGE_BYTES);
	check_reg("/reserved-memory/hole@40000000", GiB(1), MiB(2));
	property("/reserved-memory/hole@40000000", "no-map", 0);
	check_text("/reserved-memory/hole@40000000", "label", "modem@c0000000");
	ck_assert_ptr_null(
		fdt_getprop(tree, node("/reserved-memory/hole@20000000"), "label", NULL));
	ck_assert_ptr_nonnull(fdt_getprop(tree, node("/reserved-memory"), "ranges", NULL));
}
END_TEST

START_TEST(a_small_machine_has_one_memory_node)
{
	config.layout = (struct kvl_layout_request){ .mem_bytes = MiB(64),
						     .page_offset = GiB(3),
						     .ncpus = 1 };
	ck_assert_int_eq(layout_plan(&config.layout, NULL, &layout, &err), 0);
	write_tree();
	check_reg("/memory@200000", MiB(2), MiB(62));
	ck_assert_int_eq(fdt_path_offset(tree, "/memory@100000000"), -FDT_ERR_NOTFOUND);
}
END_TEST

START_TEST(reserved_regions_of_the_layout)
{
	char path[64];

	write_tree();
	snprintf(path, sizeof(path), "/reserved-memory/arena@%llx",
		 (unsigned long long)layout.arena.start);
	check_reg(path, layout.arena.start, layout.arena.bytes);
	ck_assert_ptr_null(fdt_getprop(tree, node(path), "no-map", NULL));
	snprintf(path, sizeof(path), "/reserved-memory/shared@%llx",
		 (unsigned long long)layout.shared.start);
	check_reg(path, layout.shared.start, layout.shared.bytes);
	property(path, "no-map", 0);
}
END_TEST

START_TEST(a_soft_tlb)
{
	char path[64];

	config.layout.soft_entries = 100;
	config.tlb_policy = TLB_RANDOM;
	ck_assert_int_eq(layout_plan(&config.layout, NULL, &layout, &err), 0);
	write_tree();
	snprintf(path, sizeof(path), "/reserved-memory/soft-tlb@%llx",
		 (unsigned long long)layout.soft.start);
	check_reg(path, layout.soft.start, layout.soft.bytes);
	property(path, "no-map", 0);
	check_u32("/chosen", DT_TLB_ENTRIES, 100);
	check_text("/chosen", DT_TLB_POLICY, "random");
}
END_TEST

START_TEST(a_segment)
{
	char path[64];

	write_tree();
	ck_assert_ptr_null(fdt_getprop(tree, node("/chosen"), DT_SEGMENT, NULL));
	config.layout.segment_bytes = MiB(1) + PAGE_BYTES;
	ck_assert_int_eq(layout_plan(&config.layout, NULL, &layout, &err), 0);
	write_tree();
	snprintf(path, sizeof(path), "/reserved-memory/segment@%llx",
		 (unsigned long long)layout.segment.start);
	check_reg(path, layout.segment.start, MiB(1) + PAGE_BYTES);
	property(path, "no-map", 0);
	check_u64("/chosen", DT_SEGMENT, MiB(1) + PAGE_BYTES);
}
END_TEST

START_TEST(cpus)
{
	write_tree();
	check_u32("/cpus", "#size-cells", 0);
	check_u32("/cpus/cpu@0", "reg", 0);
	check_u32("/cpus/cpu@2", "reg", 2);
	ck_assert_int_eq(fdt_path_offset(tree, "/cpus/cpu@3"), -FDT_ERR_NOTFOUND);
}
END_TEST

START_TEST(what_the_guest_is_asked)
{
	write_tree();
	check_text("/chosen", DT_SCENARIO, "flash-mount");
	check_text("/chosen", DT_ARM, "fault");
	check_u64("/chosen", DT_SEED, 0x123456789ABCDEFull);
	check_text("/chosen", DT_SCHEDULE, "seeded");
	check_u64("/chosen", DT_MEM, GiB(5));
	check_u64("/chosen", DT_PAGE_OFFSET, GiB(3));
	check_u64("/chosen", DT_VMALLOC, MiB(96));
	check_u64("/chosen", DT_KVA, 0);
	check_u32("/chosen", DT_ARENA_HIGH, 0);
	check_u32("/chosen", DT_TLB_ENTRIES, 0);
	check_text("/chosen", DT_TLB_POLICY, "fifo");
	check_text("/chosen/params", "writer", "erase");
	check_text("/chosen/params", "nodes", "17");
}
END_TEST

START_TEST(the_other_answers)
{
	config.arm = NULL;
	config.schedule = SCHEDULE_FREE;
	config.nparams = 0;
	ck_assert_int_gt(fdt_write(&config, &layout, tree, sizeof(tree), &err), 0);
	check_text("/chosen", DT_ARM, "");
	check_text("/chosen", DT_SCHEDULE, "free");
	node("/chosen/params");
	ck_assert_int_eq(fdt_path_offset(tree, "/flash@d0000000"), -FDT_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_chip_and_its_partitions)
{
	static const char compatible[] = "intel,28f128j3\0cfi-flash";
	const fdt32_t *reg;

	config.flash = (struct run_flash){ .file = "x",
					   .bank.part = flash_part_find("28f128j3"),
					   .npartitions = 2,
					   .partition = { { "root", 0, MiB(8) },
							  { "log", MiB(8), MiB(8) } } };
	write_tree();
	ck_assert_mem_eq(property("/flash@d0000000", "compatible", sizeof(compatible)), compatible,
			 sizeof(compatible));
	check_reg("/flash@d0000000", KVL_FLASH_GPA, MiB(16));
	check_u32("/flash@d0000000", "bank-width", 2);
	check_u32("/flash@d0000000", DT_FLASH_READ_NS, 150);
	check_text("/flash@d0000000/partitions", "compatible", "fixed-partitions");
	check_text("/flash@d0000000/partitions/partition@800000", "label", "log");
	reg = property("/flash@d0000000/partitions/partition@800000", "reg", 8);
	ck_assert_uint_eq(fdt32_ld(&reg[0]), MiB(8));
	ck_assert_uint_eq(fdt32_ld(&reg[1]), MiB(8));
	config.flash.npartitions = 0;
	write_tree();
	check_text("/flash@d0000000/partitions/partition@0", "label", "all");
}
END_TEST

START_TEST(the_chip_shaped_as_qemus)
{
	config.flash = (struct run_flash){ .file = "x", .bank.part = flash_part_find("qemu-x8") };
	write_tree();
	check_reg("/flash@ff800000", GiB(4) - MiB(8), MiB(4));
	check_u32("/flash@ff800000", "bank-width", 1);
}
END_TEST

/* The standard bindings; the bus says how far a device behind it reaches (seed row T11). */
START_TEST(a_disk_behind_its_bus)
{
	const fdt64_t *ranges;

	write_tree();
	ck_assert_int_eq(fdt_path_offset(tree, "/dma@cf000000"), -FDT_ERR_NOTFOUND);
	config.disk = (struct run_disk){ .given = true, .bytes = MiB(1) };
	write_tree();
	check_text("/dma@cf000000", "compatible", "simple-bus");
	check_u32("/dma@cf000000", "#address-cells", 2);
	property("/dma@cf000000", "ranges", 0);
	ranges = property("/dma@cf000000", "dma-ranges", 24);
	ck_assert_uint_eq(fdt64_ld(&ranges[0]), 0);
	ck_assert_uint_eq(fdt64_ld(&ranges[1]), 0);
	ck_assert_uint_eq(fdt64_ld(&ranges[2]), GiB(4));
	check_text("/dma@cf000000/virtio_block@cf000000", "compatible", "virtio,mmio");
	check_reg("/dma@cf000000/virtio_block@cf000000", KVL_DISK_GPA, 512);
}
END_TEST

START_TEST(what_does_not_fit_is_the_users_error)
{
	static char huge[KVL_DTB_MAX_BYTES];

	memset(huge, 'x', sizeof(huge) - 1);
	config.param[0].value = huge;
	ck_assert_int_eq(fdt_write(&config, &layout, tree, sizeof(tree), &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "--set"));
}
END_TEST

START_TEST(too_little_room_anywhere_is_an_error)
{
	static u8 small[KVL_DTB_MAX_BYTES];
	int bytes = fdt_write(&config, &layout, tree, sizeof(tree), &err);

	for (int room = 0; room < bytes; room += 3)
		ck_assert_int_eq(fdt_write(&config, &layout, small, (size_t)room, &err), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fdt");
	TCase *tcase = tcase_create("fdt");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, memory_and_holes);
	tcase_add_test(tcase, a_small_machine_has_one_memory_node);
	tcase_add_test(tcase, reserved_regions_of_the_layout);
	tcase_add_test(tcase, a_soft_tlb);
	tcase_add_test(tcase, a_segment);
	tcase_add_test(tcase, cpus);
	tcase_add_test(tcase, what_the_guest_is_asked);
	tcase_add_test(tcase, the_other_answers);
	tcase_add_test(tcase, a_chip_and_its_partitions);
	tcase_add_test(tcase, the_chip_shaped_as_qemus);
	tcase_add_test(tcase, a_disk_behind_its_bus);
	tcase_add_test(tcase, what_does_not_fit_is_the_users_error);
	tcase_add_test(tcase, too_little_room_anywhere_is_an_error);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
