/* SPDX-License-Identifier: MIT */
/*
 * Owns the CRC of JFFS2. Sixteen bytes a step, one table look-up a byte: on hosts that emulate
 * supervisor code an instruction costs a microsecond, and a verify pass runs over every data byte.
 * The tables are constants because making them at start would cost some 30,000 instructions.
 */
#include "guest/lib/crc32.h"

#define SLICES 16

/*
 * slice[k][b] is the CRC of byte b followed by k zero bytes. It is linear in b, so the eight
 * one-bit values of a slice give all 256.
 */
#define BIT(b, n, value) ((b) >> (n)&1 ? (value) : 0u)
#define E(b, v0, v1, v2, v3, v4, v5, v6, v7)                                             \
	(BIT(b, 0, v0) ^ BIT(b, 1, v1) ^ BIT(b, 2, v2) ^ BIT(b, 3, v3) ^ BIT(b, 4, v4) ^ \
	 BIT(b, 5, v5) ^ BIT(b, 6, v6) ^ BIT(b, 7, v7))
#define E4(b, ...)                                                             \
	E((b), __VA_ARGS__), E((b) + 1, __VA_ARGS__), E((b) + 2, __VA_ARGS__), \
		E((b) + 3, __VA_ARGS__)
#define E16(b, ...)                                                               \
	E4((b), __VA_ARGS__), E4((b) + 4, __VA_ARGS__), E4((b) + 8, __VA_ARGS__), \
		E4((b) + 12, __VA_ARGS__)
#define E64(b, ...)                                                                    \
	E16((b), __VA_ARGS__), E16((b) + 16, __VA_ARGS__), E16((b) + 32, __VA_ARGS__), \
		E16((b) + 48, __VA_ARGS__)
#define SLICE(...)                                                                \
	{                                                                         \
		E64(0, __VA_ARGS__), E64(64, __VA_ARGS__), E64(128, __VA_ARGS__), \
			E64(192, __VA_ARGS__)                                     \
	}

/* clang-format off */
static const u32 slice[SLICES][256] = {
	SLICE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832,
	      0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
	SLICE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08,
	      0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
	SLICE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8,
	      0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
	SLICE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef,
	      0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
	SLICE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1,
	      0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
	SLICE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d,
	      0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
	SLICE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67,
	      0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
	SLICE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5,
	      0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
	SLICE(0x177b1443, 0x2ef62886, 0x5dec510c, 0xbbd8a218,
	      0xacc04271, 0x82f182a3, 0xde920307, 0x6655004f),
	SLICE(0xefc26b3e, 0x04f5d03d, 0x09eba07a, 0x13d740f4,
	      0x27ae81e8, 0x4f5d03d0, 0x9eba07a0, 0xe6050901),
	SLICE(0xc18edfc0, 0x586cb9c1, 0xb0d97382, 0xbac3e145,
	      0xaef6c4cb, 0x869c8fd7, 0xd64819ef, 0x77e1359f),
	SLICE(0x9ba54c6f, 0xec3b9e9f, 0x03063b7f, 0x060c76fe,
	      0x0c18edfc, 0x1831dbf8, 0x3063b7f0, 0x60c76fe0),
	SLICE(0xdd96d985, 0x605cb54b, 0xc0b96a96, 0x5a03d36d,
	      0xb407a6da, 0xb37e4bf5, 0xbd8d91ab, 0xa06a2517),
	SLICE(0x9d0fe176, 0xe16ec4ad, 0x19ac8f1b, 0x33591e36,
	      0x66b23c6c, 0xcd6478d8, 0x41b9f7f1, 0x8373efe2),
	SLICE(0xb9fbdbe8, 0xa886b191, 0x8a7c6563, 0xcf89cc87,
	      0x44629f4f, 0x88c53e9e, 0xcafb7b7d, 0x4e87f0bb),
	SLICE(0xae689191, 0x87a02563, 0xd4314c87, 0x73139f4f,
	      0xe6273e9e, 0x173f7b7d, 0x2e7ef6fa, 0x5cfdedf4),
};
/* clang-format on */

static inline u32 load32(const u8 *p)
{
	u32 value;

	__builtin_memcpy(&value, p, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap32(value);
#endif
	return value;
}

/* Four bytes that take the CRC so far; @ahead zero bytes follow them in the same step. */
static inline u32 fold4(u32 crc, const u8 *p, u32 ahead)
{
	u32 head = load32(p) ^ crc;
	u32 out = slice[ahead + 3][head & 0xff] ^ slice[ahead + 2][head >> 8 & 0xff];

	head >>= 16;
	return out ^ slice[ahead + 1][head & 0xff] ^ slice[ahead][head >> 8];
}

/*
 * Twelve bytes that go straight to their tables; written out because no compiler unrolls it at -O2.
 */
static inline u32 direct12(const u8 *p)
{
	return slice[11][p[0]] ^ slice[10][p[1]] ^ slice[9][p[2]] ^ slice[8][p[3]] ^
	       slice[7][p[4]] ^ slice[6][p[5]] ^ slice[5][p[6]] ^ slice[4][p[7]] ^ slice[3][p[8]] ^
	       slice[2][p[9]] ^ slice[1][p[10]] ^ slice[0][p[11]];
}

static inline u32 fold16(u32 crc, const u8 *p)
{
	return fold4(crc, p, SLICES - 4) ^ direct12(p + 4);
}

u32 crc32(u32 crc, const void *data, size_t bytes)
{
	const u8 *p = data;

	for (; bytes >= 2 * SLICES; bytes -= 2 * SLICES, p += 2 * SLICES)
		crc = fold16(fold16(crc, p), p + SLICES);
	if (bytes >= SLICES) {
		crc = fold16(crc, p);
		bytes -= SLICES;
		p += SLICES;
	}
	for (; bytes >= 4; bytes -= 4, p += 4)
		crc = fold4(crc, p, 0);
	for (; bytes; bytes--, p++)
		crc = crc >> 8 ^ slice[0][(crc ^ *p) & 0xff];
	return crc;
}

/* The product of two polynomials modulo the CRC's; the highest bit is x^0. */
static u32 multiply(u32 a, u32 b)
{
	u32 product = 0;

	for (; a; a <<= 1) {
		product ^= b & -(a >> 31);
		b = b >> 1 ^ (0xedb88320u & -(b & 1));
	}
	return product;
}

/* A zero byte multiplies by x^8. */
u32 crc32_zeros(u32 crc, u32 bytes)
{
	for (u32 power = 1u << 23; bytes; bytes >>= 1) {
		if (bytes & 1)
			crc = multiply(power, crc);
		power = multiply(power, power);
	}
	return crc;
}
