/* SPDX-License-Identifier: MIT */
/*
 * Owns what the page shows of the guest's code. Only if the trace names the image that this program
 * carries: instructions of another one would be believed, and be wrong.
 */
#include "vmm/trace/report_code.h"

#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/image.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/report_text.h"
#include "vmm/trace/schema.h"

#define SHOWN_BEFORE 4
#define SHOWN_BEHIND 4
#define MAX_FUNCTION_BYTES KiB(64)

struct listing {
	struct image image; /* data NULL: not to be shown */
	csh handle;
};

/* --- which addresses -------------------------------------------------------------------------- */
static void add_place(struct report_code *code, u64 rip)
{
	u32 at = (u32)(rip * 0x9e3779b97f4a7c15ull >> 32) % CODE_PLACES;

	if (!rip || code->nplaces >= CODE_PLACES / 2)
		return;
	while (code->place[at] && code->place[at] != rip)
		at = (at + 1) % CODE_PLACES;
	code->nplaces += !code->place[at];
	code->place[at] = rip;
}

void report_code_put(struct report_code *code, const struct kvl_record *record)
{
	const struct event_schema *event = event_by_id(record->id);

	for (u32 i = 0; event && i < EVENT_FIELDS; i++)
		if (!strcmp(field_name(event, i), "rip"))
			add_place(code, field_value(record, i));
}

/* --- whose code ------------------------------------------------------------------------------- */
/* "same", "other", "unknown" */
static const char *compare_image(const struct metadata_parsed *metadata)
{
	char hash[32];

	if (!metadata_env(metadata, "guest_image", hash, sizeof(hash)))
		return "unknown";
	return strtoull(hash, NULL, 16) == image_embedded_hash() ? "same" : "other";
}

static void open_listing(struct listing *listing, const struct metadata_parsed *metadata)
{
	struct err err;

	memset(listing, 0, sizeof(*listing));
	if (strcmp(compare_image(metadata), "same") || !metadata->layout_known ||
	    image_open_embedded(&listing->image, metadata->layout.page_offset, &err))
		return;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &listing->handle) == CS_ERR_OK)
		return;
	image_close(&listing->image);
}

static void close_listing(struct listing *listing)
{
	if (!listing->image.data)
		return;
	cs_close(&listing->handle);
	image_close(&listing->image);
}

/* --- as JSON ---------------------------------------------------------------------------------- */
static void write_insn(FILE *out, const cs_insn *insn, bool first, bool at)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %s", insn->mnemonic, insn->op_str);
	fputs(first ? "[" : ",[", out);
	report_hex(out, insn->address);
	fputc(',', out);
	report_string(out, text);
	fprintf(out, ",%d]", at);
}

/* x86 cannot be decoded backwards: the function is, from its start. */
static void write_insns(const struct listing *listing, u64 rip, FILE *out)
{
	const struct image *image = &listing->image;
	const struct image_symbol *symbol = image->data ? image_symbol_at(image, rip) : NULL;
	u64 bytes = symbol ? rip - symbol->va + 15 * (SHOWN_BEHIND + 1) : 0;
	const u8 *start;
	cs_insn *insn = NULL;
	size_t n, at = 0;

	if (!symbol || bytes > MAX_FUNCTION_BYTES)
		return;
	while (bytes && !(start = image_at(image, symbol->va, bytes)))
		bytes--;
	n = bytes ? cs_disasm(listing->handle, start, bytes, symbol->va, 0, &insn) : 0;
	while (at < n && insn[at].address < rip)
		at++;
	for (size_t i = at < SHOWN_BEFORE ? 0 : at - SHOWN_BEFORE, first = i;
	     at < n && insn[at].address == rip && i < n && i <= at + SHOWN_BEHIND; i++)
		write_insn(out, &insn[i], i == first, i == at);
	if (n)
		cs_free(insn, n);
}

static void write_place(const struct listing *listing, const struct trace_reader *reader, u64 rip,
			FILE *out)
{
	u64 offset;
	const char *symbol = trace_reader_symbol(reader, rip, &offset);
	char text[256] = "";

	if (symbol)
		snprintf(text, sizeof(text), "%s+0x%llx", symbol, (unsigned long long)offset);
	report_hex(out, rip);
	fputs(":[", out);
	report_string(out, text);
	fputs(",[", out);
	write_insns(listing, rip, out);
	fputs("]]", out);
}

void report_code_write(const struct report_code *code, const struct trace_reader *reader, FILE *out)
{
	const struct metadata_parsed *metadata = trace_reader_metadata(reader);
	const char *comma = "";
	struct listing listing;

	open_listing(&listing, metadata);
	fprintf(out, "\"image\":\"%s\",\"code\":{", compare_image(metadata));
	for (u32 i = 0; i < CODE_PLACES; i++) {
		if (!code->place[i])
			continue;
		fputs(comma, out);
		write_place(&listing, reader, code->place[i], out);
		comma = ",";
	}
	fputc('}', out);
	close_listing(&listing);
}
