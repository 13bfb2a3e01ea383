/* SPDX-License-Identifier: MIT */
/*
 * flash-mount: a JFFS2 mount from one partition of a chip while another partition is written. The
 * arms differ only in how the mount reads (struct flash_reader_ops): a file and a row each.
 */
#ifndef GUEST_FLASH_MOUNT_H
#define GUEST_FLASH_MOUNT_H

#include "guest/flash/flash.h"
#include "guest/flash/jffs2.h"
#include "guest/flash/reader.h"
#include "guest/scenario/scenario.h"

extern const struct arm flash_mount_arms[];
extern const struct scenario_param flash_mount_params[];
extern const struct scenario_varies flash_mount_varies[];
void flash_mount_run(const struct arm *arm);

/* --- arms (flash_mount.arms) --- */
#define ARM(name, ops, about) extern const struct flash_reader_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/flash_mount.arms"
#undef ARM
#undef VARIES

/* --- open and close of arms that hold the chip (flash_mount_held.c); private: flash_held */
bool flash_mount_held_open(struct flash_reader *reader);
void flash_mount_held_close(struct flash_reader *reader);

/* --- the writer (flash_mount_writer.c) --- */
struct flash_writer {
	const struct flash_partition *partition;
	bool erases, programs;
	u32 blocks;	  /* to write */
	u32 words, batch; /* bus words to program in each; in one session */
	u32 sessions;	  /* that these need */
	u32 lines;	  /* of the write buffer, that they need if that is used */
	/* results */
	u32 erased;
	u64 programmed; /* words */
	u32 wrong;	/* read back otherwise than written */
	enum flash_error error;
	struct flash_waits *waits; /* the caller's; set before it starts */
};

/* Reads --set writer=, blocks=, words=, batch=. */
struct flash_writer flash_writer_from_params(const struct flash_partition *partition);
/* A task's function; @arg: struct flash_writer. */
void flash_writer_task(void *arg);

/* --- one page, read over and over (flash_mount_hot.c) --- */
struct flash_hot {
	struct task *task; /* NULL: none is wanted */
	const void *at;
	u32 reads, wrong;
	volatile bool stop;
};

/* If --set hot=on: of what @reader, which stays open, maps. Stopping it reports what it saw. */
void flash_hot_start(struct flash_hot *hot, struct flash_reader *reader);
void flash_hot_stop(struct flash_hot *hot);

/* --- is it NOR? (flash_mount_nor.c) --- */
struct flash_nor {
	u32 sessions;	    /* of one word each, made to find out */
	u32 bits, bits_set; /* of the scratch word; of these, set by a program operation */
};

/* Programs the last word but one of @log; before anybody else uses the chip. */
struct flash_nor flash_mount_nor(const struct flash_partition *log);

/* --- RAM (flash_mount_ram.c) --- */
struct flash_ram {
	u64 tables, frames; /* pages of each */
	u64 heap_bytes;
};

/* In use now. */
struct flash_ram flash_ram_now(void);
/* After the mount and before @reader is closed; @before: as it was before it was opened. */
void flash_mount_check_ram(const struct flash_reader *reader, const struct flash_ram *before);

/* --- one mount, as its task sees it, and what is said of it (flash_mount_report.c) --- */
struct flash_mount {
	struct flash_reader reader;
	struct flash_waits writer_waits;
	struct flash_partition partition, log;
	u32 max_rows, sector_bytes;
	bool reads_contents;	 /* --set contents=on */
	bool buffered, suspends; /* --set program=buffer, suspend=on */
	struct flash_nor nor;
	struct flash_ram ram; /* before the reader was opened */
	const char *provoke;
	bool provoked;
	enum jffs2_status status;
	struct jffs2_counts counts;
	u64 mount_ticks, mount_wait_ticks, verify_ticks, copy_ticks;
	u64 mount_words, verify_words, contents_words;
	u64 contents_ticks, contents_wait_ticks;
	u32 own_sessions; /* writes of the mount task itself */
	bool own_ok;
};

/* @faults: taken by all CPUs while mount and writer ran. */
void flash_mount_report(const char *arm, const struct flash_mount *m, const struct flash_writer *w,
			u64 faults);

/* --- rounds of readers and writers in place of the mount (flash_mount_storm.c) --- */
/* Of @m the partitions and the policy are set; the partition to mount is overwritten. */
void flash_mount_storm(const struct flash_mount *m, const struct flash_reader_ops *ops, u64 rounds);

/* --- bad behaviour on purpose (flash_mount_provoke.c) --- */
/* Refuses what an arm with @ops cannot do, or nobody; before anything is opened. */
void flash_mount_check_provoke(const char *what, const struct flash_reader_ops *ops);
/* Does what --set provoke= asks for; returns only if it did not end the run. */
void flash_mount_provoke(const char *what, struct flash_reader *reader,
			 const struct flash_partition *log);

#endif
