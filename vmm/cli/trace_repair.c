/* SPDX-License-Identifier: MIT */
/* kvalab trace repair DIR…: a line for each file, what happened to it. What happens:
 * vmm/trace/repair.c. */
#include <inttypes.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/trace.h"
#include "vmm/trace/repair.h"

static const char *packets(u64 n, char text[40])
{
	snprintf(text, 40, "%" PRIu64 " packet%s", n, n == 1 ? "" : "s");
	return text;
}

static void print_cut(const struct repair_file *file)
{
	char kept[40], unknown[40];

	printf("cut off %" PRIu64 " bytes behind %s; lost: %" PRIu64 " records",
	       file->bytes - file->kept, packets(file->kept / KVL_PACKET_BYTES, kept),
	       file->records_lost);
	if (file->packets_unknown)
		printf(", and what %s without a header held",
		       packets(file->packets_unknown, unknown));
	putchar('\n');
}

static void print_file(const char *dir, const struct repair_file *file)
{
	char whole[40];

	if (!file->there)
		return;
	printf("%s/%s: ", dir, file->name);
	if (file->cut)
		print_cut(file);
	if (file->cut && file->damage[0])
		printf("%s/%s: ", dir, file->name);
	if (file->damage[0])
		printf("left: %s\n", file->damage);
	else if (!file->cut)
		printf("%s%s\n", file->bytes == file->kept ? "whole, " : "not cut, behind ",
		       packets(file->kept / KVL_PACKET_BYTES, whole));
}

static int repair_one(const char *dir)
{
	struct repair repair;
	struct err err;
	int result = trace_repair(dir, &repair, &err);

	for (u32 i = 0; i < TRACE_STREAMS; i++)
		print_file(dir, &repair.file[i]);
	fflush(stdout);
	return result ? cli_fail(&err) : EXIT_OK;
}

/* The first failure is the status; the other directories are repaired all the same. */
int trace_repair_command(struct options *options)
{
	int status = EXIT_OK;

	for (u32 i = 1; i < options->nwords; i++) {
		int one = repair_one(options->word[i]);

		status = status == EXIT_OK ? one : status;
	}
	return status;
}
