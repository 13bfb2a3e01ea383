/* SPDX-License-Identifier: MIT */
/* What a trace says of its TLB: written, read back, refused where it cannot be. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/trace/metadata.h"

static const char *const sites[] = { "", "a.b" };
static const struct metadata soft = {
	.scenario = "hello",
	.arm = "",
	.host_class = "none",
	.tlb = "soft,entries=64,policy=fifo",
	.soft = { 64, 2, { { 0, 0xC0000000 }, { 0xF2200000, 0xDC00000 } } },
	.ncpus = 2,
	.site = sites,
	.nsites = 2
};
static struct metadata_parsed parsed;
static struct err err;

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

START_TEST(a_soft_tlb_comes_back)
{
	char *text = text_of(&soft);

	ck_assert_ptr_nonnull(strstr(text, "\n\ttlb = \"soft,entries=64,policy=fifo\";\n"));
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_mem_eq(&parsed.soft, &soft.soft, sizeof(soft.soft));
	metadata_free(&parsed);
	free(text);
}
END_TEST

START_TEST(without_one_there_are_no_entries)
{
	struct metadata metadata = soft;
	char *text;

	metadata.tlb = NULL;
	metadata.soft = (struct soft_ranges){ 0 };
	text = text_of(&metadata);
	ck_assert_ptr_nonnull(strstr(text, "\n\ttlb = \"hw\";\n"));
	ck_assert_int_eq(metadata_parse(text, &parsed, &err), 0);
	ck_assert_uint_eq(parsed.soft.entries, 0);
	metadata_free(&parsed);
	free(text);
}
END_TEST

/* Each line that the model takes in earnest: gone, or with a value that cannot be. */
START_TEST(what_cannot_be_is_refused)
{
	static const struct {
		const char *key, *value; /* NULL: the key is gone */
	} bad[] = {
		{ "soft_entries", "1025" },	  { "soft_entries", "x" },
		{ "soft_entries", NULL },	  { "soft_ranges", NULL },
		{ "soft_ranges", "\"0+1 0+1\"" }, { "soft_ranges", "\"0+100000001\"" },
		{ "soft_ranges", "\"1000\"" },	  { "soft_ranges", "\"1000+\"" },
		{ "soft_ranges", "\"x\"" },	  { "soft_ranges", "\"100000001+0\"" },
	};
	char *text = text_of(&soft), *at, *end, changed[8192];

	at = strstr(text, bad[_i].key);
	ck_assert_ptr_nonnull(at);
	end = strchr(at, ';');
	snprintf(changed, sizeof(changed), "%.*s%s = %s%s", (int)(at - text), text,
		 bad[_i].value ? bad[_i].key : "else", bad[_i].value ? bad[_i].value : "1", end);
	ck_assert_int_eq(metadata_parse(changed, &parsed, &err), -1);
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(err.text, "what it says of the TLB cannot be"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metadata");
	TCase *tcase = tcase_create("metadata");

	tcase_add_test(tcase, a_soft_tlb_comes_back);
	tcase_add_test(tcase, without_one_there_are_no_entries);
	tcase_add_loop_test(tcase, what_cannot_be_is_refused, 0, 10);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
