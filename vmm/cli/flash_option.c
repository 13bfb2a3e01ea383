/* SPDX-License-Identifier: MIT */
/*
 * Owns the syntax of --flash and what can be said of it without opening the file: is there such a
 * chip, do the partitions lie on it, on erase blocks, without overlap.
 */
#include <string.h>

#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

#define LABEL_MAX_CHARS 23 /* the guest keeps as many */

static const char *name_of_part(const void *list, size_t i)
{
	const struct flash_part *part = flash_part_row(i);

	(void)list;
	return part ? part->name : NULL;
}

static int set_file(struct options *options, char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EXIT_USAGE, "--flash: file= is empty");
	if (options->run.flash.file)
		return err_set(err, EXIT_USAGE, "--flash: file= is given twice");
	options->run.flash.file = value;
	return 0;
}

static int set_chip(struct options *options, char *value, struct err *err)
{
	if (options->run.flash.part)
		return err_set(err, EXIT_USAGE, "--flash: chip= is given twice");
	options->run.flash.part = flash_part_find(value);
	if (!options->run.flash.part)
		return err_set(
			err, EXIT_USAGE,
			"--flash: unknown chip \"%s\"; did you mean %s? (kvalab flash parts)",
			value, nearest_name(value, name_of_part, NULL));
	return 0;
}

/* LABEL:START:SIZE */
static int add_partition(struct options *options, char *value, struct err *err)
{
	struct run_flash *flash = &options->run.flash;
	struct run_flash_partition *partition = &flash->partition[flash->npartitions];
	char *start = strchr(value, ':'), *size = start ? strchr(start + 1, ':') : NULL;

	if (!size || start == value)
		return err_set(
			err, EXIT_USAGE,
			"--flash: partition \"%s\" is not LABEL:START:SIZE (as in log:2M:2M)",
			value);
	if (flash->npartitions == ARRAY_LEN(flash->partition))
		return err_set(err, EXIT_USAGE, "--flash: at most %zu partitions",
			       ARRAY_LEN(flash->partition));
	*start++ = '\0';
	*size++ = '\0';
	if (strlen(value) > LABEL_MAX_CHARS)
		return err_set(err, EXIT_USAGE,
			       "--flash: partition label \"%s\" is longer than %d characters",
			       value, LABEL_MAX_CHARS);
	partition->label = value;
	flash->npartitions++;
	if (parse_size("--flash: partition start", start, &partition->offset, err))
		return -1;
	return parse_size("--flash: partition size", size, &partition->bytes, err);
}

static const struct flash_key {
	const char *key;
	int (*set)(struct options *options, char *value, struct err *err);
} keys[] = {
	{ "file", set_file },
	{ "chip", set_chip },
	{ "partition", add_partition },
};

static int set_item(struct options *options, char *item, struct err *err)
{
	const char *names[ARRAY_LEN(keys)];
	char *equals = strchr(item, '=');
	u32 chosen;

	if (!equals)
		return err_set(err, EXIT_USAGE, "--flash: \"%s\" is not KEY=VALUE (file=…,chip=…)",
			       item);
	*equals = '\0';
	for (u32 i = 0; i < ARRAY_LEN(keys); i++)
		names[i] = keys[i].key;
	if (parse_choice("--flash", item, names, ARRAY_LEN(names), &chosen, err))
		return -1;
	return keys[chosen].set(options, equals + 1, err);
}

static bool on_block(const struct flash_part *part, u64 offset)
{
	return offset == part->chip_bytes || flash_block_at(part, offset).start == offset;
}

static int check_partition(const struct run_flash *flash, const struct run_flash_partition *p,
			   struct err *err)
{
	u64 chip_bytes = flash->part->chip_bytes, end = p->offset + p->bytes;

	if (!p->bytes || end < p->offset || end > chip_bytes)
		return err_set(err, EXIT_USAGE,
			       "--flash: partition %s (%#llx, %#llx bytes) does not lie on the %s, "
			       "which has %#llx bytes",
			       p->label, (unsigned long long)p->offset,
			       (unsigned long long)p->bytes, flash->part->name,
			       (unsigned long long)chip_bytes);
	if (!on_block(flash->part, p->offset) || !on_block(flash->part, end))
		return err_set(
			err, EXIT_USAGE,
			"--flash: partition %s must begin and end on erase blocks (of %u KiB "
			"at its start)",
			p->label, flash_block_at(flash->part, p->offset).bytes / 1024);
	return 0;
}

static int check_pair(const struct run_flash_partition *a, const struct run_flash_partition *b,
		      struct err *err)
{
	if (strcmp(a->label, b->label) == 0)
		return err_set(err, EXIT_USAGE, "--flash: two partitions are named %s", a->label);
	if (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes)
		return err_set(err, EXIT_USAGE, "--flash: partitions %s and %s overlap", a->label,
			       b->label);
	return 0;
}

static int check_flash(const struct run_flash *flash, struct err *err)
{
	if (!flash->file || !flash->part)
		return err_set(err, EXIT_USAGE, "--flash: %s is missing (file=PATH,chip=NAME)",
			       flash->file ? "chip=" : "file=");
	for (u32 i = 0; i < flash->npartitions; i++) {
		if (check_partition(flash, &flash->partition[i], err))
			return -1;
		for (u32 j = 0; j < i; j++)
			if (check_pair(&flash->partition[j], &flash->partition[i], err))
				return -1;
	}
	return 0;
}

int parse_flash(struct options *options, const char *value, struct err *err)
{
	char *item = options_keep(options, value, err), *next;

	if (!item)
		return -1;
	for (; item; item = next) {
		next = strchr(item, ',');
		if (next)
			*next++ = '\0';
		if (set_item(options, item, err))
			return -1;
	}
	return check_flash(&options->run.flash, err);
}
