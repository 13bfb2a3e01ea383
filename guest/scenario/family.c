/* SPDX-License-Identifier: MIT */
/*
 * Owns the closed forms of families. D pages of memory, R reads, M maps, P children in all:
 *
 *   a page that a child alone writes (D-1) is copied once: its parent keeps it. One that both write
 *   (the stack, and the page with the mark) is copied by who writes first; the other finds that he
 *   is the only owner left, unless both write at the same time, and both copy.
 *   faults: a space's page of text and its stack, each page at its first touch, and each page again
 *   that is written after it was only read, or after a fork.
 */
#include "guest/scenario/family.h"

#include "guest/mm/file.h"
#include "guest/scenario/scenario.h"
#include "guest/user/family.h"

u64 family_argument(const struct family *family)
{
	return family_shape(FAMILY_MEMORY, family->memory) |
	       family_shape(FAMILY_FORKS, family->forks) |
	       family_shape(FAMILY_BATCH, family->batch) |
	       family_shape(FAMILY_READS, family->reads) | family_shape(FAMILY_MAPS, family->maps);
}

bool family_fill_file(struct file *file, u32 pages)
{
	for (u32 page = 0; page < pages; page++) {
		u64 *word = file_hold(file, page, true);

		if (!word)
			return false;
		for (u32 i = 0; i < FAMILY_PAGE_WORDS; i++)
			word[i] = family_word(FAMILY_FILE, page, i);
		file_release(file, page, word);
	}
	return true;
}

static void check_calls(const struct process_stats *stats, const struct family *family)
{
	u64 children = family->families * family->forks;

	check_equal("family.forks", stats->forks, children);
	check_equal("family.execs", stats->execs, children);
	check_equal("family.exits", stats->exits, children + family->families);
	check_equal("family.waits", stats->waits, children);
	check_equal("family.reads", stats->reads, children * family->reads);
	check_equal("family.maps", stats->maps, children * family->maps);
	check_equal("family.unmaps", stats->unmaps, children * family->maps);
	check_equal("family.refused", stats->refused, 0);
}

/* Every child has executed an errand, with memory of its own. */
static void check_cleared(u64 cleared, const struct family *family, bool swapped)
{
	u64 children = family->families * family->forks, pages = family->memory + 1;
	u64 want = family->families * pages + children * (pages + family->maps);

	check_range("family.cleared", cleared, want, swapped ? ~0ull >> 1 : want);
}

static void check_copies(const struct cow_stats *stats, const struct family *family, bool swapped)
{
	u64 children = family->families * family->forks, memory = family->memory;
	u64 copied = stats->by[COW_COPY].events;
	u64 both = boot_options.ncpus > 1 ? 2 * children : 0; /* may have been copied by both */

	check_equal("family.areas_forked", stats->forks, 2 * children);
	check_equal("family.pages_shared", stats->shared, children * (memory + 1));
	check_range("family.copied", copied, children * (memory + 1),
		    children * (memory + 1) + both);
	if (!swapped)
		check_equal("family.written_again", copied + stats->made_writable,
			    children * (2 * memory + 3 + family->maps));
}

void family_check(const struct processes *all, const struct family *family, u64 wrong, u64 faults,
		  bool swapped)
{
	u64 children = family->families * family->forks, memory = family->memory;

	check_equal("family.wrong", wrong, 0);
	check_calls(&all->stats, family);
	check_cleared(all->group.stats.by[COW_CLEAR].events, family, swapped);
	check_copies(&all->group.stats, family, swapped);
	if (!swapped)
		check_count("family.faults", COUNT_USER_FAULTS, faults,
			    family->families * (memory + 2) +
				    children * (3 * memory + 2 * family->maps + 8));
}

static void report_mean(const char *name, u64 ticks, u64 n)
{
	if (n)
		metric(name, ticks / n);
}

void family_report(const struct processes *all)
{
	const struct process_stats *stats = &all->stats;

	report_mean("fork_ticks", stats->fork_ticks, stats->forks);
	report_mean("exec_ticks", stats->exec_ticks, stats->execs);
	report_mean("exit_ticks", stats->exit_ticks, stats->exits);
	report_mean("read_ticks", stats->read_ticks, stats->reads);
}
