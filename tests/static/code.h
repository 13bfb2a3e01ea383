/* SPDX-License-Identifier: MIT */
/* What a proof is about: the code of an image, and what the image says of it. Owned by who fills
 * it. */
#ifndef TEST_CODE_H
#define TEST_CODE_H

#include <stdio.h>

#include "devices/abi/types.h"

/* An executable section. */
struct code_section {
	u64 va, bytes;
	const u8 *data;
};

struct code_symbol {
	const char *name;
	u64 va;
	bool data; /* an object, not code */
};

struct code {
	const struct code_section *section;
	u32 nsections;
	const struct code_symbol *symbol; /* of executable sections, ascending by address */
	u32 nsymbols;
	const char *records; /* texts, each with its NUL (arch/x86_64/guest/flushes.h) */
	u64 records_bytes;
	const u64 *pointer; /* addresses that stand in data: what is relocated */
	u32 npointers;
};

/* What has been found, in lines that tests/run.sh reads. */
struct findings {
	FILE *out;
	u32 failed;
};

__attribute__((format(printf, 2, 3))) void found_bad(struct findings *found, const char *format,
						     ...);
__attribute__((format(printf, 2, 3))) void found_good(struct findings *found, const char *format,
						      ...);

#endif
