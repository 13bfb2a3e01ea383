/* SPDX-License-Identifier: MIT */
/* What a trace says of its TLB and its layout: written, read back, refused where it cannot be. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/trace/metadata.h"

static const char *const sites[] = { "", "a.b" };
static const struct metadata plain = { .scenario = "hello",
				       .arm = "",
				       .host_class = "none",
				       .tlb = "soft,entries=64,policy=fifo",
				       .ncpus = 2,
				       .site = sites,
				       .nsites = 2 };
static struct metadata_parsed parsed;
static struct err err;

static const struct kvl_layout_request layout = {
	.kind = KVL_LAYOUT_INTERMIXED,
	.mem_bytes = GiB(5),
	.page_offset = GiB(2),
	.vmalloc_upper_bytes = MiB(6),
	.kva_bytes = MiB(40),
	.ukva_in_user = true,
	.arena_highmem = true,
	.arena_bytes = MiB(160),
	.soft_entries = 64,
	.ncpus = 2,
	.nholes = 2,
	.hole = { { GiB(4), MiB(3) }, { MiB(256), KiB(12) } },
};

static char *text_of(const struct metadata *metadata)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_ptr_nonnull(out);
	metadata_write(out, metadata);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static char *text_with_layout(const struct kvl_layout_request *request)
{
	struct metadata metadata = plain;

	metadata.layout = request;
	metadata.layout_name = "intermix";
	return text_of(&metadata);
}

/* What it translates is not in the text: it is what the planner gives the run, too. */
START_TEST(a_soft_tlb_comes_back)
{
	struct kvl_layout_request request = layout;
	struct kvl_layout_failure why;
	struct kvl_layout plan;
	char *text;

	request.hole[1].bytes = MiB(64);
	text = text_with_layout(&request);
	ck_assert_int_eq(kvl_layout_plan(&request, &plan, &why), 0);
	ck_assert_uint_eq(plan.ndynamic, 3); /* with what is under the hole */
	ck_assert_ptr_nonnull(strstr(text, "\n\ttlb = \"soft,entries=64,policy=fifo\";\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n\tsoft_entries = 64;\n"));
	ck_assert_ptr_null(strstr(text, "soft_ranges"));
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_uint_eq(parsed.soft_entries, 64);
	ck_assert_uint_eq(parsed.plan.ndynamic, plan.ndynamic);
	ck_assert_mem_eq(parsed.plan.dynamic, plan.dynamic, 3 * sizeof(plan.dynamic[0]));
	metadata_free(&parsed);
	free(text);
}
END_TEST

START_TEST(without_one_there_are_no_entries)
{
	struct metadata metadata = plain;
	char *text;

	metadata.tlb = NULL;
	text = text_of(&metadata);
	ck_assert_ptr_nonnull(strstr(text, "\n\ttlb = \"hw\";\n"));
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_uint_eq(parsed.soft_entries, 0);
	metadata_free(&parsed);
	free(text);
}
END_TEST

/* A default is written as what it is, for a program that has another one. */
START_TEST(a_layout_comes_back)
{
	char *text = text_with_layout(&layout), name[16];
	const struct kvl_layout_request *got = &parsed.layout;

	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert(parsed.layout_known);
	ck_assert(metadata_env(&parsed, "layout", name, sizeof(name)));
	ck_assert_str_eq(name, "intermix");
	ck_assert_int_eq(got->kind, layout.kind);
	ck_assert_uint_eq(got->mem_bytes, layout.mem_bytes);
	ck_assert_uint_eq(got->page_offset, layout.page_offset);
	ck_assert_uint_eq(got->vmalloc_bytes, KVL_VMALLOC_DEFAULT);
	ck_assert_uint_eq(got->vmalloc_upper_bytes, layout.vmalloc_upper_bytes);
	ck_assert_uint_eq(got->kva_bytes, layout.kva_bytes);
	ck_assert(got->ukva_in_user && got->arena_highmem);
	ck_assert_uint_eq(got->arena_bytes, layout.arena_bytes);
	ck_assert_uint_eq(got->soft_entries, layout.soft_entries);
	ck_assert_uint_eq(got->ncpus, layout.ncpus);
	ck_assert_uint_eq(got->nholes, layout.nholes);
	ck_assert_mem_eq(got->hole, layout.hole, sizeof(layout.hole));
	metadata_free(&parsed);
	free(text);
}
END_TEST

