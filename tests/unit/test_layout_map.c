/* SPDX-License-Identifier: MIT */
/*
 * Boxes and figures of planned layouts: drawn layouts of all kinds against rules that know of no
 * box but its two neighbours and the plan, and single ones by hand.
 */
#include <check.h>
#include <string.h>

#include "guest/lib/draw.h"
#include "tests/unit/suite.h"
#include "vmm/layout_map.h"

enum { DRAWN = 400 };

static struct kvl_layout plan, linear;
static struct layout_map map;
static struct layout_figures figures;
static struct kvl_layout_failure why;

static struct kvl_layout_request request_of(enum kvl_layout_kind kind, u64 mem, u64 split)
{
	return (struct kvl_layout_request){
		.kind = kind, .mem_bytes = mem, .page_offset = split, .ncpus = 2
	};
}

static void make(const struct kvl_layout_request *request)
{
	struct kvl_layout_request bare = *request;

	bare.kind = KVL_LAYOUT_LINEAR;
	ck_assert_int_eq(kvl_layout_plan(request, &plan, &why), 0);
	ck_assert_int_eq(kvl_layout_plan(&bare, &linear, &why), 0);
	layout_map_make(&plan, &map);
	layout_figures_make(&plan, &linear, &figures);
}

/* --- rules ------------------------------------------------------------------------------------ */

static void expect_unbroken(const struct layout_column *column, u64 start, u64 end)
{
	ck_assert_uint_gt(column->nboxes, 0);
	ck_assert_uint_le(column->nboxes, LAYOUT_MAX_BOXES);
	for (u32 i = 0; i < column->nboxes; i++) {
		ck_assert_uint_eq(column->box[i].start, start);
		ck_assert_uint_gt(column->box[i].bytes, 0);
		ck_assert_str_eq(column->box[i].name, layout_box_name(column->box[i].kind));
		start += column->box[i].bytes;
	}
	ck_assert_uint_eq(start, end);
}

static u64 bytes_of(const struct layout_column *column, enum layout_box_kind kind)
{
	u64 bytes = 0;

	for (u32 i = 0; i < column->nboxes; i++)
		bytes += column->box[i].kind == kind ? column->box[i].bytes : 0;
	return bytes;
}

static const struct layout_box *box_at(const struct layout_column *column, u64 at)
{
	for (u32 i = 0; i < column->nboxes; i++)
		if (at - column->box[i].start < column->box[i].bytes)
			return &column->box[i];
	ck_abort_msg("no box at 0x%llx", (unsigned long long)at);
}

/* Lowmem and its RAM name each other; what a hole leaves free names the hole. */
static void expect_pairs(void)
{
	for (u32 i = 0; i < map.kernel.nboxes; i++) {
		const struct layout_box *box = &map.kernel.box[i], *other;

		if (box->other == LAYOUT_NOWHERE) {
			ck_assert(box->kind != BOX_LOWMEM && box->kind != BOX_LOST);
			continue;
		}
		other = box_at(&map.physical, box->other);
		if (box->kind != BOX_LOWMEM) {
			ck_assert_int_eq(other->kind, BOX_HOLE);
			continue;
		}
		ck_assert_int_eq(other->kind, BOX_DIRECT);
		ck_assert_uint_eq(other->start, box->other);
		ck_assert_uint_eq(other->bytes, box->bytes);
		ck_assert_uint_eq(other->other, box->start);
		ck_assert_uint_eq(other->number, box->number);
	}
}

static u64 hole_bytes(u64 end)
{
	u64 bytes = 0;

	for (u32 i = 0; i < plan.nholes; i++)
		if (plan.hole[i].start < end)
			bytes += plan.hole[i].start + plan.hole[i].bytes < end
					 ? plan.hole[i].bytes
					 : end - plan.hole[i].start;
	return bytes;
}

