/* SPDX-License-Identifier: MIT */
/*
 * Packets of gdb's remote serial protocol ("$data#sum", the manual's appendix E.1): taken apart
 * byte by byte, and put together. What they mean: commands.h. Nothing that comes in is believed.
 */
#ifndef KVL_GDB_PACKET_H
#define KVL_GDB_PACKET_H

#include "devices/abi/types.h"

/* Of one packet's contents, either way; gdb is told it as PacketSize. */
#define GDB_PACKET_MAX 4096
/* Every byte escaped, "$", "#" and the sum. */
#define GDB_FRAME_MAX (2 * GDB_PACKET_MAX + 4)

enum gdb_event {
	GDB_NOTHING,   /* more bytes are needed */
	GDB_PACKET,    /* in->data holds in->n bytes, unescaped, with a NUL behind them */
	GDB_DAMAGED,   /* its sum is wrong: to be sent again */
	GDB_TOO_LONG,  /* more than GDB_PACKET_MAX bytes; its sum is right, its contents are lost */
	GDB_INTERRUPT, /* Ctrl-C */
	GDB_AGAIN,     /* the other side wants the last packet again */
};

enum gdb_place { GDB_OUTSIDE, GDB_INSIDE, GDB_SUM_HIGH, GDB_SUM_LOW };

/* All zero at the start. */
struct gdb_packet {
	enum gdb_place place;
	bool escape; /* the last byte was "}" */
	u8 sum, sum_said;
	bool sum_bad; /* it is not made of hexadecimal digits */
	size_t n;     /* may exceed GDB_PACKET_MAX, by 1 */
	char data[GDB_PACKET_MAX + 1];
};

enum gdb_event gdb_packet_feed(struct gdb_packet *in, u8 byte);

/* Frames @n bytes, at most GDB_PACKET_MAX of them, into @out (GDB_FRAME_MAX). Returns how many
 * bytes. */
size_t gdb_packet_frame(const char *data, size_t n, char *out);

/* A digit's value; -1: it is none. */
int hex_digit(char c);
/* Two digits for each byte; nothing behind them. */
void hex_put(char *out, const u8 *bytes, size_t n);
/* @n bytes from 2 * @n digits; false: they are no digits. */
bool hex_take(const char *text, u8 *bytes, size_t n);
/* A number of up to 64 bits; *@text goes behind it. False: there is none, or a larger one. */
bool hex_number(const char **text, u64 *out);
/* "address,length" and then @end; *@text goes behind that, and means nothing if it is false. */
bool hex_range(const char **text, char end, u64 *address, u64 *bytes);

#endif
