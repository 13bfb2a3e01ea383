/* SPDX-License-Identifier: MIT */
/*
 * Owns flash-mount's witness (--set hot=on): a task that reads one page of the mounted partition
 * over and over, also while the chip is commanded. It must wait then and never see anything but
 * what the page holds; where the page's translation has stayed, it reads status bits.
 */
#include "guest/scenario/flash_mount.h"

#include "guest/lib/crc32.h"
#include "guest/lib/string.h"

#define HOT_BYTES 64

static u32 look(const struct flash_hot *hot)
{
	return crc32(0, hot->at, HOT_BYTES);
}

static void read_on(void *arg)
{
	struct flash_hot *hot = arg;
	u32 first = look(hot);

	while (!hot->stop) {
		hot->reads++;
		hot->wrong += look(hot) != first;
		task_yield();
	}
}

void flash_hot_start(struct flash_hot *hot, struct flash_reader *reader)
{
	/* The last: of a block that is empty a mount looks at the first. */
	u64 page = reader->bytes / PAGE_BYTES - 1;

	*hot = (struct flash_hot){ 0 };
	if (!param_choice("hot", "off", "on"))
		return;
	if (!reader->base)
		usage_failure("hot=on: this arm has no pointer to the chip");
	hot->at = (const u8 *)reader->base + page * PAGE_BYTES;
	flash_reader_mark(reader, page, page);
	hot->task = task_start("hot", 0, NULL, read_on, hot);
}

void flash_hot_stop(struct flash_hot *hot)
{
	if (!hot->task)
		return;
	hot->stop = true;
	task_join(hot->task);
	metric("hot_reads", hot->reads);
	check_equal("hot_reads_wrong", hot->wrong, 0);
}
