/* SPDX-License-Identifier: MIT */
/* The page of a report as a file: its elements, what they say of traces that are whole, hostile,
 * damaged. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "tests/unit/trace_rig.h"
#include "vmm/image.h"
#include "vmm/trace/report.h"

static struct rig rig;
static struct err err;
static char *page;
static json_t *trace;

static void setup(void)
{
	rig_init(&rig, 2);
	rig_open(&rig, true);
}

static void teardown(void)
{
	json_decref(trace);
	trace = NULL;
	free(page);
	page = NULL;
	rig_done(&rig);
}

/* A root, a leaf below it, the mark of the scenario, then @uses events of no consequence. */
static void write_trace(u32 uses)
{
	for (u16 level = 4; level; level--)
		trace_event(rig.trace, KVL_EV_TABLE_ALLOC, 0, level, level * 0x1000u, 0, 0, 0, 0);
	trace_event(rig.trace, KVL_EV_MM_CREATE, 0, 0, 0, 0x4000, 0, 0, 0);
	for (u16 level = 4; level > 1; level--)
		trace_event(rig.trace, KVL_EV_PT_SET, 0, level, 0, level * 0x1000u, 0,
			    (level - 1) * 0x1000u | 0x63, 0);
	rig_event(&rig, 0, KVL_EV_MARK, 0, 0, 0, KVL_MARK_SCENARIO, 0, 0, 0, 0);
	rig_event(&rig, 0, KVL_EV_PT_SET, 3, 5, 1, 0x5000, 0x1000, 0, 0x90063, 0);
	rig_event(&rig, 1, KVL_EV_FAULT_ENTER, 0, 1, 0, 0x3000, 7, 0x2010, 4, 0);
	for (u32 i = 0; i < uses; i++) {
		rig_use(&rig, i % 2);
		if (i % 1000 == 0)
			ck_assert_int_eq(trace_drain(rig.trace, &rig.err), 0);
	}
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
}

#define FIRST_EVENTS 11u /* that write_trace() writes besides */

/* The text of the element @id of the page, up to its end tag; NULL: there is none. */
static char *element(const char *id)
{
	char *start = strstr(page, id), *end;

	if (!start)
		return NULL;
	start = strchr(start, '>') + 1;
	end = strstr(start, "</script>");
	ck_assert_ptr_nonnull(end);
	return strndup(start, (size_t)(end - start));
}

static json_t *parse(const char *id)
{
	char *text = element(id);
	json_error_t error;
	json_t *json;

	ck_assert_msg(text != NULL, "%s", id);
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(json != NULL, "%s: %s", id, error.text);
	free(text);
	return json;
}

static void report(u64 most, int want)
{
	const char *const dir[] = { rig.trace_dir };
	struct report_options options = { .dir = dir, .ndirs = 1, .most_events = most };
	size_t bytes;
	FILE *out = open_memstream(&page, &bytes);

	ck_assert_int_eq(report_write(out, &options, &err), want ? -1 : 0);
	ck_assert_int_eq(want ? (int)err.status : 0, want);
	fclose(out);
	trace = parse("id=\"trace-0\"");
}

static json_int_t number(const char *name)
{
	return json_integer_value(json_object_get(trace, name));
}

static const char *string(const char *name)
{
	return json_string_value(json_object_get(trace, name));
}

static json_int_t held(void)
{
	return json_integer_value(json_array_get(json_object_get(trace, "held"), 0));
}

/* Puts @line into the env block of the metadata. */
static void add_env(const char *line)
{
	size_t bytes, made_bytes;
	char *text = (char *)rig_read(&rig, "metadata", &bytes), *made;
	char *at = strstr(text, "\nenv {\n") + 7;
	FILE *out = open_memstream(&made, &made_bytes);

	fprintf(out, "%.*s\t%s;\n%s", (int)(at - text), text, line, at);
	fclose(out);
	rig_write(&rig, "metadata", made, made_bytes);
	free(made);
	free(text);
}

