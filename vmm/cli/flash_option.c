/* SPDX-License-Identifier: MIT */
/*
 * Owns the syntax of --flash and --flash-fault, and what can be said of them without opening the
 * file: is there such a chip, in such an arrangement, do the partitions lie on it, on erase blocks,
 * without overlap.
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
	char hint[HINT_BYTES];

	if (options->run.flash.bank.part)
		return err_set(err, EXIT_USAGE, "--flash: chip= is given twice");
	options->run.flash.bank.part = flash_part_find(value);
	if (!options->run.flash.bank.part)
		return err_set(err, EXIT_USAGE,
			       "--flash: unknown chip \"%s\"; %s (kvalab flash parts)", value,
			       name_hint(value, name_of_part, NULL, hint));
	return 0;
}

static int set_bus(struct options *options, char *value, struct err *err)
{
	u64 bits;

	if (options->run.flash.bank.bus_bytes)
		return err_set(err, EXIT_USAGE, "--flash: bus= is given twice");
	if (parse_number("--flash: bus (bits)", value, 8, 32, &bits, err))
		return -1;
	if (bits != 8 && bits != 16 && bits != 32)
		return err_set(err, EXIT_USAGE, "--flash: bus=%s is not 8, 16 or 32 (bits)", value);
	options->run.flash.bank.bus_bytes = (u32)bits / 8;
	return 0;
}

static int set_chips(struct options *options, char *value, struct err *err)
{
	u64 chips;

	if (options->run.flash.bank.chips)
		return err_set(err, EXIT_USAGE, "--flash: chips= is given twice");
	if (parse_number("--flash: chips", value, 1, FLASH_MAX_CHIPS, &chips, err))
		return -1;
	options->run.flash.bank.chips = (u32)chips;
	return 0;
}

const char *const flash_times_names[] = { "typical", "slowest", "seeded", NULL };

static int set_times(struct options *options, char *value, struct err *err)
{
	u32 chosen;

	if (parse_choice("--flash: times", value, flash_times_names, 3, &chosen, err))
		return -1;
	options->run.flash.bank.timing = (enum flash_timing)chosen;
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
	{ "file", set_file },	{ "chip", set_chip },	{ "bus", set_bus },
	{ "chips", set_chips }, { "times", set_times }, { "partition", add_partition },
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

static bool on_block(const struct flash_config *bank, u64 offset)
{
	return offset == flash_bank_bytes(bank) ||
	       flash_bank_block_at(bank, offset).start == offset;
}

static int check_partition(const struct run_flash *flash, const struct run_flash_partition *p,
			   struct err *err)
{
	u64 bank_bytes = flash_bank_bytes(&flash->bank), end = p->offset + p->bytes;

	if (!p->bytes || end < p->offset || end > bank_bytes)
		return err_set(err, EXIT_USAGE,
			       "--flash: partition %s (%#llx, %#llx bytes) does not lie on the %s, "
			       "which has %#llx bytes",
			       p->label, (unsigned long long)p->offset,
			       (unsigned long long)p->bytes, flash->bank.part->name,
			       (unsigned long long)bank_bytes);
	if (!on_block(&flash->bank, p->offset) || !on_block(&flash->bank, end))
		return err_set(
			err, EXIT_USAGE,
			"--flash: partition %s must begin and end on erase blocks (of %u KiB "
			"at its start)",
			p->label, flash_bank_block_at(&flash->bank, p->offset).bytes / 1024);
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
	const char *problem;

	if (!flash->file || !flash->bank.part)
		return err_set(err, EXIT_USAGE, "--flash: %s is missing (file=PATH,chip=NAME)",
			       flash->file ? "chip=" : "file=");
	problem = flash_config_problem(&flash->bank);
	if (problem)
		return err_set(err, EXIT_USAGE, "--flash: %u x %s on a bus of %u bits: %s",
			       flash->bank.chips ? flash->bank.chips : 1, flash->bank.part->name,
			       8 * flash_bus_bytes(&flash->bank), problem);
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

/* --- faults ----------------------------------------------------------------------------------- */
static int set_count(const char *key, const char *value, u32 fallback, u32 *out, struct err *err)
{
	char what[64];
	u64 n = fallback;

	snprintf(what, sizeof(what), "--flash-fault: %s", key);
	if (!value && !fallback)
		return err_set(err, EXIT_USAGE, "%s needs a number (%s=N)", what, key);
	if (*out)
		return err_set(err, EXIT_USAGE, "%s is given twice", what);
	if (value && parse_number(what, value, 1, UINT32_MAX, &n, err))
		return -1;
	*out = (u32)n;
	return 0;
}

int parse_flash_fault(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "slow", "stuck",	  "program", "erase",
					     "weak", "endurance", "vpp" };
	struct flash_faults *faults = &options->run.flash.bank.faults;
	char *key = options_keep(options, value, err), *number;
	u32 chosen;

	if (!key)
		return -1;
	number = strchr(key, '=');
	if (number)
		*number++ = '\0';
	if (parse_choice("--flash-fault", key, names, ARRAY_LEN(names), &chosen, err))
		return -1;
	switch (chosen) {
	case 0: return set_count(key, number, 1, &faults->slow, err);
	case 1: return set_count(key, number, 1, &faults->stuck, err);
	case 2: return set_count(key, number, 1, &faults->fail_program, err);
	case 3: return set_count(key, number, 1, &faults->fail_erase, err);
	case 4: return set_count(key, number, 0, &faults->weak_words, err);
	case 5: return set_count(key, number, 0, &faults->endurance, err);
	}
	if (number)
		return err_set(err, EXIT_USAGE, "--flash-fault: vpp takes no number");
	faults->vpp_low = true;
	return 0;
}
