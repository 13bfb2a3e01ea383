/* SPDX-License-Identifier: MIT */
/* The data in a report: text that cannot end its element, events read back bit by bit, sums,
 * maps. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "tests/unit/suite.h"
#include "vmm/trace/packet.h"
#include "vmm/trace/places.h"
#include "vmm/trace/report_bins.h"
#include "vmm/trace/report_counts.h"
#include "vmm/trace/report_events.h"
#include "vmm/trace/report_tables.h"

static char *text;
static size_t text_bytes;

static FILE *begin(void)
{
	FILE *out;

	free(text);
	out = open_memstream(&text, &text_bytes);
	ck_assert_ptr_nonnull(out);
	return out;
}

static void teardown(void)
{
	free(text);
	text = NULL;
}

static json_t *parse(void)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(json != NULL, "%s: %.200s", error.text, text);
	return json;
}

/* Values of all sizes, more small ones. */
static u64 any(void)
{
	u64 bits = (u64)random() << 62 ^ (u64)random() << 31 ^ (u64)random();

	return random() % 4 ? bits >> random() % 64 : bits | 1ull << 63;
}

/* --- text ------------------------------------------------------------------------------------- */
START_TEST(strings)
{
	static const char *const hostile[] = { "</script><script>alert(1)</script>",
					       "<!--",
					       "]]>",
					       "a \"quoted\" \\ name",
					       "tab\tline\nescape\033",
					       "&amp;",
					       "Gr\303\274\303\237e",
					       "" };

	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		FILE *out = begin();
		json_t *json;

		report_string(out, hostile[i]);
		fclose(out);
		ck_assert_msg(!strpbrk(text, "<>&"), "%s", text);
		json = parse();
		ck_assert_str_eq(json_string_value(json), hostile[i]);
		json_decref(json);
	}
}
END_TEST

/* An object of strings that are markup, names too: none of it is left, and it reads as it was. */
START_TEST(objects)
{
	json_t *root = json_pack("{s:s, s:[s, i, n]}", "</script>", "<!-- a & b -->", "plain",
				 "Gr\303\274\303\237e \"<b>\"", -7);
	FILE *out = begin();
	json_t *read;

	ck_assert_int_eq(report_json(out, root), 0);
	fclose(out);
	ck_assert_msg(!strpbrk(text, "<>&"), "%s", text);
	read = parse();
	ck_assert(json_equal(read, root));
	json_decref(read);
	json_decref(root);
	out = begin();
	ck_assert_int_eq(report_json(out, NULL), -1);
	fclose(out);
}
END_TEST

