/* SPDX-License-Identifier: MIT */
/* The register of flushes (arch/x86_64/guest/flushes.h) as it stands in an image. */
#ifndef TEST_RECORDS_H
#define TEST_RECORDS_H

#include "tests/static/code.h"
#include "tests/static/flush_kinds.h"

#define MAX_RECORDS 64

struct record {
	char function[64], what[16], rule[16];
	const char *why;
	u64 va;		      /* of the function */
	enum flush_kind kind; /* FLUSH_NONE: says how wide the code is */
	u32 number;	      /* how often, or how wide */
};

struct records {
	struct record record[MAX_RECORDS];
	u32 n;
};

/* A text that is no record, or names what there is not, is a finding. */
void records_read(struct records *records, const struct code *code, struct findings *found);

/* NULL: nothing is registered of @kind in the function at @va. */
const struct record *records_find(const struct records *records, u64 va, enum flush_kind kind);

/* 64 if nothing else is said. */
u32 records_bits(const struct records *records, u64 va);

/* Finds the one symbol of this name: 1, none: 0, more: 2. */
u32 code_symbol_find(const struct code *code, const char *name, u64 *va);

#endif
