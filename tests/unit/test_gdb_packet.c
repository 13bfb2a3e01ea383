/* SPDX-License-Identifier: MIT */
/* Packets from a gdb that may be anybody: nothing crashes, and what is damaged is no packet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm/gdb/packet.h"

static struct gdb_packet in;

static void setup(void)
{
	memset(&in, 0, sizeof(in));
}

/* The last event that is one. */
static enum gdb_event feed(const char *bytes, size_t n)
{
	enum gdb_event last = GDB_NOTHING;

	for (size_t i = 0; i < n; i++) {
		enum gdb_event event = gdb_packet_feed(&in, (u8)bytes[i]);

		if (event != GDB_NOTHING)
			last = event;
	}
	return last;
}

static enum gdb_event feed_text(const char *text)
{
	return feed(text, strlen(text));
}

/* --- what is no packet ------------------------------------------------------------------------ */
START_TEST(a_damaged_one_is_not_taken)
{
	static const char *const bad[] = { "$g#68", "$g#6x", "$g#xx", "$a}#de", "$#01", "$g##3" };

	ck_assert_msg(feed_text(bad[_i]) == GDB_DAMAGED, "%s", bad[_i]);
	ck_assert_int_eq(feed_text("$g#67"), GDB_PACKET);
}
END_TEST

/* Its bytes are counted no further than one above the limit, whatever comes. */
START_TEST(too_long)
{
	size_t n = GDB_PACKET_MAX + (size_t)_i;
	char *data = malloc(4 * GDB_PACKET_MAX), sum[4];
	u8 total = (u8)(n * 'a');

	memset(data, 'a', n);
	ck_assert_int_eq(feed_text("$"), GDB_NOTHING);
	ck_assert_int_eq(feed(data, n), GDB_NOTHING);
	snprintf(sum, sizeof(sum), "#%02x", total);
	ck_assert_int_eq(feed_text(sum), _i ? GDB_TOO_LONG : GDB_PACKET);
	ck_assert_uint_le(in.n, GDB_PACKET_MAX + 1);
	ck_assert_int_eq(feed_text("$?#3f"), GDB_PACKET);
	ck_assert_str_eq(in.data, "?");
	free(data);
}
END_TEST

START_TEST(noise)
{
	srand((unsigned)_i);
	for (u32 i = 0; i < 200000; i++) {
		static const u8 likely[] = { '$', '#', '}', '0', 'f', 3, '-', '+' };
		u32 r = (u32)rand();

		gdb_packet_feed(&in, r & 0x100 ? (u8)r : likely[r % ARRAY_LEN(likely)]);
		ck_assert_uint_le(in.n, GDB_PACKET_MAX + 1);
	}
	feed_text("$#00$#00");
	ck_assert_int_eq(feed_text("$OK#9a"), GDB_PACKET);
}
END_TEST

/* --- what is one ------------------------------------------------------------------------------ */
START_TEST(a_packet)
{
	ck_assert_int_eq(feed_text("+$qC#b4"), GDB_PACKET);
	ck_assert_uint_eq(in.n, 2);
	ck_assert_str_eq(in.data, "qC");
	ck_assert_int_eq(feed_text("$#00"), GDB_PACKET);
	ck_assert_uint_eq(in.n, 0);
	ck_assert_int_eq(feed_text("$QC#94"), GDB_PACKET);
	ck_assert_int_eq(feed_text("$lost$qC#B4"), GDB_PACKET);
	ck_assert_str_eq(in.data, "qC");
}
END_TEST

START_TEST(single_bytes)
{
	ck_assert_int_eq(feed_text("+"), GDB_NOTHING);
	ck_assert_int_eq(feed_text("-"), GDB_AGAIN);
	ck_assert_int_eq(feed_text("\x03"), GDB_INTERRUPT);
	/* Inside a packet it is a byte as any other. */
	ck_assert_int_eq(feed("$\x03#03", 5), GDB_PACKET);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	char data[256], frame[GDB_FRAME_MAX];
	size_t n;

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (char)i;
	n = gdb_packet_frame(data, sizeof(data), frame);
	ck_assert_uint_eq(n, sizeof(data) + 4 + 4);
	ck_assert_int_eq(feed(frame, n), GDB_PACKET);
	ck_assert_uint_eq(in.n, sizeof(data));
	ck_assert_mem_eq(in.data, data, sizeof(data));
}
END_TEST

START_TEST(the_longest_frame_fits)
{
	char *data = malloc(GDB_PACKET_MAX), *frame = malloc(GDB_FRAME_MAX);

	memset(data, '$', GDB_PACKET_MAX);
	ck_assert_uint_eq(gdb_packet_frame(data, GDB_PACKET_MAX, frame), GDB_FRAME_MAX);
	ck_assert_int_eq(feed(frame, GDB_FRAME_MAX), GDB_PACKET);
	ck_assert_uint_eq(in.n, GDB_PACKET_MAX);
	free(data);
	free(frame);
}
END_TEST

/* --- hexadecimal ------------------------------------------------------------------------------ */
START_TEST(numbers)
{
	const char *text = "ffffFFFFffffffff,1";
	u64 value = 1;
	u8 bytes[2];

	ck_assert(hex_number(&text, &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert_str_eq(text, ",1");
	ck_assert(!hex_number(&text, &value));
	text = "10000000000000000";
	ck_assert(!hex_number(&text, &value));
	ck_assert(hex_take("12aF", bytes, 2));
	ck_assert(bytes[0] == 0x12 && bytes[1] == 0xAF);
	ck_assert(!hex_take("12a", bytes, 2));
	ck_assert(!hex_take("g2", bytes, 1));
	ck_assert(!hex_take("", bytes, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb_packet");
	TCase *tcase = tcase_create("gdb_packet");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, a_damaged_one_is_not_taken, 0, 6);
	tcase_add_loop_test(tcase, too_long, 0, 3);
	tcase_add_loop_test(tcase, noise, 0, 5);
	tcase_add_test(tcase, a_packet);
	tcase_add_test(tcase, single_bytes);
	tcase_add_test(tcase, every_byte_comes_back);
	tcase_add_test(tcase, the_longest_frame_fits);
	tcase_add_test(tcase, numbers);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