static void expect_sums(void)
{
	u64 upper = plan.region[KVL_REGION_VMALLOC].bytes;

	ck_assert_uint_eq(bytes_of(&map.kernel, BOX_LOWMEM), kvl_lowmem_bytes(&plan));
	ck_assert_uint_eq(bytes_of(&map.physical, BOX_DIRECT), kvl_lowmem_bytes(&plan));
	ck_assert_uint_eq(bytes_of(&map.kernel, BOX_VMALLOC), kvl_vmalloc_bytes(&plan));
	ck_assert_uint_eq(bytes_of(&map.physical, BOX_HOLE), hole_bytes(UINT64_MAX));
	ck_assert_uint_eq(bytes_of(&map.kernel, BOX_LOST), figures.lost_bytes);
	ck_assert_uint_eq(bytes_of(&map.physical, BOX_HIGHMEM), figures.highmem_bytes);
	ck_assert_uint_eq(figures.lowmem_bytes, kvl_lowmem_bytes(&plan));
	ck_assert_uint_le(figures.recovered_bytes, figures.lowmem_bytes);
	ck_assert_uint_eq(figures.lowmem_bytes - figures.recovered_bytes,
			  kvl_lowmem_bytes(&linear));
	ck_assert_uint_eq(figures.vmalloc_bytes, kvl_vmalloc_bytes(&plan));
	ck_assert_uint_eq(figures.vmalloc_upper_bytes, upper);
	ck_assert_uint_ge(figures.vmalloc_largest_bytes, upper);
	if (plan.kind == KVL_LAYOUT_LINEAR)
		ck_assert_uint_eq(figures.lost_bytes, hole_bytes(plan.lowmem_end_gpa));
	if (plan.kind == KVL_LAYOUT_INTERMIXED)
		ck_assert_uint_eq(figures.lost_bytes, 0);
	ck_assert_uint_eq(figures.large_leaves * LARGE_BYTES + figures.small_leaves * PAGE_BYTES,
			  figures.lowmem_bytes);
}

/* The 2 MiB of addresses from @va: are they one piece's, and its RAM aligned as they are? */
static bool is_large(u64 va)
{
	for (u32 i = 0; i < plan.nlowmem; i++) {
		const struct kvl_piece *piece = &plan.lowmem[i];

		if (va >= piece->va && va + LARGE_BYTES <= piece->va + piece->bytes)
			return (va - piece->va + piece->gpa) % LARGE_BYTES == 0;
	}
	return false;
}

static void expect_leaves(void)
{
	u64 large = 0, end = plan.region[KVL_REGION_GAP].start;

	for (u64 va = plan.region[KVL_REGION_LOWMEM].start; va < end; va += LARGE_BYTES)
		large += is_large(va);
	ck_assert_uint_eq(figures.large_leaves, large);
}

/* --- drawn layouts ---------------------------------------------------------------------------- */

/* Sizes of pages, of sections, and what is neither. */
static u64 draw_size(u64 *state, u64 most)
{
	static const u64 unit[] = { PAGE_BYTES, KiB(1028), MiB(2), MiB(7), MiB(64) };
	u64 grain = unit[draw_next(state) % ARRAY_LEN(unit)];

	return (draw_next(state) % (most / grain) + 1) * grain;
}

/* Ascending from behind the core, each some way behind the one before, or at once. */
static void draw_holes(u64 *state, struct kvl_layout_request *request)
{
	u64 at = MiB(80), wanted = draw_next(state) % (KVL_MAX_HOLES + 1);
	u64 end = request->mem_bytes < GiB(3) ? request->mem_bytes : GiB(3);

	while (request->nholes < wanted) {
		struct kvl_range *hole = &request->hole[request->nholes];

		at += draw_next(state) % 4 ? draw_size(state, MiB(128)) : 0;
		hole->start = at;
		hole->bytes = draw_size(state, MiB(128));
		at += hole->bytes;
		if (at >= end)
			break;
		request->nholes++;
	}
}

