/* SPDX-License-Identifier: MIT */
/*
 * Owns the scenario flash-mount: sets up chip, reader and writer, runs mount and writer at the same
 * time, and states what must hold afterwards. The arms (flash_mount_copy.c, flash_mount_fault.c) are
 * readers; the writer and the deliberate mistakes have files of their own.
 */
#include "guest/scenario/flash_mount.h"

#include "guest/flash/jffs2.h"
#include "guest/lib/crc32.h"
#include "guest/lib/string.h"

#define SHORT_ROWS 24

const struct arm flash_mount_arms[] = {
	{ "fault", "a pointer that is always valid: faults wait for the chip", &flash_mount_fault },
	{ "copy", "a page of RAM, filled under the chip's read lock", &flash_mount_copy },
	{ NULL, NULL, NULL },
};

const struct scenario_param flash_mount_params[] = {
	{ "partition", "label", "rootfs", "the partition to mount" },
	{ "log", "label", "log", "the partition that is written meanwhile" },
	{ "writer", "off|erase|program|mixed", "mixed", "what the writer does to each block" },
	{ "blocks", "number", "2", "erase blocks that it writes" },
	{ "words", "number", "48", "bus words that it programs in each" },
	{ "batch", "number", "16", "words in one session; readers get in between" },
	{ "list", "off|short|full", "short", "how much of the listing is printed" },
	{ "expect_damaged", "number", "0", "damaged nodes that the image has" },
	{ "provoke", "none|store|atomic|driver|write", "none", "a mistake that must end the run" },
	{ NULL, NULL, NULL, NULL },
};

/* One mount, as its task sees it. */
struct mount {
	struct flash_reader reader;
	struct flash_partition partition, log;
	u32 max_rows;
	const char *provoke;
	bool provoked;
	enum jffs2_status status;
	struct jffs2_counts counts;
	u64 mount_ticks, mount_wait_ticks, verify_ticks, copy_ticks;
	u64 mount_words, verify_words;
	u32 own_sessions; /* writes of the mount task itself */
	bool own_ok;
};

static const char *text_param(const char *key, const char *fallback)
{
	const char *text = param_text(key);

	return text ? text : fallback;
}

static u32 rows_param(void)
{
	const char *list = text_param("list", "short");

	if (strcmp(list, "off") == 0)
		return 0;
	if (strcmp(list, "short") == 0)
		return SHORT_ROWS;
	if (strcmp(list, "full") != 0)
		usage_failure("list=%s: must be off, short or full", list);
	return UINT32_MAX;
}

/* --- the mount task ---------------------------------------------------------------------------- */

/*
 * The reader writes to its own chip while it holds a piece (row W14), and the piece is what it was.
 * The last word of the log is cleared; that it is clear already does not matter.
 */
static void write_while_reading(struct mount *m)
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

static void mount_task(void *arg)
{
	struct mount *m = arg;
	struct jffs2 *fs;
	u64 start = ticks_now();

	current()->flash_waits = &m->reader.waits;
	m->status = jffs2_mount(&m->reader, m->partition.block_bytes, &fs);
	m->mount_ticks = ticks_now() - start;
	m->mount_wait_ticks = m->reader.waits.ticks;
	m->copy_ticks = m->reader.copy_ticks;
	m->mount_words = m->reader.words;
	if (strcmp(m->provoke, "none") != 0) {
		m->provoked = true;
		flash_mount_provoke(m->provoke, &m->reader, &m->log);
	}
	if (m->status)
		return;
	write_while_reading(m);
	start = ticks_now();
	jffs2_verify(fs);
	m->verify_ticks = ticks_now() - start;
	m->verify_words = m->reader.words - m->mount_words;
	jffs2_list(fs, m->max_rows);
	m->counts = *jffs2_counts(fs);
	jffs2_unmount(fs);
}

/* --- results ------------------------------------------------------------------------------------- */

