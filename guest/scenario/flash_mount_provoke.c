/* SPDX-License-Identifier: MIT */
/*
 * Owns what a user of a mapping must not do (seed rows W3, W17): each ends the run with a failure of
 * its own name. If one does not, the caller's check fails.
 */
#include "guest/lib/string.h"
#include "guest/scenario/flash_mount.h"

/* A store through the mapping: faults, and never reaches the chip. */
static void store(struct flash_reader *reader)
{
	volatile u8 *byte = (volatile u8 *)(uintptr_t)reader->base;

	*byte = 0;
}

/* A touch with a lock held, while the chip is busy: waiting is forbidden there. */
static void touch_in_atomic_context(struct flash_reader *reader, const struct flash_partition *log)
{
	struct spinlock lock = SPINLOCK("provoke");

	for (u32 tries = 0; tries < 10000; tries++) {
		task_yield();
		if (!flash_is_writing(log->chip))
			continue;
		spin_lock(&lock);
		(void)*(const volatile u8 *)reader->base;
		spin_unlock(&lock);
	}
}

/* The mapping as the source of a program operation: touched while the chip takes commands. */
static void program_from_mapping(struct flash_reader *reader, const struct flash_partition *log)
{
	flash_partition_program(log, log->bytes - log->bank_width, reader->base, log->bank_width);
}

void flash_mount_provoke(const char *what, struct flash_reader *reader,
			 const struct flash_partition *log)
{
	if (!reader->base)
		usage_failure("provoke=%s needs an arm with a mapping", what);
	if (strcmp(what, "store") == 0)
		store(reader);
	else if (strcmp(what, "atomic") == 0)
		touch_in_atomic_context(reader, log);
	else if (strcmp(what, "driver") == 0)
		program_from_mapping(reader, log);
	else
		usage_failure("provoke=%s: must be none, store, atomic or driver", what);
}
