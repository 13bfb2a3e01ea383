/* SPDX-License-Identifier: MIT */
/* Owns how sizes are shown; how they are typed: parse.c. */
#include "vmm/cli/size_text.h"

#include <stdio.h>

const char *size_text(u64 bytes, char buffer[SIZE_TEXT_BYTES])
{
	static const struct {
		u64 bytes;
		const char *name;
	} unit[] = { { GiB(1), "GiB" }, { MiB(1), "MiB" }, { KiB(1), "KiB" }, { 1, "bytes" } };
	size_t i = 0;

	while (bytes % unit[i].bytes || (bytes == 0 && unit[i].bytes > 1))
		i++;
	snprintf(buffer, SIZE_TEXT_BYTES, "%llu %s", (unsigned long long)(bytes / unit[i].bytes),
		 unit[i].name);
	return buffer;
}
