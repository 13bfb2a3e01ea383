/* SPDX-License-Identifier: MIT */
/*
 * Owns what pfn expects of its part over a flash chip: whose each page is, and how often each came
 * and went. Every space reads all of its pages in each round, and writes one more of its data.
 */
#include "guest/scenario/pfn_flash.h"

#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/scenario/scenario.h"
#include "guest/user/xip_own.h"

u64 pfn_flash_shape(const struct pfn_flash *f, u64 number)
{
	return xip_own_shape(XIP_OWN_CODE, f->image.code) |
	       xip_own_shape(XIP_OWN_PAGES, f->image.pages) |
	       xip_own_shape(XIP_OWN_ROUNDS, 2 * f->rounds) |
	       xip_own_shape(XIP_OWN_MOST, f->copies ? 2 * f->rounds : 0) |
	       xip_own_shape(XIP_OWN_NUMBER, number);
}

/* --- whose each page is ----------------------------------------------------------------------- */

/* Of @n pages from @va on of all spaces, so many of which the rule says @whose. */
static u32 pages_that_are(const struct pfn_flash *f, enum pfn_whose whose, u64 va, u64 n)
{
	u32 are = 0;

	for (u32 i = 0; i < PFN_FLASH_SPACES; i++)
		for (u64 page = 0; page < n; page++)
			are += pfn_whose(f->mm[i], va + page * PAGE_BYTES) == whose;
	return are;
}

static u64 written(const struct pfn_flash *f, u64 rounds)
{
	return xip_own_written(pfn_flash_shape(f, 0), rounds);
}

/* Pages of a space that it has not written in @rounds. */
static u64 unwritten(const struct pfn_flash *f, u64 rounds)
{
	return xip_text_pages(&f->image) + f->image.pages - written(f, rounds);
}

u32 pfn_flash_judged_wrong(const struct pfn_flash *f, u64 rounds, enum pfn_whose others)
{
	u64 text = xip_text_pages(&f->image), own = written(f, rounds), rest = f->image.pages - own;
	u64 rest_va = XIP_DATA_VA + own * PAGE_BYTES;

	return PFN_FLASH_SPACES * (text + f->image.pages) -
	       pages_that_are(f, others, USER_TEXT_VA, text) -
	       pages_that_are(f, PFN_OWN, XIP_DATA_VA, own) -
	       pages_that_are(f, others, rest_va, rest);
}

static u64 raw_now(const struct pfn_flash *f)
{
	return pages_that_are(f, PFN_RAW, USER_TEXT_VA, xip_text_pages(&f->image)) +
	       pages_that_are(f, PFN_RAW, XIP_DATA_VA, f->image.pages);
}

/* --- how often it came and went --------------------------------------------------------------- */

/*
 * While programs meet for the writer: raw pages come when they are touched first, and once more for
 * each session before the last; a session takes all that are not written yet. An own page comes
 * once.
 */
static void check_met(const struct pfn_flash *f)
{
	u64 raw = 0, revoked = 0, copied = PFN_FLASH_SPACES * written(f, f->rounds);
	bool gone = flash_sessions_wanted(&f->sessions);

	for (u32 round = 0; round < f->rounds; round++) {
		raw += round && !gone ? 0 : PFN_FLASH_SPACES * unwritten(f, round);
		revoked += gone ? PFN_FLASH_SPACES * unwritten(f, round + 1) : 0;
	}
	check_equal("flash.met.raw", f->met.raw - f->before.raw, raw);
	check_equal("flash.met.copied", f->met.copied - f->before.copied, copied);
	check_equal("flash.met.revoked", f->met_revoked - f->before.revoked, revoked);
	/* and each program its stack */
	check_equal("flash.met.faults", f->met_faults - f->faults_before,
		    raw + copied + PFN_FLASH_SPACES);
	check_equal("flash.met.judged_wrong", f->judged_wrong, 0);
}

/* In the other half nobody meets; raw frames that came are still there, were copied, or went. */
static void check_all(const struct pfn_flash *f)
{
	u64 raw = f->all.raw - f->before.raw, copied = f->all.copied - f->before.copied;
	u64 revoked = f->all.revoked - f->before.revoked;
	u64 own = PFN_FLASH_SPACES * written(f, 2 * f->rounds);

	check_equal("flash.copied", copied, own);
	check_equal("flash.own_pages", pages_that_are(f, PFN_OWN, XIP_DATA_VA, f->image.pages),
		    own);
	check_equal("flash.raw_came_and_went", raw, revoked + copied + raw_now(f));
	metric("flash.raw", raw);
	metric("flash.copied", copied);
	metric("flash.revoked", revoked);
}

/* --- the chip --------------------------------------------------------------------------------- */

/* Words of data in flash that are not what was programmed. */
static u64 changed_in_flash(const struct pfn_flash *f)
{
	const struct flash_partition data = xip_image_data(&f->image);
	u64 word[XIP_KNOWN_WORDS], changed = 0;

	for (u64 page = 0; page < f->image.pages; page++) {
		if (flash_partition_read(&data, page * PAGE_BYTES, word, sizeof(word)))
			return ~0ull;
		for (u64 i = 0; i < XIP_KNOWN_WORDS; i++)
			changed += word[i] != xip_word(page * XIP_PAGE_WORDS + i);
	}
	return changed;
}

static void check_chip(const struct pfn_flash *f)
{
	const struct flash_stats *s = flash_stats(f->sessions.log.chip);

	check_equal("flash.chip_error", f->sessions.error, FLASH_OK);
	check_equal("flash.writes", f->sessions.done,
		    flash_sessions_wanted(&f->sessions) ? 2 * f->rounds : 0);
	check_equal("flash.writer_read_back_wrong", f->sessions.wrong, 0);
	check_equal("flash.write_sessions", s->sessions, f->image.sessions + f->sessions.done);
	check_equal("flash.pages_revoked", s->pages_revoked, f->all.revoked - f->before.revoked);
	check_equal("flash.turns_out_of_order", s->out_of_order, 0);
	check_equal("flash.changed", changed_in_flash(f), 0);
}

void pfn_flash_report(const struct pfn_flash *f)
{
	printk("pfn: from flash: %u programs, %u pages each; %u sessions\n", PFN_FLASH_SPACES,
	       xip_text_pages(&f->image) + f->image.pages, f->sessions.done);
	check_equal("flash.reports", f->met_in.reports, PFN_FLASH_SPACES * 2 * f->rounds);
	check_equal("flash.sums_wrong", f->met_in.sums_wrong, 0);
	check_equal("flash.words_wrong", f->met_in.words_wrong, 0);
	check_equal("flash.bad_exits", f->bad_exits, 0);
	check_met(f);
	check_all(f);
	check_chip(f);
}
