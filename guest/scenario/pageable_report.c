/* SPDX-License-Identifier: MIT */
/*
 * Owns what pageable says of a run: metrics, and checks that hold by the way that pages come and
 * go, whatever the order in which CPUs touch them; where one task visits page after page, the
 * numbers themselves.
 */
#include "guest/scenario/pageable.h"

#include "guest/lib/string.h"

static u64 pages_of(struct pageable_section section)
{
	return section.bytes / PAGE_BYTES;
}

static u64 faults_of(const struct pageable_account *a)
{
	return a->memory.faults + a->text.faults + a->data.faults + a->mapping.faults +
	       a->mapping.spurious;
}

static u64 came(const struct pageable_stats *s)
{
	return s->zeroed + s->paged_in;
}

/* Each fault did one thing, and a page that is not there has gone as often as it came. */
static void check_area(const char *each, const char *flow, const struct pageable_stats *s)
{
	check_equal(each, s->faults, came(s) + s->remapped + s->made_writable + s->met);
	check_equal(flow, came(s) - s->paged_out - s->dropped, s->resident);
}

/*
 * W11. In each round every page of the sections is touched, and comes once, if there are frames for
 * all of them; after the last round the data are read once more. Text that is mapped from the chip
 * comes again when the chip was written.
 */
static void check_sections(const struct pageable_run *r)
{
	const struct pageable_account *a = &r->sections;
	u64 calls = (u64)r->rounds * r->ntasks * r->calls;
	u64 text = pages_of(pageable_text()) * r->rounds, data = pages_of(pageable_data());
	bool fits = r->frames >= pages_of(pageable_text()) + data;

	check_equal("section_sums_wrong", r->sums_wrong, 0);
	check_equal("section_writes", r->data_written, calls * SECTION_FUNCTIONS);
	check_equal("section_first_words_wrong", r->first_words_wrong, 0);
	if (!r->ops->pages_out) {
		/* of the CPUs that touch a page first at the same time, each faults */
		check_range("section_faults", r->section_faults, pages_of(pageable_text()) + data,
			    (pages_of(pageable_text()) + data) * boot_options.ncpus);
		return;
	}
	check_equal("section_faults", r->section_faults, faults_of(a));
	check_area("text_each_fault", "text_came_and_went", &a->text);
	check_area("data_each_fault", "data_came_and_went", &a->data);
	if (r->text_from == TEXT_XIP)
		check_range("text_faults", a->mapping.faults, text,
			    text + a->mapping.pages_revoked);
	else if (fits)
		check_equal("text_paged_in", a->text.paged_in, text);
	if (fits) {
		check_equal("data_paged_in", a->data.paged_in, data * r->rounds);
		check_equal("data_paged_out", a->data.paged_out, SECTION_FUNCTIONS * r->rounds);
	}
	check_equal("sessions", r->sessions.done,
		    flash_sessions_wanted(&r->sessions) ? r->rounds : 0);
	check_equal("sessions_wrong", r->sessions.wrong, 0);
	metric("text_paged_in", a->text.paged_in);
	metric("text_mapped", a->mapping.faults);
	metric("text_revoked", a->mapping.pages_revoked);
	metric("data_paged_in", a->data.paged_in);
	metric("data_paged_out", a->data.paged_out);
}

/*
 * What the areas say of themselves against those who know nothing of them: the zones' frames, the
 * driver's requests.
 */
static void check_from_outside(const struct pageable_run *r)
{
	const struct pageable_account *a = &r->all;
	const struct flash_mapping_stats *m = &a->mapping;
	u64 from_disk = r->text_from == TEXT_DISK ? a->text.paged_in : 0;

	if (!r->ops->pages_out) {
		check_equal("frames_held", r->frames_held, r->npages);
		return;
	}
	check_equal("frames_held", r->frames_held,
		    a->memory.resident + a->text.resident + a->data.resident);
	check_equal("disk_reads", r->disk_reads, a->memory.paged_in + a->data.paged_in + from_disk);
	check_equal("disk_writes", r->disk_writes, a->memory.paged_out + a->data.paged_out);
	check_equal("text_mapped_or_gone", m->faults + m->pages_ahead,
		    m->pages_mapped + m->pages_revoked + m->pages_dropped);
}

/*
 * One task that visits page after page: by fifo or clock, with fewer frames than pages, the next
 * page is always the one that went last. Reading them all once more is another pass.
 */
static void check_loop(const struct pageable_run *r, const struct pageable_stats *s)
{
	u64 visits = (u64)(r->passes + 1) * r->npages;

	if (r->ntasks != 1 || r->pattern != PATTERN_LOOP ||
	    strcmp(r->replacement->name, "random") == 0)
		return;
	if (r->npages > r->frames) {
		check_equal("memory_came", came(s), visits);
		check_equal("memory_made_writable", s->made_writable, r->memory->written);
		check_equal("memory_paged_out", s->paged_out, r->memory->written);
	} else {
		check_equal("memory_came", came(s), r->npages);
		check_equal("memory_went", s->paged_out + s->dropped, 0);
	}
}

/* W10. */
static void check_memory(const struct pageable_run *r)
{
	const struct pageable_memory *m = r->memory;
	const struct pageable_stats *s = &r->all.memory;

	check_equal("pages_wrong", m->pages_wrong, 0);
	check_equal("writes_lost", m->writes_lost, 0);
	check_equal("writes_early", m->writes_early, 0);
	metric("visits", m->visits);
	metric("pages_written", m->written);
	if (!r->ops->pages_out) {
		check_equal("memory_faults", r->memory_faults, 0);
		return;
	}
	check_equal("memory_faults", r->memory_faults, s->faults);
	check_area("memory_each_fault", "memory_came_and_went", s);
	check_range("frames_used", r->frames_used, 1, r->frames);
	check_loop(r, s);
	metric("memory_faults", s->faults);
	metric("zeroed", s->zeroed);
	metric("paged_in", s->paged_in);
	metric("paged_out", s->paged_out);
	metric("dropped", s->dropped);
	metric("remapped", s->remapped);
	metric("made_writable", s->made_writable);
	metric("met", s->met);
	metric("waits", s->waits);
	metric("samples", pageable_totals().samples);
}

void pageable_report(const char *arm, const struct pageable_run *r)
{
	u64 pages = r->npages + pages_of(pageable_text()) + pages_of(pageable_data());
	const struct pageable_stats *s = &r->all.memory;

	printk("pageable %s: %u pages of memory, %lu of text and %lu of data; at most %u frames\n",
	       arm, r->npages, pages_of(pageable_text()), pages_of(pageable_data()),
	       r->frames_used);
	printk("%lu calls of pageable functions, %u wrong; %lu visits of memory: %lu pages came, "
	       "%lu were written out, %lu dropped\n",
	       (u64)r->rounds * r->ntasks * r->calls * SECTION_FUNCTIONS, r->sums_wrong,
	       r->memory->visits, came(s), s->paged_out, s->dropped);
	metric("pageable_bytes", pages * PAGE_BYTES);
	metric("ram_bytes", (u64)r->frames_used * PAGE_BYTES);
	metric("ram_saved_bytes", (s64)(pages - r->frames_used) * PAGE_BYTES);
	metric("section_ticks", r->section_ticks);
	metric("memory_ticks", r->memory_ticks);
	check_sections(r);
	check_memory(r);
	check_from_outside(r);
}
