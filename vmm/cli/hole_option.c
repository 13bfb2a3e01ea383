/* SPDX-License-Identifier: MIT */
/* Owns the syntax of --hole: START:SIZE. What holes may be: devices/abi/layout.c. */
#include <string.h>

#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

/*
 * A page of which the kernel may not touch all is no page for it. What is no hole stays what it is,
 * and is refused.
 */
static struct kvl_range whole_pages(u64 start, u64 bytes)
{
	u64 before = start % PAGE_BYTES;

	if (!bytes || bytes > UINT64_MAX - 2 * PAGE_BYTES)
		return (struct kvl_range){ start, bytes };
	return (struct kvl_range){ start - before, ALIGN_UP(bytes + before, PAGE_BYTES) };
}

int parse_hole(struct options *options, const char *value, struct err *err)
{
	struct kvl_layout_request *layout = &options->run.layout;
	struct kvl_range *hole = &layout->hole[layout->nholes];
	char *copy, *colon;
	u64 start, bytes;

	if (layout->nholes == KVL_MAX_HOLES)
		return err_set(err, EXIT_USAGE, "--hole: at most %u holes", KVL_MAX_HOLES);
	copy = options_keep(options, value, err);
	if (!copy)
		return -1;
	colon = strchr(copy, ':');
	if (!colon)
		return err_set(err, EXIT_USAGE, "--hole: \"%s\" is not START:SIZE (as in 256M:16M)",
			       value);
	*colon = '\0';
	if (parse_size("--hole", copy, &start, err) || parse_size("--hole", colon + 1, &bytes, err))
		return -1;
	*hole = whole_pages(start, bytes);
	options->run.board.hole_grown[layout->nholes++] = hole->bytes != bytes;
	return 0;
}
