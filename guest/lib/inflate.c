/* SPDX-License-Identifier: MIT */
/*
 * Owns the decompression of zlib streams, from RFC 1950 and RFC 1951. Library code of the host
 * cannot be linked in: it uses vector registers, which the guest leaves to nobody. On hosts that
 * emulate supervisor code an instruction costs a microsecond, so bits come eight bytes at a time
 * and codes by look-up; the tables are made anew for each block, which bounds their size.
 */
#include "guest/lib/inflate.h"

#include "guest/lib/string.h"

#define LITERALS 257 /* with the end of the block */
#define END_OF_BLOCK 256
#define MAX_LITERALS 286
#define MAX_DISTANCES 30

const char *inflate_error_text(s64 error)
{
	static const char *const text[] = {
		"no error",	    "truncated",	  "no zlib header",
		"no such block",    "impossible code",	  "code without meaning",
		"distance too far", "more than expected", "wrong Adler-32",
	};

	return error < 0 && -error < (s64)(sizeof(text) / sizeof(text[0])) ? text[-error] : text[0];
}

/* --- bits ------------------------------------------------------------------------------------- */

/*
 * These are inlined wherever they are used: read_codes() keeps a copy of its own, which the
 * compiler then can hold in registers.
 */
#define INLINE static inline __attribute__((always_inline))

