/* SPDX-License-Identifier: MIT */
/*
 * Owns the tasks that look into the memory of processes, which run, fork and end meanwhile: one
 * swaps pages out, one reads and writes words as a debugger does. And the account of it all.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/highmem_io_memory.h"

#define SWAP_RUN 4 /* pages, at most */

/* One that has begun and is not over, if the one drawn is such: its space, of which the caller is a
 * user. */
static struct mm *draw_space(struct io_processes *all, u64 drawn, struct io_process **process)
{
	struct mm *mm;

	*process = &all->process[drawn % all->n];
	spin_lock(&all->lock);
	mm = (*process)->mm;
	if (mm)
		mm_get(mm);
	spin_unlock(&all->lock);
	return mm;
}

/* Until as many were tried as were asked for, or all is over. */
void io_swap_out(void *processes)
{
	struct io_processes *all = processes;
	u64 draws = draw_stream(boot_options.seed, all->n * IO_MOST_THREADS);
	struct io_process *process;

	for (u32 left = all->sizes->swaps; left && !all->over && boot_options.disk_bytes;) {
		struct mm *mm = draw_space(all, draw_next(&draws), &process);
		u32 page = draw_next(&draws) % all->sizes->pages;
		u32 run = 1 + draw_next(&draws) % SWAP_RUN;

		run = run < left ? run : left;
		if (mm) {
			cow_swap_out(mm, IO_MEMORY_VA + page * PAGE_BYTES, run * PAGE_BYTES);
			mm_put(mm);
			left -= run;
		}
		task_yield();
	}
}

void io_trace(void *processes)
{
	struct io_processes *all = processes;
	const struct io_memory *sizes = all->sizes;
	u64 draws = draw_stream(boot_options.seed, all->n * IO_MOST_THREADS + 1);
	struct io_process *process;

	for (u32 left = sizes->traces; left && !all->over;) {
		struct mm *mm = draw_space(all, draw_next(&draws), &process);
		u64 drawn = draw_next(&draws);
		u32 page = drawn / 100 % sizes->pages;

		if (mm && drawn % 100 < sizes->writes)
			io_word_write(process, mm, page, sizes->threads);
		else if (mm)
			io_word_read(process, mm, page, draw_next(&draws) % (sizes->threads + 1));
		if (mm) {
			mm_put(mm);
			left--;
		}
		task_yield();
	}
}

/* --- the account ------------------------------------------------------------------------------ */

static const char *const cause_maps[COW_CAUSES][2] = {
	[COW_CLEAR] = { "memory.maps_clear", "cleared" },
	[COW_COPY] = { "memory.maps_copy", "copied" },
	[COW_FORCED] = { "memory.maps_forced", "copied_forced" },
	[COW_ACCESS] = { "memory.maps_access", "accessed" },
};

static struct io_share sum_up(const struct io_processes *all, u64 bounces)
{
	const struct cow_stats *stats = &all->group.stats;
	struct io_share share = {
		.accesses = all->touches + stats->swapped_in + stats->swapped_out,
		.maps = bounces,
	};

	for (u32 i = 0; i < COW_CAUSES; i++) {
		const struct cow_use *use = &stats->by[i];

		check_equal(cause_maps[i][0], use->maps, use->high);
		metric(cause_maps[i][1], use->events);
		share.accesses += use->accesses;
		share.maps += use->maps;
	}
	return share;
}

struct io_share io_memory_report(const struct io_processes *all, u64 made, u64 bounces)
{
	const struct io_memory *sizes = all->sizes;
	const struct cow_stats *stats = &all->group.stats;
	u64 each = sizes->threads * sizes->touches + sizes->pages * (sizes->threads + 1);
	struct io_share share = sum_up(all, bounces);

	check_equal("memory.touches", all->touches, all->n * each);
	check_equal("memory.wrong_words", all->wrong, 0);
	check_equal("memory.failed", all->failed, 0);
	check_equal("memory.forks", stats->forks, sizes->processes * sizes->forks);
	if (!boot_options.disk_bytes)
		check_range("memory.addresses_made", made, share.maps != 0, share.maps);
	metric("memory_accesses", share.accesses);
	metric("memory_maps", share.maps);
	metric("memory_maps_per_million", share.maps * IO_PER / share.accesses);
	metric("memory_addresses_made", made);
	metric("shared", stats->shared);
	metric("entries_protected", stats->protected);
	metric("made_writable", stats->made_writable);
	metric("flushes_asked", stats->flushes);
	metric("swapped_out", stats->swapped_out);
	metric("swapped_in", stats->swapped_in);
	metric("swap_dropped", stats->dropped);
	return share;
}