static void add_layout(const char *kind, const char *holes)
{
	static const char *const line[] = {
		"layout_mem = 1073741824",    "layout_split = 3221225472",
		"layout_vmalloc = 117440512", "layout_vmalloc_upper = 0",
		"layout_kva = 104857600",     "layout_ukva = \"kernel\"",
		"layout_arena = \"lowmem\"",  "layout_arena_bytes = 8388608",
		"layout = \"</script>\""
	};
	char text[80];

	for (size_t i = 0; i < ARRAY_LEN(line); i++)
		add_env(line[i]);
	snprintf(text, sizeof(text), "layout_kind = \"%s\"", kind);
	add_env(text);
	snprintf(text, sizeof(text), "layout_holes = \"%s\"", holes);
	add_env(text);
}

START_TEST(whole)
{
	json_t *schema, *map;

	write_trace(100);
	report(0, 0);
	ck_assert_int_eq(strncmp(page, "<!DOCTYPE html>", 15), 0);
	ck_assert_ptr_nonnull(strstr(page, "default-src 'none'"));
	ck_assert_str_eq(page + strlen(page) - 8, "</html>\n");
	ck_assert_int_eq(number("events"), 100 + FIRST_EVENTS);
	ck_assert_int_eq(held(), number("events"));
	ck_assert(json_is_null(json_object_get(trace, "bins")));
	ck_assert_str_eq(string("unjudged"), "");
	ck_assert_str_eq(string("image"), "unknown");
	schema = parse("id=\"schema\"");
	ck_assert_int_eq(json_integer_value(json_object_get(schema, "traces")), 1);
	json_decref(schema);
	map = json_object_get(trace, "maps");
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(map, "before"), "runs")),
			  0);
	ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(map, "after"), "runs")),
			  1);
}
END_TEST

START_TEST(the_same_page_twice)
{
	char *first;

	write_trace(100);
	report(0, 0);
	first = page;
	json_decref(trace);
	report(0, 0);
	ck_assert_str_eq(first, page);
	free(first);
}
END_TEST

/* Names come out of a guest's image, or whoever wrote the trace. */
START_TEST(hostile_names)
{
	static const char places[] = "1 </script><script>alert(1)</script>\n";
	size_t bytes;
	char *metadata, *name;

	write_trace(1);
	metadata = (char *)rig_read(&rig, "metadata", &bytes);
	name = strstr(metadata, "pt.map");
	memcpy(name, "<!--\\\"", 6); /* as long as it was */
	rig_write(&rig, "metadata", metadata, bytes);
	rig_write(&rig, "extra/places", places, sizeof(places) - 1);
	free(metadata);
	report(0, 0);
	ck_assert_ptr_null(strstr(page, "alert(1)</script>"));
	ck_assert_ptr_null(strstr(page, "<!--\\"));
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_array_get(json_object_get(trace, "sites"), 1), 0)),
			 "<!--\"");
	ck_assert_str_eq(json_string_value(json_array_get(
				 json_array_get(json_object_get(trace, "sites"), 1), 1)),
			 "</script><script>alert(1)</script>");
}
END_TEST

/* Above the limit: all are counted, only marks are there one by one. */
START_TEST(more_than_the_page_holds)
{
	json_t *rows, *row, *n;
	size_t i, k;
	json_int_t sum = 0;

	write_trace(5000);
	report(5000 + FIRST_EVENTS - 1, 0);
	ck_assert_int_eq(number("events"), 5000 + FIRST_EVENTS);
	ck_assert_int_eq(held(), 1);
	rows = json_object_get(json_object_get(trace, "bins"), "rows");
	json_array_foreach(rows, i, row) json_array_foreach(json_array_get(row, 2), k, n)
		sum += json_integer_value(n);
	ck_assert_int_eq(sum, 5000 + FIRST_EVENTS);
}
END_TEST

START_TEST(exactly_what_the_page_holds)
{
	write_trace(5000);
	report(5000 + FIRST_EVENTS, 0);
	ck_assert_int_eq(held(), 5000 + FIRST_EVENTS);
}
END_TEST

START_TEST(findings)
{
	json_t *first;

	rig_event(&rig, 0, KVL_EV_WAIT_END, 2, KVL_WAIT_TASK, 0, 9, 0, 3, 0, 0);
	write_trace(5000);
	report(100, 0);
	ck_assert_int_eq(number("nfindings"), 1);
	first = json_array_get(json_object_get(trace, "findings"), 0);
	ck_assert_str_eq(json_string_value(json_array_get(first, 0)), "bad-record");
	ck_assert_int_eq(json_integer_value(json_array_get(first, 1)), 1);
	/* What lies around it is there, although not all is. */
	ck_assert_int_ge(held(), 100);
	ck_assert_int_le(held(), 102);
}
END_TEST

