/* SPDX-License-Identifier: MIT */
/*
 * Owns work on a file that spaces map (row T9): on each CPU a task with a space of its own has all
 * of it twice, shared and private, and writes and reads words by both mappings and by file_read()
 * and file_write(). Meanwhile, if there is a disk, another task writes the file back, or has it
 * leave memory. A word has one writer, so each reader knows from when at least, and to when at
 * most, what it reads must be: what is written by a shared mapping is the file's, in the end, too;
 * what is written by a private one is seen there alone, beside what the page had when it was first
 * written so.
 *
 * Before that each way is gone once with nobody beside: what addresses it takes.
 */
#include "guest/block/block.h"
#include "guest/lib/draw.h"
#include "guest/lib/string.h"
#include "guest/mm/file_map.h"
#include "guest/scenario/highmem_io.h"

/* By which a task gets at the file. */
enum way { BY_FILE, BY_SHARED, BY_PRIVATE, WAYS };

#define BUFFER_VA MiB(8)
#define SHARED_VA MiB(16)
#define PRIVATE_VA MiB(512)

/* Of a page: one for each CPU by the file and its shared mappings, then one for each by its private
 * one. */
#define WORD_BYTES (PAGE_BYTES / (2 * KVL_MAX_CPUS))

struct run {
	const struct io_map *sizes;
	struct file *file;
	u32 page_words;
	struct io_word *word; /* of the file */
	u64 touches, wrong, failed;
	volatile bool over;
};

/* A task, and its space. */
struct mapper {
	struct run *run;
	u32 cpu;
	struct mm *mm;
	u64 draws;
	bool *copied;	     /* pages that it has written privately */
	struct io_word *own; /* words of these */
	struct task *task;
};

/* --- words ------------------------------------------------------------------------------------ */

static u64 offset_of(u32 page, u32 nth)
{
	return page * PAGE_BYTES + nth * WORD_BYTES;
}

static bool move_by_file(struct file *file, u64 offset, u64 *word, bool write)
{
	if (write)
		return copy_to_user(BUFFER_VA, word, sizeof(*word)) &&
		       file_write(file, offset, BUFFER_VA, sizeof(*word));
	return file_read(file, offset, BUFFER_VA, sizeof(*word)) &&
	       copy_from_user(word, BUFFER_VA, sizeof(*word));
}

static bool move(const struct mapper *m, enum way way, u64 offset, u64 *word, bool write)
{
	u64 va = (way == BY_SHARED ? SHARED_VA : PRIVATE_VA) + offset;

	if (way == BY_FILE)
		return move_by_file(m->run->file, offset, word, write);
	return write ? copy_to_user(va, word, sizeof(*word))
		     : copy_from_user(word, va, sizeof(*word));
}

/* Words of @page as they are there. */
static struct io_word *words_of(const struct mapper *m, enum way way, u32 page)
{
	bool own = way == BY_PRIVATE && m->copied[page];

	return (own ? m->own : m->run->word) + page * m->run->page_words;
}

static void read_word(struct mapper *m, enum way way, u32 page, u32 nth)
{
	const struct io_word *state = &words_of(m, way, page)[nth];
	u64 word, oldest = state->written;
	bool read = move(m, way, offset_of(page, nth), &word, false);

	io_add(&m->run->failed, !read);
	io_add(&m->run->wrong, read && !io_word_is_good(word, page * m->run->page_words + nth,
							oldest, state->begun));
}

static void write_to(struct mapper *m, enum way way, u32 page, u32 nth)
{
	struct io_word *state = &words_of(m, way, page)[nth];
	u64 stamp = state->begun + 1;
	u64 word = io_word_make(stamp, page * m->run->page_words + nth);

	state->begun = stamp;
	io_add(&m->run->failed, !move(m, way, offset_of(page, nth), &word, true));
	state->written = stamp;
}

/* The page is copied at the first time: of others' words what was there at least before, and at
 * most after that. */
