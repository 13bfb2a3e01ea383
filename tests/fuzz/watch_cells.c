/* SPDX-License-Identifier: MIT */
/*
 * Owns which cells may change: a bit of the array rises only in a block of an erase that was told,
 * while that erase ran; it falls only there, or in a partition of which a program was told. Of what
 * lies beside the array no bit rises and no count falls, and each field has its operation.
 */
#define _DEFAULT_SOURCE
#include "tests/fuzz/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct change { /* of eight bytes: bits that rose, or fell, in any of the eight-byte groups */
	u64 rose, fell;
};

/* These two run over all of an array after every step. */
__attribute__((no_sanitize("address", "undefined"))) static struct change
change_of(const u8 *before, const u8 *now, size_t bytes)
{
	struct change change = { 0, 0 };

	for (size_t i = 0; i < bytes; i += sizeof(u64)) {
		u64 old, new;

		memcpy(&old, &before[i], sizeof(old));
		memcpy(&new, &now[i], sizeof(new));
		change.rose |= new & ~old;
		change.fell |= old & ~new;
	}
	return change;
}

static void check_block(struct watch *watch, u32 block, const struct change *change)
{
	const struct geometry *geometry = &watch->geometry;

	for (u32 c = 0; c < geometry->chips; c++) {
		const struct told_chip *chip = &watch->told.chip[c];
		bool erased = chip->erase_ran && chip->in_erase[block];
		bool programmed = chip->program_ran_in[geometry->partition[block]];

		demand(!(change->rose & watch->lane_mask[c]) || erased,
		       "%s: chip %u, block %u: bits rise, and no erase of it runs", name_of(watch),
		       c, block);
		demand(!(change->fell & watch->lane_mask[c]) || erased || programmed,
		       "%s: chip %u, block %u: bits fall, and no operation in it runs",
		       name_of(watch), c, block);
	}
}

static void check_piece(struct watch *watch, u32 block, u64 at, u64 bytes)
{
	u8 *now = &watch->config.array[at], *before = &watch->config.before[at];
	struct change change;

	if (memcmp(now, before, bytes) == 0)
		return;
	change = change_of(before, now, bytes);
	check_block(watch, block, &change);
	memcpy(before, now, bytes);
}

/* The first page from @at on that somebody has touched, if only to read it; the end: none. */
static u64 next_resident(const struct watch *watch, u64 at)
{
	u64 pages = watch->geometry.bytes >> PAGE_SHIFT, page = at >> PAGE_SHIFT;
	const u8 *found = memchr(&watch->resident[page], 1, pages - page);

	return found ? (u64)(found - watch->resident) << PAGE_SHIFT : watch->geometry.bytes;
}

static void look_for_resident(struct watch *watch)
{
	demand(mincore(watch->config.array, watch->geometry.bytes, watch->resident) == 0,
	       "mincore() fails");
}

/* Blocks of a part in its real size are whole pages. */
static void check_sparse_array(struct watch *watch)
{
	u64 end = watch->geometry.bytes;

	look_for_resident(watch);
	for (u64 at = 0; (at = next_resident(watch, at)) < end; at += PAGE_BYTES)
		check_piece(watch, geometry_block(&watch->geometry, at / watch->geometry.chips), at,
			    PAGE_BYTES);
}

static void check_array(struct watch *watch)
{
	const struct geometry *geometry = &watch->geometry;

	if (watch->config.sparse) {
		check_sparse_array(watch);
		return;
	}
	if (memcmp(watch->config.array, watch->config.before, geometry->bytes) == 0)
		return;
	for (u32 i = 0; i < geometry->blocks; i++)
		check_piece(watch, i, (u64)geometry->start[i] * geometry->chips,
			    (u64)(geometry->start[i + 1] - geometry->start[i]) * geometry->chips);
}

static void check_words(const struct watch *watch, u32 c, const u16 *before, const u16 *now,
			size_t words, const char *what)
{
	const struct told_chip *chip = &watch->told.chip[c];

	for (size_t i = 0; i < words; i++) {
		demand(!(now[i] & ~before[i]), "%s: chip %u: %s %zu: %04x becomes %04x",
		       name_of(watch), c, what, i, before[i], now[i]);
		demand(now[i] == before[i] || chip->program_ran || chip->lock_ran,
		       "%s: chip %u: %s %zu: changes, and no operation runs", name_of(watch), c,
		       what, i);
	}
}

