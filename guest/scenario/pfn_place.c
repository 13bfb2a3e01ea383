/* SPDX-License-Identifier: MIT */
/*
 * Owns the load that the mail argues about (rows L5-L7): many small tasks that have programs and
 * data in a shared segment, and write few of its pages. Each runs where the program lies in the
 * segment, at CPL 3. What a rule keeps for that is measured while all have their copies.
 */
#include "guest/arch.h"
#include "guest/scenario/pfn.h"
#include "guest/task/syscall.h"
#include "guest/user/segment.h"

struct place_task {
	struct mm *mm;
	struct task *task;
	u64 shape;
};

static struct {
	u64 sum; /* that each program must report */
	u64 wrong;
} now;

static u64 report(u64 sum, u64 number)
{
	(void)number;
	__atomic_fetch_add(&now.wrong, sum != now.sum, __ATOMIC_RELAXED);
	return 0;
}

/* --- what is expected ------------------------------------------------------------------------- */

static u64 shape_of(const struct pfn_place *place, u64 number)
{
	return segment_shape(place->pages, place->rule->copies ? place->written : 0, place->run,
			     number);
}

static u64 copies_of(const struct pfn_place *place)
{
	return segment_written_before(shape_of(place, 0), place->pages);
}

/* Areas of the data, if those of one kind that lie side by side are one. */
static u64 runs_of(const struct pfn_place *place)
{
	u64 shape = shape_of(place, 0), runs = 1;

	for (u32 page = 1; page < place->pages; page++)
		runs += segment_is_written(shape, page) != segment_is_written(shape, page - 1);
	return runs;
}

/* The kernel's sum of the words that programs read. */
static u64 sum_of(const struct pfn_place *place)
{
	u32 first = pfn_text_pages();
	u64 sum = 0;

	for (u32 page = 0; page < place->pages; page++)
		sum += pfn_segment_word(first + page, SEGMENT_READ_WORD);
	return sum;
}

static u64 displaced(const struct pfn_place *place)
{
	return place->rule->linear ? pfn_segment_displaced(pfn_text_pages(), place->pages) : 0;
}

