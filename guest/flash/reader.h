/* SPDX-License-Identifier: MIT */
/*
 * How the JFFS2 reader gets at the bytes of its partition: the one thing in which the arms of
 * flash-mount differ. An arm either gives a pointer to the whole partition (base), which is then
 * simply used, with no return code to check (seed row W9), or hands out pieces (get, put).
 */
#ifndef GUEST_FLASH_READER_H
#define GUEST_FLASH_READER_H

#include "guest/flash/flash.h"
#include "guest/kernel.h"

struct flash_reader;

/* The most that can be asked for in one piece. */
#define FLASH_READER_MAX_BYTES PAGE_BYTES

struct flash_reader_ops {
	/* Prepares to read reader->partition; false: cannot, and has said why. */
	bool (*open)(struct flash_reader *reader);
	void (*close)(struct flash_reader *reader);
	/* The mount begins and ends, in its own task; may be NULL. False: it cannot begin. */
	bool (*begin)(struct flash_reader *reader);
	void (*end)(struct flash_reader *reader);
	/*
	 * For arms without a base. @need bytes at @offset, valid until the next get or put. Up to
	 * @ahead bytes (>= need) there will probably be read next: a buffer may fetch them at once.
	 * NULL: cannot be read.
	 */
	const void *(*get)(struct flash_reader *reader, u32 offset, u32 need, u32 ahead);
	void (*put)(struct flash_reader *reader); /* the piece is no longer used; may be NULL */
	/* A node begins, and ends: its pieces lie close together. May be NULL. */
	void (*enter)(struct flash_reader *reader);
	void (*leave)(struct flash_reader *reader);
	/* What the mapping behind reader->base saw; NULL: the arm has none. */
	struct flash_mapping_stats (*mapping_stats)(const struct flash_reader *reader);
	/* Metrics and checks of its own, after mount and writer; may be NULL. */
	void (*report)(const struct flash_reader *reader);
	/* What it hands out keeps writers from the chip: the reader itself must not write (W14). */
	bool holds_chip;
};

struct flash_reader {
	const struct flash_reader_ops *ops;
	struct flash_partition *partition;
	u32 bytes;		  /* of the partition */
	u32 bus_shift;		  /* a bus word is 1 << bus_shift bytes */
	const u8 *base;		  /* the whole partition; NULL: use get */
	void *private;		  /* the arm's */
	u64 words;		  /* bus words read from the array */
	u64 words_told;		  /* of these, the host knows */
	u64 copy_ticks;		  /* spent copying out of the chip, without waits for it */
	struct flash_waits waits; /* for the chip, of the task that reads */
	u64 ram_bytes;		  /* that the arm needs to read the chip (seed row W12) */
	u32 errors;		  /* pieces that could not be read */
	u32 last_page;		  /* page + 1 that was marked last in touched */
	u32 pages_touched;
	u32 *touched; /* bit per page of the partition that was ever read; NULL: not kept */
};

/* Tells the flash clock of the words it does not know of yet. */
void flash_reader_tell(struct flash_reader *reader);

/* The slow parts of the functions below. */
void flash_reader_mark(struct flash_reader *reader, u32 first_page, u32 last_page);
const void *flash_reader_piece(struct flash_reader *reader, u32 offset, u32 need, u32 ahead);

/* Each report to the clock is a VM exit; so many words of 2 bytes take such a chip 0.1 ms. */
#define FLASH_READER_TELL_WORDS 1024

/*
 * Notes that the guest reads [offset, offset + bytes) of the array. Bus words: a cached mapping
 * fetches each byte that a get() names once, however often the processor then looks at it.
 */
static inline void flash_reader_note(struct flash_reader *reader, u32 offset, u32 bytes)
{
	u32 first = offset >> PAGE_SHIFT, last = (offset + bytes - 1) >> PAGE_SHIFT;
	u32 shift = reader->bus_shift;

	reader->words += ((offset + bytes - 1) >> shift) - (offset >> shift) + 1;
	if (reader->words - reader->words_told >= FLASH_READER_TELL_WORDS)
		flash_reader_tell(reader);
	if (first != last || reader->last_page != last + 1)
		flash_reader_mark(reader, first, last);
}

/*
 * @need bytes at @offset; 1 <= need <= FLASH_READER_MAX_BYTES, inside the partition, or the run
 * ends. What cannot be read appears as an erased chip would, and counts as an error.
 */
static inline const void *flash_reader_get(struct flash_reader *reader, u32 offset, u32 need,
					   u32 ahead)
{
	if (!reader->base || offset > reader->bytes || need > reader->bytes - offset)
		return flash_reader_piece(reader, offset, need, ahead);
	flash_reader_note(reader, offset, need);
	return reader->base + offset;
}

/* What is read from enter to leave belongs together; they do not nest. */
static inline void flash_reader_enter(struct flash_reader *reader)
{
	if (reader->ops->enter)
		reader->ops->enter(reader);
}

static inline void flash_reader_leave(struct flash_reader *reader)
{
	if (reader->ops->leave)
		reader->ops->leave(reader);
}

/* The piece that get() gave is no longer used. */
static inline void flash_reader_put(struct flash_reader *reader)
{
	if (reader->ops->put)
		reader->ops->put(reader);
}

#endif
