/* SPDX-License-Identifier: MIT */
/* Owns the command line of a column: this program's own run, as it is or inside kvmbox. */
#include "vmm/cli/compare_command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *compare_host_name(enum compare_host host)
{
	static const char *const name[] = {
		[HOST_KVM] = "kvm",   [HOST_AMD_NPT] = "amd-npt", [HOST_AMD_SHADOW] = "amd-shadow",
		[HOST_QEMU] = "qemu", [HOST_AUTO] = "auto",
	};

	return name[host];
}

static bool in_box(const struct column *column)
{
	return column->host == HOST_AMD_NPT || column->host == HOST_AMD_SHADOW;
}

/* --- programs ------------------------------------------------------------------------------------ */
static int find_self(struct run_command *command, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", command->self, sizeof(command->self));

	if (n <= 0 || n == sizeof(command->self))
		return err_errno(err, EXIT_HOST, "compare: /proc/self/exe cannot be read");
	command->self[n] = '\0';
	return 0;
}

/* @folder of @folder_bytes/@rest */
static bool try_box(struct run_command *command, const char *folder, size_t folder_bytes,
		    const char *rest)
{
	int n = snprintf(command->box, sizeof(command->box), "%.*s/%s", (int)folder_bytes, folder,
			 rest);

	return n < (int)sizeof(command->box) && access(command->box, X_OK) == 0;
}

static int find_box(struct run_command *command, struct err *err)
{
	size_t own = (size_t)(strrchr(command->self, '/') - command->self), n;

	if (try_box(command, command->self, own, "kvmbox") ||
	    try_box(command, command->self, own, "../scripts/kvmbox"))
		return 0;
	for (const char *path = getenv("PATH"); path && *path; path += n + (path[n] != '\0')) {
		n = strcspn(path, ":");
		if (n && try_box(command, path, n, "kvmbox"))
			return 0;
	}
	return err_set(err, EXIT_HOST,
		       "there is no kvmbox beside %s, in ../scripts from there, or in PATH",
		       command->self);
}

/* --- arguments ----------------------------------------------------------------------------------- */
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

	at += snprintf(at, (size_t)(end - at), "file=%s,chip=%s", command->chip, flash->part->name);
	for (u32 i = 0; i < flash->npartitions; i++)
		at += snprintf(at, (size_t)(end - at), ",partition=%s:%llu:%llu",
			       flash->partition[i].label,
			       (unsigned long long)flash->partition[i].offset,
			       (unsigned long long)flash->partition[i].bytes);
	add_option(command, "--flash", command->flash);
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

	command->n = 0;
	if (find_self(command, err) || (in_box(column) && find_box(command, err)))
		return -1;
	snprintf(command->cpus, sizeof(command->cpus), "%u", column->cpus);
	snprintf(command->json, sizeof(command->json), "%s/%u.json", place->dir, number);
	snprintf(command->log, sizeof(command->log), "%s/%u.log", place->dir, number);
	snprintf(command->chip, sizeof(command->chip), "%s/%u.chip", place->dir, number);
	if (in_box(column)) {
		add(command, command->box);
		add_option(command, "--host", compare_host_name(column->host));
		add(command, "--");
	}
	add(command, command->self);
	add_option(command, "run", comparison->scenario->name);
	if (column->arm)
		add_option(command, "--arm", column->arm);
	add_option(command, "--cpus", command->cpus);
	add_option(command, "--engine", in_box(column) ? "kvm" : compare_host_name(column->host));
	add_passed(command, options, column->host);
	if (options->run.flash.file)
		add_flash(command, &options->run.flash);
	add_option(command, "--json", command->json);
	add(command, NULL);
	return 0;
}