static void check_nv_block(const struct watch *watch, u32 c, u32 i)
{
	const struct flash_nv_block *before = &watch->nv_before[c]->block[i];
	const struct flash_nv_block *now = &watch->config.nv[c]->block[i];
	const struct told_chip *chip = &watch->told.chip[c];
	bool erased = chip->erase_ran && chip->in_erase[i];

	demand(now->cycles >= before->cycles, "%s: chip %u, block %u: the count of erases falls",
	       name_of(watch), c, i);
	demand((now->cycles == before->cycles && now->erasing == before->erasing) || erased,
	       "%s: chip %u, block %u: its account changes, and no erase of it runs",
	       name_of(watch), c, i);
	demand(now->locked == before->locked || chip->lock_ran,
	       "%s: chip %u, block %u: its lock changes, and none is set or cleared",
	       name_of(watch), c, i);
	demand(memcmp(now->unused, before->unused, sizeof(now->unused)) == 0,
	       "%s: chip %u, block %u: unused bytes change", name_of(watch), c, i);
}

static void check_nv(struct watch *watch)
{
	size_t bytes = flash_nv_bytes(watch->config.flash.part);

	for (u32 c = 0; c < watch->geometry.chips; c++) {
		struct flash_nv *now = watch->config.nv[c], *before = watch->nv_before[c];

		if (!now || memcmp(now, before, bytes) == 0)
			continue;
		check_words(watch, c, before->otp, now->otp, FLASH_OTP_WORDS, "otp word");
		check_words(watch, c, &before->lock_register, &now->lock_register, 1,
			    "lock register");
		demand(memcmp(now->unused, before->unused, sizeof(now->unused)) == 0,
		       "%s: chip %u: unused words change", name_of(watch), c);
		for (u32 i = 0; i < watch->geometry.blocks; i++)
			check_nv_block(watch, c, i);
		memcpy(before, now, bytes);
	}
}

void watch_cells(struct watch *watch)
{
	check_array(watch);
	check_nv(watch);
}

/* --- life ------------------------------------------------------------------------------------- */
static void copy_nv(struct watch *watch)
{
	size_t bytes = flash_nv_bytes(watch->config.flash.part);

	for (u32 c = 0; c < watch->geometry.chips; c++) {
		watch->nv_before[c] = NULL;
		if (!watch->config.nv[c])
			continue;
		watch->nv_before[c] = malloc(bytes);
		demand(watch->nv_before[c], "out of memory");
		memcpy(watch->nv_before[c], watch->config.nv[c], bytes);
	}
}

void watch_cells_begin(struct watch *watch)
{
	for (u32 c = 0; c < watch->geometry.chips; c++) {
		u32 lane = watch->geometry.lane;

		watch->lane_mask[c] = 0;
		for (u32 i = c * lane; i < sizeof(u64); i += watch->geometry.bus)
			watch->lane_mask[c] |= ones(lane) << i * 8;
	}
	copy_nv(watch);
}

void watch_cells_end(struct watch *watch)
{
	for (u32 c = 0; c < watch->geometry.chips; c++)
		free(watch->nv_before[c]);
}

/* --- the digest ------------------------------------------------------------------------------- */
/* Zeros do not count: a sparse array's pages may or may not be there. */
static u64 digest_bytes(u64 digest, const void *bytes, u64 start, size_t count)
{
	const u8 *at = bytes;
	u64 word;

	for (size_t i = 0; i + sizeof(word) <= count; i += sizeof(word)) {
		memcpy(&word, &at[start + i], sizeof(word));
		if (word)
			digest = told_mix(told_mix(digest, start + i), word);
	}
	return digest;
}

u64 watch_cells_digest(struct watch *watch, u64 digest)
{
	u64 end = watch->geometry.bytes;

	if (watch->config.sparse)
		look_for_resident(watch);
	if (watch->config.sparse)
		for (u64 at = 0; (at = next_resident(watch, at)) < end; at += PAGE_BYTES)
			digest = digest_bytes(digest, watch->config.array, at, PAGE_BYTES);
	else
		digest = digest_bytes(digest, watch->config.array, 0, end);
	for (u32 c = 0; c < watch->geometry.chips; c++)
		if (watch->config.nv[c])
			digest = digest_bytes(digest, watch->config.nv[c], 0,
					      flash_nv_bytes(watch->config.flash.part));
	return digest;
}
