/* SPDX-License-Identifier: MIT */
/* Owns how untrusted text and bytes are written into the page. */
#include "vmm/trace/report_text.h"

#include <inttypes.h>
#include <string.h>

/* A "</script>" or "<!--" in it would be markup, whatever JSON says. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != 0x7f && !strchr("\"\\<>&", c);
}

void report_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (is_plain((unsigned char)*c))
			fputc(*c, out);
		else
			fprintf(out, "\\u%04x", (unsigned char)*c);
	}
	fputc('"', out);
}

/* Of a JSON text these can be in strings alone, where an escape means the same. */
static int put_json(const char *bytes, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++)
		if (memchr("<>&", bytes[i], 3)
			    ? fprintf(out, "\\u%04x", (unsigned char)bytes[i]) < 0
			    : fputc(bytes[i], out) == EOF)
			return -1;
	return 0;
}

int report_json(FILE *out, const json_t *root)
{
	return json_dump_callback(root, put_json, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

void report_hex(FILE *out, u64 value)
{
	fprintf(out, "\"0x%" PRIx64 "\"", value);
}

static void put_group(struct base64 *base64)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const u8 *held = base64->held;
	u32 bits = (u32)held[0] << 16 | (u32)held[1] << 8 | held[2];
	char group[4];

	for (u32 i = 0; i < 4; i++)
		group[i] = i <= base64->nheld ? digit[bits >> (18 - 6 * i) & 63] : '=';
	fwrite(group, 1, sizeof(group), base64->out);
	memset(base64->held, 0, sizeof(base64->held));
	base64->nheld = 0;
}

void base64_put(struct base64 *base64, u8 byte)
{
	base64->held[base64->nheld++] = byte;
	if (base64->nheld == sizeof(base64->held))
		put_group(base64);
}

void base64_end(struct base64 *base64)
{
	if (base64->nheld)
		put_group(base64);
}
