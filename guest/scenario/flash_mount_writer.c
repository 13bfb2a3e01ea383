/* SPDX-License-Identifier: MIT */
/*
 * Owns the writer of flash-mount: erases and programs blocks of its own partition, one session for
 * each block or batch of words, and reads back what it wrote.
 */
#include "guest/scenario/flash_mount.h"

#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/scenario/flash_params.h"

/*
 * Lines that the sessions of one block touch; blocks begin with one. A line that two batches share
 * is programmed twice, each time in part.
 */
static u32 lines_of_block(const struct flash_writer *w)
{
	u32 line = flash_line_bytes(w->partition->chip) / w->partition->bank_width, lines = 0;

	if (!line)
		return 0;
	for (u32 at = 0; at < w->words; at += w->batch) {
		u32 end = at + w->batch < w->words ? at + w->batch : w->words;

		lines += (end - 1) / line - at / line + 1;
	}
	return lines;
}

struct flash_writer flash_writer_from_params(const struct flash_partition *partition)
{
	struct flash_writes writes = flash_writes_param("mixed");
	struct flash_writer w = { .partition = partition,
				  .erases = writes.erases,
				  .programs = writes.programs };
	u64 blocks = param_u64("blocks", 2), words = param_u64("words", 48);
	u64 batch = param_u64("batch", 16), most = PAGE_BYTES / partition->bank_width;

	/* the last block belongs to the mount's own write */
	if (blocks >= partition->bytes / partition->block_bytes)
		usage_failure("blocks=%lu: partition %s has %lu blocks, one of which is taken",
			      blocks, partition->label, partition->bytes / partition->block_bytes);
	if (!words || words > most || !batch || batch > words)
		usage_failure(
			"words=%lu, batch=%lu: at most %lu words, and a batch of at most those",
			words, batch, most);
	w.blocks = w.erases || w.programs ? blocks : 0;
	w.words = words;
	w.batch = batch;
	w.sessions = w.blocks * (w.erases + (w.programs ? (words + batch - 1) / batch : 0));
	w.lines = w.programs ? w.blocks * lines_of_block(&w) : 0;
	return w;
}

/* Reads what lies at @offset through the driver, and tells the flash clock. */
static bool read_back(struct flash_writer *w, u64 offset, void *to, u32 bytes)
{
	w->error = flash_partition_read(w->partition, offset, to, bytes);
	flash_words_read(bytes / w->partition->bank_width);
	return !w->error;
}

static bool is_erased(const u64 *word, u32 words)
{
	u64 all = ~0ull;

	for (u32 i = 0; i < words; i += 8)
		all &= word[i] & word[i + 1] & word[i + 2] & word[i + 3] & word[i + 4] &
		       word[i + 5] & word[i + 6] & word[i + 7];
	return all == ~0ull;
}

static void erase_block(struct flash_writer *w, u64 offset, void *buffer)
{
	u32 bytes = flash_partition_block_bytes(w->partition, offset);
	u32 piece = bytes < PAGE_BYTES ? bytes : PAGE_BYTES;

	w->error = flash_partition_erase(w->partition, offset);
	if (w->error)
		return;
	w->erased++;
	for (u64 at = offset; at < offset + bytes; at += piece) {
		if (!read_back(w, at, buffer, piece))
			return;
		w->wrong += !is_erased(buffer, piece / 8);
	}
}

/* Words that the seed determines; programming only clears bits, so what was there before counts. */
static void make_words(u8 *want, const u8 *before, u32 bytes, u64 offset)
{
	u64 x = boot_options.seed ^ offset * 0x9e3779b97f4a7c15ull;

	for (u32 i = 0; i < bytes; i++)
		want[i] = draw_next(&x) >> 23 & before[i];
}

static void program_block(struct flash_writer *w, u64 offset, u8 *want, u8 *got)
{
	u32 width = w->partition->bank_width, bytes = w->words * width, batch = w->batch * width;

	if (!read_back(w, offset, got, bytes))
		return;
	make_words(want, got, bytes, offset);
	for (u32 at = 0; at < bytes && !w->error; at += batch) {
		u32 n = batch < bytes - at ? batch : bytes - at;

		w->error = flash_partition_program(w->partition, offset + at, want + at, n);
		w->programmed += w->error ? 0 : n / width;
		task_yield();
	}
	if (!w->error && read_back(w, offset, got, bytes))
		w->wrong += memcmp(want, got, bytes) != 0;
}

void flash_writer_task(void *arg)
{
	struct flash_writer *w = arg;
	u8 *buffer = kalloc(2 * PAGE_BYTES);
	u64 offset = 0;

	current()->flash_waits = w->waits;
	for (u32 i = 0; i < w->blocks && !w->error; i++) {
		if (w->erases)
			erase_block(w, offset, buffer);
		if (w->programs && !w->error)
			program_block(w, offset, buffer, buffer + PAGE_BYTES);
		offset += flash_partition_block_bytes(w->partition, offset);
	}
	kfree(buffer);
}
