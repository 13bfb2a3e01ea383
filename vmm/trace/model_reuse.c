/* SPDX-License-Identifier: MIT */
/*
 * Reuse windows: a frame, or a table page, is handed out again while a CPU may still reach it by a
 * stale translation. Reported, not judged: whether it does harm is for the uses to show
 * (model_use.c). A window is open until no CPU may hold the translation, and is measured in
 * tickets.
 */
#include "vmm/trace/model_internal.h"

#include <stdlib.h>

#define TABLE 0 /* in the place of a level: not a leaf's page, but a table */

static u64 frame_key(u64 gpa, u32 level)
{
	return gpa | level;
}

static u64 key_of(const struct stale *stale)
{
	u32 level = stale->place.level;

	if (pte_is_leaf(stale->entry, level))
		return frame_key(pte_gpa(stale->entry, level), level);
	return frame_key(pte_table_gpa(stale->entry), TABLE);
}

static struct stale_frame *find_or_add(struct model *model, u64 key)
{
	struct stale_frame *frame = (struct stale_frame *)hash_find(&model->stale_frames, key);

	if (frame)
		return frame;
	frame = calloc(1, sizeof(*frame));
	if (frame && hash_add(&model->stale_frames, &frame->by_frame, key))
		return frame;
	free(frame);
	return NULL;
}

bool model_reuse_follow(struct model *model, struct stale *stale)
{
	struct stale_frame *frame = find_or_add(model, key_of(stale));

	stale->frame = frame;
	if (frame)
		LIST_INSERT_HEAD(&frame->stales, stale, of_frame);
	return frame;
}

static void note_length(struct model *model, const struct stale *stale, u64 ticket)
{
	if (stale->reused_ticket && ticket - stale->reused_ticket > model->oracle.reuse_longest)
		model->oracle.reuse_longest = ticket - stale->reused_ticket;
}

void model_reuse_again(struct model *model, struct stale *stale, u64 ticket)
{
	note_length(model, stale, ticket);
	stale->reused_ticket = 0;
	LIST_REMOVE(stale, of_frame);
	LIST_INSERT_HEAD(&stale->frame->stales, stale, of_frame);
}

void model_reuse_forget(struct model *model, struct stale *stale, u64 ticket)
{
	struct stale_frame *frame = stale->frame;

	note_length(model, stale, ticket);
	LIST_REMOVE(stale, of_frame);
	if (!LIST_EMPTY(&frame->stales))
		return;
	hash_remove(&model->stale_frames, &frame->by_frame);
	free(frame);
}

static void reused(struct model *model, const struct stale_frame *frame, u64 ticket)
{
	struct stale *stale = frame ? LIST_FIRST(&frame->stales) : NULL;

	for (; stale && !stale->reused_ticket; stale = LIST_NEXT(stale, of_frame)) {
		stale->reused_ticket = ticket;
		model->oracle.reuse_windows++;
	}
}

static void reused_key(struct model *model, u64 key, u64 ticket)
{
	reused(model, (struct stale_frame *)hash_find(&model->stale_frames, key), ticket);
}

/* Every frame with a stale translation that lies in [gpa, gpa + bytes). */
static void reused_range(struct model *model, u64 gpa, u64 bytes, u64 ticket)
{
	struct hash_node *node = NULL;

	while ((node = hash_walk(&model->stale_frames, node))) {
		u32 level = node->key % PAGE_BYTES;
		u64 start = node->key - level;

		if (level != TABLE && start < gpa + bytes && gpa < start + pte_span(level))
			reused(model, (struct stale_frame *)node, ticket);
	}
}

/* Page by page, or frame by frame, whatever is less. */
void model_page_alloc(struct model *model, const struct kvl_record *record)
{
	u64 gpa = ALIGN_DOWN(record->a[0], PAGE_BYTES), bytes = PAGE_BYTES << record->h[0] % 16;

	if (record->h[0] > MAX_ORDER) {
		model_add_finding(model, FINDING_BAD_RECORD, record->ticket,
				  "page_alloc of %#llx, order %u: no block is that large",
				  (unsigned long long)record->a[0], record->h[0]);
		return;
	}
	if (bytes / PAGE_BYTES > model->stale_frames.count) {
		reused_range(model, gpa, bytes, record->ticket);
		return;
	}
	for (u32 level = 1; level < PTE_LEVELS; level++) {
		u64 span = pte_span(level), start = ALIGN_DOWN(gpa, span);
		u64 n = (gpa - start + bytes + span - 1) / span;

		for (u64 i = 0; i < n && model->stales_at[level]; i++)
			reused_key(model, frame_key(start + i * span, level), record->ticket);
	}
}

void model_table_reused(struct model *model, const struct kvl_record *record)
{
	reused_key(model, frame_key(record->a[0], TABLE), record->ticket);
}

void model_reuse_finish(struct model *model, u64 ticket)
{
	struct stale *stale;

	for (u32 class = 0; class < ARRAY_LEN(model->newest); class ++)
		LIST_FOREACH(stale, &model->newest[class], by_age)
		{
			model->oracle.reuse_open += stale->reused_ticket != 0;
			note_length(model, stale, ticket);
		}
}