static void report_jffs2(const struct mount *m)
{
	const struct jffs2_counts *c = &m->counts;
	s64 copy_ticks = m->copy_ticks;
	s64 parse_ticks = m->mount_ticks - m->mount_wait_ticks - m->copy_ticks;

	metric("mount_ticks", m->mount_ticks);
	metric("mount_wait_ticks", m->mount_wait_ticks);
	metric("copy_ticks", copy_ticks);
	metric("parse_ticks", parse_ticks);
	metric("verify_ticks", m->verify_ticks);
	metric("words_read", m->mount_words);
	metric("verify_words_read", m->verify_words);
	metric("image_ram_bytes", m->reader.ram_bytes);
	metric("index_bytes", c->index_bytes);
	metric("erase_blocks", c->blocks);
	metric("empty_blocks", c->empty_blocks);
	metric("nodes", c->nodes);
	metric("dirents", c->dirents);
	metric("inode_nodes", c->inode_nodes);
	metric("inodes", c->inodes);
	metric("obsolete_nodes", c->obsolete);
	metric("stale_nodes", c->stale_nodes);
	metric("deleted_names", c->deleted);
	metric("orphans", c->orphans);
	metric("dangling_names", c->dangling);
	metric("detached", c->detached);
	metric("data_checked", c->data_checked);
	metric("data_bytes", c->data_bytes);
	metric("damaged", c->damaged);
	metric("pages_touched", m->reader.pages_touched);
	/* every part of the mount's time is accounted once */
	check_true("copy_ticks_not_negative", copy_ticks >= 0);
	check_true("parse_ticks_not_negative", parse_ticks >= 0);
	check_equal("mounted", m->status, JFFS2_OK);
	check_equal("damaged", c->damaged, param_u64("expect_damaged", 0));
	check_equal("reader_errors", m->reader.errors, 0);
	check_true("reader_writes", m->own_ok);
}

/* The longest but one in a hundred of the first waits. */
static u64 wait_p99(const struct flash_waits *w)
{
	u32 n = w->n < FLASH_WAIT_SAMPLES ? w->n : FLASH_WAIT_SAMPLES;
	u64 limit = UINT64_MAX, largest = 0;

	for (u32 drop = 0; drop <= n / 100; drop++) {
		largest = 0;
		for (u32 i = 0; i < n; i++)
			if (w->sample[i] > largest && w->sample[i] < limit)
				largest = w->sample[i];
		limit = largest;
	}
	return largest;
}

static void report_chip(const struct mount *m, const struct flash_writer *w)
{
	const struct flash_stats *s = flash_stats(m->partition.chip);
	const struct flash_waits *waits = &m->reader.waits;
	u32 own = m->own_sessions;

	metric("writer_delay_max_ticks", s->writer_delay_max_ticks);
	metric("reader_wait_max_ticks", waits->max_ticks);
	metric("reader_wait_p99_ticks", wait_p99(waits));
	metric("reader_wait_max_ns", waits->max_ns);
	metric("reader_waits", waits->n);
	metric("write_sessions", s->sessions);
	metric("pages_revoked", s->pages_revoked);
	check_equal("writer_error", w->error, FLASH_OK);
	check_equal("writer_read_back_wrong", w->wrong, 0);
	check_equal("blocks_erased", count_total(COUNT_FLASH_ERASES), w->erases ? w->blocks : 0);
	check_equal("words_programmed", count_total(COUNT_FLASH_PROGRAMS),
		    (w->programs ? (u64)w->blocks * w->words : 0) + own);
	check_equal("write_sessions", s->sessions, w->sessions + own);
	/* W7: a writer waits for the readers that asked before it and no other, a reader likewise */
	check_equal("turns_out_of_order", s->out_of_order, 0);
}

/* An arm without a mapping has none of it, faults included. */
static struct flash_mapping_stats mapping_stats(const struct mount *m)
{
	const struct flash_reader *reader = &m->reader;

	if (!reader->ops->mapping_stats)
		return (struct flash_mapping_stats){ 0 };
	return reader->ops->mapping_stats(reader);
}

/*
 * W1: a fault maps each page that is touched, once until it is revoked. So the faults are the pages
 * that are mapped now and those that were taken away, as the tables say (pt_unmap() counts them);
 * and at least the pages ever read, each of which can only come back after it was revoked.
 */
static void check_faults(const struct mount *m, u64 faults)
{
	struct flash_mapping_stats s = mapping_stats(m);

	metric("mapping_faults", s.faults);
	check_equal("faults", faults, s.faults + s.spurious);
	check_equal("faults_spurious", s.spurious, 0);
	check_equal("pages_mapped_or_revoked", s.pages_mapped + s.pages_revoked, s.faults);
	if (m->reader.base)
		check_range("faults_for_pages_touched", s.faults, m->reader.pages_touched,
			    m->reader.pages_touched + s.pages_revoked);
}

