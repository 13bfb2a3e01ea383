/* SPDX-License-Identifier: MIT */
/*
 * A decompressor for what zlib makes: RFC 1950 around RFC 1951. One call, from a buffer into a
 * buffer; no memory but the caller's. Nothing that it reads is trusted: whatever the bytes are, it
 * stays inside both buffers and ends. It accepts and refuses what zlib's own inflate does
 * (tests/unit/test_inflate.c).
 */
#ifndef GUEST_INFLATE_H
#define GUEST_INFLATE_H

#include "devices/abi/types.h"

#define INFLATE_MAX_BITS 15	/* of a code */
#define INFLATE_FAST_BITS 9	/* codes up to this long are found by one look-up */
#define INFLATE_SYMBOLS 288	/* literals and lengths, in fixed codes */
#define INFLATE_MAX_SYMBOLS 320 /* of both codes together */

enum inflate_error {
	INFLATE_TRUNCATED = -1, /* the input ends in the middle */
	INFLATE_HEADER = -2,	/* no zlib stream, or one that needs a preset dictionary */
	INFLATE_BLOCK = -3,	/* a block of the reserved type, or a stored one of two lengths */
	INFLATE_LENGTHS = -4,	/* lengths that make no code */
	INFLATE_CODE = -5,	/* a code that stands for nothing */
	INFLATE_DISTANCE = -6,	/* a copy from in front of the output */
	INFLATE_ROOM = -7,	/* the output does not fit */
	INFLATE_CHECK = -8,	/* the Adler-32 of the output is another */
};

/* For people: "truncated". */
const char *inflate_error_text(s64 error);

/* A canonical code (RFC 1951, 3.2.2). */
struct inflate_code {
	u16 fast[1 << INFLATE_FAST_BITS]; /* by the next bits: symbol << 4 | length; 0: longer */
	u16 count[INFLATE_MAX_BITS + 1];  /* codes of each length */
	u16 symbol[INFLATE_SYMBOLS];	  /* in the order of their codes */
};

/*
 * Where in the input: the next bit is the lowest one of bits; above nbits are none, or the right
 * ones.
 */
struct inflate_bits {
	const u8 *in;
	size_t bytes, at; /* at: the next byte that is not in bits yet */
	u64 bits;
	u32 nbits;
};

/*
 * Working memory of a call; 3.7 KiB, too much for a stack. Its contents mean nothing to the caller.
 */
struct inflate {
	struct inflate_bits bits;
	u8 *out;
	size_t out_bytes, used; /* used: what has been written of out */
	bool is_fixed;		/* literal and distance are the fixed codes */
	u8 length[INFLATE_MAX_SYMBOLS];
	struct inflate_code literal, distance;
};

/*
 * Decompresses the zlib stream at @in; what follows its end is not looked at. Returns the number of
 * bytes written to @out, at most @out_bytes, or an enum inflate_error; then @out holds anything.
 */
s64 zlib_expand(struct inflate *s, const void *in, size_t in_bytes, void *out, size_t out_bytes);

#endif
