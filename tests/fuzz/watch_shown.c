/* SPDX-License-Identifier: MIT */
/*
 * Owns what may be mapped: of which blocks every read returns the array follows from the modes and
 * states that were told and from the blocks that are stable. Exactly those are shown, they read so,
 * and to read them changes nothing.
 */
#include "tests/fuzz/watch.h"

#include <string.h>

#define MAX_PROBED_RANGES 4u

static u64 any(struct watch *watch, u64 below)
{
	watch->turn = told_mix(watch->turn, watch->now_ns + 1);
	return below ? watch->turn % below : 0;
}

static bool chip_may_show(const struct watch *watch, u32 c, u32 block)
{
	const struct told_chip *chip = &watch->told.chip[c];
	const struct flash_nv *nv = watch->config.nv[c];
	u32 partition = watch->geometry.partition[block];

	return watch->told.mode[c][partition] == KVL_FLASH_READ_ARRAY &&
	       !told_runs(watch->told.state[c][partition]) &&
	       !(chip->erase_in_hand && chip->in_erase[block]) &&
	       (!nv || !flash_nv_unstable(&nv->block[block]));
}

/*
 * Not told is which block a suspended program is in, what the bank's own account says, and which
 * protected sectors of set 0002 were named beside those that are erased: all of these answer with
 * status while the erase rests. Nor is it told that factory programming (80h) has its partition
 * between two fills, in whatever read mode that is, and when it ends.
 */
static bool chip_must_show(const struct watch *watch, u32 c, u32 block)
{
	const struct told_chip *chip = &watch->told.chip[c];
	u32 partition = watch->geometry.partition[block];
	enum kvl_flash_state state = watch->told.state[c][partition];
	bool named = watch->config.flash.part->command_set == 0x0002 &&
		     state == KVL_FLASH_ERASE_SUSPENDED;
	bool factory = watch->config.flash.part->features & FLASH_BEFP && chip->command == 0x80 &&
		       watch->geometry.partition[chip->named] == partition;

	return watch->config.nv[c] && state != KVL_FLASH_PROGRAM_SUSPENDED && !named && !factory;
}

static void check_block_shown(const struct watch *watch, u32 block)
{
	bool may = watch->told.powered, must = watch->told.powered;

	for (u32 c = 0; c < watch->geometry.chips; c++) {
		may = may && chip_may_show(watch, c, block);
		must = must && chip_must_show(watch, c, block);
	}
	demand(may || !watch->shown[block], "%s: block %u is shown, and must not", name_of(watch),
	       block);
	demand(!may || !must || watch->shown[block], "%s: block %u could be shown, and is not",
	       name_of(watch), block);
}

/* Marks the blocks of @range, which begins and ends with a block, behind @least. */
static void mark_range(struct watch *watch, const struct flash_range *range, u64 least)
{
	const struct geometry *geometry = &watch->geometry;
	u64 end = range->start + range->bytes;
	u32 block;

	demand(range->bytes && range->start >= least && range->bytes <= geometry->bytes &&
		       range->start <= geometry->bytes - range->bytes,
	       "%s: shown from %llx on are %llx bytes", name_of(watch),
	       (unsigned long long)range->start, (unsigned long long)range->bytes);
	block = geometry_block(geometry, range->start / geometry->chips);
	demand((u64)geometry->start[block] * geometry->chips == range->start,
	       "%s: what is shown begins at %llx, inside of block %u", name_of(watch),
	       (unsigned long long)range->start, block);
	for (; (u64)geometry->start[block] * geometry->chips < end; block++)
		watch->shown[block] = 1;
	demand((u64)geometry->start[block] * geometry->chips == end,
	       "%s: what is shown ends at %llx, inside of a block", name_of(watch),
	       (unsigned long long)end);
}

static void probe(struct watch *watch, u64 offset, u32 bytes)
{
	u64 want = 0, got = flash_read(watch->bank, offset, bytes, watch->now_ns);

	memcpy(&want, &watch->config.array[offset], bytes);
	demand(got == want, "%s: a read of %u bytes at %llx gives %llx, the array has %llx",
	       name_of(watch), bytes, (unsigned long long)offset, (unsigned long long)got,
	       (unsigned long long)want);
}

static void probe_range(struct watch *watch, const struct flash_range *range)
{
	u32 bytes = 1u << any(watch, 4);

	probe(watch, range->start, bytes);
	probe(watch, range->start + range->bytes - bytes, bytes);
	probe(watch, range->start + any(watch, range->bytes - bytes + 1), bytes);
}