static void print_summary(const char *arm, const struct mount *m, const struct flash_writer *w)
{
	const struct jffs2_counts *c = &m->counts;
	const struct flash_stats *s = flash_stats(m->partition.chip);

	printk("flash-mount %s: %s %s: %u nodes in %u erase blocks (%u empty), %u damaged\n", arm,
	       m->partition.label, jffs2_status_text(m->status), c->nodes, c->blocks,
	       c->empty_blocks, c->damaged);
	printk("data CRCs: %u nodes, %lu bytes, %u bad\n", c->data_checked, c->data_bytes,
	       c->damage[JFFS2_DATA_CRC]);
	printk("meanwhile on %s: %u blocks erased, %lu words programmed, %u sessions\n",
	       m->log.label, w->erased, w->programmed, s->sessions);
	printk("reader waited %u times; %lu pages revoked in %u invalidations, %lu faults\n",
	       m->reader.waits.n, s->pages_revoked, s->revocations, mapping_stats(m).faults);
	if (c->orphans + c->dangling + c->detached)
		printk("lost: %u inodes without a name, %u names without an inode, %u inodes below "
		       "no path\n",
		       c->orphans, c->dangling, c->detached);
}

/* --- set-up -------------------------------------------------------------------------------------- */

static bool open_reader(struct mount *m, const struct flash_reader_ops *ops)
{
	struct flash_reader *reader = &m->reader;

	reader->ops = ops;
	reader->partition = &m->partition;
	reader->bytes = m->partition.bytes;
	reader->bus_shift = __builtin_ctz(m->partition.bank_width);
	reader->touched = kalloc(ALIGN_UP(m->partition.bytes / PAGE_BYTES, 32) / 8);
	if (ops->open(reader))
		return true;
	kfree(reader->touched);
	return false;
}

static void close_reader(struct mount *m)
{
	m->reader.ops->close(&m->reader);
	kfree(m->reader.touched);
}

/* The writer goes on after the mount has ended if it has more to do, and the other way round. */
static void run_both(struct mount *m, struct flash_writer *w)
{
	u32 writer_cpu = boot_options.ncpus > 1 ? 1 : 0;
	struct task *mount, *writer = NULL;

	if (w->blocks)
		writer = task_start("writer", writer_cpu, NULL, flash_writer_task, w);
	mount = task_start("mount", 0, NULL, mount_task, m);
	task_join(mount);
	if (writer)
		task_join(writer);
}

static void mount_with(const struct arm *arm, struct mount *m)
{
	struct flash_writer w = flash_writer_from_params(&m->log);
	u64 faults;

	if (!open_reader(m, arm->ops)) {
		check_true("reader_opened", false);
		return;
	}
	faults = count_total(COUNT_FAULTS);
	run_both(m, &w);
	faults = count_total(COUNT_FAULTS) - faults;
	print_summary(arm->name, m, &w);
	report_jffs2(m);
	report_chip(m, &w);
	check_faults(m, faults);
	check_true("provoked_failure_happened", !m->provoked);
	close_reader(m);
}

/* Writing the log must not erase what is mounted. */
static void refuse_overlap(const struct flash_partition *a, const struct flash_partition *b)
{
	if (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes)
		usage_failure("partition=%s at %lx+%lx and log=%s at %lx+%lx overlap", a->label,
			      a->offset, a->bytes, b->label, b->offset, b->bytes);
}

void flash_mount_run(const struct arm *arm)
{
	struct mount *m = kalloc(sizeof(*m));
	struct flash_chip *chip;
	bool found;

	m->max_rows = rows_param();
	m->provoke = text_param("provoke", "none");
	flash_mount_check_provoke(m->provoke, arm->ops);
	chip = flash_chip_open();
	check_true("chip_found", chip);
	if (chip) {
		found = flash_partition_find(chip, text_param("partition", "rootfs"),
					     &m->partition) &&
			flash_partition_find(chip, text_param("log", "log"), &m->log);
		check_true("partitions_found", found);
		if (found) {
			refuse_overlap(&m->partition, &m->log);
			mount_with(arm, m);
		}
		flash_chip_close(chip);
	}
	kfree(m);
}
