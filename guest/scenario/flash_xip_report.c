/* SPDX-License-Identifier: MIT */
/*
 * Owns what flash-xip says of a run: metrics, checks (closed forms wherever there is one) and the
 * summary on the console.
 */
#include "guest/scenario/flash_xip.h"

static u64 faults_of(const struct xip_faults *f)
{
	return f->text.faults + f->data.faults + f->text.pages_ahead + f->data.pages_ahead;
}

static u64 revoked_of(const struct xip_faults *f)
{
	return f->text.pages_revoked + f->data.pages_revoked;
}

static u64 mapped_of(const struct xip_faults *f)
{
	return f->text.pages_mapped + f->data.pages_mapped;
}

/* How often all of a space's pages go, while programs meet for it. */
static u32 times_gone(const struct flash_xip *x)
{
	return x->ops->revocable && flash_sessions_wanted(&x->sessions) ? x->rounds : 0;
}

/*
 * The chip is written when all programs have done their round, and before any begins the next one.
 * So every space touches each of its pages first once, and once more after each session but the
 * last; what of its text is touched first is always a fetch.
 */
static void check_met(const struct flash_xip *x)
{
	u32 gone = times_gone(x), times = gone ? gone : 1;
	u64 text = x->nspaces * xip_text_pages(&x->image), data = x->nspaces * x->image.pages;

	check_equal("met.text_faults", x->met.text.faults, text * times);
	check_equal("met.fetches", x->met.text.fetches, text * times);
	check_equal("met.data_faults", x->met.data.faults, data * times);
	check_equal("met.revocations", x->met_revocations,
		    x->nspaces * (x->image.pages ? 2 : 1) * gone);
	check_equal("met.pages_revoked", x->met_revoked, (text + data) * gone);
}

/*
 * In the other half nobody meets. A page is touched first once more than it is taken away, or as
 * often if nobody touched it since; each space's text after the last meeting, by a fetch.
 */
static void check_all(const struct flash_xip *x)
{
	const struct xip_faults *f = &x->all;
	u64 text = x->nspaces * xip_text_pages(&x->image),
	    pages = text + x->nspaces * x->image.pages;
	u32 least = times_gone(x) + 1;
	u64 faults = faults_of(f);

	check_equal("pages_mapped_or_revoked", mapped_of(f) + revoked_of(f), faults);
	check_range("faults_for_pages_touched", faults, pages * least, pages + revoked_of(f));
	check_range("fetches", f->text.fetches, text * least, f->text.faults);
	/* and each task its stack */
	check_equal("user_faults", x->user_faults,
		    x->ntasks + f->text.faults + f->data.faults + f->text.spurious +
			    f->data.spurious);
	/* W12: RAM for stacks, and for copies of what flash holds already */
	check_equal("ram_pages", x->ram_pages, x->ntasks + (x->ops->revocable ? 0 : pages));
	metric("image_ram_bytes", (x->ram_pages - x->ntasks) * PAGE_BYTES);
	metric("mapping_faults", faults);
	metric("faults_spurious", f->text.spurious + f->data.spurious);
	metric("refetches", f->text.fetches - text);
	metric("pages_revoked", revoked_of(f));
}

static void check_chip(const struct flash_xip *x)
{
	const struct flash_stats *s = flash_stats(x->sessions.log.chip);

	check_equal("chip_error", x->sessions.error, FLASH_OK);
	check_equal("writes", x->sessions.done,
		    flash_sessions_wanted(&x->sessions) ? 2 * x->rounds : 0);
	check_equal("writer_read_back_wrong", x->sessions.wrong, 0);
	check_equal("write_sessions", s->sessions, x->image.sessions + x->sessions.done);
	check_equal("turns_out_of_order", s->out_of_order, 0);
	metric("write_sessions", s->sessions);
	metric("writer_delay_max_ticks", s->writer_delay_max_ticks);
}

void flash_xip_report(const char *arm, const struct flash_xip *x)
{
	printk("flash-xip %s: %u programs in %u spaces, %u pages of text and %u of data each, %u "
	       "rounds\n",
	       arm, x->ntasks, x->nspaces, xip_text_pages(&x->image), x->image.pages,
	       2 * x->rounds);
	printk("%lu pages came by a fault, %lu of them by an instruction fetch; %u sessions took %lu "
	       "away\n",
	       faults_of(&x->all), x->all.text.fetches, x->sessions.done, revoked_of(&x->all));
	check_equal("reports", x->met_in.reports, x->ntasks * 2 * x->rounds);
	check_equal("sums_wrong", x->met_in.sums_wrong, 0);
	check_equal("words_wrong", x->met_in.words_wrong, 0);
	check_equal("bad_exits", x->bad_exits, 0);
	/* W3: a store through the mapping ends the task and is not seen by the chip */
	check_equal("store.exit", x->store_exit, -1);
	check_true("store.unchanged", x->store_unchanged);
	metric("fill_ticks", x->fill_ticks);
	metric("run_ticks", x->run_ticks);
	check_met(x);
	check_all(x);
	check_chip(x);
}
