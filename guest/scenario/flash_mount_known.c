/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-mount's storm reads: words that say where they are, on both sides of the border
 * between two pages. So whoever reads a status word, a block that is being erased or another
 * place's word notices, and can say which it was, without a look at the trace.
 */
#include "guest/scenario/flash_mount_storm.h"

#define SEAM_BYTES 128 /* half of them on each side */
#define MARK 0x5a3cu   /* upper half of each word; no status has it, of either command set */

static u32 word_at(u32 offset)
{
	return MARK << 16 | offset / 4;
}

static u32 seam_at(u32 seam)
{
	return (seam + 1) * PAGE_BYTES - SEAM_BYTES / 2;
}

static enum flash_error erase(const struct flash_partition *part)
{
	enum flash_error error = FLASH_OK;

	for (u64 at = 0; at < KNOWN_BYTES && !error; at += flash_partition_block_bytes(part, at))
		error = flash_partition_erase(part, at);
	return error;
}

static enum flash_error fill_seam(const struct flash_partition *part, u32 at)
{
	u32 word[SEAM_BYTES / 4];

	for (u32 i = 0; i < ARRAY_LEN(word); i++)
		word[i] = word_at(at + 4 * i);
	return flash_partition_program(part, at, word, sizeof(word));
}

enum flash_error known_fill(const struct flash_partition *part)
{
	enum flash_error error = erase(part);

	for (u32 seam = 0; seam < KNOWN_SEAMS && !error; seam++)
		error = fill_seam(part, seam_at(seam));
	return error;
}

u32 known_piece(u64 drawn)
{
	u32 places = (SEAM_BYTES - PIECE_BYTES) / 4 + 1;

	return seam_at(drawn % KNOWN_SEAMS) + drawn / KNOWN_SEAMS % places * 4;
}

static enum known kind_of(u32 word, u32 offset)
{
	if (word == word_at(offset))
		return KNOWN_RIGHT;
	if (word == ~0u)
		return KNOWN_ERASED;
	return word >> 16 == MARK ? KNOWN_ELSEWHERE : KNOWN_STATUS;
}

void known_judge(const volatile u32 *got, u32 offset, u32 words, u64 seen[KNOWN_KINDS])
{
	for (u32 i = 0; i < words; i++)
		seen[kind_of(got[i], offset + 4 * i)]++;
}
