/* SPDX-License-Identifier: MIT */
/* Owns how packets of gdb's protocol look on the wire. */
#include "vmm/gdb/packet.h"

#define INTERRUPT 0x03
#define ESCAPE '}'
#define ESCAPE_BIT 0x20

/* --- hexadecimal ------------------------------------------------------------------------------ */
static const char digits[] = "0123456789abcdef";

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hex_put(char *out, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

bool hex_take(const char *text, u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (u8)(high << 4 | low);
	}
	return true;
}

bool hex_number(const char **text, u64 *out)
{
	const char *at = *text;
	u64 value = 0;

	for (int digit; (digit = hex_digit(*at)) >= 0; at++) {
		if (value >> 60)
			return false;
		value = value << 4 | (u64)digit;
	}
	if (at == *text)
		return false;
	*text = at;
	*out = value;
	return true;
}

bool hex_range(const char **text, char end, u64 *address, u64 *bytes)
{
	return hex_number(text, address) && *(*text)++ == ',' && hex_number(text, bytes) &&
	       *(*text)++ == end;
}

/* --- from gdb --------------------------------------------------------------------------------- */
static void begin(struct gdb_packet *in)
{
	in->place = GDB_INSIDE;
	in->escape = false;
	in->sum = 0;
	in->sum_bad = false;
	in->n = 0;
}

static enum gdb_event feed_outside(struct gdb_packet *in, u8 byte)
{
	switch (byte) {
	case '$': begin(in); break;
	case '-': return GDB_AGAIN;
	case INTERRUPT: return GDB_INTERRUPT;
	}
	return GDB_NOTHING;
}

static void keep(struct gdb_packet *in, u8 byte)
{
	if (in->n < GDB_PACKET_MAX)
		in->data[in->n] = (char)byte;
	if (in->n <= GDB_PACKET_MAX)
		in->n++;
}

/* A "$" cannot stand inside: the packet before it has lost its end. */
static void feed_inside(struct gdb_packet *in, u8 byte)
{
	if (byte == '$') {
		begin(in);
		return;
	}
	if (byte == '#') {
		in->place = GDB_SUM_HIGH;
		return;
	}
	in->sum = (u8)(in->sum + byte);
	if (in->escape)
		keep(in, byte ^ ESCAPE_BIT);
	else if (byte != ESCAPE)
		keep(in, byte);
	in->escape = !in->escape && byte == ESCAPE;
}

static enum gdb_event finish(struct gdb_packet *in)
{
	in->place = GDB_OUTSIDE;
	if (in->sum_bad || in->escape || in->sum != in->sum_said)
		return GDB_DAMAGED;
	if (in->n > GDB_PACKET_MAX)
		return GDB_TOO_LONG;
	in->data[in->n] = '\0';
	return GDB_PACKET;
}

static void take_sum_digit(struct gdb_packet *in, u8 byte)
{
	int digit = hex_digit((char)byte);

	in->sum_bad |= digit < 0;
	in->sum_said = (u8)(in->sum_said << 4 | (digit & 15));
}

enum gdb_event gdb_packet_feed(struct gdb_packet *in, u8 byte)
{
	switch (in->place) {
	case GDB_OUTSIDE: return feed_outside(in, byte);
	case GDB_INSIDE: feed_inside(in, byte); return GDB_NOTHING;
	case GDB_SUM_HIGH:
		take_sum_digit(in, byte);
		in->place = GDB_SUM_LOW;
		return GDB_NOTHING;
	case GDB_SUM_LOW: break;
	}
	take_sum_digit(in, byte);
	return finish(in);
}

/* --- to gdb ----------------------------------------------------------------------------------- */
static bool must_escape(char c)
{
	return c == '$' || c == '#' || c == ESCAPE || c == '*';
}

size_t gdb_packet_frame(const char *data, size_t n, char *out)
{
	size_t used = 0;
	u8 sum = 0;

	out[used++] = '$';
	for (size_t i = 0; i < n; i++) {
		if (must_escape(data[i]))
			out[used++] = ESCAPE;
		out[used++] = must_escape(data[i]) ? data[i] ^ ESCAPE_BIT : data[i];
	}
	for (size_t i = 1; i < used; i++)
		sum = (u8)(sum + (u8)out[i]);
	out[used++] = '#';
	hex_put(out + used, &sum, 1);
	return used + 2;
}
