/* SPDX-License-Identifier: MIT */
/*
 * The guest's decompressors against zlib: whatever zlib's deflate makes comes out as it went in,
 * and of anything else both say the same. Buffers are as large as they are said to be, so that the
 * address sanitizer sees any access beyond. rtime's compressor is the test's own, from its
 * description; what mkfs.jffs2 makes of it is test_jffs2_images.c's.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "guest/lib/inflate.c"
#include "guest/lib/rtime.c"
#include "tests/unit/rtime_compress.h"
#include "tests/unit/suite.h"

#define LARGE 70000u

static u64 random_state = 88172645463325252ull;

static u32 draw(u32 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 20) % below;
}

/*
 * ---- data --------------------------------------------------------------------------------------
 */

enum kind { ZEROS, NOISE, TEXT, RUNS, OLD, FEW, KINDS };

/* OLD: repetitions from 32 KiB back; FEW: two symbols, the second of which is rare. */
static u8 *make(enum kind kind, u32 n)
{
	u8 *data = malloc(n ? n : 1);

	for (u32 i = 0; i < n; i++)
		switch (kind) {
		case ZEROS: data[i] = 0; break;
		case NOISE: data[i] = draw(256); break;
		case TEXT: data[i] = "the quick brown fox"[draw(19)]; break;
		case RUNS: data[i] = i && draw(20) ? data[i - 1] : draw(256); break;
		case OLD: data[i] = i >= 32768 ? data[i - 32768] : draw(256); break;
		default: data[i] = draw(200) ? 'a' : 'b'; break;
		}
	return data;
}

static const struct {
	int level, strategy;
} ways[] = {
	{ 0, Z_DEFAULT_STRATEGY },
	{ 1, Z_DEFAULT_STRATEGY },
	{ 6, Z_DEFAULT_STRATEGY },
	{ 9, Z_DEFAULT_STRATEGY },
	{ 9, Z_FIXED },
	{ 6, Z_HUFFMAN_ONLY },
	{ 6, Z_RLE },
	{ 3, Z_FILTERED },
};

/* By zlib, in pieces with flushes between them, as Linux does, if @pieces. */
static u8 *compress_by(u32 way, const u8 *data, u32 n, bool pieces, u32 *bytes)
{
	u32 room = n * 2 + 4096;
	u8 *out = malloc(room);
	z_stream z = { .next_out = out, .avail_out = room };

	ck_assert_int_eq(deflateInit2(&z, ways[way].level, Z_DEFLATED, 15, 8, ways[way].strategy),
			 Z_OK);
	z.next_in = malloc(n + 1);
	memcpy(z.next_in, data, n);
	data = z.next_in;
	while (pieces && z.total_in < n) {
		z.avail_in = n - z.total_in < 700 ? n - z.total_in : 700;
		ck_assert_int_eq(deflate(&z, Z_PARTIAL_FLUSH), Z_OK);
	}
	z.avail_in = n - z.total_in;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	free(z.next_in - z.total_in);
	*bytes = z.total_out;
	deflateEnd(&z);
	return realloc(out, *bytes);
}

static struct inflate state;

/* By the guest's, with buffers of exactly these sizes and a state full of rubbish. */
static s64 expand(const u8 *in, u32 in_bytes, u8 **out, u32 out_bytes)
{
	u8 *exact = malloc(in_bytes ? in_bytes : 1);
	s64 n;

	exact = realloc(exact, in_bytes ? in_bytes : 1);
	memcpy(exact, in, in_bytes);
	*out = malloc(out_bytes ? out_bytes : 1);
	memset(&state, 0xa5, sizeof(state));
	n = zlib_expand(&state, exact, in_bytes, *out, out_bytes);
	free(exact);
	ck_assert_int_le(n, out_bytes);
	return n;
}

