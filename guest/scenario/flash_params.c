/* SPDX-License-Identifier: MIT */
#include "guest/scenario/flash_params.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"

/* What a user forgets first. */
const char *flash_partition_param(const char *key, const char *fallback)
{
	const char *label = param_text(key, fallback);

	for (u32 i = 0; i < boot_options.flash_npartitions; i++)
		if (strcmp(boot_options.flash_partition[i].label, label) == 0)
			return label;
	usage_failure(
		"the chip has no partition %s: add partition=%s:START:SIZE to --flash, or name "
		"another by --set %s=LABEL",
		label, label, key);
}

void flash_refuse_overlap(const struct flash_partition *read, const struct flash_partition *log)
{
	if (read->offset < log->offset + log->bytes && log->offset < read->offset + read->bytes)
		usage_failure("partition=%s at %lx+%lx and log=%s at %lx+%lx overlap", read->label,
			      read->offset, read->bytes, log->label, log->offset, log->bytes);
}

struct flash_writes flash_writes_param(const char *fallback)
{
	const char *mode = param_text("writer", fallback);
	bool mixed = strcmp(mode, "mixed") == 0;
	struct flash_writes writes = { .erases = mixed || strcmp(mode, "erase") == 0,
				       .programs = mixed || strcmp(mode, "program") == 0 };

	if (!writes.erases && !writes.programs && strcmp(mode, "off") != 0)
		usage_failure("writer=%s: must be off, erase, program or mixed", mode);
	return writes;
}