START_TEST(drawn_layouts)
{
	static const u64 mem[] = { MiB(64), MiB(512), GiB(1), GiB(2), GiB(3), GiB(8) };
	u64 state = draw_stream(1, (u64)_i);
	struct kvl_layout_request request = request_of(KVL_LAYOUT_LINEAR,
						       mem[draw_next(&state) % ARRAY_LEN(mem)],
						       GiB(draw_next(&state) % 3 + 1));

	request.vmalloc_bytes = MiB(2 * (draw_next(&state) % 100 + 1));
	request.vmalloc_upper_bytes = draw_next(&state) % (request.vmalloc_bytes / MiB(2)) * MiB(2);
	request.ukva_in_user = draw_next(&state) % 2;
	draw_holes(&state, &request);
	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		request.kind = (enum kvl_layout_kind)kind;
		make(&request);
		expect_unbroken(&map.kernel, plan.user_end, GiB(4));
		expect_unbroken(&map.physical, 0, plan.ram_end_gpa);
		expect_pairs();
		expect_sums();
		expect_leaves();
	}
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------------- */

static void expect_boxes(const struct layout_column *column, u32 n,
			 const enum layout_box_kind kind[], const u64 mib[])
{
	ck_assert_uint_eq(column->nboxes, n);
	for (u32 i = 0; i < n; i++) {
		ck_assert_int_eq(column->box[i].kind, kind[i]);
		ck_assert_uint_eq(column->box[i].bytes, MiB(mib[i]));
	}
}

/* The proposal's own picture: lowmem, vmalloc under the hole, lowmem, vmalloc. */
START_TEST(an_intermixed_layout)
{
	static const enum layout_box_kind kernel[] = { BOX_PAGEABLE, BOX_LOWMEM, BOX_VMALLOC,
						       BOX_LOWMEM,   BOX_GAP,	 BOX_VMALLOC,
						       BOX_KVA,	     BOX_UKVA,	 BOX_FIXMAP };
	static const u64 kernel_mib[] = { 2, 254, 100, 544, 2, 12, 100, 8, 2 };
	static const enum layout_box_kind physical[] = { BOX_LOW_MEMORY, BOX_DIRECT, BOX_HOLE,
							 BOX_DIRECT, BOX_HIGHMEM };
	static const u64 physical_mib[] = { 2, 254, 100, 544, 124 };
	struct kvl_layout_request request = request_of(KVL_LAYOUT_INTERMIXED, GiB(1), GiB(3));

	request.nholes = 1;
	request.hole[0] = (struct kvl_range){ MiB(256), MiB(100) };
	make(&request);
	expect_boxes(&map.kernel, 9, kernel, kernel_mib);
	expect_boxes(&map.physical, 5, physical, physical_mib);
	ck_assert_uint_eq(map.kernel.box[2].number, 1);
	ck_assert_uint_eq(map.kernel.box[5].number, 2);
	ck_assert_uint_eq(map.limit_gpa, MiB(900));
	ck_assert_uint_eq(figures.recovered_bytes, MiB(100));
	ck_assert_uint_eq(figures.vmalloc_largest_bytes, MiB(100));
}
END_TEST

/* Row B2: what is carved from user space stands before kernel space. */
START_TEST(a_per_task_space_of_the_users_side)
{
	static const enum layout_box_kind kernel[] = { BOX_UKVA,  BOX_PAGEABLE, BOX_LOWMEM,
						       BOX_GAP,	  BOX_VMALLOC,	BOX_KVA,
						       BOX_FIXMAP };
	static const u64 kernel_mib[] = { 6, 2, 1022, 2, 920, 100, 2 };
	struct kvl_layout_request request = request_of(KVL_LAYOUT_LINEAR, GiB(1), GiB(2));

	request.ukva_in_user = true;
	make(&request);
	expect_boxes(&map.kernel, 7, kernel, kernel_mib);
	ck_assert_uint_eq(map.kernel.box[0].start, GiB(2) - MiB(6));
}
END_TEST

