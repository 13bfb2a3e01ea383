/* SPDX-License-Identifier: MIT */
/*
 * Owns work on files: tasks with spaces of their own read and write sectors in an order drawn from
 * the seed, each from and to memory of its own (row T7). Every sector has one writer; so each
 * reader knows from when at least, and to when at most, what it reads must be. In the end all files
 * go to their stores, if they have any, no page of them stays, and all is read once more.
 */
#include "guest/lib/draw.h"
#include "guest/scenario/highmem_io.h"

#define BUFFER_VA MiB(8)

/* Sectors are counted through all files. */
struct work {
	const struct io_files *io;
	struct sector_state {
		volatile u32 written, begun; /* generations: that is there at least, and at most */
	} * sector;
	u32 nsectors, accesses;
};

struct worker {
	const struct work *work;
	u64 draws;
	u64 done, wrong, failed;
};

static struct file *file_of(const struct work *work, u32 sector, u64 *offset)
{
	u32 each = work->io->pages * IO_PAGE_SECTORS;

	*offset = (u64)(sector % each) * IO_SECTOR_BYTES;
	return work->io->file[sector / each];
}

/* Those of this CPU: every ncpus-th. */
static u32 own_sector(const struct work *work, u64 drawn)
{
	u32 cpus = boot_options.ncpus, of_this = (work->nsectors - cpu_id() + cpus - 1) / cpus;

	return cpu_id() + drawn % of_this * cpus;
}

static void write_sector(struct worker *w, u32 sector)
{
	struct sector_state *state = &w->work->sector[sector];
	u64 word[IO_SECTOR_WORDS], offset;
	struct file *file = file_of(w->work, sector, &offset);

	io_sector_fill(word, sector, state->written + 1);
	state->begun = state->written + 1;
	w->failed += !copy_to_user(BUFFER_VA, word, sizeof(word)) ||
		     !file_write(file, offset, BUFFER_VA, IO_SECTOR_BYTES);
	state->written = state->begun;
}

static void read_sector(struct worker *w, u32 sector)
{
	const struct sector_state *state = &w->work->sector[sector];
	u64 word[IO_SECTOR_WORDS], offset, oldest = state->written;
	struct file *file = file_of(w->work, sector, &offset);
	bool read = file_read(file, offset, BUFFER_VA, IO_SECTOR_BYTES) &&
		    copy_from_user(word, BUFFER_VA, sizeof(word));

	w->failed += !read;
	w->wrong += read && !io_sector_is_good(word, sector, oldest, state->begun);
}

static void access_sectors(void *arg)
{
	struct worker *w = arg;

	for (u32 i = 0; i < w->work->accesses; i++) {
		u64 drawn = draw_next(&w->draws);

		if (drawn % 100 < w->work->io->writes)
			write_sector(w, own_sector(w->work, drawn / 100));
		else
			read_sector(w, drawn / 100 % w->work->nsectors);
		w->done++;
		task_yield();
	}
}

static void read_all(void *arg)
{
	struct worker *w = arg;

	for (u32 i = 0; i < w->work->nsectors; i++)
		read_sector(w, i);
}

static struct task *start(u32 cpu, void (*fn)(void *), struct worker *worker)
{
	struct mm *mm = mm_create();

	if (!vma_map_user(mm, BUFFER_VA, PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0))
		panic("no room", "a buffer in space %u", mm->id);
	return task_start("worker", cpu, mm, fn, worker);
}

static void access_by_all_cpus(const struct work *work, struct worker *sum)
{
	struct worker worker[KVL_MAX_CPUS];
	struct task *task[KVL_MAX_CPUS];

	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		worker[cpu] = (struct worker){ .work = work,
					       .draws = draw_stream(boot_options.seed, 1 + cpu) };
		task[cpu] = start(cpu, access_sectors, &worker[cpu]);
	}
	for (u32 cpu = 0; cpu < boot_options.ncpus; cpu++) {
		task_join(task[cpu]);
		sum->done += worker[cpu].done;
		sum->wrong += worker[cpu].wrong;
		sum->failed += worker[cpu].failed;
	}
}

/* --- what it took ----------------------------------------------------------------------------- */

struct counts {
	u64 made, page_flushes, ipis;
};

static struct counts counts_now(void)
{
	return (struct counts){ count_total(COUNT_KVA_INSTALLS), count_total(COUNT_FLUSH_PAGE),
				count_total(COUNT_IPIS) };
}

struct file_stats highmem_io_stats(const struct io_files *io)
{
	struct file_stats sum = { 0 };

	for (u32 i = 0; i < io->nfiles; i++) {
		struct file_stats stats = file_stats(io->file[i]);

		sum.accesses += stats.accesses;
		sum.maps += stats.maps;
		sum.stored += stats.stored;
		sum.loaded += stats.loaded;
		sum.moved_above_4g += stats.moved_above_4g;
	}
	return sum;
}

/*
 * Where nothing waits, an address is made at most once for each access that needs one; a scheme
 * that keeps it makes fewer. (While a disk works tasks are switched, and what goes with a task is
 * made again.)
 */
static void report(const struct work *work, const struct worker *sum, const struct counts *before)
{
	struct file_stats stats = highmem_io_stats(work->io);
	struct counts now = counts_now();
	u64 made = now.made - before->made;

	check_equal("files.accesses", sum->done, (u64)work->accesses * boot_options.ncpus);
	check_equal("files.wrong_sectors", sum->wrong, 0);
	check_equal("files.failed", sum->failed, 0);
	if (!stats.loaded)
		check_range("files.addresses_made", made, stats.maps != 0, stats.maps);
	metric("page_accesses", stats.accesses);
	metric("page_maps", stats.maps);
	metric("maps_per_million", stats.maps * IO_PER / stats.accesses);
	metric("addresses_made", made);
	metric("files_page_flushes", now.page_flushes - before->page_flushes);
	metric("files_ipis", now.ipis - before->ipis);
}

static void read_all_again(const struct work *work)
{
	struct worker sum = { .work = work };
	bool stored = true;

	for (u32 i = 0; i < work->io->nfiles; i++)
		stored = stored && (!work->io->has_store[i] || file_evict(work->io->file[i]));
	check_true("files.stored", stored);
	task_join(start(0, read_all, &sum));
	check_equal("files.wrong_in_the_end", sum.wrong, 0);
	check_equal("files.failed_in_the_end", sum.failed, 0);
}

void highmem_io_use_files(const struct io_files *io)
{
	struct work work = {
		.io = io,
		.nsectors = io->nfiles * io->pages * IO_PAGE_SECTORS,
		.accesses = io->accesses / boot_options.ncpus,
	};
	struct worker sum = { .work = &work };
	struct counts before = counts_now();

	work.sector = lowmem_array(work.nsectors, sizeof(*work.sector));
	access_by_all_cpus(&work, &sum);
	report(&work, &sum, &before);
	read_all_again(&work);
	lowmem_array_free(work.sector);
}
