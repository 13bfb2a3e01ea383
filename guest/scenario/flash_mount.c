/* SPDX-License-Identifier: MIT */
/*
 * Owns the scenario flash-mount: sets up chip, reader and writer, and runs mount and writer at the
 * same time. The arms (flash_mount.arms) are readers; the writer, what must hold afterwards and the
 * deliberate mistakes have files of their own.
 */
#include "guest/scenario/flash_mount.h"

#include "guest/lib/crc32.h"
#include "guest/lib/string.h"
#include "guest/scenario/flash_params.h"

#define SHORT_ROWS 24
#define JFFS2_MIN_SECTOR KiB(8)

const struct arm flash_mount_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/flash_mount.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param flash_mount_params[] = {
	{ "partition", "label", "rootfs", "the partition to mount" },
	{ "log", "label", "log", "the partition that is written meanwhile" },
	{ "writer", "off|erase|program|mixed", "mixed", "what the writer does to each block" },
	{ "blocks", "number", "2", "erase blocks that it writes" },
	{ "words", "number", "48", "bus words that it programs in each" },
	{ "batch", "number", "16", "words in one session; readers get in between" },
	{ "program", "word|buffer", "word", "how words are programmed" },
	{ "suspend", "off|on", "off", "whether an operation rests for readers that wait" },
	{ "sector", "number", "0", "JFFS2's erase block; 0: the partition's, but at least 8K" },
	{ "list", "off|short|full", "short", "how much of the listing is printed" },
	{ "contents", "off|on", "off", "read what files contain, for the listing" },
	{ "expect_damaged", "number", "0", "damaged nodes that the image has" },
	{ "expect_unread", "number", "0", "files whose contents cannot be read" },
	{ "hot", "off|on", "off", "another task reads one page over and over" },
	{ "storm", "number", "0", "instead of the mount: rounds of readers and writers" },
	{ "expect_failed", "number", "0", "writes of the storm that the chip fails" },
	{ "provoke", "none|store|atomic|irqs|driver|write|own", "none",
	  "a mistake that must end the run" },
	{ NULL, NULL, NULL, NULL },
};

static u32 rows_param(void)
{
	const char *list = param_text("list", "short");

	if (strcmp(list, "off") == 0)
		return 0;
	if (strcmp(list, "short") == 0)
		return SHORT_ROWS;
	if (strcmp(list, "full") != 0)
		usage_failure("list=%s: must be off, short or full", list);
	return UINT32_MAX;
}

/*
 * JFFS2's own erase block may be larger than the chip's. mkfs.jffs2 makes none below 8 KiB; Linux
 * takes whatever the chip has.
 */
static u32 sector_param(const struct flash_partition *p)
{
	u32 least = p->block_bytes < JFFS2_MIN_SECTOR ? JFFS2_MIN_SECTOR : p->block_bytes;
	u64 sector = param_u64("sector", 0);

	sector = sector ? sector : least;
	if (sector < least || sector & (sector - 1) || p->bytes % sector)
		usage_failure("sector=%lu: must be a power of 2, at least %u, and divide partition "
			      "%s of %lu bytes",
			      sector, least, p->label, p->bytes);
	return sector;
}

/* What the chip cannot do is not left out in silence. */
static void set_policy(struct flash_mount *m, struct flash_chip *chip)
{
	bool suspend = param_choice("suspend", "off", "on");

	m->buffered = param_choice("program", "word", "buffer");
	if (m->buffered && !flash_line_bytes(chip))
		usage_failure("program=buffer: the chip has no write buffer");
	if (suspend && !flash_can_suspend(chip))
		usage_failure("suspend=on: the chip cannot let an erase rest");
	m->suspends = suspend;
	flash_set_policy(chip, (struct flash_policy){
				       .word_by_word = !m->buffered,
				       .suspend = suspend,
			       });
}

/* --- the mount task --------------------------------------------------------------------------- */

/*
 * The reader writes to its own chip while it holds a piece (row W14), and the piece is what it was.
 * The last word of the log is cleared; that it is clear already does not matter.
 */
static void write_while_reading(struct flash_mount *m)
{
	const u32 piece = 64, zero = 0;
	const struct flash_partition *log = &m->log;
	const void *data = flash_reader_get(&m->reader, 0, piece, piece);
	u32 crc = crc32(0, data, piece), word = ~0u;
	u64 at = log->bytes - log->bank_width;
	enum flash_error error = flash_partition_program(log, at, &zero, log->bank_width);

	m->own_sessions++;
	m->own_ok = !error && crc32(0, data, piece) == crc;
	flash_reader_put(&m->reader);
	if (!flash_partition_read(log, at, &word, log->bank_width))
		m->own_ok = m->own_ok && (word << (32 - 8 * log->bank_width)) == 0;
}

static void read_contents(struct flash_mount *m, struct jffs2 *fs)
{
	u64 start = ticks_now(), waited = m->reader.waits.ticks, words = m->reader.words;

	jffs2_read_contents(fs);
	m->contents_ticks = ticks_now() - start;
	m->contents_wait_ticks = m->reader.waits.ticks - waited;
	m->contents_words = m->reader.words - words;
}

