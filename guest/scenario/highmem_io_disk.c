/* SPDX-License-Identifier: MIT */
/*
 * Owns the files of highmem-io and what is behind them: one that memory alone has; with a disk, one
 * whose pages lie there one behind the other, and one whose blocks lie apart. The device does not
 * reach all of RAM (row T11); the buffer cache, with the file system's metadata, stays in lowmem
 * (T12).
 */
#include "guest/block/block.h"
#include "guest/block/buffer.h"
#include "guest/block/page_store.h"
#include "guest/scenario/highmem_io.h"

struct disk {
	struct io_disk io;
	struct page_store block_store;
	struct buffers buffers;
};

static struct page *lowmem_page(u64 nth)
{
	(void)nth;
	return page_alloc(ZONE_LOWMEM, 0);
}

static const struct frame_source lowmem_frames FAULT_TABLE = { .name = "metadata",
							       .alloc = lowmem_page };

static void add_file(struct io_files *io, const struct page_store *store)
{
	const struct file_config config = {
		.pages = io->pages,
		.store = store,
		.frames = &io_frames,
	};

	io->has_store[io->nfiles] = store;
	io->file[io->nfiles++] = file_open(&config);
}

void io_disk_open(struct io_disk *disk, u32 pages)
{
	disk->device = block_open();
	if (!disk->device)
		usage_failure("highmem-io cannot use the disk: the console says why");
	disk->bounce = (struct bounce){ .store = block_page_store(disk->device),
					.end_gpa = block_dma_end(disk->device) };
	disk->store = bounce_page_store(&disk->bounce);
	if (block_is_readonly(disk->device) || disk->store.pages < pages)
		usage_failure(
			"highmem-io writes %u KiB: at least so large a --disk, and no readonly",
			(u32)(pages * PAGE_BYTES >> 10));
}

static void open_disk(struct disk *disk, const struct io_files *io)
{
	struct file_config cache = {
		.pages = 2 * io->pages + buffer_table_pages(io->pages),
		.store = &disk->io.store,
		.frames = &lowmem_frames,
	};

	io_disk_open(&disk->io, cache.pages);
	disk->buffers = (struct buffers){ .cache = file_open(&cache),
					  .first = io->pages,
					  .pages = io->pages,
					  .table = 2 * io->pages };
	if (!buffer_format(&disk->buffers))
		usage_failure("highmem-io cannot write to the disk: the console says why");
	disk->block_store = buffer_page_store(&disk->buffers);
}

/* Pages of the file whose blocks lie apart never get to the device: those of the cache do. */
static void report(const struct disk *disk, const struct io_files *io)
{
	struct file_stats cache = file_stats(disk->buffers.cache), files = highmem_io_stats(io);
	struct file_stats in_a_row = file_stats(io->file[1]), apart = file_stats(io->file[2]);

	check_equal("disk.bounces", disk->io.bounce.bounces, in_a_row.moved_above_4g);
	check_equal("disk.metadata_maps", cache.maps, 0);
	check_equal("disk.buffer_heads", disk->buffers.heads,
		    (apart.loaded + apart.stored) * PAGE_BLOCKS);
	check_equal("disk.buffer_heads_alive", disk->buffers.alive, 0);
	metric("bounces", disk->io.bounce.bounces);
	metric("metadata_accesses", cache.accesses);
	metric("buffer_heads", disk->buffers.heads);
	metric("pages_stored", files.stored);
	metric("pages_loaded", files.loaded);
}

static void close_disk(struct disk *disk)
{
	check_true("disk.cache_stored", file_evict(disk->buffers.cache));
	file_close(disk->buffers.cache);
	block_close(disk->io.device);
}

struct io_share highmem_io_files(struct io_files *io)
{
	bool with_disk = boot_options.disk_bytes;
	struct disk disk;
	struct file_stats stats;

	add_file(io, NULL);
	if (with_disk) {
		open_disk(&disk, io);
		add_file(io, &disk.io.store);
		add_file(io, &disk.block_store);
	}
	highmem_io_use_files(io);
	if (with_disk)
		report(&disk, io);
	stats = highmem_io_stats(io);
	for (u32 i = 0; i < io->nfiles; i++)
		file_close(io->file[i]);
	if (with_disk)
		close_disk(&disk);
	return (struct io_share){ stats.accesses, stats.maps };
}
