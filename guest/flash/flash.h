/* SPDX-License-Identifier: MIT */
/*
 * The flash chip as the rest of the kernel sees it: partitions that can be read, erased and
 * programmed, and revocable mappings of it whose pointer is always valid: a touch may have to wait
 * (seed rows W1, W4, W5, W9).
 */
#ifndef GUEST_FLASH_H
#define GUEST_FLASH_H

#include "guest/mm/vm.h"

struct flash_chip;

enum flash_error {
	FLASH_OK = 0,
	FLASH_RANGE,   /* outside the partition, or not aligned */
	FLASH_TIMEOUT, /* the chip stayed busy longer than it said it ever would */
	FLASH_PROGRAM, /* the chip says that it failed, or the word is not what it should be */
	FLASH_ERASE,
	FLASH_SEQUENCE,	 /* the chip did not get the cycles that it expected */
	FLASH_LOCKED,	 /* the block is locked, or the sector protected */
	FLASH_VPP,	 /* programming voltage too low */
	FLASH_STUCK,	 /* an earlier time-out has taken the chip out of service */
	FLASH_ABSENT,	 /* no chip that answers a CFI query as it should */
	FLASH_NO_SPACE,	 /* no address space for a mapping */
	FLASH_NOT_THERE, /* the chip cannot do that */
};

/* For people: "block is locked". */
const char *flash_error_text(enum flash_error error);

/* --- the chip --- */
/* Finds and probes the chip of the device tree. NULL: none that can be used; the console says
 * why. */
struct flash_chip *flash_chip_open(void);
/* All mappings must be gone. */
void flash_chip_close(struct flash_chip *chip);

/* How a chip is written; all false as it is opened. */
struct flash_policy {
	/* Words are programmed one by one, although the chip may have a write buffer. */
	bool word_by_word;
	/*
	 * A program or an erase rests for whoever waits and can do without the block in question:
	 * readers, and writers where the chip programs while an erase rests. It is never asked to
	 * rest before it has run for a while: it makes progress, whatever readers do.
	 */
	bool suspend;
};

/* Between sessions of writing. */
void flash_set_policy(struct flash_chip *chip, struct flash_policy policy);

/* Of the write buffers of all devices together, all that lies within one aligned line; 0: none. */
u32 flash_line_bytes(const struct flash_chip *chip);
/* An erase can rest. */
bool flash_can_suspend(const struct flash_chip *chip);
/* Every block is locked until it is written first: the driver unlocks it then. */
bool flash_is_locked_at_power_up(const struct flash_chip *chip);

/* What the arbitration saw since the chip was opened. Ticks: see ticks_now(). */
struct flash_stats {
	u32 sessions;		    /* of writing: from revocation to array mode */
	u32 revocations;	    /* mappings that had pages when a session began */
	u64 pages_revoked;	    /* by those */
	u32 suspensions;	    /* of an operation that came to rest */
	u32 turns_lent;		    /* served meanwhile: at least one each time */
	u64 writer_delay_max_ticks; /* from asking until commands may start, of any task */
	/* Turns before which not exactly those of the other kind were served, of readers or of
	 * writers, that had asked before: must stay 0 (seed row W7). */
	u32 out_of_order;
};
const struct flash_stats *flash_stats(const struct flash_chip *chip);

/* A task's waits for a chip: current()->flash_waits, if it wants an account. */
#define FLASH_WAIT_SAMPLES 256
struct flash_waits {
	/* until it could read */
	u32 n;
	u64 ticks; /* of all waits together */
	u64 max_ticks;
	u64 max_ns;			/* flash clock */
	u64 sample[FLASH_WAIT_SAMPLES]; /* ticks of the first waits */
	/* from asking for the chip until commands may start */
	u64 write_max_ticks;
};

/* --- partitions --- */
struct flash_partition {
	const char *label;
	struct flash_chip *chip;
	u64 offset, bytes; /* in the chip */
	u32 block_bytes;   /* the largest erase block in it */
	u32 bank_width;	   /* bytes of a bus word */
};

/* The partition @label of @chip; false: there is none, or it does not fit the chip's blocks. */
bool flash_partition_find(struct flash_chip *chip, const char *label, struct flash_partition *out);

/* Copies out of the array, under the chip's read lock: waits for a running write. */
enum flash_error flash_partition_read(const struct flash_partition *partition, u64 offset, void *to,
				      u64 bytes);
/* Erases the block that begins at @offset. One session. */
enum flash_error flash_partition_erase(const struct flash_partition *partition, u64 offset);
/*
 * Programs bus words (offset and bytes aligned to them), by the chip's write buffer where it has
 * one and the policy lets it. One session: readers wait for all of it, so a long write should come
 * in batches. @from must not lie in a mapping of the same chip: touching that while the chip is
 * commanded is a named failure.
 */
