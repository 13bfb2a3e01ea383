/* SPDX-License-Identifier: MIT */
/*
 * Owns processes in memory that forks (rows T8, T9): each has threads on several CPUs, which write
 * words of their own and read all; one forks in between, while the others go on. A child begins
 * with what its parent had at the fork, so each reader knows from when at least, and to when at
 * most, what it reads must be.
 */
#include "guest/block/block.h"
#include "guest/scenario/highmem_io_memory.h"

#include "guest/lib/draw.h"
#include "guest/mm/swap.h"
#include "guest/trace.h"

/* --- words ------------------------------------------------------------------------------------ */

#define PAGE_WORDS (IO_MOST_THREADS + 1)
#define NUMBER_BITS 16 /* of a process, in the stamps of what it writes */

static u32 place_of(u32 page, u32 nth)
{
	return page * PAGE_WORDS + nth;
}

static u64 address_of(u32 page, u32 nth)
{
	return IO_MEMORY_VA + page * PAGE_BYTES + nth * (PAGE_BYTES / PAGE_WORDS);
}

static bool move(struct mm *mm, u64 va, u64 *word, bool write)
{
	if (current()->mm != mm)
		return cow_access(mm, va, word, sizeof(*word), write);
	return write ? copy_to_user(va, word, sizeof(*word))
		     : copy_from_user(word, va, sizeof(*word));
}

void io_word_read(struct io_process *process, struct mm *mm, u32 page, u32 nth)
{
	u32 place = place_of(page, nth);
	const struct io_word *state = &process->word[place];
	u64 word, oldest = state->written;
	bool read = move(mm, address_of(page, nth), &word, false);

	io_add(&process->all->failed, !read);
	io_add(&process->all->wrong, read && !io_word_is_good(word, place, oldest, state->begun));
}

void io_word_write(struct io_process *process, struct mm *mm, u32 page, u32 nth)
{
	u32 place = place_of(page, nth);
	struct io_word *state = &process->word[place];
	u64 stamp = ((state->begun >> NUMBER_BITS) + 1) << NUMBER_BITS | process->number;
	u64 word = io_word_make(stamp, place);

	state->begun = stamp;
	io_add(&process->all->failed, !move(mm, address_of(page, nth), &word, true));
	state->written = stamp;
}

/* --- processes -------------------------------------------------------------------------------- */

static void fork_process(struct io_process *parent);

static void touch(struct io_thread *t)
{
	struct io_process *process = t->process;
	const struct io_memory *sizes = process->all->sizes;
	u64 drawn = draw_next(&t->draws);
	u32 page = drawn / 100 % sizes->pages;

	if (drawn % 100 < sizes->writes)
		io_word_write(process, current()->mm, page, t->nth);
	else
		io_word_read(process, current()->mm, page,
			     draw_next(&t->draws) % (sizes->threads + 1));
	io_add(&process->all->touches, 1);
}

static void read_all(struct io_process *process)
{
	const struct io_memory *sizes = process->all->sizes;

	for (u32 page = 0; page < sizes->pages; page++)
		for (u32 nth = 0; nth <= sizes->threads; nth++)
			io_word_read(process, current()->mm, page, nth);
	io_add(&process->all->touches, sizes->pages * (sizes->threads + 1));
}

static void run_thread(void *arg)
{
	struct io_thread *t = arg;
	const struct io_memory *sizes = t->process->all->sizes;

	for (u32 i = 0; i < sizes->touches; i++) {
		if (i == sizes->touches / 2 && t->nth == 0)
			fork_process(t->process);
		touch(t);
		task_yield();
	}
	if (t->nth == 0)
		read_all(t->process);
}

/* Others can look into it from now on, until it is over. */
static void start_threads(struct io_process *process, struct mm *mm)
{
	struct io_processes *all = process->all;

	mm_get(mm);
	spin_lock(&all->lock);
	process->mm = mm;
	spin_unlock(&all->lock);
	for (u32 i = 0; i < all->sizes->threads; i++) {
		struct io_thread *t = &process->thread[i];

		*t = (struct io_thread){
			.process = process,
			.nth = i,
			.draws = draw_stream(boot_options.seed,
					     process->number * IO_MOST_THREADS + i),
		};
		t->task = task_start("process", (process->number + i) % boot_options.ncpus, mm,
				     run_thread, t);
	}
	__atomic_store_n(&process->started, true, __ATOMIC_RELEASE);
}

