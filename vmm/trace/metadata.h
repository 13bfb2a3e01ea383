/* SPDX-License-Identifier: MIT */
/*
 * The file "metadata" of a trace directory: CTF 1.8's description language (TSDL) in plain text,
 * written from the event table, and the few things that the reader takes back from it.
 */
#ifndef KVL_TRACE_METADATA_H
#define KVL_TRACE_METADATA_H

#include <stdio.h>

#include "devices/abi/layout.h"
#include "vmm/board.h"
#include "vmm/err.h"
#include "vmm/trace/model.h"
#include "vmm/trace/packet.h"

/* Longer names are cut. */
#define SITE_NAME_MAX 63
#define HOLE_NAME_MAX 99

struct metadata {
	u8 uuid[TRACE_UUID_BYTES];
	const char *scenario, *arm, *host_class, *tier, *tlb;
	bool pcid; /* a soft TLB has tags */
	u64 seed;
	bool lossy;
	u32 ncpus;
	u64 flash_gpa, flash_bytes; /* the chip; 0 bytes: none */
	const char *const *site;    /* untrusted bytes; [0] is ignored: site 0 is "-" */
	u32 nsites;
	u64 image_hash;				 /* 0: not known */
	const struct kvl_layout_request *layout; /* NULL: not known */
	const char *layout_name;		 /* as --layout takes it */
	const struct board *board;		 /* names of the layout's holes; NULL: none */
};

void metadata_write(FILE *out, const struct metadata *metadata);

/*
 * True if @text, which metadata_parse() takes, lacks its end: CTF readers need the description of
 * all events, this program does not.
 */
bool metadata_cut_off(const char *text);

/* What metadata_parse() finds. */
struct metadata_parsed {
	u8 uuid[TRACE_UUID_BYTES];
	bool lossy, trapped; /* trapped: tier trap */
	u32 ncpus;
	u64 flash_gpa, flash_bytes;
	u32 soft_entries; /* without a layout there is no soft TLB */
	bool soft_pcid;
	bool layout_known;
	struct kvl_layout_request layout;
	struct kvl_layout plan; /* the planner's answer to it; all 0: not known */
	/* Of its holes; "": nobody gave one. Printable ASCII. */
	char hole_name[KVL_MAX_HOLES][HOLE_NAME_MAX + 1];
	u32 nsites;
	char (*site)[SITE_NAME_MAX + 1]; /* owned; printable ASCII */
	char *env;			 /* owned; for metadata_env() */
};

/*
 * Reads back the version, the uuid, tier, lossy, cpus, the chip's place, the soft TLB, the layout
 * and the site names out of @text (NUL-terminated). EXIT_VMM: not a kvalab trace, another version,
 * damaged. Free with metadata_free().
 */
int metadata_parse(const char *text, struct metadata_parsed *out, struct err *err);
void metadata_free(struct metadata_parsed *parsed);

/* What the env block says of @key, without quotes, printable ASCII; false and "": nothing. */
bool metadata_env(const struct metadata_parsed *parsed, const char *key, char *value, size_t bytes);

#endif
