/* SPDX-License-Identifier: MIT */
/*
 * hello's disk: pages of each zone are written, lost from memory, read back and compared word by
 * word, by two tasks at once; and a page that the device cannot reach is refused (seed row T11).
 * What a page holds follows from where on the disk it lies, so that pages that were exchanged are
 * noticed.
 */
#include "guest/block/block.h"
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"

#define PAGES 4 /* of each task, and on the disk one behind the other */
#define TASKS 2
#define WORDS (PAGE_BYTES / sizeof(u64))

struct mover {
	struct block_device *dev;
	enum zone_id zone;
	u64 sector;	/* of its first page */
	u64 good_words; /* that were read as they had been written */
	u32 failed;
};

static u64 word_at(u64 sector, u32 nth)
{
	return (sector << 32 | nth) * 6364136223846793005ull;
}

static void write_words(struct page *page, u64 sector)
{
	u64 *word = kmap_local(page);

	for (u32 i = 0; i < WORDS; i++)
		word[i] = word_at(sector, i);
	kunmap_local(word);
}

static void forget_words(struct page *page)
{
	u64 *word = kmap_local(page);

	for (u32 i = 0; i < WORDS; i++)
		word[i] = 0;
	kunmap_local(word);
}

static u64 good_words(struct page *page, u64 sector)
{
	u64 *word = kmap_local(page), good = 0;

	for (u32 i = 0; i < WORDS; i++)
		good += word[i] == word_at(sector, i);
	kunmap_local(word);
	return good;
}

/* All are written before the first is read back. */
static void move(void *arg)
{
	struct mover *m = arg;
	struct page *page = page_alloc(m->zone, 0);

	if (!page)
		panic("no room", "a page for the disk");
	for (u32 i = 0; i < PAGES; i++) {
		u64 sector = m->sector + i * BLOCK_PAGE_SECTORS;

		write_words(page, sector);
		m->failed += !block_write(m->dev, sector, page);
	}
	for (u32 i = 0; i < PAGES; i++) {
		u64 sector = m->sector + i * BLOCK_PAGE_SECTORS;

		forget_words(page);
		m->failed += !block_read(m->dev, sector, page);
		m->good_words += good_words(page, sector);
	}
	page_free(page);
}

static void two_at_once(struct block_device *dev)
{
	static const char *const name[TASKS] = { "disk.lowmem", "disk.highmem" };
	struct mover mover[TASKS] = {
		{ .dev = dev, .zone = ZONE_LOWMEM },
		{ .dev = dev, .zone = ZONE_HIGHMEM, .sector = PAGES * BLOCK_PAGE_SECTORS },
	};
	struct task *task[TASKS];

	for (u32 i = 0; i < TASKS; i++)
		task[i] = task_start(name[i], i % boot_options.ncpus, NULL, move, &mover[i]);
	for (u32 i = 0; i < TASKS; i++)
		task_join(task[i]);
	for (u32 i = 0; i < TASKS; i++)
		check_equal(i ? "disk.highmem_words" : "disk.lowmem_words", mover[i].good_words,
			    PAGES * WORDS);
	check_equal("disk.failed", mover[0].failed + mover[1].failed, 0);
}

/* Where RAM goes on above 4 GiB. The page keeps what it held, the disk too. */
static u32 refuse_high_page(struct block_device *dev)
{
	struct page *page = page_alloc(ZONE_HIGH4G, 0);
	bool high = page && page_gpa(page) >= block_dma_end(dev);

	if (high) {
		write_words(page, 1);
		check_true("disk.high4g_write_refused", !block_write(dev, 0, page));
		check_true("disk.high4g_read_refused", !block_read(dev, 0, page));
		check_equal("disk.high4g_words", good_words(page, 1), WORDS);
	}
	if (page)
		page_free(page);
	return high ? 2 : 0;
}

static u32 past_the_end(struct block_device *dev, struct page *page)
{
	check_true("disk.end_refused", !block_read(dev, block_sectors(dev) - 1, page));
	return 1;
}

static void writable(struct block_device *dev)
{
	u64 reads = count_total(COUNT_DISK_READS), writes = count_total(COUNT_DISK_WRITES);
	u64 errors = count_total(COUNT_DISK_ERRORS), flushes = count_total(COUNT_DISK_FLUSHES);
	struct page *page = page_alloc(ZONE_LOWMEM, 0);
	u32 refused;

	two_at_once(dev);
	refused = refuse_high_page(dev) + past_the_end(dev, page);
	check_true("disk.flushed", block_flush(dev));
	check_true("disk.read", block_read(dev, 0, page));
	check_equal("disk.words", good_words(page, 0), WORDS);
	page_free(page);
	check_count("disk.reads", COUNT_DISK_READS, reads, TASKS * PAGES + 1);
	check_count("disk.writes", COUNT_DISK_WRITES, writes, TASKS * PAGES);
	check_count("disk.flushes", COUNT_DISK_FLUSHES, flushes, 1);
	check_count("disk.errors", COUNT_DISK_ERRORS, errors, refused);
}

static void readonly(struct block_device *dev)
{
	u64 errors = count_total(COUNT_DISK_ERRORS);
	struct page *page = page_alloc(ZONE_LOWMEM, 0);

	check_true("disk.read", block_read(dev, 0, page));
	check_true("disk.write_refused", !block_write(dev, 0, page));
	check_count("disk.errors", COUNT_DISK_ERRORS, errors, 1);
	page_free(page);
}

void hello_disk(void)
{
	struct block_device *dev;

	if (!boot_options.disk_bytes)
		return;
	dev = block_open();
	check_true("disk.opened", dev);
	if (!dev)
		return;
	if (block_sectors(dev) < TASKS * PAGES * BLOCK_PAGE_SECTORS)
		usage_failure("hello writes %u KiB: at least so large a --disk",
			      (u32)(TASKS * PAGES * PAGE_BYTES >> 10));
	if (block_is_readonly(dev))
		readonly(dev);
	else
		writable(dev);
	block_close(dev);
}