/* Leaf tables of a space: of the programs, the stack, and the data, which begins a table. */
static u64 leaf_tables(const struct pfn_place *place)
{
	return 2 + (place->pages + ARCH_PT_ENTRIES - 1) / ARCH_PT_ENTRIES;
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void map_segment(const struct pfn_place *place, struct mm *mm)
{
	u32 text = pfn_text_pages();
	bool copies = place->rule->copies;
	struct vma *program = pfn_map(place->source, mm, USER_TEXT_VA, 0, text * PAGE_BYTES,
				      PROT_EXEC, PFN_SHARED);
	struct vma *data = pfn_map(place->source, mm, SEGMENT_DATA_VA, text,
				   place->pages * PAGE_BYTES, copies ? PROT_WRITE : PROT_READ,
				   copies ? PFN_PRIVATE : PFN_SHARED);

	if (!program || !data)
		usage_failure("user space has no room for %u pages of the segment", place->pages);
}

static void start_task(const struct pfn_place *place, struct place_task *t, u32 number)
{
	t->mm = mm_create();
	mm_get(t->mm); /* it stays as it is until it has been looked at */
	t->shape = shape_of(place, number);
	map_segment(place, t->mm);
	t->task = user_start("program", number % boot_options.ncpus, t->mm, user_segment, t->shape,
			     0);
}

/* Pages of the space that the rule says wrong things of, as the scenario knows whose each is. */
static u64 judged_wrong(const struct pfn_place *place, const struct place_task *t)
{
	u64 wrong = 0;

	for (u32 page = 0; page < place->pages; page++)
		wrong += pfn_whose(t->mm, SEGMENT_DATA_VA + page * PAGE_BYTES) !=
			 (segment_is_written(t->shape, page) ? PFN_OWN : PFN_RAW);
	return wrong;
}

/* A raw page is judged wrong where it is not where a linear mapping has it. */
static u64 expected_wrong(const struct pfn_place *place, const struct place_task *t)
{
	u64 wrong = 0;

	for (u32 page = 0; page < place->pages && place->rule->linear; page++)
		wrong += !segment_is_written(t->shape, page) &&
			 pfn_segment_displaced(pfn_text_pages() + page, 1);
	return wrong;
}

/* --- while all have what they have ------------------------------------------------------------ */

/* As the space's list has them, of the data. */
static u64 areas_in(struct mm *mm)
{
	u64 areas = 0;

	for (u64 va = SEGMENT_DATA_VA; vma_find(mm, va); va = vma_find(mm, va)->end)
		areas++;
	return areas;
}

static u64 areas_of(const struct pfn_place *place)
{
	return place->rule->splits ? place->tasks * runs_of(place) : place->tasks;
}

static void check_counts(const struct pfn_place *place, const struct place_task *tasks_of,
			 const struct pfn_stats *stats)
{
	u64 tasks = place->tasks, copies = tasks * copies_of(place), areas = 0;

	for (u32 i = 0; i < place->tasks; i++)
		areas += areas_in(tasks_of[i].mm);

	check_range("place.raw", stats->raw, tasks * (place->pages + 1),
		    tasks * (place->pages + pfn_text_pages()));
	check_equal("place.copied", stats->copied, copies);
	check_equal("place.areas", areas, areas_of(place));
	check_equal("place.lock_writes", stats->lock_writes, place->rule->splits ? copies : 0);
	metric("copied_pages", stats->copied);
	metric("areas", areas);
	metric("lock_writes", stats->lock_writes);
}

static void check_metadata(const struct pfn_place *place)
{
	const struct page_rule_work work = {
		.source_pages = pfn_segment_pages(),
		.leaf_tables = place->tasks * leaf_tables(place),
		.areas = areas_of(place) - place->tasks,
	};
	u64 bytes = place->rule->predict ? place->rule->predict(&work) : 0;

	check_equal("place.metadata", page_rule_bytes(), bytes + work.areas * sizeof(struct vma));
	metric("metadata_bytes", page_rule_bytes());
	metric("metadata_linux_bytes", page_rule_linux_bytes());
	metric("segment_bytes", pfn_segment_pages() * PAGE_BYTES);
	metric("mapped_bytes", (u64)place->tasks * place->pages * PAGE_BYTES);
}

static void look(const struct pfn_place *place, const struct place_task *tasks)
{
	struct pfn_stats stats = pfn_stats();
	u64 wrong = 0, expected = 0;

	check_counts(place, tasks, &stats);
	check_metadata(place);
	for (u32 i = 0; i < place->tasks; i++) {
		wrong += judged_wrong(place, &tasks[i]);
		expected += expected_wrong(place, &tasks[i]);
	}
	check_equal("place.judged_wrong", wrong, expected);
	metric("judged_wrong", wrong);
}

static _Noreturn void hold(void)
{
	printk("pfn: holds\n");
	for (;;)
		task_yield();
}

#define TASK_HEAP_BYTES KiB(12) /* of a task and its space: a stack above all */
#define OTHER_TABLES 4		/* of a space, that are no leaf tables */

/* Said before one of them finds nothing left. */
static void check_room(const struct pfn_place *place)
{
	struct page_rule_work work = {
		.leaf_tables = place->tasks * leaf_tables(place),
		.areas = areas_of(place) - place->tasks,
	};
	u64 tables = work.leaf_tables + (u64)place->tasks * OTHER_TABLES;
	u64 heap = (place->rule->predict ? place->rule->predict(&work) : 0) +
		   work.areas * sizeof(struct vma) + (u64)place->tasks * TASK_HEAP_BYTES;
	u64 pages = place->tasks * (copies_of(place) + 1);
	u64 free = page_frames() - layout.core.bytes / PAGE_BYTES - all_pages_in_use();

	if (tables > pt_tables_free())
		usage_failure("tasks, pages: %lu page tables in all, and there is room for %lu: a "
			      "larger --arena",
			      tables, pt_tables_free());
	if (heap > layout.heap.bytes - kalloc_bytes_in_use())
		usage_failure("tasks, pages, written: the kernel's heap has no %lu KiB for them: "
			      "fewer of them",
			      heap >> 10);
	if (pages > free)
		usage_failure("tasks, written: %lu pages are copied, and %lu are free: more --mem",
			      pages, free);
}

void pfn_place(const struct pfn_place *place)
{
	struct place_task *tasks = lowmem_array(place->tasks, sizeof(*tasks));
	u64 wrong = 0;

	check_room(place);
	now = (typeof(now)){ .sum = sum_of(place) };
	syscall_report = report;
	for (u32 i = 0; i < place->tasks; i++)
		start_task(place, &tasks[i], i);
	for (u32 i = 0; i < place->tasks; i++)
		wrong += task_join(tasks[i].task) != 0;
	check_equal("place.wrong", wrong + now.wrong, 0);
	look(place, tasks);
	if (place->hold)
		hold();
	for (u32 i = 0; i < place->tasks; i++)
		mm_put(tasks[i].mm);
	check_equal("place.misjudged", pfn_stats().misjudged, place->tasks * displaced(place));
	check_equal("place.segment", sum_of(place) - now.sum, 0);
	lowmem_array_free(tasks);
}