/* RFC 4648, section 10 */
START_TEST(base64_of_each_length)
{
	static const char *const want[] = { "",		"Zg==",	    "Zm8=",    "Zm9v",
					    "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };

	for (size_t n = 0; n < ARRAY_LEN(want); n++) {
		struct base64 base64 = { .out = begin() };

		for (size_t i = 0; i < n; i++)
			base64_put(&base64, (u8) "foobar"[i]);
		base64_end(&base64);
		fclose(base64.out);
		ck_assert_str_eq(text, want[n]);
	}
}
END_TEST

START_TEST(places_of_sites)
{
	struct places places;

	places_parse(&places, strdup("1 pt.c:12\n3 tlb.c:4 \n\nx\n70000 far.c:1\n4\n-1 a.c:2\n"));
	ck_assert_str_eq(places_find(&places, 1), "pt.c:12");
	ck_assert_str_eq(places_find(&places, 2), "");
	ck_assert_str_eq(places_find(&places, 3), "tlb.c:4?");
	ck_assert_str_eq(places_find(&places, 4), "");
	ck_assert_str_eq(places_find(&places, 70000), "");
	places_free(&places);
	places_parse(&places, NULL);
	ck_assert_str_eq(places_find(&places, 1), "");
	places_free(&places);
}
END_TEST

/* --- events: a decoder of its own ------------------------------------------------------------- */
static const char *at;
static u32 held, nheld;

static u8 next_byte(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (nheld < 8) {
		const char *digit = strchr(digits, *at++);

		ck_assert_ptr_nonnull(digit);
		held = held << 6 | (u32)(digit - digits);
		nheld += 6;
	}
	nheld -= 8;
	return (u8)(held >> nheld);
}

static u64 next_number(void)
{
	u64 value = 0;
	u32 shift = 0;
	u8 byte;

	do {
		byte = next_byte();
		value |= (u64)(byte & 127) << shift;
		shift += 7;
	} while (byte > 127);
	return value;
}

static u64 last[EVENT_IDS][EVENT_FIELDS];

static void expect_event(const struct kvl_record *record, u32 cpu, u64 since)
{
	const struct event_schema *event = event_by_id(record->id);

	ck_assert_uint_eq(next_number(), record->id);
	ck_assert_uint_eq(next_byte(), cpu == TRACE_CPU_VMM ? 255 : cpu);
	ck_assert_uint_eq(next_number(), since);
	ck_assert_uint_eq(next_number(), record->site);
	for (u32 i = 0; event && i < EVENT_FIELDS; i++) {
		if (!event->field[i][0])
			continue;
		last[record->id][i] ^= next_number();
		ck_assert_uint_eq(last[record->id][i], field_value(record, i));
	}
}

#define EVENTS 2000u

START_TEST(events_read_back)
{
	static struct kvl_record record[EVENTS];
	static struct report_events events;
	u64 ticket = 0;

	report_events_begin(&events, begin());
	for (u32 i = 0; i < EVENTS; i++) {
		const struct event_schema *event = &event_schema[i % event_schema_count];

		ticket += 1 + any() % 1000;
		record[i] = (struct kvl_record){
			.ticket = ticket,
			.id = i % 50 ? event->id : 63 + (u16)i, /* some that nobody knows */
			.site = (u16)any(),
			.h = { (u16)any(), (u16)any() },
			.a = { any(), any(), any(), any(), any() },
		};
		report_events_put(&events, &record[i], i % 5 ? i % 5 : TRACE_CPU_VMM);
	}
	report_events_end(&events);
	fclose(events.base64.out);
	ck_assert_uint_eq(events.events, EVENTS);
	at = text;
	for (u32 i = 0; i < EVENTS; i++)
		expect_event(&record[i], i % 5 ? i % 5 : TRACE_CPU_VMM,
			     record[i].ticket - (i ? record[i - 1].ticket : 0));
	ck_assert_uint_le(strlen(at), 3);
}
END_TEST

/* --- sums ------------------------------------------------------------------------------------- */
START_TEST(bins_hold_each_event)
{
	static const u64 length[] = { 1, 2, REPORT_BINS - 1, REPORT_BINS, REPORT_BINS + 1, 100003 };
	u64 n = length[_i], sum = 0;
	struct report_bins *bins = report_bins_create(1000, 1000 + n - 1);
	json_t *json, *row, *rows, *number;
	size_t i, k;
	FILE *out = begin();

	for (u64 ticket = 1000; ticket < 1000 + n; ticket++) {
		struct kvl_record record = { .ticket = ticket, .id = KVL_EV_USE };

		report_bins_put(bins, &record, ticket % 3 ? 2 : TRACE_CPU_VMM);
	}
	report_bins_write(bins, out);
	fclose(out);
	json = parse();
	ck_assert_int_eq(json_integer_value(json_object_get(json, "first")), 1000);
	rows = json_object_get(json, "rows");
	ck_assert_uint_le(json_array_size(rows), 2);
	json_array_foreach(rows, i, row) json_array_foreach(json_array_get(row, 2), k, number)
		sum += (u64)json_integer_value(number);
	ck_assert_uint_eq(sum, n);
	json_decref(json);
	free(bins);
}
END_TEST

static struct report_counts counts;

static void count(u64 ticket, u32 cpu, u16 id, u16 h0, u16 h1, u64 a3)
{
	struct kvl_record record = { .ticket = ticket, .id = id, .h = { h0, h1 } };

	record.a[3] = a3;
	report_counts_put(&counts, &record, cpu);
}

START_TEST(shootdowns_by_cpu)
{
	memset(&counts, 0, sizeof(counts));
	count(1, 1, KVL_EV_SHOOTDOWN_BEGIN, 0, 0, 1 << 0 | 1 << 3 | 1ull << 63);
	count(2, 1, KVL_EV_IPI_SEND, 0, 0, 0);
	count(3, 1, KVL_EV_IPI_SEND, 3, 0, 0);
	count(4, 1, KVL_EV_IPI_SEND, 3, 7, 0); /* another vector */
	count(5, 3, KVL_EV_IPI_ACK, 1, 0, 0);
	count(6, 3, KVL_EV_IPI_ACK, 900, 0, 0); /* nobody */
	count(7, TRACE_CPU_VMM, KVL_EV_IPI_SEND, 1, 0, 0);
	count(8, 0, 999, 0, 0, 0); /* an event that is unknown */
	ck_assert_uint_eq(counts.asked[1][0], 1);
	ck_assert_uint_eq(counts.asked[1][3], 1);
	ck_assert_uint_eq(counts.asked[1][2], 0);
	ck_assert_uint_eq(counts.sent[1][3], 1);
	ck_assert_uint_eq(counts.acked[1][3], 1);
	ck_assert_uint_eq(counts.count[KVL_EV_IPI_SEND][1], 3);
	ck_assert_uint_eq(counts.count[KVL_EV_IPI_SEND][KVL_MAX_CPUS], 1);
	ck_assert_uint_eq(counts.count[EVENT_IDS][0], 1);
	ck_assert_uint_eq(counts.events, 8);
}
END_TEST

/* However many events: not too many points, in order, the last one at the end. */
START_TEST(curves_stay_small)
{
	static const u32 length[] = { 1, CURVE_POINTS, CURVE_POINTS + 1, 10 * CURVE_POINTS + 7 };
	u32 n = length[_i];
	json_t *json, *points;
	FILE *out = begin();

	memset(&counts, 0, sizeof(counts));
	for (u32 i = 1; i <= n; i++)
		count(i, 0, KVL_EV_IPI_SEND, 1, 0, 0);
	fputc('{', out);
	report_counts_write(&counts, 2, out);
	fputc('}', out);
	fclose(out);
	json = parse();
	points = json_object_get(json, "curves");
	ck_assert_uint_le(json_array_size(points), CURVE_POINTS + 1);
	for (size_t i = 0; i < json_array_size(points); i++) {
		json_t *point = json_array_get(points, i);

		ck_assert_int_eq(json_integer_value(json_array_get(point, 0)),
				 json_integer_value(json_array_get(point, 4)));
		if (i + 1 == json_array_size(points))
			ck_assert_int_eq(json_integer_value(json_array_get(point, 0)), n);
	}
	json_decref(json);
}
END_TEST

/* --- maps ------------------------------------------------------------------------------------- */
static struct report_tables *tables;

static void put(u16 id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a3, u64 a4)
{
	struct kvl_record record = { .id = id, .h = { h0, h1 }, .a = { a0, a1, 0, a3, a4 } };

	report_tables_put(tables, &record);
}

#define RW (PTE_PRESENT | PTE_WRITABLE)

/* Tables of levels 4 to 1 at 0x4000, 0x3000, 0x2000, 0x1000, of space @mm, for va 0. */
static void make_tables(u64 mm)
{
	put(KVL_EV_MM_CREATE, 0, 0, mm, 0x4000, 0, 0);
	for (u16 level = 4; level; level--)
		put(KVL_EV_TABLE_ALLOC, 0, level, level * 0x1000u, mm, 0, 0);
	for (u16 level = 4; level > 1; level--)
		put(KVL_EV_PT_SET, 0, level, 0, level * 0x1000u, (level - 1) * 0x1000u | RW, mm);
}

static void map(u16 index, u64 entry)
{
	put(KVL_EV_PT_SET, index, 1, index * PAGE_BYTES, 0x1000, entry, 0);
}

static void expect_map(u64 kernel_start, const char *want)
{
	FILE *out = begin();

	report_tables_write(tables, kernel_start, out);
	fclose(out);
	ck_assert_str_eq(text, want);
}

static void tables_setup(void)
{
	tables = report_tables_create(0xd0000000, MiB(16));
	ck_assert_ptr_nonnull(tables);
}

static void tables_teardown(void)
{
	report_tables_destroy(tables);
	teardown();
}

START_TEST(neighbours_are_one_run)
{
	make_tables(0);
	map(1, 0x10000 | RW);
	map(2, 0x11000 | RW | PTE_DIRTY); /* no difference to the eye */
	map(3, 0x20000 | RW);
	map(4, 0x21000 | PTE_PRESENT);
	map(6, 0x30000 | RW);
	map(7, 0x31000 | RW);
	map(7, 0);
	expect_map(0, "{\"runs\":[[0,\"0x1000\",12288,\"0x10000\",\"0x3\",1],"
		      "[0,\"0x4000\",4096,\"0x21000\",\"0x1\",0],"
		      "[0,\"0x6000\",4096,\"0x30000\",\"0x3\",0]],\"cut\":false}");
	put(KVL_EV_TABLE_FREE, 0, 1, 0x1000, 0, 0, 0);
	expect_map(0, "{\"runs\":[],\"cut\":false}");
}
END_TEST

/* Of a user space the kernel's part is left out, and what it shares with init_mm. */
START_TEST(user_spaces)
{
	make_tables(5);
	put(KVL_EV_PT_SET, 1, 2, 0, 0x2000, 0x200000 | RW | PTE_LARGE | PTE_USER, 5);
	put(KVL_EV_PT_SET, 3, 2, 0, 0x2000, 0x600000 | RW | PTE_LARGE, 5);
	put(KVL_EV_TABLE_ALLOC, 0, 1, 0x8000, 0, 0, 0);
	put(KVL_EV_PT_SET, 0, 1, 0, 0x8000, 0x9000 | RW, 0);
	put(KVL_EV_PT_SET, 2, 2, 0, 0x2000, 0x8000 | RW, 5);
	expect_map(MiB(6), "{\"runs\":[[5,\"0x200000\",2097152,\"0x200000\",\"0x7\",0]],"
			   "\"cut\":false}");
	put(KVL_EV_MM_DESTROY, 0, 0, 5, 0x4000, 0, 0);
	expect_map(MiB(6), "{\"runs\":[],\"cut\":false}");
}
END_TEST

/* Tables that lead to themselves, or all to one: the walk ends, and says that there is more. */
START_TEST(tables_in_knots)
{
	FILE *out;

	make_tables(0);
	put(KVL_EV_PT_SET, 7, 4, 0, 0x4000, 0x4000 | RW, 0);
	put(KVL_EV_PT_SET, 7, 2, 0, 0x2000, 0x3000 | RW, 0);
	for (u16 level = 4; level > 1; level--)
		for (u16 i = 8; i < 512; i++)
			put(KVL_EV_PT_SET, i, level, 0, level * 0x1000u, (level - 1) * 0x1000u | RW,
			    0);
	map(0, 0x10000 | RW);
	out = begin();
	report_tables_write(tables, 0, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\"cut\":true}"));
}
END_TEST

