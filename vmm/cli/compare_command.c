/* SPDX-License-Identifier: MIT */
/* Owns the command line of a column: this program's own run, as it is or inside kvmbox. */
#include "vmm/cli/compare_command.h"

#include <string.h>

#include "vmm/find.h"

const char *compare_host_name(enum compare_host host)
{
	static const char *const name[] = {
		[HOST_KVM] = "kvm",   [HOST_AMD_NPT] = "amd-npt", [HOST_AMD_SHADOW] = "amd-shadow",
		[HOST_QEMU] = "qemu", [HOST_AUTO] = "auto",
	};

	return name[host];
}

bool compare_in_box(const struct column *column)
{
	return column->host == HOST_AMD_NPT || column->host == HOST_AMD_SHADOW;
}

/* --- arguments -------------------------------------------------------------------------------- */
static void add(struct run_command *command, const char *argument)
{
	command->argv[command->n++] = argument;
}

static void add_option(struct run_command *command, const char *name, const char *value)
{
	add(command, name);
	if (value)
		add(command, value);
}

/* What the command line says of the chip, with another file. */
static void add_flash(struct run_command *command, const struct run_flash *flash)
{
	char *at = command->flash, *end = at + sizeof(command->flash);

	at += snprintf(at, (size_t)(end - at), "file=%s,chip=%s,times=%s", command->chip,
		       flash->bank.part->name, flash_times_names[flash->bank.timing]);
	if (flash->bank.bus_bytes)
		at += snprintf(at, (size_t)(end - at), ",bus=%u", 8 * flash->bank.bus_bytes);
	if (flash->bank.chips)
		at += snprintf(at, (size_t)(end - at), ",chips=%u", flash->bank.chips);
	for (u32 i = 0; i < flash->npartitions; i++)
		at += snprintf(at, (size_t)(end - at), ",partition=%s:%llu:%llu",
			       flash->partition[i].label,
			       (unsigned long long)flash->partition[i].offset,
			       (unsigned long long)flash->partition[i].bytes);
	add_option(command, "--flash", command->flash);
}

static void add_disk(struct run_command *command, const struct run_disk *disk)
{
	char *text = command->disk_option;

	if (disk->file)
		snprintf(text, sizeof(command->disk_option), "file=%s%s", command->disk,
			 disk->readonly ? ",readonly" : "");
	else
		snprintf(text, sizeof(command->disk_option), "%llu",
			 (unsigned long long)disk->bytes);
	add_option(command, "--disk", text);
}

static void add_passed(struct run_command *command, const struct options *options,
		       enum compare_host host)
{
	for (u32 i = 0; i < options->npassed; i++)
		if (host == HOST_QEMU || strcmp(options->passed[i].name, "--icount") != 0)
			add_option(command, options->passed[i].name, options->passed[i].value);
}

int compare_command(struct run_command *command, const struct comparison *comparison,
		    const struct column *column, const struct place *place, struct err *err)
{
	const struct options *options = comparison->options;
	u32 number = (u32)(column - comparison->column);
	char folder[sizeof(command->self)];

	command->n = 0;
	if (find_self(command->self, sizeof(command->self), err) ||
	    (compare_in_box(column) && find_kvmbox(find_own_folder(folder, sizeof(folder)),
						   command->box, sizeof(command->box), NULL, err)))
		return -1;
	snprintf(command->cpus, sizeof(command->cpus), "%u", column->cpus);
	snprintf(command->json, sizeof(command->json), "%s/%u.json", place->dir, number);
	snprintf(command->log, sizeof(command->log), "%s/%u.log", place->dir, number);
	snprintf(command->chip, sizeof(command->chip), "%s/%u.chip", place->dir, number);
	snprintf(command->disk, sizeof(command->disk), "%s/%u.disk", place->dir, number);
	if (compare_in_box(column)) {
		add(command, command->box);
		add_option(command, "--host", compare_host_name(column->host));
		add(command, "--");
	}
	add(command, command->self);
	add_option(command, "run", comparison->scenario->name);
	if (column->arm)
		add_option(command, "--arm", column->arm);
	add_option(command, "--cpus", command->cpus);
	add_option(command, "--tlb", run_tlb_text(column->tlb, command->tlb));
	add_option(command, "--engine",
		   compare_in_box(column) ? "kvm" : compare_host_name(column->host));
	add_passed(command, options, column->host);
	if (options->run.flash.file)
		add_flash(command, &options->run.flash);
	if (options->run.disk.given)
		add_disk(command, &options->run.disk);
	add_option(command, "--json", command->json);
	add(command, NULL);
	return 0;
}
