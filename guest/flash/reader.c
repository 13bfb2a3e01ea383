/* SPDX-License-Identifier: MIT */
/*
 * Owns what all arms' readers share: range checks, and the account of what was read. How the bytes
 * come is the arm's (guest/scenario/flash_mount_*.c).
 */
#include "guest/flash/reader.h"

void flash_reader_tell(struct flash_reader *reader)
{
	if (reader->words == reader->words_told)
		return;
	flash_words_read(reader->words - reader->words_told);
	reader->words_told = reader->words;
}

void flash_reader_mark(struct flash_reader *reader, u32 first_page, u32 last_page)
{
	reader->last_page = last_page + 1;
	if (!reader->touched)
		return;
	for (u32 page = first_page; page <= last_page; page++) {
		u32 bit = 1u << page % 32;

		reader->pages_touched += !(reader->touched[page / 32] & bit);
		reader->touched[page / 32] |= bit;
	}
}

static const void *unreadable(struct flash_reader *reader)
{
	static const struct {
		u32 word[FLASH_READER_MAX_BYTES / 4];
	} erased = { { [0 ... FLASH_READER_MAX_BYTES / 4 - 1] = 0xffffffff } };

	reader->errors++;
	return &erased;
}

const void *flash_reader_piece(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	const void *piece;

	if (need > FLASH_READER_MAX_BYTES || need > reader->bytes || offset > reader->bytes - need)
		panic("flash reader out of range", "%u bytes at %08x of a partition of %08x bytes",
		      need, offset, reader->bytes);
	piece = reader->ops->get(reader, offset, need, ahead);
	return piece ? piece : unreadable(reader);
}