START_TEST(damaged)
{
	size_t bytes;
	u8 *data;

	write_trace(5000);
	data = rig_read(&rig, "vcpu0", &bytes);
	data[70000] ^= 1;
	rig_write(&rig, "vcpu0", data, bytes);
	free(data);
	report(0, EXIT_VMM);
	ck_assert_uint_eq(json_array_size(json_object_get(trace, "problems")), 1);
	ck_assert_ptr_nonnull(strstr(string("unjudged"), "is damaged"));
	ck_assert_int_lt(number("events"), 5000);
	ck_assert_int_gt(number("events"), 3000);
	ck_assert_int_eq(held(), number("events"));
	ck_assert_str_eq(page + strlen(page) - 8, "</html>\n");
}
END_TEST

START_TEST(unreadable)
{
	size_t bytes;
	char *text;

	write_trace(10);
	text = (char *)rig_read(&rig, "metadata", &bytes);
	strstr(text, "kvalab_trace_version = ")[strlen("kvalab_trace_version = ")] = '7';
	rig_write(&rig, "metadata", text, bytes);
	free(text);
	report(0, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(string("unreadable"), "version 7"));
}
END_TEST

START_TEST(an_empty_trace)
{
	ck_assert_int_eq(trace_finish(rig.trace, &rig.err), 0);
	report(0, 0);
	ck_assert_int_eq(number("events"), 0);
	ck_assert_int_eq(held(), 0);
}
END_TEST

START_TEST(no_trace)
{
	const char *const dir[] = { rig.dir };
	struct report_options options = { .dir = dir, .ndirs = 1 };
	size_t bytes;
	FILE *out = open_memstream(&page, &bytes);

	ck_assert_int_eq(report_write(out, &options, &err), -1);
	ck_assert_int_eq(err.status, EXIT_USAGE);
	fclose(out);
}
END_TEST

START_TEST(output_full)
{
	const char *const dir[] = { rig.trace_dir };
	struct report_options options = { .dir = dir, .ndirs = 1 };
	FILE *out = fopen("/dev/full", "w");

	write_trace(100);
	ck_assert_int_eq(report_write(out, &options, &err), -1);
	ck_assert_int_eq(err.status, EXIT_HOST);
	fclose(out);
}
END_TEST

/* Instructions only of the image that is in this program. */
START_TEST(whose_code)
{
	const struct image_symbol *symbol;
	json_t *place, *insns;
	struct image image;
	char line[64], rip[32];
	bool same = _i;

	ck_assert_int_eq(image_open_embedded(&image, GiB(3), &err), 0);
	symbol = image_symbol_find(&image, "kernel_main");
	ck_assert_ptr_nonnull(symbol);
	rig_event(&rig, 1, KVL_EV_FAULT_ENTER, 0, 0, 0, 0x3000, 7, symbol->va, 4, 0);
	write_trace(1);
	snprintf(line, sizeof(line), "guest_image = \"%016llx\"",
		 (unsigned long long)image_embedded_hash() ^ !same);
	add_env(line);
	add_layout("linear", "");
	report(0, 0);
	ck_assert_str_eq(string("image"), same ? "same" : "other");
	snprintf(rip, sizeof(rip), "0x%llx", (unsigned long long)symbol->va);
	place = json_object_get(json_object_get(trace, "code"), rip);
	insns = json_array_get(place, 1);
	ck_assert_uint_eq(json_array_size(insns), same ? 5 : 0);
	if (same)
		ck_assert_int_eq(json_integer_value(json_array_get(json_array_get(insns, 0), 2)),
				 1);
	image_close(&image);
}
END_TEST

/* --- the layout ------------------------------------------------------------------------------- */

static json_t *map_of(size_t i)
{
	json_t *layout = json_object_get(trace, "layout");

	return json_array_get(json_object_get(layout, "maps"), i);
}

static size_t maps(void)
{
	return json_array_size(json_object_get(json_object_get(trace, "layout"), "maps"));
}

static json_int_t figure(size_t map, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(map_of(map), "figures"), name));
}

