/* SPDX-License-Identifier: MIT */
/*
 * Owns the question whether the chip does what NOR does: programming only clears bits. (Whether it
 * takes time for that, the driver counts: guest/flash/intel.c.) An emulator's chip may do neither,
 * as QEMU's does, and still take all commands; so no answer fails the run, both are counts.
 */
#include "guest/lib/string.h"
#include "guest/scenario/flash_mount.h"

/* One session. False: failed, and a check says so. */
static bool program_word(struct flash_nor *nor, const struct flash_partition *log, u64 at, u32 word)
{
	enum flash_error error = flash_partition_program(log, at, &word, log->bank_width);

	nor->sessions++;
	if (error)
		check_equal("scratch_word_error", error, FLASH_OK);
	return !error;
}

static u32 read_word(const struct flash_partition *log, u64 at)
{
	u32 word = 0;
	enum flash_error error = flash_partition_read(log, at, &word, log->bank_width);

	if (error)
		check_equal("scratch_word_error", error, FLASH_OK);
	flash_words_read(1);
	return word;
}

struct flash_nor flash_mount_nor(const struct flash_partition *log)
{
	struct flash_nor nor = { .bits = 8 * log->bank_width };
	u64 at = log->bytes - 2 * log->bank_width;

	if (!program_word(&nor, log, at, 0))
		return nor;
	check_equal("scratch_word_cleared", read_word(log, at), 0);
	if (!program_word(&nor, log, at, ~0u))
		return nor;
	for (u32 word = read_word(log, at); word; word &= word - 1) {
		nor.bits_set++;
		count(COUNT_FLASH_BITS_SET);
	}
	return nor;
}
