/* SPDX-License-Identifier: MIT */
/*
 * Owns pfn's part over a flash chip (seed row L8): programs run from a partition's raw frames, and
 * read and write private pages of it, while another partition is written. In the first half of the
 * rounds programs and writer meet: a session when all have done a round, so that everything that is
 * counted has a closed form. In the second half the writer is a task like the others, and meets
 * programs that copy.
 */
#include "guest/lib/string.h"
#include "guest/scenario/flash_params.h"
#include "guest/scenario/flash_sessions.h"
#include "guest/scenario/flash_xip_image.h"
#include "guest/scenario/pfn.h"
#include "guest/scenario/pfn_flash.h"
#include "guest/trace.h"
#include "guest/user/xip_own.h"

#define ENDING_SPACES 6

/* --- programs --------------------------------------------------------------------------------- */

static bool make_space(struct pfn_flash *f, u32 number)
{
	u64 text = xip_text_pages(&f->image), bytes = f->image.pages * PAGE_BYTES;
	struct mm *mm = f->mm[number] = mm_create();

	mm_get(mm);
	return pfn_map(f->source, mm, USER_TEXT_VA, 0, text * PAGE_BYTES, PROT_EXEC, PFN_SHARED) &&
	       pfn_map(f->source, mm, XIP_DATA_VA, text, bytes, f->copies ? PROT_WRITE : PROT_READ,
		       f->copies ? PFN_PRIVATE : PFN_SHARED);
}

static bool make_spaces(struct pfn_flash *f)
{
	bool made = true;

	for (u32 i = 0; i < PFN_FLASH_SPACES; i++)
		made = make_space(f, i) && made;
	return made;
}

static void start_programs(struct pfn_flash *f)
{
	f->met_in = (struct xip_rounds){ .image = &f->image, .each = f->rounds, .from_chip = true };
	xip_rounds_begin(&f->met_in);
	for (u32 i = 0; i < PFN_FLASH_SPACES; i++)
		f->task[i] = user_start("program", i % boot_options.ncpus, f->mm[i], user_xip_own,
					pfn_flash_shape(f, i), 0);
}

/* --- sessions --------------------------------------------------------------------------------- */

static void meet(struct pfn_flash *f)
{
	bool gone = flash_sessions_wanted(&f->sessions);

	for (u32 round = 1; round <= f->rounds; round++) {
		xip_rounds_await(&f->met_in, round, f->task, PFN_FLASH_SPACES);
		f->judged_wrong += pfn_flash_judged_wrong(f, round, PFN_RAW);
		f->met = pfn_stats();
		f->met_faults = count_total(COUNT_USER_FAULTS);
		flash_session(&f->sessions);
		f->judged_wrong += pfn_flash_judged_wrong(f, round, gone ? PFN_NOBODYS : PFN_RAW);
		f->met_revoked = pfn_stats().revoked;
		xip_rounds_release(&f->met_in, round);
	}
}

static void writer_task(void *arg)
{
	struct pfn_flash *f = arg;

	for (u32 i = 0; i < f->rounds; i++) {
		flash_session(&f->sessions);
		task_yield();
	}
}

/* --- run -------------------------------------------------------------------------------------- */

static void run_all(struct pfn_flash *f)
{
	struct task *writer;

	f->before = pfn_stats();
	f->faults_before = count_total(COUNT_USER_FAULTS);
	start_programs(f);
	meet(f);
	writer = task_start("writer", boot_options.ncpus - 1, NULL, writer_task, f);
	for (u32 i = 0; i < PFN_FLASH_SPACES; i++)
		f->bad_exits += task_join(f->task[i]) != 0;
	task_join(writer);
	f->all = pfn_stats();
}

static void read_word(void *failed)
{
	u64 word;

	*(u64 *)failed += !copy_from_user(&word, USER_TEXT_VA, sizeof(word));
}

/* Spaces end with the chip's frames in them while it is written: none is there during a session. */
static void end_spaces(struct pfn_flash *f)
{
	struct task *writer = task_start("writer", boot_options.ncpus - 1, NULL, writer_task, f);
	u64 failed = 0;

	for (u32 i = 0; i < ENDING_SPACES; i++) {
		struct mm *mm = mm_create();

		mm_get(mm);
		failed +=
			!pfn_map(f->source, mm, USER_TEXT_VA, 0, PAGE_BYTES, PROT_EXEC, PFN_SHARED);
		task_join(task_start("reader", 0, mm, read_word, &failed));
		mm_put(mm);
	}
	task_join(writer);
	check_equal("flash.ends_failed", failed + f->sessions.error, 0);
}

static void run_in_spaces(struct pfn_flash *f)
{
	bool made = make_spaces(f);

	check_true("flash.mapped", made);
	if (made) {
		run_all(f);
		pfn_flash_report(f);
		end_spaces(f);
	}
	for (u32 i = 0; i < PFN_FLASH_SPACES; i++)
		mm_put(f->mm[i]);
}

static void run_on(struct pfn_flash *f)
{
	xip_image_fill(&f->image);
	check_equal("flash.filled", f->image.error, FLASH_OK);
	if (f->image.error)
		return;
	check_equal("flash.opened", flash_frames_open(&f->image.partition, &f->source), FLASH_OK);
	if (!f->source)
		return;
	run_in_spaces(f);
	flash_frames_close(f->source);
	check_equal("flash.misjudged", pfn_stats().misjudged - f->before.misjudged, 0);
}

/* What cannot be is a usage failure. */
static bool find_partitions(struct pfn_flash *f, struct flash_chip *chip)
{
	const struct flash_partition *p = &f->image.partition;
	bool found =
		flash_partition_find(chip, flash_partition_param("partition", "xip"),
				     &f->image.partition) &&
		flash_partition_find(chip, flash_partition_param("log", "log"), &f->sessions.log);
	u64 need = (xip_text_pages(&f->image) + f->image.pages) * PAGE_BYTES;

	if (!found)
		return false;
	flash_refuse_overlap(p, &f->sessions.log);
	if (need > p->bytes)
		usage_failure("partition %s of %lu bytes has no room for %lu", p->label, p->bytes,
			      need);
	return true;
}

void pfn_flash(const struct page_rule *rule)
{
	struct flash_writes writes;
	struct pfn_flash *f;
	struct flash_chip *chip;
	bool found;

	if (!boot_options.flash_bytes)
		return;
	writes = flash_writes_param("mixed");
	f = kalloc(sizeof(*f));
	f->copies = rule->copies;
	f->image.code = PFN_FLASH_CODE;
	f->rounds = param_number("rounds", 2, 1, 60);
	f->image.pages = 2 * f->rounds + PFN_FLASH_UNWRITTEN; /* one more is written each round */
	f->sessions.erases = writes.erases;
	f->sessions.programs = writes.programs;
	chip = flash_chip_open();
	check_true("flash.chip_found", chip);
	if (chip) {
		found = find_partitions(f, chip);
		check_true("flash.partitions_found", found);
		if (found)
			run_on(f);
		flash_chip_close(chip);
	}
	kfree(f);
}