/* What is said from the start of any block on is the rest of what is said from the bank's start. */
static void check_from_block(struct watch *watch)
{
	const struct geometry *geometry = &watch->geometry;
	u32 first = (u32)any(watch, geometry->blocks), end;
	struct flash_range range;
	bool got = flash_next_shown(watch->bank, (u64)geometry->start[first] * geometry->chips,
				    &range);

	while (first < geometry->blocks && !watch->shown[first])
		first++;
	for (end = first; end < geometry->blocks && watch->shown[end];)
		end++;
	demand(got == (first < geometry->blocks), "%s: from block %u on it is%s shown",
	       name_of(watch), first, got ? "" : " not");
	demand(!got || (range.start == (u64)geometry->start[first] * geometry->chips &&
			range.start + range.bytes == (u64)geometry->start[end] * geometry->chips),
	       "%s: from block %u on, %llx bytes at %llx are shown", name_of(watch), first,
	       (unsigned long long)range.bytes, (unsigned long long)range.start);
	demand(!flash_next_shown(watch->bank, geometry->bytes + any(watch, 9), &range),
	       "%s: something is shown behind the end", name_of(watch));
}

static void check_place(struct watch *watch, u64 offset)
{
	const struct geometry *geometry = &watch->geometry;
	struct flash_block block = flash_bank_block_at(&watch->config.flash, offset);
	u32 want = geometry->blocks;

	if (offset < geometry->bytes)
		want = geometry_block(geometry, offset / geometry->chips);
	demand(block.index == want && block.start == (u64)geometry->start[want] * geometry->chips,
	       "%s: %llx is said to be in block %u, at %llx", name_of(watch),
	       (unsigned long long)offset, block.index, (unsigned long long)block.start);
	demand(block.bytes == (geometry->start[want + 1] - geometry->start[want]) * geometry->chips,
	       "%s: block %u is said to have %x bytes", name_of(watch), want, block.bytes);
}

/* Of two chips side by side the view is that of the first which does not give its array. */
static bool is_view_of(const struct watch *watch, enum flash_view view, u32 c, u32 block)
{
	const struct flash_nv *nv = watch->config.nv[c];
	u32 partition = watch->geometry.partition[block];

	switch (view) {
	case FLASH_VIEW_BUSY: return told_runs(watch->told.state[c][partition]);
	case FLASH_VIEW_MODE: return watch->told.mode[c][partition] != KVL_FLASH_READ_ARRAY;
	case FLASH_VIEW_UNSTABLE: return !nv || flash_nv_unstable(&nv->block[block]);
	case FLASH_VIEW_RESTS: return true;
	case FLASH_VIEW_ARRAY:
	case FLASH_VIEW_OFF: break;
	}
	return false;
}

static void check_view(struct watch *watch, u64 offset)
{
	enum flash_view view = flash_view_at(watch->bank, offset);
	u32 block = geometry_block(&watch->geometry, offset / watch->geometry.chips);
	bool found = view == FLASH_VIEW_OFF ? !watch->told.powered : watch->shown[block];

	for (u32 c = 0; c < watch->geometry.chips && view != FLASH_VIEW_ARRAY; c++)
		found |= is_view_of(watch, view, c, block);
	demand(found && (view == FLASH_VIEW_ARRAY) == watch->shown[block],
	       "%s: the view at %llx is %d", name_of(watch), (unsigned long long)offset, (int)view);
}

static u32 collect_shown(struct watch *watch)
{
	struct flash_range range;
	u32 ranges = 0;
	u64 from = 0;

	memset(watch->shown, 0, watch->geometry.blocks);
	for (; flash_next_shown(watch->bank, from, &range); ranges++) {
		/* a range behind another does not adjoin it: each is as long as can be */
		mark_range(watch, &range, from + (ranges > 0));
		if (watch->config.probe && ranges < MAX_PROBED_RANGES)
			probe_range(watch, &range);
		from = range.start + range.bytes;
	}
	return ranges;
}

static void check_shown(struct watch *watch)
{
	u32 blocks = watch->geometry.blocks;
	u64 generation = flash_shown_generation(watch->bank), events = watch->told.events;
	bool all = collect_shown(watch) == 1 && !memchr(watch->shown, 0, blocks);

	demand(flash_is_array(watch->bank) == all, "%s: flash_is_array() is %d", name_of(watch),
	       !all);
	for (u32 i = 0; i < blocks; i++)
		check_block_shown(watch, i);
	check_from_block(watch);
	demand(watch->told.events == events && flash_shown_generation(watch->bank) == generation,
	       "%s: reads of the array changed something", name_of(watch));
	demand(generation != watch->generation ||
		       memcmp(watch->shown, watch->shown_before, blocks) == 0,
	       "%s: others are shown than before, of the same generation", name_of(watch));
	watch->generation = generation;
	memcpy(watch->shown_before, watch->shown, blocks);
}

void watch_shown(struct watch *watch)
{
	check_shown(watch);
	check_place(watch, any(watch, watch->geometry.bytes * 9 / 8));
	check_view(watch, any(watch, watch->geometry.bytes));
}
