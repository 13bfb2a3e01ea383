/* SPDX-License-Identifier: MIT */
/*
 * Owns a writer of flash-mount's storm: each step is one session, an erase of its block or a few
 * words programmed at a drawn place, after which it reads back all that must be there. It goes on
 * after a write that failed: the chip must be as usable then as before.
 */
#include "guest/scenario/flash_mount_storm.h"

#include "guest/lib/draw.h"
#include "guest/lib/string.h"

#define MAX_WORDS 8 /* bus words programmed in a session */
#define ERASE_ONE_IN 4

static enum flash_error erase(struct storm_writer *writer)
{
	enum flash_error error = flash_partition_erase(writer->log, writer->block);

	writer->erased++;
	if (!error)
		memset(writer->holds, 0xff, sizeof(writer->holds));
	return error;
}

/* Programming only clears bits, and never asks for more. */
static enum flash_error program(struct storm_writer *writer)
{
	u32 width = writer->log->bank_width,
	    bytes = (1 + draw_next(&writer->draws) % MAX_WORDS) * width;
	u32 places = (sizeof(writer->holds) - bytes) / width + 1;
	u32 at = draw_next(&writer->draws) % places * width;
	u8 want[MAX_WORDS * 4];
	enum flash_error error;

	for (u32 i = 0; i < bytes; i++)
		want[i] = draw_next(&writer->draws) & writer->holds[at + i];
	error = flash_partition_program(writer->log, writer->block + at, want, bytes);
	if (!error)
		memcpy(writer->holds + at, want, bytes);
	return error;
}

/* Whoever cannot read it back has it wrong. */
static void read_back(struct storm_writer *writer, bool failed)
{
	u8 got[STORM_AREA_BYTES];

	if (flash_partition_read(writer->log, writer->block, got, sizeof(got))) {
		writer->wrong++;
		return;
	}
	flash_words_read(sizeof(got) / writer->log->bank_width);
	if (failed) /* what it left behind, nobody can know */
		memcpy(writer->holds, got, sizeof(got));
	writer->wrong += memcmp(writer->holds, got, sizeof(got)) != 0;
}

static void step(struct storm_writer *writer)
{
	bool erases = writer->erases &&
		      (!writer->programs || draw_next(&writer->draws) % ERASE_ONE_IN == 0);
	bool failed = erases ? erase(writer) : program(writer);

	writer->failed += failed;
	task_yield();
	read_back(writer, failed);
}

enum flash_error storm_writer_begin(struct storm_writer *writer)
{
	memset(writer->holds, 0xff, sizeof(writer->holds));
	return flash_partition_erase(writer->log, writer->block);
}

void storm_writer_task(void *arg)
{
	struct storm_writer *writer = arg;

	for (u32 i = 0; i < writer->steps; i++)
		step(writer);
}