/* Row A8: a hole across the limit is two boxes, and the addresses beside the first are lost. */
START_TEST(a_hole_across_the_limit)
{
	static const enum layout_box_kind kernel[] = { BOX_PAGEABLE, BOX_LOWMEM,  BOX_LOST,
						       BOX_GAP,	     BOX_VMALLOC, BOX_KVA,
						       BOX_UKVA,     BOX_FIXMAP };
	static const u64 kernel_mib[] = { 2, 788, 10, 2, 112, 100, 8, 2 };
	static const enum layout_box_kind physical[] = { BOX_LOW_MEMORY, BOX_DIRECT, BOX_HOLE,
							 BOX_HOLE, BOX_HIGHMEM };
	static const u64 physical_mib[] = { 2, 788, 10, 20, 204 };
	struct kvl_layout_request request = request_of(KVL_LAYOUT_LINEAR, GiB(1), GiB(3));

	request.nholes = 1;
	request.hole[0] = (struct kvl_range){ MiB(790), MiB(30) };
	make(&request);
	expect_boxes(&map.kernel, 8, kernel, kernel_mib);
	expect_boxes(&map.physical, 5, physical, physical_mib);
}
END_TEST

/* Both boxes of a hole have its name; a hole that nobody named keeps its kind's. */
START_TEST(holes_have_names)
{
	static const struct board board = { .hole_name = { NULL, "mpss@31600000" } };
	struct kvl_layout_request request = request_of(KVL_LAYOUT_LINEAR, GiB(1), GiB(3));

	request.nholes = 2;
	request.hole[0] = (struct kvl_range){ MiB(900), MiB(2) };
	request.hole[1] = (struct kvl_range){ MiB(790), MiB(30) };
	make(&request);
	layout_map_name_holes(&map, &plan, &request, &board);
	ck_assert_str_eq(map.physical.box[2].name, "mpss@31600000");
	ck_assert_str_eq(map.physical.box[3].name, "mpss@31600000");
	ck_assert_str_eq(map.physical.box[5].name, "hole");
	ck_assert_str_eq(map.physical.box[4].name, "highmem");
}
END_TEST

START_TEST(one_piece_has_no_number)
{
	struct kvl_layout_request request = request_of(KVL_LAYOUT_LINEAR, GiB(5), GiB(3));

	make(&request);
	ck_assert_uint_eq(map.kernel.box[1].number, 0);
	ck_assert_uint_eq(bytes_of(&map.physical, BOX_DEVICES), GiB(1));
	request.nholes = 1;
	request.hole[0] = (struct kvl_range){ MiB(256), MiB(2) };
	make(&request);
	ck_assert_uint_eq(map.kernel.box[1].number, 1);
	ck_assert_uint_eq(map.kernel.box[3].number, 2);
	ck_assert_int_eq(map.kernel.box[5].kind, BOX_VMALLOC);
	ck_assert_uint_eq(map.kernel.box[5].number, 0);
}
END_TEST

START_TEST(each_kind_has_a_name_of_its_own)
{
	for (u32 i = 0; i < BOX_KINDS; i++)
		for (u32 j = 0; j < i; j++)
			ck_assert_str_ne(layout_box_name((enum layout_box_kind)i),
					 layout_box_name((enum layout_box_kind)j));
	for (u32 i = 0; i < KVL_LAYOUT_KINDS; i++)
		for (u32 j = 0; j < i; j++)
			ck_assert_str_ne(layout_kind_name((enum kvl_layout_kind)i),
					 layout_kind_name((enum kvl_layout_kind)j));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout_map");
	TCase *tcase = tcase_create("maps");

	tcase_add_loop_test(tcase, drawn_layouts, 0, DRAWN);
	tcase_add_test(tcase, an_intermixed_layout);
	tcase_add_test(tcase, a_per_task_space_of_the_users_side);
	tcase_add_test(tcase, a_hole_across_the_limit);
	tcase_add_test(tcase, holes_have_names);
	tcase_add_test(tcase, one_piece_has_no_number);
	tcase_add_test(tcase, each_kind_has_a_name_of_its_own);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