enum flash_error flash_partition_program(const struct flash_partition *partition, u64 offset,
					 const void *from, u64 bytes);
/*
 * Locks or unlocks the erase block that begins at @offset; all blocks are unlocked where lock bits
 * are cells that can only be cleared together (J3). One session. FLASH_NOT_THERE: the chip has no
 * locks.
 */
enum flash_error flash_partition_lock(const struct flash_partition *partition, u64 offset,
				      bool lock);
/* Is that block locked? One session. */
enum flash_error flash_partition_is_locked(const struct flash_partition *partition, u64 offset,
					   bool *locked);
/* Bytes of the erase block that holds @offset; 0: outside. */
u32 flash_partition_block_bytes(const struct flash_partition *partition, u64 offset);

/* --- revocable mappings --- */
struct flash_mapping;

struct flash_mapping_stats {
	u64 faults;	   /* that mapped a page */
	u64 fetches;	   /* of these, by an instruction fetch */
	u64 spurious;	   /* that found it mapped by another CPU meanwhile */
	u64 pages_ahead;   /* mapped beside the one that faulted, of a chip that is lent */
	u64 pages_revoked; /* present entries that sessions removed */
	u64 pages_dropped; /* that flash_drop() removed */
	u64 pages_mapped;  /* now */
};

/*
 * A kernel area over the whole partition, read-only. No page is present until it is touched; all of
 * them go whenever any part of the chip is written, and come back one by one. Touching it when the
 * chip is out of service is a named failure. Errors: FLASH_NO_SPACE, FLASH_STUCK.
 */
enum flash_error flash_map(const struct flash_partition *partition, struct flash_mapping **out);
/*
 * The same at @va in the kernel's pageable region, for code of the kernel that runs from the chip
 * (seed row W11). FLASH_NO_SPACE: overlaps another area, or lies outside that region.
 */
enum flash_error flash_map_text(const struct flash_partition *partition, u64 va,
				struct flash_mapping **out);
/*
 * The same in user space @mm at @va, page-aligned, for programs that read there and, with @exec,
 * run there. When the chip is out of service a task that touches it is killed. The mapping may be
 * left to the end of its space, which is before flash_chip_close(). FLASH_NO_SPACE: overlaps
 * another area, or lies outside user space.
 */
enum flash_error flash_map_user(const struct flash_partition *partition, struct mm *mm, u64 va,
				bool exec, struct flash_mapping **out);
/*
 * Takes all of its pages away, as a write would: they come back when they are touched. FLASH_STUCK:
 * the chip is out of service; the session that failed has taken all pages away, and none comes
 * back.
 */
enum flash_error flash_drop(struct flash_mapping *mapping);
void flash_unmap(struct flash_mapping *mapping);
const void *flash_mapping_base(const struct flash_mapping *mapping);
struct flash_mapping_stats flash_mapping_stats(const struct flash_mapping *mapping);
/* Table pages that @bytes at @va need at most when all of it is present (seed row W12). */
u64 flash_table_bytes(u64 va, u64 bytes);

/* --- raw frames --- */
struct pfn_source;

/*
 * The partition as a source for pfn_map(): its frames are mapped as they are, and copied where they
 * are written. Raw frames go whenever any part of the chip is written, and come back one by one;
 * copies stay. Who enters waits for all that was asked of the chip before, also where it rests.
 * When the chip is out of service a task that touches a raw frame is killed. Errors: FLASH_RANGE:
 * not whole pages; FLASH_STUCK.
 */
enum flash_error flash_frames_open(const struct flash_partition *partition,
				   struct pfn_source **out);
/* Nothing is mapped of it; before flash_chip_close(). */
void flash_frames_close(struct pfn_source *source);

/* --- mappings that hold the chip --- */
struct flash_held;

struct flash_held_stats {
	u64 holds, pages; /* how often; pages mapped by these */
};

/* Address space for the whole partition; nothing is mapped or held. */
enum flash_error flash_held_open(const struct flash_partition *partition, struct flash_held **out);
void flash_held_close(struct flash_held *held); /* releases, too */
/*
 * Waits for a running write, then maps @bytes at @offset of the partition and holds the chip for
 * reading until flash_release(), or until the next call releases it. The caller must not write to
 * the chip meanwhile: a named failure. NULL: cannot, see @error.
 */
const void *flash_hold(struct flash_held *held, u64 offset, u64 bytes, enum flash_error *error);
void flash_release(struct flash_held *held); /* may have been released before */
/* @bytes at @offset, if that is held now; else NULL. */
const void *flash_held_at(const struct flash_held *held, u64 offset, u64 bytes);
/* Somebody waits for the chip, at least for this holder. */
bool flash_held_is_wanted(const struct flash_held *held);
struct flash_held_stats flash_held_stats(const struct flash_held *held);
/* Table pages that it needs at most (seed row W12). */
u64 flash_held_table_bytes(const struct flash_held *held);

#endif
