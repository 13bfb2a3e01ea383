/* SPDX-License-Identifier: MIT */
/*
 * Inside flash-mount's storm: rounds of readers and writers of one chip. What is read, by whom and
 * when is flash_mount_storm.c's, what lies there flash_mount_known.c's, writing
 * flash_mount_storm_writer.c's.
 */
#ifndef GUEST_FLASH_MOUNT_STORM_H
#define GUEST_FLASH_MOUNT_STORM_H

#include "guest/scenario/flash_mount.h"

/* --- words that say where they are (flash_mount_known.c) --- */
#define KNOWN_SEAMS 8 /* borders of pages, with known words on both sides */
#define KNOWN_PAGES (KNOWN_SEAMS + 1)
#define KNOWN_BYTES (KNOWN_PAGES * PAGE_BYTES)
#define PIECE_WORDS 8
#define PIECE_BYTES (PIECE_WORDS * 4)

/* What a word turned out to be. */
enum known {
	KNOWN_RIGHT,
	KNOWN_ELSEWHERE, /* it belongs to another place: a wrong translation */
	KNOWN_ERASED,
	KNOWN_STATUS, /* nothing that was ever written: what a busy chip returns */
	KNOWN_KINDS,
};

/* Erases what lies at the start of @part, of KNOWN_BYTES, and programs the words there. */
enum flash_error known_fill(const struct flash_partition *part);
/* Where a piece of known words begins: one side of a seam, the other, or across it. */
u32 known_piece(u64 drawn);
/* Adds to @seen what the @words 4-byte words of @part at @offset are that were read into @got. */
void known_judge(const volatile u32 *got, u32 offset, u32 words, u64 seen[KNOWN_KINDS]);

/* --- a writer, with a block of the log of its own (flash_mount_storm_writer.c) --- */
#define STORM_WRITERS 2
#define STORM_AREA_BYTES 128 /* that it programs, at the start of its block */

struct storm_writer {
	const struct flash_partition *log;
	bool erases, programs;
	u64 block; /* where it begins */
	u64 draws;
	u32 steps;		    /* sessions in a round */
	u8 holds[STORM_AREA_BYTES]; /* what the chip must return */
	/* results, of all rounds */
	u64 erased;
	u32 failed; /* writes that the chip said had failed */
	u32 wrong;  /* read back otherwise than written */
};

/* Erases the block. */
enum flash_error storm_writer_begin(struct storm_writer *writer);
/* A task's function; @arg: struct storm_writer. */
void storm_writer_task(void *arg);

/* --- a storm (flash_mount_storm.c) --- */
#define STORM_READERS 3 /* at most, in a round */
#define STORM_READS 4	/* pieces for each of them */
#define STORM_WRITES 2	/* sessions for each writer */
#define STORM_SPACES 2

enum storm_kind {
	STORM_KEEPER,
	STORM_VISITOR,
	STORM_USER,
};
#define STORM_KINDS (STORM_USER + 1)

struct storm_reader {
	struct flash_partition *known;
	enum storm_kind kind;
	u64 draws;
	struct flash_reader keeps, visits;
	/* results, of all rounds */
	u64 seen[KNOWN_KINDS];
	u64 kinds[STORM_KINDS];
	u32 errors;
	struct flash_mapping_stats visited; /* sums over the mappings of its visits */
};

struct storm {
	struct flash_partition known;
	const struct flash_partition *log;
	struct storm_reader reader[STORM_READERS];
	struct storm_writer writer[STORM_WRITERS];
	u32 nwriters; /* at most, in a round */
	struct mm *space[STORM_SPACES];
	u64 draws;    /* of the rounds */
	u64 children; /* seed of the streams of all tasks */
	u64 readers_asked, writers_asked, spaces_made;
};

/* --- what must hold (flash_mount_storm_report.c) --- */
/* Adds what the mapping behind @reader saw, if its arm has one. */
void storm_add_mapping(struct flash_mapping_stats *sum, const struct flash_reader *reader);
/* Metrics and checks. @before, @erases: chip and counter as the first round found them. */
void storm_report(const struct storm *s, const struct flash_stats *before, u64 erases);

#endif
