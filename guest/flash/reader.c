/* SPDX-License-Identifier: MIT */
/*
 * Owns what all arms' readers share: range checks, and the account of what was read. How the bytes
 * come is the arm's (guest/scenario/flash_mount_*.c).
 */
#include "guest/flash/reader.h"

/* Each report is a VM exit; 1,024 words of 2 bytes take a chip of this kind about 0.1 ms. */
#define TELL_WORDS 1024

void flash_reader_tell(struct flash_reader *reader)
{
	if (reader->words == reader->words_told)
		return;
	flash_words_read(reader->words - reader->words_told);
	reader->words_told = reader->words;
}

static void mark_touched(struct flash_reader *reader, u32 first, u32 last)
{
	for (u32 page = first; page <= last; page++) {
		u32 bit = 1u << page % 32;

		reader->pages_touched += !(reader->touched[page / 32] & bit);
		reader->touched[page / 32] |= bit;
	}
	reader->last_page = last + 1;
}

void flash_reader_note(struct flash_reader *reader, u32 offset, u32 bytes)
{
	u32 first = offset >> PAGE_SHIFT, last = (offset + bytes - 1) >> PAGE_SHIFT;
	u32 shift = reader->bus_shift;

	reader->words += ((offset + bytes - 1) >> shift) - (offset >> shift) + 1;
	if (reader->words - reader->words_told >= TELL_WORDS)
		flash_reader_tell(reader);
	if (reader->touched && (first != last || reader->last_page != last + 1))
		mark_touched(reader, first, last);
}

static const void *unreadable(struct flash_reader *reader)
{
	static const struct {
		u32 word[FLASH_READER_MAX_BYTES / 4];
	} erased = { { [0 ... FLASH_READER_MAX_BYTES / 4 - 1] = 0xffffffff } };

	reader->errors++;
	return &erased;
}

const void *flash_reader_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	const void *piece;

	if (need > FLASH_READER_MAX_BYTES || need > reader->bytes || offset > reader->bytes - need)
		panic("flash reader out of range", "%u bytes at %08x of a partition of %08x bytes",
		      need, offset, reader->bytes);
	if (reader->base) {
		flash_reader_note(reader, offset, need);
		return reader->base + offset;
	}
	piece = reader->ops->get(reader, offset, need, ahead);
	return piece ? piece : unreadable(reader);
}

void flash_reader_put(struct flash_reader *reader)
{
	if (reader->ops->put)
		reader->ops->put(reader);
}
