/* SPDX-License-Identifier: MIT */
/*
 * pageable: the kernel calls functions and uses data of its own that are marked __pageable, and
 * works on memory from vmalloc_pageable(), with fewer frames than pages (seed rows W10, W11, W17).
 * The arms differ only in what such memory is (struct pageable_ops): a file and a row each.
 */
#ifndef GUEST_SCENARIO_PAGEABLE_H
#define GUEST_SCENARIO_PAGEABLE_H

#include "guest/flash/flash.h"
#include "guest/mm/pageable.h"
#include "guest/scenario/flash_sessions.h"
#include "guest/scenario/scenario.h"

extern const struct arm pageable_arms[];
extern const struct scenario_param pageable_params[];
extern const struct scenario_varies pageable_varies[];
void pageable_run(const struct arm *arm);

struct pageable_run;

/* What came and went so far, in all areas together. */
struct pageable_account {
	struct pageable_stats memory, text, data;
	struct flash_mapping_stats mapping; /* text that is mapped from the chip */
};

/* --- arms (pageable.arms) --- */
struct pageable_ops {
	/* Readies the sections and whatever memory needs. False: cannot, and has said why. */
	bool (*open)(struct pageable_run *r);
	void (*close)(struct pageable_run *r);
	/* Zeroed memory, all that the run asks for; NULL: there is not so much. */
	void *(*alloc)(struct pageable_run *r, u64 bytes);
	void (*free)(struct pageable_run *r, void *memory);
	/* The sections leave RAM, as if under pressure. */
	void (*drop_sections)(struct pageable_run *r);
	struct pageable_account (*account)(const struct pageable_run *r);
	/* Most frames that the memory and the sections had together so far. */
	u32 (*frames)(const struct pageable_run *r);
	bool pages_out; /* something does */
};

#define ARM(name, ops, about) extern const struct pageable_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/pageable.arms"
#undef ARM
#undef VARIES

/* --- one run --- */
enum pageable_text_from { TEXT_XIP, TEXT_COPY, TEXT_DISK };
enum pageable_pattern { PATTERN_LOOP, PATTERN_RANDOM, PATTERN_HOT };

struct pageable_run {
	const struct pageable_ops *ops;
	void *private; /* the arm's */
	/* --set */
	enum pageable_text_from text_from;
	enum pageable_pattern pattern;
	const struct replacement *replacement;
	bool ram_is_short; /* there are @frames frames because RAM has no more */
	u32 npages, frames, ntasks, passes, percent_written, rounds, calls;
	const char *provoke;

	struct flash_sessions sessions; /* beside the text, where that is in flash */
	/* the sections: calls of each task in each round */
	u64 section_faults; /* page faults of that part, less those that found the page mapped */
	struct pageable_account sections;
	u32 sums_wrong, first_words_wrong;
	u64 data_written; /* by functions of the section, as the data say */
	/* the memory */
	struct pageable_memory *memory;
	u64 memory_faults, memory_ticks, section_ticks;
	struct pageable_account all;
	u32 frames_used;
	/* since the arm was opened, all areas being empty then */
	u64 frames_held; /* by the zones */
	u64 disk_reads, disk_writes;
};

/* --- the sections (pageable_text.c) --- */
#define SECTION_FUNCTIONS 8
#define SECTION_TEXT_PAGES (SECTION_FUNCTIONS + 1) /* each in a page, and the one that calls them */
#define SECTION_DATA_PAGES \
	(SECTION_FUNCTIONS + 1) /* a page for each, and one of pointers to them */
/* A number that comes out of all functions and of words in the data. Pageable itself. */
u64 section_sum(u64 x);
/* The same by ordinary code, out of what the source says. */
u64 section_sum_expected(u64 x);
/* How often functions wrote to their data, by these data; @wrong: first words that are not what
 * they were. */
u64 section_writes(u32 *wrong);

/* --- the memory (pageable_memory.c) --- */
struct pageable_memory {
	u8 *base;
	u32 npages;
	u32 *begun, *done; /* of each page: writes */
	u32 pages_wrong, writes_lost, writes_early;
	u64 visits, written;
};
bool pageable_memory_open(struct pageable_run *r);
void pageable_memory_close(struct pageable_run *r);
/* All tasks visit pages; then all pages are read once more. */
void pageable_memory_work(struct pageable_run *r);

/* --- pressure (pageable_ballast.c) --- */
struct ballast;
/* Takes all RAM but @pages_left pages. */
struct ballast *pageable_ballast(u32 pages_left);
void pageable_ballast_free(struct ballast *ballast);

/* --- what is said of it (pageable_report.c) --- */
void pageable_report(const char *arm, const struct pageable_run *r);

#endif