START_TEST(as_many_holes_as_there_may_be)
{
	struct kvl_layout_request request = layout;
	char *text;

	request.nholes = KVL_MAX_HOLES;
	for (u32 i = 0; i < KVL_MAX_HOLES; i++)
		request.hole[i] = (struct kvl_range){ GiB(4) + MiB(8) * i, MiB(4) + PAGE_BYTES };
	text = text_with_layout(&request);
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_uint_eq(parsed.layout.nholes, KVL_MAX_HOLES);
	ck_assert_mem_eq(parsed.layout.hole, request.hole, sizeof(request.hole));
	metadata_free(&parsed);
	free(text);
}
END_TEST

START_TEST(a_layout_may_be_unknown)
{
	char *text = text_of(&plain);

	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert(!parsed.layout_known);
	ck_assert_uint_eq(parsed.plan.ndynamic, 0);
	metadata_free(&parsed);
	free(text);
}
END_TEST

struct bad_line {
	const char *key, *value; /* NULL: the key is gone */
};

/* @text with the line replaced is refused, with @why. */
static void expect_refused(const char *text, const struct bad_line *bad, const char *why)
{
	const char *at = strstr(text, bad->key), *end = at ? strchr(at, ';') : NULL;
	char changed[16384];

	ck_assert_ptr_nonnull(end);
	ck_assert_uint_lt(strlen(text), sizeof(changed) - 128);
	snprintf(changed, sizeof(changed), "%.*s%s = %s%s", (int)(at - text), text,
		 bad->value ? bad->key : "else", bad->value ? bad->value : "1", end);
	ck_assert_int_eq(metadata_parse(changed, &parsed, &err), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_msg(strstr(err.text, why), "%s", err.text);
}

/* Numbers that are none, words that are none, and what the planner does not take. */
START_TEST(a_layout_that_cannot_be_is_refused)
{
	static const struct bad_line bad[] = {
		{ "layout_kind", "\"x\"" },
		{ "layout_kind", "\"\"" },
		{ "layout_mem", NULL },
		{ "layout_mem", "x" },
		{ "layout_mem", "-67108864" },
		{ "layout_mem", "1073741825" },
		{ "layout_mem", "99999999999999999999" },
		{ "layout_split", NULL },
		{ "layout_split", "4294967296" },
		{ "layout_split", "0" },
		{ "layout_vmalloc", NULL },
		{ "layout_vmalloc", "18446744073707454464" },
		{ "layout_vmalloc", "1" },
		{ "layout_vmalloc_upper", NULL },
		{ "layout_vmalloc_upper", "2147483648" },
		{ "layout_kva", NULL },
		{ "layout_kva", "2147483648" },
		{ "layout_ukva", NULL },
		{ "layout_ukva", "\"users\"" },
		{ "layout_arena", NULL },
		{ "layout_arena", "\"low\"" },
		{ "layout_arena_bytes", NULL },
		{ "layout_arena_bytes", "4096" },
		{ "layout_arena_bytes", "2147483648" },
		{ "layout_holes", NULL },
		{ "layout_holes", "\"x\"" },
		{ "layout_holes", "\"10000000\"" },
		{ "layout_holes", "\"10000000+\"" },
		{ "layout_holes", "\"10000000+0\"" },
		{ "layout_holes", "\"10000000+1000,\"" },
		{ "layout_holes", "\"10000000+1000+1000\"" },
		{ "layout_holes", "\"-10000000+1000\"" },
		{ "layout_holes", "\"10000000+1000 10000000+1000\"" },
		{ "layout_holes", "\"10000000+fffffffffffff000\"" },
		{ "layout_holes",
		  "\"10000000+1000 10001000+1000 10002000+1000 10003000+1000 10004000+1000 "
		  "10005000+1000 10006000+1000 10007000+1000 10008000+1000 10009000+1000 "
		  "1000a000+1000 1000b000+1000 1000c000+1000 1000d000+1000 1000e000+1000 "
		  "1000f000+1000 10010000+1000\"" },
	};
	char *text = text_with_layout(&layout);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_refused(text, &bad[i], "what it says of the layout cannot be");
	free(text);
}
END_TEST

/* The line that the model takes in earnest: gone, or with a value that cannot be. */
START_TEST(a_soft_tlb_that_cannot_be_is_refused)
{
	static const struct bad_line bad[] = {
		{ "soft_entries", "1025" }, { "soft_entries", "x" }, { "soft_entries", NULL },
		{ "soft_pcid", "2" },	    { "soft_pcid", NULL },
	};
	char *text = text_with_layout(&layout);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_refused(text, &bad[i], "what it says of the TLB cannot be");
	free(text);
}
END_TEST

/* Nothing would say what it translates. */
START_TEST(a_soft_tlb_without_a_layout_is_refused)
{
	static const struct bad_line bad = { "soft_entries", "64" };
	char *text = text_of(&plain);

	expect_refused(text, &bad, "what it says of the layout cannot be");
	free(text);
}
END_TEST

/* --- names of holes --------------------------------------------------------------------------- */

static char *text_with_names(const char *first, const char *second)
{
	struct board board = { .hole_name = { first, second } };
	struct metadata metadata = plain;

	metadata.layout = &layout;
	metadata.board = &board;
	return text_of(&metadata);
}

/* Of a node and of several, whose name is the longest; a hole between others may have none. */
START_TEST(names_of_holes_come_back)
{
	static const char several[] = "a-node-of-the-longest-name-that-is@10000000 to "
				      "one-more-node-of-the-longest-name@1f000000";
	char *text = text_with_names(_i ? NULL : "mpss@100000000", several);

	ck_assert_uint_gt(sizeof(several), SITE_NAME_MAX);
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_str_eq(parsed.hole_name[0], _i ? "" : "mpss@100000000");
	ck_assert_str_eq(parsed.hole_name[1], several);
	ck_assert_str_eq(parsed.hole_name[2], "");
	metadata_free(&parsed);
	free(text);
}
END_TEST

/* A name cannot end its string, and is not longer than there is room for. */
START_TEST(names_of_holes_are_not_believed)
{
	static const char bad[] = "x\";\n\tlayout_hole_name_1 = \"y\\\xff";
	char longest[200], *text;

	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	text = text_with_names(bad, longest);
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_str_eq(parsed.hole_name[0], "x\";??layout_hole_name_1 = \"y\\?");
	ck_assert_uint_eq(strlen(parsed.hole_name[1]), HOLE_NAME_MAX);
	metadata_free(&parsed);
	free(text);
}
END_TEST

/* Written by nobody here: without an end, and longer than any that is written. */
START_TEST(names_of_holes_are_cut)
{
	char *text = text_with_names("first", "second"), *at = strstr(text, "layout_hole_name_1");
	char changed[16384];

	ck_assert_uint_lt(strlen(text), sizeof(changed) - 400);
	snprintf(changed, sizeof(changed), "%.*slayout_hole_name_1 = \"%0300d%s", (int)(at - text),
		 text, 0, _i ? strchr(at, ';') : strchr(strchr(at, '"') + 1, '"'));
	ck_assert_int_eq(metadata_parse(changed, &parsed, &err), 0);
	ck_assert_str_eq(parsed.hole_name[0], "first");
	ck_assert_uint_eq(strlen(parsed.hole_name[1]), HOLE_NAME_MAX);
	metadata_free(&parsed);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metadata");
	TCase *tcase = tcase_create("metadata");

	tcase_add_test(tcase, a_soft_tlb_comes_back);
	tcase_add_test(tcase, without_one_there_are_no_entries);
	tcase_add_test(tcase, a_soft_tlb_that_cannot_be_is_refused);
	tcase_add_test(tcase, a_soft_tlb_without_a_layout_is_refused);
	tcase_add_test(tcase, a_layout_comes_back);
	tcase_add_test(tcase, as_many_holes_as_there_may_be);
	tcase_add_test(tcase, a_layout_may_be_unknown);
	tcase_add_test(tcase, a_layout_that_cannot_be_is_refused);
	tcase_add_loop_test(tcase, names_of_holes_come_back, 0, 2);
	tcase_add_test(tcase, names_of_holes_are_not_believed);
	tcase_add_loop_test(tcase, names_of_holes_are_cut, 0, 2);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