/* zlib's own verdict: bytes, or -1. */
static s64 expand_by_zlib(u8 *in, u32 in_bytes, u8 **out, u32 out_bytes)
{
	z_stream z = { .next_in = in, .avail_in = in_bytes };
	int result;
	s64 n;

	*out = malloc(out_bytes + 1);
	z.next_out = *out;
	z.avail_out = out_bytes;
	ck_assert_int_eq(inflateInit(&z), Z_OK);
	result = inflate(&z, Z_FINISH);
	n = result == Z_STREAM_END ? (s64)z.total_out : -1;
	inflateEnd(&z);
	return n;
}

/*
 * ---- zlib --------------------------------------------------------------------------------------
 */

static void round_trip(enum kind kind, u32 way, u32 n, bool pieces)
{
	u32 bytes;
	u8 *data = make(kind, n), *packed = compress_by(way, data, n, pieces, &bytes), *out;

	ck_assert_int_eq(expand(packed, bytes, &out, n), n);
	ck_assert_mem_eq(out, data, n);
	free(out);
	ck_assert_int_eq(expand(packed, bytes, &out, n + 1000), n);
	free(out);
	if (n) {
		ck_assert_int_eq(expand(packed, bytes, &out, n - 1), INFLATE_ROOM);
		free(out);
	}
	packed[bytes - 1] ^= 1;
	ck_assert_int_eq(expand(packed, bytes, &out, n), INFLATE_CHECK);
	free(out);
	free(packed);
	free(data);
}

START_TEST(what_zlib_compresses_comes_back)
{
	static const u32 sizes[] = { 0, 1, 2, 3, 7, 258, 259, 512, 4095, 4096, 40000, LARGE };

	for (u32 kind = 0; kind < KINDS; kind++)
		for (u32 i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			round_trip(kind, _i, sizes[i], false);
			round_trip(kind, _i, sizes[i], true);
		}
}
END_TEST

START_TEST(a_truncated_stream_is_refused)
{
	u32 bytes;

	for (u32 kind = 0; kind < KINDS; kind++) {
		u8 *data = make(kind, 1500), *out;
		u8 *packed = compress_by(_i, data, 1500, kind & 1, &bytes);

		for (u32 cut = 0; cut < bytes; cut++) {
			ck_assert_int_eq(expand(packed, cut, &out, 1500), INFLATE_TRUNCATED);
			free(out);
		}
		free(packed);
		free(data);
	}
}
END_TEST

/* Accepts and refuses what zlib does, with the same result. */
static bool same_verdict(u8 *packed, u32 bytes, u32 room)
{
	u8 *out, *want;
	s64 n = expand(packed, bytes, &out, room), m = expand_by_zlib(packed, bytes, &want, room);

	ck_assert_int_eq(n < 0 ? -1 : n, m);
	if (m > 0)
		ck_assert_mem_eq(out, want, m);
	free(out);
	free(want);
	return n >= 0;
}

/* So that damage is not found by the checksum alone, it is put right where there is an output. */
static void put_checksum_right(u8 *packed, u32 bytes, u32 room)
{
	u8 *out;
	s64 n = expand(packed, bytes, &out, room);

	if (n == INFLATE_CHECK) {
		u32 sum = checksum(out, state.used);

		for (u32 i = 0; i < 4; i++)
			packed[state.bits.at + i] = sum >> (24 - 8 * i);
	}
	free(out);
}

START_TEST(damaged_streams_are_judged_as_zlib_does)
{
	u32 bytes, accepted = 0;

	for (u32 turn = 0; turn < 3000; turn++) {
		u32 n = draw(3000);
		u8 *data = make(turn % KINDS, n);
		u8 *packed = compress_by(_i, data, n, turn & 1, &bytes);

		for (u32 k = draw(3) + 1; k--;)
			packed[draw(draw(2) ? bytes : bytes < 40 ? bytes : 40)] ^= 1u << draw(8);
		put_checksum_right(packed, bytes, n + 500);
		accepted += same_verdict(packed, bytes, n + 500);
		free(packed);
		free(data);
	}
	ck_assert_uint_gt(accepted, 10);
}
END_TEST