/* Afterwards there are at least 56 bits, or all that are left. */
INLINE void refill(struct inflate_bits *b)
{
	u64 word;

	if (b->bytes - b->at >= sizeof(word)) {
		__builtin_memcpy(&word, b->in + b->at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		word = __builtin_bswap64(word);
#endif
		b->bits |= word << b->nbits;
		b->at += (63 - b->nbits) / 8;
		b->nbits |= 56;
		return;
	}
	while (b->nbits < 56 && b->at < b->bytes) {
		b->bits |= (u64)b->in[b->at++] << b->nbits;
		b->nbits += 8;
	}
}

INLINE u32 take(struct inflate_bits *b, u32 n)
{
	u32 value = b->bits & ((1u << n) - 1);

	b->bits >>= n;
	b->nbits -= n;
	return value;
}

/* @n <= 16 bits, or INFLATE_TRUNCATED. */
INLINE s32 read_bits(struct inflate_bits *b, u32 n)
{
	if (b->nbits < n)
		refill(b);
	return b->nbits < n ? INFLATE_TRUNCATED : (s32)take(b, n);
}

/* --- codes ------------------------------------------------------------------------------------ */

/* Codes come with their first bit lowest, numbers with theirs highest. */
static u32 reversed(u32 code, u32 bits)
{
	u32 out = 0;

	while (bits--) {
		out = out << 1 | (code & 1);
		code >>= 1;
	}
	return out;
}

/* Sorts the symbols by code; start[l] becomes the place behind the last one of length l. */
static void sort_symbols(struct inflate_code *c, const u8 *length, u32 n, u16 *start)
{
	start[1] = 0;
	for (u32 l = 1; l < INFLATE_MAX_BITS; l++)
		start[l + 1] = start[l] + c->count[l];
	for (u32 i = 0; i < n; i++)
		if (length[i])
			c->symbol[start[length[i]]++] = i;
}

static void fill_fast(struct inflate_code *c)
{
	u32 code = 0, i = 0;

	memset(c->fast, 0, sizeof(c->fast));
	for (u32 l = 1; l <= INFLATE_FAST_BITS; l++) {
		for (u32 k = 0; k < c->count[l]; k++, code++, i++)
			for (u32 at = reversed(code, l); at < 1u << INFLATE_FAST_BITS;
			     at += 1u << l)
				c->fast[at] = c->symbol[i] << 4 | l;
		code <<= 1;
	}
}

/*
 * Makes the code in which symbol i of @n is length[i] bits long. False: more codes than there is
 * room for, or fewer. One code of one bit is allowed if @few, and none at all, which is then never
 * met.
 */
static bool make_code(struct inflate_code *c, const u8 *length, u32 n, bool few)
{
	u16 start[INFLATE_MAX_BITS + 1];
	s32 left = 1;
	u32 longest = 0;

	memset(c->count, 0, sizeof(c->count));
	for (u32 i = 0; i < n; i++)
		c->count[length[i]]++;
	c->count[0] = 0;
	for (u32 l = 1; l <= INFLATE_MAX_BITS; l++) {
		left = left * 2 - c->count[l];
		if (left < 0)
			return false;
		longest = c->count[l] ? l : longest;
	}
	if (left && !(few && longest <= 1))
		return false;
	sort_symbols(c, length, n, start);
	fill_fast(c);
	return true;
}

/*
 * A code longer than the look-up, bit by bit as RFC 1951 numbers them: symbol << 4 | length, or an
 * error.
 */
static s32 find_slowly(const struct inflate_code *c, u64 bits, u32 nbits)
{
	u32 code = 0, first = 0, index = 0;

	for (u32 l = 1; l <= INFLATE_MAX_BITS; l++) {
		if (l > nbits)
			return INFLATE_TRUNCATED;
		code |= bits >> (l - 1) & 1;
		if (code - first < c->count[l])
			return c->symbol[index + code - first] << 4 | l;
		index += c->count[l];
		first = (first + c->count[l]) << 1;
		code <<= 1;
	}
	return INFLATE_CODE;
}

/* A symbol, or an error. Takes up to 15 bits of those that are there. */
INLINE s32 decode(struct inflate_bits *b, const struct inflate_code *c)
{
	s32 entry = c->fast[b->bits & ((1u << INFLATE_FAST_BITS) - 1)];

	if (!entry || (u32)(entry & 15) > b->nbits) {
		entry = find_slowly(c, b->bits, b->nbits);
		if (entry < 0)
			return entry;
	}
	take(b, entry & 15);
	return entry >> 4;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Base and number of extra bits (RFC 1951, 3.2.5) of length symbols from 257 on, of distances. */
static const struct {
	u16 base, extra;
} lengths[] = {
	{ 3, 0 },  { 4, 0 },  { 5, 0 },	 { 6, 0 },  { 7, 0 },  { 8, 0 },   { 9, 0 },   { 10, 0 },
	{ 11, 1 }, { 13, 1 }, { 15, 1 }, { 17, 1 }, { 19, 2 }, { 23, 2 },  { 27, 2 },  { 31, 2 },
	{ 35, 3 }, { 43, 3 }, { 51, 3 }, { 59, 3 }, { 67, 4 }, { 83, 4 },  { 99, 4 },  { 115, 4 },
	{ 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 }, { 258, 0 },
}, distances[] = {
	{ 1, 0 },      { 2, 0 },      { 3, 0 },	     { 4, 0 },	    { 5, 1 },	   { 7, 1 },
	{ 9, 2 },      { 13, 2 },     { 17, 3 },     { 25, 3 },	    { 33, 4 },	   { 49, 4 },
	{ 65, 5 },     { 97, 5 },     { 129, 6 },    { 193, 6 },    { 257, 7 },	   { 385, 7 },
	{ 513, 8 },    { 769, 8 },    { 1025, 9 },   { 1537, 9 },   { 2049, 10 },  { 3073, 10 },
	{ 4097, 11 },  { 6145, 11 },  { 8193, 12 },  { 12289, 12 }, { 16385, 13 }, { 24577, 13 },
};

/* Repeats @n bytes from @distance before; both ranges may overlap. */
INLINE void copy_match(u8 *to, u32 n, u32 distance)
{
	const u8 *from = to - distance;

	if (distance >= 8)
		for (; n >= 8; n -= 8, to += 8, from += 8)
			__builtin_memcpy(to, from, 8);
	while (n--)
		*to++ = *from++;
}

/* Length symbol @symbol has been read; its extra bits follow. The length, or an error. */
INLINE s32 read_length(struct inflate_bits *b, u32 symbol)
{
	s32 extra;

	symbol -= LITERALS;
	if (symbol >= sizeof(lengths) / sizeof(lengths[0]))
		return INFLATE_CODE;
	extra = read_bits(b, lengths[symbol].extra);
	return extra < 0 ? extra : lengths[symbol].base + extra;
}

INLINE s32 read_distance(struct inflate_bits *b, const struct inflate_code *c)
{
	s32 symbol, extra;

	if (b->nbits < INFLATE_MAX_BITS)
		refill(b);
	symbol = decode(b, c);
	if (symbol < 0)
		return symbol;
	if (symbol >= MAX_DISTANCES)
		return INFLATE_CODE;
	extra = read_bits(b, distances[symbol].extra);
	return extra < 0 ? extra : distances[symbol].base + extra;
}

/*
 * What both kinds of coded blocks consist of, from @used on; used and bits are given back at the
 * end.
 */
INLINE s32 read_symbols(struct inflate *s, struct inflate_bits *b, size_t *used)
{
	u8 *const out = s->out;
	const size_t room = s->out_bytes;

	for (;;) {
		s32 symbol, n, distance;

		if (b->nbits < INFLATE_MAX_BITS)
			refill(b);
		symbol = decode(b, &s->literal);
		if (symbol < END_OF_BLOCK) {
			if (symbol < 0)
				return symbol;
			if (*used == room)
				return INFLATE_ROOM;
			out[(*used)++] = symbol;
			continue;
		}
		if (symbol == END_OF_BLOCK)
			return 0;
		n = read_length(b, symbol);
		if (n < 0)
			return n;
		distance = read_distance(b, &s->distance);
		if (distance < 0)
			return distance;
		if ((u32)distance > *used)
			return INFLATE_DISTANCE;
		if ((u32)n > room - *used)
			return INFLATE_ROOM;
		copy_match(out + *used, n, distance);
		*used += n;
	}
}

static s32 read_codes(struct inflate *s)
{
	struct inflate_bits b = s->bits;
	size_t used = s->used;
	s32 error = read_symbols(s, &b, &used);

	s->bits = b;
	s->used = used;
	return error;
}

/* Gives back what was read ahead: the bytes of a stored block are copied, not shifted. */
static void align_to_byte(struct inflate_bits *b)
{
	b->at -= b->nbits / 8;
	b->bits = 0;
	b->nbits = 0;
}

static s32 read_stored(struct inflate *s)
{
	struct inflate_bits *b = &s->bits;
	u32 n, inverse;

	align_to_byte(b);
	if (b->bytes - b->at < 4)
		return INFLATE_TRUNCATED;
	n = b->in[b->at] | b->in[b->at + 1] << 8;
	inverse = b->in[b->at + 2] | b->in[b->at + 3] << 8;
	b->at += 4;
	if (n != (inverse ^ 0xffff))
		return INFLATE_BLOCK;
	if (n > b->bytes - b->at)
		return INFLATE_TRUNCATED;
	if (n > s->out_bytes - s->used)
		return INFLATE_ROOM;
	if (n)
		memcpy(s->out + s->used, b->in + b->at, n);
	b->at += n;
	s->used += n;
	return 0;
}

/* Made once for several blocks in a row. */
static void make_fixed(struct inflate *s)
{
	if (s->is_fixed)
		return;
	s->is_fixed = true;
	memset(s->length, 8, 144);
	memset(s->length + 144, 9, 112);
	memset(s->length + 256, 7, 24);
	memset(s->length + 280, 8, 8);
	make_code(&s->literal, s->length, INFLATE_SYMBOLS, false);
	memset(s->length, 5, 32);
	make_code(&s->distance, s->length, 32, false);
}

/*
 * Linux and mkfs.jffs2 feed zlib in pieces and flush after each, which ends in a block of nothing
 * but its end, seven zeros: the codes would cost more than all the rest.
 */
static s32 read_fixed(struct inflate *s)
{
	struct inflate_bits *b = &s->bits;

	if (b->nbits < 7)
		refill(b);
	if (b->nbits >= 7 && !(b->bits & 127)) {
		take(b, 7);
		return 0;
	}
	make_fixed(s);
	return read_codes(s);
}

/* The code in which the lengths of the others are written, into s->literal. */
static s32 read_length_code(struct inflate *s, u32 n)
{
	static const u8 order[] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
	};

	memset(s->length, 0, sizeof(order));
	for (u32 i = 0; i < n; i++) {
		s32 length = read_bits(&s->bits, 3);

		if (length < 0)
			return length;
		s->length[order[i]] = length;
	}
	return make_code(&s->literal, s->length, sizeof(order), false) ? 0 : INFLATE_LENGTHS;
}

/* Symbols 16, 17 and 18: a repetition, of the length before or of zero. Returns the new @at. */
static s32 read_repetition(struct inflate *s, u32 symbol, u32 at, u32 n)
{
	static const struct {
		u8 extra, base;
	} repeat[] = { { 2, 3 }, { 3, 3 }, { 7, 11 } };
	s32 extra = read_bits(&s->bits, repeat[symbol - 16].extra);
	u32 times;

	if (extra < 0)
		return extra;
	times = repeat[symbol - 16].base + extra;
	if (times > n - at || (symbol == 16 && !at))
		return INFLATE_LENGTHS;
	memset(s->length + at, symbol == 16 ? s->length[at - 1] : 0, times);
	return at + times;
}

static s32 read_lengths(struct inflate *s, u32 n)
{
	u32 at = 0;

	while (at < n) {
		s32 symbol, next;

		refill(&s->bits);
		symbol = decode(&s->bits, &s->literal);
		if (symbol < 0)
			return symbol;
		if (symbol < 16) {
			s->length[at++] = symbol;
			continue;
		}
		next = read_repetition(s, symbol, at, n);
		if (next < 0)
			return next;
		at = next;
	}
	return 0;
}

static s32 read_dynamic(struct inflate *s)
{
	s32 counts = read_bits(&s->bits, 14), error;
	u32 literals, dists;

	if (counts < 0)
		return counts;
	literals = LITERALS + (counts & 31);
	dists = 1 + (counts >> 5 & 31);
	if (literals > MAX_LITERALS || dists > MAX_DISTANCES)
		return INFLATE_LENGTHS;
	s->is_fixed = false;
	error = read_length_code(s, 4 + (counts >> 10));
	if (!error)
		error = read_lengths(s, literals + dists);
	if (error)
		return error;
	if (!s->length[END_OF_BLOCK] || !make_code(&s->literal, s->length, literals, true) ||
	    !make_code(&s->distance, s->length + literals, dists, true))
		return INFLATE_LENGTHS;
	return read_codes(s);
}

static s32 read_block(struct inflate *s, u32 type)
{
	switch (type) {
	case 0: return read_stored(s);
	case 1: return read_fixed(s);
	case 2: return read_dynamic(s);
	default: return INFLATE_BLOCK;
	}
}

/* --- the stream ------------------------------------------------------------------------------- */

static bool header_ok(const u8 *in)
{
	return (in[0] & 15) == 8 && in[0] >> 4 <= 7 && (in[0] << 8 | in[1]) % 31 == 0 &&
	       !(in[1] & 0x20);
}

static u32 checksum(const u8 *p, size_t bytes)
{
	const u32 modulus = 65521;
	const size_t most = 5552; /* sums of so many stay below 2^32 */
	u32 a = 1, b = 0;

	while (bytes) {
		size_t n = bytes < most ? bytes : most;

		bytes -= n;
		for (; n >= 4; n -= 4, p += 4) {
			b += 4 * a + 4 * p[0] + 3 * p[1] + 2 * p[2] + p[3];
			a += p[0] + p[1] + p[2] + p[3];
		}
		while (n--) {
			a += *p++;
			b += a;
		}
		a %= modulus;
		b %= modulus;
	}
	return b << 16 | a;
}

static s64 check_end(struct inflate *s)
{
	struct inflate_bits *b = &s->bits;
	const u8 *in;

	align_to_byte(b);
	if (b->bytes - b->at < 4)
		return INFLATE_TRUNCATED;
	in = b->in + b->at;
	if (checksum(s->out, s->used) != ((u32)in[0] << 24 | in[1] << 16 | in[2] << 8 | in[3]))
		return INFLATE_CHECK;
	return s->used;
}

s64 zlib_expand(struct inflate *s, const void *in, size_t in_bytes, void *out, size_t out_bytes)
{
	s32 head, error;

	s->bits = (struct inflate_bits){ .in = in, .bytes = in_bytes, .at = 2 };
	s->out = out;
	s->out_bytes = out_bytes;
	s->used = 0;
	s->is_fixed = false;
	if (in_bytes < 2)
		return INFLATE_TRUNCATED;
	if (!header_ok(in))
		return INFLATE_HEADER;
	do {
		head = read_bits(&s->bits, 3);
		if (head < 0)
			return head;
		error = read_block(s, head >> 1);
		if (error)
			return error;
	} while (!(head & 1));
	return check_end(s);
}
