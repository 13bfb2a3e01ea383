/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-mount says of a mount that has ended: metrics, checks (closed forms wherever
 * there is one) and the summary on the console.
 */
#include "guest/scenario/flash_mount.h"

static void report_jffs2(const struct flash_mount *m)
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
	metric("mount_read_ns", m->mount_words * boot_options.flash_read_ns);
	metric("verify_words_read", m->verify_words);
	metric("image_ram_bytes", m->reader.ram_bytes);
	metric("index_bytes", c->index_bytes);
	metric("erase_blocks", c->blocks);
	metric("empty_blocks", c->empty_blocks);
	metric("nodes", c->nodes);
	metric("dirents", c->dirents);
	metric("inode_nodes", c->inode_nodes);
	metric("inodes", c->inodes);
	metric("summaries", c->summaries);
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
	if (!m->reader.ops->holds_chip)
		check_true("reader_writes", m->own_ok);
}

/* What --set contents=on adds. */
static void report_contents(const struct flash_mount *m)
{
	const struct jffs2_counts *c = &m->counts;

	if (!m->reads_contents)
		return;
	metric("contents_ticks", m->contents_ticks);
	metric("contents_wait_ticks", m->contents_wait_ticks);
	metric("expand_ticks", c->expand_ticks);
	metric("contents_words_read", m->contents_words);
	metric("contents_bytes", c->contents_bytes);
	metric("expanded_bytes", c->expanded_bytes);
	metric("pieces_none", c->expanded[JFFS2_WAY_NONE]);
	metric("pieces_zero", c->expanded[JFFS2_WAY_ZERO]);
	metric("pieces_rtime", c->expanded[JFFS2_WAY_RTIME]);
	metric("pieces_zlib", c->expanded[JFFS2_WAY_ZLIB]);
	metric("files_read", c->files_read);
	check_equal("files_unread", c->files_unread, param_u64("expect_unread", 0));
	printk("contents: %u files read, %u not; %lu bytes, %lu of them expanded\n", c->files_read,
	       c->files_unread, c->contents_bytes, c->expanded_bytes);
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

/* What the driver did is what was asked for, operation by operation. */
static void check_operations(const struct flash_mount *m, const struct flash_writer *w)
{
	u64 words = w->programs ? (u64)w->blocks * w->words : 0;
	u32 own = m->own_sessions + m->nor.sessions; /* of one word each */
	/* the writer's blocks, and the last one, in which the scenario's own words are */
	u32 written = w->blocks + (own != 0);

	check_equal("blocks_erased", count_total(COUNT_FLASH_ERASES), w->erases ? w->blocks : 0);
	check_equal("words_programmed", count_total(COUNT_FLASH_PROGRAMS),
		    m->buffered ? 0 : words + own);
	check_equal("buffers_programmed", count_total(COUNT_FLASH_BUFFERS),
		    m->buffered ? w->lines + own : 0);
	check_equal("blocks_unlocked", count_total(COUNT_FLASH_UNLOCKS),
		    flash_is_locked_at_power_up(m->log.chip) ? written : 0);
	check_equal("write_sessions", flash_stats(m->log.chip)->sessions, w->sessions + own);
}

/* An operation rests only if somebody is served meanwhile. */
static void check_suspensions(const struct flash_mount *m)
{
	const struct flash_stats *s = flash_stats(m->log.chip);

	metric("turns_lent", s->turns_lent);
	check_equal("suspensions", count_total(COUNT_FLASH_SUSPENDS), s->suspensions);
	check_true("suspensions_wanted", s->turns_lent >= s->suspensions);
	if (!m->suspends)
		check_equal("suspensions_not_asked_for", s->suspensions, 0);
}

static void report_chip(const struct flash_mount *m, const struct flash_writer *w)
{
	const struct flash_stats *s = flash_stats(m->partition.chip);
	const struct flash_waits *waits = &m->reader.waits;

	metric("writer_delay_max_ticks", w->waits->write_max_ticks);
	metric("own_delay_ticks", waits->write_max_ticks);
	metric("reader_wait_max_ticks", waits->max_ticks);
	metric("reader_wait_p99_ticks", wait_p99(waits));
	metric("reader_wait_max_ns", waits->max_ns);
	metric("reader_waits", waits->n);
	metric("write_sessions", s->sessions);
	metric("pages_revoked", s->pages_revoked);
	check_equal("writer_error", w->error, FLASH_OK);
	check_equal("writer_read_back_wrong", w->wrong, 0);
	check_operations(m, w);
	check_suspensions(m);
	/* W7: a writer waits for the readers that asked before it and no other, a reader
	 * likewise */
	check_equal("turns_out_of_order", s->out_of_order, 0);
}

/* An arm without a mapping has none of it, faults included. */
static struct flash_mapping_stats mapping_stats(const struct flash_mount *m)
{
	const struct flash_reader *reader = &m->reader;

	if (!reader->ops->mapping_stats)
		return (struct flash_mapping_stats){ 0 };
	return reader->ops->mapping_stats(reader);
}

/*
 * W1: a fault maps each page that is touched, once until it is revoked. So the faults, and the
 * pages that came along with another, are the pages that are mapped now and those that were taken
 * away, as the tables say (pt_unmap() counts them); and at least the pages ever read, each of which
 * can only come back after it was revoked.
 */
static void check_faults(const struct flash_mount *m, u64 faults)
{
	struct flash_mapping_stats s = mapping_stats(m);
	u64 mapped = s.faults + s.pages_ahead;

	metric("mapping_faults", s.faults);
	metric("mapped_ahead", s.pages_ahead);
	check_equal("faults", faults, s.faults + s.spurious);
	check_equal("faults_spurious", s.spurious, 0);
	check_equal("pages_mapped_or_revoked", s.pages_mapped + s.pages_revoked, mapped);
	if (m->reader.ops->mapping_stats)
		check_range("faults_for_pages_touched", mapped, m->reader.pages_touched,
			    m->reader.pages_touched + s.pages_revoked);
}

static void print_summary(const char *arm, const struct flash_mount *m,
			  const struct flash_writer *w)
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
	printk("of %lu operations %lu found the chip busy at the first look; ones over zeros set "
	       "%u of %u bits\n",
	       count_total(COUNT_FLASH_ERASES) + count_total(COUNT_FLASH_PROGRAMS) +
		       count_total(COUNT_FLASH_BUFFERS),
	       count_total(COUNT_FLASH_STATUS_BUSY), m->nor.bits_set, m->nor.bits);
	if (m->suspends)
		printk("operations rested %u times, for %u turns\n", s->suspensions, s->turns_lent);
	printk("reader waited %u times; %lu pages revoked in %u invalidations, %lu faults\n",
	       m->reader.waits.n, s->pages_revoked, s->revocations, mapping_stats(m).faults);
	if (c->orphans + c->dangling + c->detached)
		printk("lost: %u inodes without a name, %u names without an inode, %u inodes below "
		       "no path\n",
		       c->orphans, c->dangling, c->detached);
}

void flash_mount_report(const char *arm, const struct flash_mount *m, const struct flash_writer *w,
			u64 faults)
{
	print_summary(arm, m, w);
	report_jffs2(m);
	report_contents(m);
	report_chip(m, w);
	check_faults(m, faults);
	flash_mount_check_ram(&m->reader, &m->ram);
	if (m->reader.ops->report)
		m->reader.ops->report(&m->reader);
}
