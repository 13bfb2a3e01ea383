/* SPDX-License-Identifier: MIT */
/* Owns what must not be done with raw frames (row L1), each refused by name: provoke=WHAT. */
#include "guest/lib/string.h"
#include "guest/scenario/pfn.h"

static u64 wrong_gpa; /* that the source gives */

static u64 wrong_frame(const struct pfn_source *source, u64 page)
{
	(void)source;
	(void)page;
	return wrong_gpa;
}

static const struct pfn_source_ops wrong_ops FAULT_TABLE = { .name = "a wrong source",
							     .frame = wrong_frame };

static void read_word(void *unused)
{
	u64 word;

	(void)unused;
	copy_from_user(&word, PFN_VA, sizeof(word));
}

static void map_and_read(struct pfn_source *source, enum pfn_sharing sharing)
{
	struct mm *mm = mm_create();

	mm_get(mm);
	pfn_map(source, mm, PFN_VA, pfn_text_pages(), PAGE_BYTES, PROT_READ, sharing);
	task_join(task_start("reader", 0, mm, read_word, NULL));
	mm_put(mm);
}

/* The segment's range, and another one's frames. */
static void give_wrong(const struct pfn_source *source, u64 gpa)
{
	struct pfn_source wrong = { .ops = &wrong_ops,
				    .gpa = source->gpa,
				    .bytes = source->bytes,
				    .lock = SPINLOCK("wrong") };

	wrong_gpa = gpa;
	map_and_read(&wrong, PFN_SHARED);
}

static void write_shared(struct pfn_source *source)
{
	struct mm *mm = mm_create();

	mm_get(mm);
	pfn_map(source, mm, PFN_VA, pfn_text_pages(), PAGE_BYTES, PROT_READ, PFN_SHARED);
	pfn_protect(mm, PFN_VA, PAGE_BYTES, PROT_WRITE);
}

void pfn_provoke(const struct page_rule *rule, struct pfn_source *source, const char *what)
{
	if (strcmp(what, "none") == 0)
		return;
	if (strcmp(what, "cow") == 0)
		map_and_read(source, PFN_PRIVATE);
	else if (strcmp(what, "protect") == 0)
		write_shared(source);
	else if (strcmp(what, "outside") == 0)
		give_wrong(source, source->gpa + source->bytes);
	else if (strcmp(what, "ram") == 0)
		give_wrong(source, page_nth_frame(page_frames() - 1));
	else
		map_and_read(source, rule->copies ? PFN_PRIVATE : PFN_SHARED);
	usage_failure("provoke=%s: this rule does it right: cow is for arm no-cow, free for linear "
		      "with fill=random",
		      what);
}