/* Its row of the map: kind, name, start, bytes, other, number. */
static void expect_box(size_t map, const char *column, size_t i, const char *want)
{
	json_t *box = json_array_get(json_object_get(map_of(map), column), i);
	char *text = json_dumps(box, JSON_COMPACT);

	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(before_and_after)
{
	write_trace(1);
	add_layout("intermixed", "10000000+6400000");
	report(0, 0);
	ck_assert_uint_eq(maps(), 2);
	ck_assert_str_eq(json_string_value(json_object_get(map_of(0), "kind")), "linear");
	ck_assert_str_eq(json_string_value(json_object_get(map_of(1), "kind")), "intermixed");
	expect_box(0, "kernel", 2, "[\"lost\",\"lost\",3489660928,104857600,268435456,0]");
	expect_box(1, "kernel", 2, "[\"vmalloc\",\"vmalloc\",3489660928,104857600,268435456,1]");
	expect_box(1, "kernel", 3, "[\"lowmem\",\"lowmem\",3594518528,570425344,373293056,2]");
	expect_box(1, "physical", 2, "[\"hole\",\"hole\",268435456,104857600,null,0]");
	expect_box(0, "physical", 2, "[\"hole\",\"hole\",268435456,104857600,null,0]");
	expect_box(1, "physical", 3, "[\"direct\",\"direct\",373293056,570425344,3594518528,2]");
	ck_assert_int_eq(figure(0, "recovered_bytes"), 0);
	ck_assert_int_eq(figure(0, "lost_bytes"), MiB(100));
	ck_assert_int_eq(figure(1, "recovered_bytes"), MiB(100));
	ck_assert_int_eq(figure(1, "lowmem_bytes"), MiB(798));
	ck_assert_str_eq(
		json_string_value(json_object_get(json_object_get(trace, "layout"), "name")),
		"</script>");
}
END_TEST

/* Whose a hole is stands in both maps; the page's script element does not end in a name. */
START_TEST(a_hole_with_a_name)
{
	write_trace(1);
	add_layout("intermixed", "20000000+1000 10000000+6400000");
	add_env("layout_hole_name_1 = \"</script>@10000000\"");
	report(0, 0);
	for (size_t map = 0; map < 2; map++) {
		expect_box(map, "physical", 2,
			   "[\"hole\",\"</script>@10000000\",268435456,104857600,null,0]");
		expect_box(map, "physical", 4, "[\"hole\",\"hole\",536870912,4096,null,0]");
	}
	ck_assert_ptr_null(strstr(page, "</script>@"));
}
END_TEST

/* Where nothing would differ there is one map: without holes, and of the linear layout itself. */
START_TEST(one_map)
{
	write_trace(1);
	add_layout(_i ? "intermixed" : "linear", _i ? "" : "10000000+6400000");
	report(0, 0);
	ck_assert_uint_eq(maps(), 1);
	ck_assert_str_eq(json_string_value(json_object_get(map_of(0), "kind")),
			 _i ? "intermixed" : "linear");
}
END_TEST

START_TEST(no_map)
{
	write_trace(1);
	report(0, 0);
	ck_assert(json_is_null(json_object_get(trace, "layout")));
}
END_TEST

START_TEST(a_layout_that_cannot_be)
{
	write_trace(1);
	add_layout("intermixed", "10000000+6400000 10001000+1000");
	report(0, EXIT_VMM);
	ck_assert_ptr_nonnull(strstr(string("unreadable"), "layout cannot be"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *pages = tcase_create("pages");

	tcase_add_checked_fixture(pages, setup, teardown);
	tcase_add_test(pages, whole);
	tcase_add_test(pages, the_same_page_twice);
	tcase_add_test(pages, hostile_names);
	tcase_add_test(pages, more_than_the_page_holds);
	tcase_add_test(pages, exactly_what_the_page_holds);
	tcase_add_test(pages, findings);
	tcase_add_test(pages, damaged);
	tcase_add_test(pages, unreadable);
	tcase_add_test(pages, an_empty_trace);
	tcase_add_test(pages, no_trace);
	tcase_add_test(pages, output_full);
	tcase_add_loop_test(pages, whose_code, 0, 2);
	tcase_add_test(pages, before_and_after);
	tcase_add_test(pages, a_hole_with_a_name);
	tcase_add_loop_test(pages, one_map, 0, 2);
	tcase_add_test(pages, no_map);
	tcase_add_test(pages, a_layout_that_cannot_be);
	suite_add_tcase(suite, pages);
	return run_suite(suite);
}