static void start_process(struct io_process *process)
{
	struct io_processes *all = process->all;
	struct mm *mm = mm_create();

	process->vma =
		cow_map(mm, IO_MEMORY_VA, all->sizes->pages * PAGE_BYTES, PROT_WRITE, &all->group);
	if (!process->vma)
		panic("no room", "memory in space %u", mm->id);
	start_threads(process, mm);
}

/* Each word is what it was at least before the fork, and at most after it. */
static void fork_process(struct io_process *parent)
{
	struct io_processes *all = parent->all;
	u32 child_number = parent->number + all->sizes->processes;
	struct io_process *child = &all->process[child_number];
	struct mm *mm;

	if (child_number >= all->n)
		return;
	mm = mm_create();
	for (u32 i = 0; i < all->sizes->pages * PAGE_WORDS; i++)
		child->word[i].written = parent->word[i].written;
	child->vma = cow_fork(parent->vma, mm);
	if (!child->vma)
		panic("no room", "a fork of space %u", parent->mm->id);
	for (u32 i = 0; i < all->sizes->pages * PAGE_WORDS; i++)
		child->word[i].begun = parent->word[i].begun;
	start_threads(child, mm);
}

static void wait_until_started(const struct io_process *process)
{
	u16 site = SITE("memory.start");

	wait_begin(KVL_WAIT_TASK, process->number, site);
	while (!__atomic_load_n(&process->started, __ATOMIC_ACQUIRE))
		task_yield();
	wait_end(KVL_WAIT_TASK, process->number, site);
}

static void join_process(struct io_process *process)
{
	struct io_processes *all = process->all;
	struct mm *mm;

	wait_until_started(process);
	mm = process->mm;
	for (u32 i = 0; i < all->sizes->threads; i++)
		task_join(process->thread[i].task);
	spin_lock(&all->lock);
	process->mm = NULL;
	spin_unlock(&all->lock);
	mm_put(mm);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void make_processes(struct io_processes *all)
{
	all->process = lowmem_array(all->n, sizeof(*all->process));
	for (u32 i = 0; i < all->n; i++) {
		struct io_process *process = &all->process[i];

		process->all = all;
		process->number = i;
		process->word =
			lowmem_array(all->sizes->pages * PAGE_WORDS, sizeof(*process->word));
	}
}

static void free_processes(struct io_processes *all)
{
	for (u32 i = 0; i < all->n; i++)
		lowmem_array_free(all->process[i].word);
	lowmem_array_free(all->process);
}

static void run_all(struct io_processes *all)
{
	u32 last = boot_options.ncpus - 1;
	struct task *tracer, *swapper;

	for (u32 i = 0; i < all->sizes->processes; i++)
		start_process(&all->process[i]);
	tracer = task_start("tracer", last, NULL, io_trace, all);
	swapper = task_start("swapper", last / 2, NULL, io_swap_out, all);
	for (u32 i = 0; i < all->n; i++)
		join_process(&all->process[i]);
	all->over = true;
	task_join(swapper);
	task_join(tracer);
}

struct io_share highmem_io_memory(const struct io_memory *sizes)
{
	struct io_processes all = {
		.sizes = sizes,
		.lock = SPINLOCK("processes"),
		.group = { .frames = &io_frames },
		.n = sizes->processes * (sizes->forks + 1),
	};
	u64 made = count_total(COUNT_KVA_INSTALLS), bounces = 0;
	struct io_disk disk;

	make_processes(&all);
	if (boot_options.disk_bytes) {
		io_disk_open(&disk, all.n * sizes->pages);
		swap_start(&disk.store);
	}
	run_all(&all);
	if (boot_options.disk_bytes) {
		swap_stop();
		bounces = disk.bounce.bounces;
		block_close(disk.device);
	}
	free_processes(&all);
	return io_memory_report(&all, count_total(COUNT_KVA_INSTALLS) - made, bounces);
}