static void write_privately(struct mapper *m, u32 page)
{
	u32 cpus = boot_options.ncpus;
	const struct io_word *file = words_of(m, BY_FILE, page);
	bool first = !m->copied[page];
	struct io_word *own;

	m->copied[page] = true;
	own = words_of(m, BY_PRIVATE, page);
	for (u32 i = 0; first && i < cpus; i++)
		own[i].written = file[i].written;
	write_to(m, BY_PRIVATE, page, cpus + m->cpu);
	for (u32 i = 0; first && i < cpus; i++)
		own[i].begun = file[i].begun;
}

static void write_word(struct mapper *m, enum way way, u32 page)
{
	if (way == BY_PRIVATE)
		write_privately(m, page);
	else
		write_to(m, way, page, m->cpu);
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void read_all(struct mapper *m, enum way way)
{
	for (u32 page = 0; page < m->run->sizes->pages; page++)
		for (u32 nth = 0; nth < m->run->page_words; nth++)
			read_word(m, way, page, nth);
}

static void touch_words(void *mapper)
{
	struct mapper *m = mapper;
	struct run *run = m->run;

	for (u32 i = 0; i < run->sizes->touches; i++) {
		u64 drawn = draw_next(&m->draws);
		enum way way = drawn / 100 % WAYS;
		u32 page = draw_next(&m->draws) % run->sizes->pages;

		if (drawn % 100 < run->sizes->writes)
			write_word(m, way, page);
		else
			read_word(m, way, page, draw_next(&m->draws) % run->page_words);
		io_add(&run->touches, 1);
		task_yield();
	}
	read_all(m, BY_SHARED);
	read_all(m, BY_PRIVATE);
}

static void write_back(void *arg)
{
	struct run *run = arg;
	u64 draws = draw_stream(boot_options.seed, KVL_MAX_CPUS);

	for (u32 i = 0; i < run->sizes->passes && !run->over; i++) {
		bool stored = draw_next(&draws) % 2 ? file_sync(run->file) : file_evict(run->file);

		io_add(&run->failed, !stored);
		task_yield();
	}
}

static void start(struct mapper *m, struct run *run, u32 cpu, void (*fn)(void *))
{
	u32 pages = run->sizes->pages;

	*m = (struct mapper){
		.run = run,
		.cpu = cpu,
		.mm = mm_create(),
		.draws = draw_stream(boot_options.seed, cpu),
		.copied = lowmem_array(pages, sizeof(*m->copied)),
		.own = lowmem_array(pages * run->page_words, sizeof(*m->own)),
	};
	if (!vma_map_user(m->mm, BUFFER_VA, PAGE_BYTES, PROT_WRITE, &anon_ops, NULL, 0) ||
	    !file_map(run->file, m->mm, SHARED_VA, PROT_WRITE, FILE_SHARED) ||
	    !file_map(run->file, m->mm, PRIVATE_VA, PROT_WRITE, FILE_PRIVATE))
		panic("no room", "a file in space %u", m->mm->id);
	mm_get(m->mm);
	m->task = task_start("mapper", cpu, m->mm, fn, m);
}

static void end(struct mapper *m)
{
	mm_put(m->mm);
	lowmem_array_free(m->copied);
	lowmem_array_free(m->own);
}

/* --- with nobody beside ----------------------------------------------------------------------- */

static void write_all(struct mapper *m, enum way way)
{
	for (u32 page = 0; page < m->run->sizes->pages; page++)
		write_word(m, way, page);
}

/* By the space's table: pages of the private mapping that have no address of their own. */
static u64 high_pages(const struct mapper *m)
{
	u64 n = 0;

	for (u32 page = 0; page < m->run->sizes->pages; page++)
		n += page_is_highmem(
			gpa_page(arch_pte_gpa(pt_lookup(m->mm, PRIVATE_VA + page * PAGE_BYTES))));
	return n;
}

/* Pages are in memory: a shared mapping needs no address, a private one that of each copy that is
 * highmem. */
static void each_way(void *mapper)
{
	struct mapper *m = mapper;
	struct file *file = m->run->file;
	u64 pages = m->run->sizes->pages, maps = file_stats(file).maps;
	u64 made = count_total(COUNT_KVA_INSTALLS);

	read_all(m, BY_SHARED);
	write_all(m, BY_SHARED);
	read_all(m, BY_PRIVATE);
	check_equal("map.maps_shared", file_stats(file).maps - maps, 0);
	check_count("map.addresses_made_shared", COUNT_KVA_INSTALLS, made, 0);
	write_all(m, BY_PRIVATE);
	maps = file_stats(file).maps - maps;
	made = count_total(COUNT_KVA_INSTALLS) - made;
	check_equal("map.maps_private", maps, high_pages(m));
	check_range("map.addresses_made_private", made, 0, maps);
	check_equal("map.entries", file_stats(file).mapped, 2 * pages);
	check_equal("map.made_writable", file_stats(file).made_writable, pages);
	check_equal("map.copied", file_stats(file).copied, pages);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void run_all(struct run *run)
{
	u32 cpus = boot_options.ncpus;
	struct mapper mapper[KVL_MAX_CPUS];
	struct task *writer = NULL;

	for (u32 cpu = 0; cpu < cpus; cpu++)
		start(&mapper[cpu], run, cpu, touch_words);
	if (boot_options.disk_bytes)
		writer = task_start("writer", cpus / 2, NULL, write_back, run);
	for (u32 cpu = 0; cpu < cpus; cpu++)
		task_join(mapper[cpu].task);
	run->over = true;
	if (writer)
		task_join(writer);
	for (u32 cpu = 0; cpu < cpus; cpu++)
		end(&mapper[cpu]);
}

static void read_file(void *mapper)
{
	read_all(mapper, BY_FILE);
}

static void alone(struct run *run, void (*fn)(void *))
{
	struct mapper m;

	start(&m, run, boot_options.ncpus - 1, fn);
	task_join(m.task);
	end(&m);
}

/* The disk may hold anything. False: a page cannot be read. */
static bool clear_file(const struct run *run)
{
	for (u32 page = 0; page < run->sizes->pages; page++) {
		void *address = file_hold(run->file, page, true);

		if (!address)
			return false;
		memset(address, 0, PAGE_BYTES);
		file_release(run->file, page, address);
	}
	return true;
}

static void use_file(struct run *run)
{
	alone(run, each_way);
	run_all(run);
	if (boot_options.disk_bytes)
		check_true("map.stored", file_evict(run->file));
	alone(run, read_file);
}

static void report(const struct run *run)
{
	struct file_stats stats = file_stats(run->file);

	check_equal("map.touches", run->touches, (u64)run->sizes->touches * boot_options.ncpus);
	check_equal("map.wrong_words", run->wrong, 0);
	check_equal("map.failed", run->failed, 0);
	metric("mapped_read_only", stats.mapped);
	metric("mapped_made_writable", stats.made_writable);
	metric("mapped_copied", stats.copied);
	metric("mapped_write_protected", stats.write_protected);
	metric("mapped_unmapped", stats.unmapped);
}

void highmem_io_map(const struct io_map *sizes)
{
	bool with_disk = boot_options.disk_bytes;
	struct run run = { .sizes = sizes, .page_words = 2 * boot_options.ncpus };
	struct file_config config = { .pages = sizes->pages, .frames = &io_frames };
	struct io_disk disk;

	if (with_disk) {
		io_disk_open(&disk, sizes->pages);
		config.store = &disk.store;
	}
	run.file = file_open(&config);
	run.word = lowmem_array(sizes->pages * run.page_words, sizeof(*run.word));
	if (clear_file(&run))
		use_file(&run);
	report(&run);
	lowmem_array_free(run.word);
	file_close(run.file);
	if (with_disk)
		block_close(disk.device);
}
