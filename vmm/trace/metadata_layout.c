/* SPDX-License-Identifier: MIT */
/*
 * Owns the entries of "metadata" from which a layout can be planned again: written as they were
 * asked for, read back, and believed only if the planner takes them; and the names of its holes,
 * which are for people alone. What a soft TLB translates is not written: the plan says so. The text
 * is untrusted.
 */
#include "vmm/trace/metadata_layout.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/layout_map.h"

#define HOLES_TEXT_BYTES (KVL_MAX_HOLES * 40)

/* --- written ---------------------------------------------------------------------------------- */

static void write_holes(FILE *out, const struct kvl_layout_request *request)
{
	fputs("\tlayout_holes = \"", out);
	for (u32 i = 0; i < request->nholes; i++)
		fprintf(out, "%s%" PRIx64 "+%" PRIx64, i ? " " : "", request->hole[i].start,
			request->hole[i].bytes);
	fputs("\";\n", out);
}

static void name_key(u32 hole, char key[32])
{
	snprintf(key, 32, "layout_hole_name_%u", hole);
}

static void write_hole_names(FILE *out, const struct kvl_layout_request *request,
			     const struct board *board)
{
	char key[32];

	for (u32 i = 0; board && i < request->nholes; i++) {
		name_key(i, key);
		if (board->hole_name[i])
			metadata_write_string(out, key, board->hole_name[i], HOLE_NAME_MAX);
	}
}

void metadata_write_layout(FILE *out, const struct kvl_layout_request *request,
			   const struct board *board)
{
	u64 vmalloc = request->vmalloc_bytes ? request->vmalloc_bytes : KVL_VMALLOC_DEFAULT;
	u64 kva = request->kva_bytes ? request->kva_bytes : KVL_KVA_DEFAULT;

	fprintf(out, "\tlayout_kind = \"%s\";\n", layout_kind_name(request->kind));
	fprintf(out, "\tlayout_mem = %" PRIu64 ";\n", request->mem_bytes);
	fprintf(out, "\tlayout_split = %" PRIu64 ";\n", request->page_offset);
	fprintf(out, "\tlayout_vmalloc = %" PRIu64 ";\n", vmalloc);
	fprintf(out, "\tlayout_vmalloc_upper = %" PRIu64 ";\n", request->vmalloc_upper_bytes);
	fprintf(out, "\tlayout_kva = %" PRIu64 ";\n", kva);
	fprintf(out, "\tlayout_ukva = \"%s\";\n", request->ukva_in_user ? "user" : "kernel");
	fprintf(out, "\tlayout_arena = \"%s\";\n", request->arena_highmem ? "highmem" : "lowmem");
	fprintf(out, "\tlayout_arena_bytes = %" PRIu64 ";\n", kvl_arena_bytes(request));
	write_holes(out, request);
	write_hole_names(out, request, board);
}

/* --- read back -------------------------------------------------------------------------------- */

static bool read_bytes(const struct metadata_parsed *parsed, const char *key, u64 *out)
{
	char value[32], *end;

	if (!metadata_env(parsed, key, value, sizeof(value)) || !isdigit((unsigned char)value[0]))
		return false;
	*out = strtoull(value, &end, 10);
	return *end == '\0';
}

static bool read_kind(const char *word, enum kvl_layout_kind *out)
{
	for (u32 kind = 0; kind < KVL_LAYOUT_KINDS; kind++) {
		if (strcmp(word, layout_kind_name((enum kvl_layout_kind)kind)))
			continue;
		*out = (enum kvl_layout_kind)kind;
		return true;
	}
	return false;
}

static bool read_choice(const struct metadata_parsed *parsed, const char *key, const char *no,
			const char *yes, bool *out)
{
	char word[16];

	metadata_env(parsed, key, word, sizeof(word));
	*out = strcmp(word, yes) == 0;
	return *out || strcmp(word, no) == 0;
}

static bool read_hex(const char **text, char after, u64 *out)
{
	char *end;

	if (!isxdigit((unsigned char)**text))
		return false;
	*out = strtoull(*text, &end, 16);
	*text = end + (*end == after);
	return *end == after || (after == ' ' && !*end);
}

/* "START+BYTES START+BYTES …" */
static bool read_holes(const struct metadata_parsed *parsed, struct kvl_layout_request *out)
{
	char value[HOLES_TEXT_BYTES];
	const char *at = value;

	if (!metadata_env(parsed, "layout_holes", value, sizeof(value)))
		return false;
	while (*at) {
		struct kvl_range *hole = &out->hole[out->nholes];

		if (out->nholes++ == KVL_MAX_HOLES || !read_hex(&at, '+', &hole->start) ||
		    !read_hex(&at, ' ', &hole->bytes))
			return false;
	}
	return true;
}

static bool read_request(const struct metadata_parsed *parsed, const char *kind,
			 struct kvl_layout_request *out)
{
	*out = (struct kvl_layout_request){ .ncpus = parsed->ncpus,
					    .soft_entries = parsed->soft_entries };
	return read_kind(kind, &out->kind) && read_bytes(parsed, "layout_mem", &out->mem_bytes) &&
	       read_bytes(parsed, "layout_split", &out->page_offset) &&
	       read_bytes(parsed, "layout_vmalloc", &out->vmalloc_bytes) &&
	       read_bytes(parsed, "layout_vmalloc_upper", &out->vmalloc_upper_bytes) &&
	       read_bytes(parsed, "layout_kva", &out->kva_bytes) &&
	       read_choice(parsed, "layout_ukva", "kernel", "user", &out->ukva_in_user) &&
	       read_choice(parsed, "layout_arena", "lowmem", "highmem", &out->arena_highmem) &&
	       read_bytes(parsed, "layout_arena_bytes", &out->arena_bytes) &&
	       read_holes(parsed, out);
}

static void read_hole_names(struct metadata_parsed *parsed)
{
	char key[32];

	for (u32 i = 0; i < parsed->layout.nholes; i++) {
		name_key(i, key);
		metadata_env(parsed, key, parsed->hole_name[i], sizeof(parsed->hole_name[i]));
	}
}

bool metadata_read_layout(struct metadata_parsed *parsed)
{
	struct kvl_layout_failure why;
	char kind[16];

	parsed->layout_known = metadata_env(parsed, "layout_kind", kind, sizeof(kind));
	if (!parsed->layout_known)
		return !parsed->soft_entries;
	if (!read_request(parsed, kind, &parsed->layout) ||
	    kvl_layout_plan(&parsed->layout, &parsed->plan, &why))
		return false;
	read_hole_names(parsed);
	return true;
}