/* Mount, verify, list; what a mistake on purpose leaves undone is told by the checks. */
static void mount_and_list(struct flash_mount *m, u64 start)
{
	struct jffs2 *fs;

	m->status = jffs2_mount(&m->reader, m->sector_bytes, &fs);
	m->mount_ticks = ticks_now() - start;
	host_checkpoint();
	m->mount_wait_ticks = m->reader.waits.ticks;
	m->copy_ticks = m->reader.copy_ticks;
	m->mount_words = m->reader.words;
	if (strcmp(m->provoke, "none") != 0) {
		m->provoked = true;
		flash_mount_provoke(m->provoke, &m->reader, &m->log);
	}
	if (m->status)
		return;
	if (!m->reader.ops->holds_chip)
		write_while_reading(m);
	start = ticks_now();
	jffs2_verify(fs);
	m->verify_ticks = ticks_now() - start;
	m->verify_words = m->reader.words - m->mount_words;
	if (m->reads_contents)
		read_contents(m, fs);
	jffs2_list(fs, m->max_rows);
	m->counts = *jffs2_counts(fs);
	jffs2_unmount(fs);
}

static void mount_task(void *arg)
{
	struct flash_mount *m = arg;
	const struct flash_reader_ops *ops = m->reader.ops;
	u64 start = ticks_now(); /* to hold the chip is part of the mount */

	current()->flash_waits = &m->reader.waits;
	if (ops->begin && !ops->begin(&m->reader)) {
		m->reader.errors++;
		return;
	}
	mount_and_list(m, start);
	if (ops->end)
		ops->end(&m->reader);
}

/* --- set-up ----------------------------------------------------------------------------------- */

static bool open_reader(struct flash_mount *m, const struct flash_reader_ops *ops)
{
	struct flash_reader *reader = &m->reader;

	reader->ops = ops;
	reader->partition = &m->partition;
	reader->bytes = m->partition.bytes;
	reader->bus_shift = __builtin_ctz(m->partition.bank_width);
	reader->touched = kalloc(ALIGN_UP(m->partition.bytes / PAGE_BYTES, 32) / 8);
	m->ram = flash_ram_now();
	if (ops->open(reader))
		return true;
	kfree(reader->touched);
	return false;
}

static void close_reader(struct flash_mount *m)
{
	m->reader.ops->close(&m->reader);
	kfree(m->reader.touched);
}

/* The writer goes on after the mount has ended if it has more to do, and the other way round. */
static void run_both(struct flash_mount *m, struct flash_writer *w)
{
	u32 writer_cpu = boot_options.ncpus > 1 ? 1 : 0;
	struct task *mount, *writer = NULL;
	struct flash_hot hot;

	flash_hot_start(&hot, &m->reader);
	if (w->blocks)
		writer = task_start("writer", writer_cpu, NULL, flash_writer_task, w);
	mount = task_start("mount", 0, NULL, mount_task, m);
	task_join(mount);
	if (writer)
		task_join(writer);
	flash_hot_stop(&hot);
}

static void mount_with(const struct arm *arm, struct flash_mount *m)
{
	struct flash_writer w = flash_writer_from_params(&m->log);
	u64 faults;

	if (!open_reader(m, arm->ops)) {
		check_true("reader_opened", false);
		return;
	}
	w.waits = &m->writer_waits;
	faults = count_total(COUNT_FAULTS);
	run_both(m, &w);
	faults = count_total(COUNT_FAULTS) - faults;
	flash_mount_report(arm->name, m, &w, faults);
	check_true("provoked_failure_happened", !m->provoked);
	close_reader(m);
}

static void run_on(struct flash_mount *m, const struct arm *arm)
{
	u64 rounds = param_u64("storm", 0);

	flash_refuse_overlap(&m->partition, &m->log);
	if (rounds) {
		flash_mount_storm(m, arm->ops, rounds);
		return;
	}
	m->sector_bytes = sector_param(&m->partition);
	m->nor = flash_mount_nor(&m->log);
	mount_with(arm, m);
}

void flash_mount_run(const struct arm *arm)
{
	struct flash_mount *m = kalloc(sizeof(*m));
	struct flash_chip *chip;
	bool found;

	m->max_rows = rows_param();
	m->reads_contents = param_choice("contents", "off", "on");
	m->provoke = param_text("provoke", "none");
	flash_mount_check_provoke(m->provoke, arm->ops);
	chip = flash_chip_open();
	check_true("chip_found", chip);
	if (chip) {
		set_policy(m, chip);
		found = flash_partition_find(chip, flash_partition_param("partition", "rootfs"),
					     &m->partition) &&
			flash_partition_find(chip, flash_partition_param("log", "log"), &m->log);
		check_true("partitions_found", found);
		if (found)
			run_on(m, arm);
		flash_chip_close(chip);
	}
	kfree(m);
}