/* Noise behind a good header and the head of a block: lengths of codes that nobody would write. */
START_TEST(noise_is_judged_as_zlib_does)
{
	u32 accepted = 0;

	for (u32 turn = 0; turn < 60000; turn++) {
		u32 bytes = 12 + draw(200);
		u8 *packed = malloc(bytes);

		for (u32 i = 0; i < bytes; i++)
			packed[i] = draw(256) & (turn & 8 ? 0xff : draw(256));
		packed[0] = 0x78;
		packed[1] = 0x01;
		packed[2] = (packed[2] & ~7u) | 1 | (turn & 3) << 1;
		put_checksum_right(packed, bytes, 5000);
		accepted += same_verdict(packed, bytes, 5000);
		free(packed);
	}
	ck_assert_uint_gt(accepted, 100);
}
END_TEST

START_TEST(headers_are_judged_as_zlib_does)
{
	u32 bytes;
	u8 *data = make(TEXT, 100), *packed = compress_by(2, data, 100, false, &bytes), *copy_of;

	for (u32 head = 0; head < 65536; head++) {
		copy_of = malloc(bytes);
		memcpy(copy_of, packed, bytes);
		copy_of[0] = head >> 8;
		copy_of[1] = head;
		same_verdict(copy_of, bytes, 100);
		free(copy_of);
	}
	free(packed);
	free(data);
}
END_TEST

/*
 * ---- rtime -------------------------------------------------------------------------------------
 */

static bool rtime_exact(const u8 *in, u32 in_bytes, u8 **out, u32 out_bytes)
{
	u8 *exact = malloc(in_bytes ? in_bytes : 1);
	u16 seen[256];
	bool ok;

	memcpy(exact, in, in_bytes);
	*out = malloc(out_bytes ? out_bytes : 1);
	memset(seen, 0xa5, sizeof(seen));
	ok = rtime_expand(seen, exact, in_bytes, *out, out_bytes);
	free(exact);
	return ok;
}

START_TEST(rtime_comes_back)
{
	for (u32 n = 0; n < 5000; n = n * 5 / 4 + 1) {
		u32 bytes;
		u8 *data = make(_i, n), *packed = rtime_compress(data, n, &bytes), *out;

		ck_assert(rtime_exact(packed, bytes, &out, n));
		ck_assert_mem_eq(out, data, n);
		free(out);
		ck_assert(!rtime_exact(packed, bytes, &out, n + 1));
		free(out);
		if (bytes) {
			ck_assert(!rtime_exact(packed, bytes - 1, &out, n));
			free(out);
		}
		free(packed);
		free(data);
	}
}
END_TEST

START_TEST(rtime_of_noise_stays_in_bounds)
{
	u32 good = 0;

	for (u32 turn = 0; turn < 20000; turn++) {
		u8 in[64], *out;

		for (u32 i = 0; i < sizeof(in); i++)
			in[i] = draw(turn & 1 ? 256 : 4);
		good += rtime_exact(in, draw(sizeof(in) + 1), &out, draw(80));
		free(out);
	}
	ck_assert_uint_gt(good, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inflate");
	TCase *c = tcase_create("zlib"), *r = tcase_create("rtime");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_zlib_compresses_comes_back, 0, sizeof(ways) / sizeof(ways[0]));
	tcase_add_loop_test(c, a_truncated_stream_is_refused, 0, sizeof(ways) / sizeof(ways[0]));
	tcase_add_loop_test(c, damaged_streams_are_judged_as_zlib_does, 0,
			    sizeof(ways) / sizeof(ways[0]));
	tcase_add_test(c, noise_is_judged_as_zlib_does);
	tcase_add_test(c, headers_are_judged_as_zlib_does);
	suite_add_tcase(suite, c);
	tcase_add_loop_test(r, rtime_comes_back, 0, KINDS);
	tcase_add_test(r, rtime_of_noise_stays_in_bounds);
	suite_add_tcase(suite, r);
	return run_suite(suite);
}