START_TEST(what_was_touched)
{
	FILE *out;

	make_tables(0);
	map(1, 0x10000 | RW);
	report_tables_watch(tables);
	map(2, 0x10000 | RW);
	map(3, 0x99000 | RW);
	map(3, 0);
	map(4, 0xd0fff000 | PTE_PRESENT);
	map(6, 0xd0000000 | RW | PTE_UNCACHED);
	put(KVL_EV_PT_SET, 511, 1, GiB(4) - PAGE_BYTES, 0x1000, RW, 0);
	put(KVL_EV_PT_SET, 0, 1, GiB(4), 0x1000, RW, 0);
	put(KVL_EV_PT_SET, 9, 1, 9 * PAGE_BYTES, 0x1000, RW, 3); /* of a user space */
	out = begin();
	report_tables_touched(tables, out);
	fclose(out);
	ck_assert_str_eq(text, "[[\"0x2000\",8192,1],[\"0x4000\",4096,2],[\"0x6000\",4096,6],"
			       "[\"0xfffff000\",4096,1]]");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report data");
	TCase *data = tcase_create("data"), *maps = tcase_create("maps");

	srandom(1);
	tcase_add_checked_fixture(data, NULL, teardown);
	tcase_add_test(data, strings);
	tcase_add_test(data, objects);
	tcase_add_test(data, base64_of_each_length);
	tcase_add_test(data, places_of_sites);
	tcase_add_test(data, events_read_back);
	tcase_add_loop_test(data, bins_hold_each_event, 0, 6);
	tcase_add_test(data, shootdowns_by_cpu);
	tcase_add_loop_test(data, curves_stay_small, 0, 4);
	suite_add_tcase(suite, data);
	tcase_add_checked_fixture(maps, tables_setup, tables_teardown);
	tcase_add_test(maps, neighbours_are_one_run);
	tcase_add_test(maps, user_spaces);
	tcase_add_test(maps, tables_in_knots);
	tcase_add_test(maps, what_was_touched);
	suite_add_tcase(suite, maps);
	return run_suite(suite);
}
