/* SPDX-License-Identifier: MIT */
/*
 * Owns what lies in the partition that flash-xip's programs run from: it is put there by the
 * driver, so that any chip will do. Words of it follow from their place (guest/user/xip.h) and from
 * the seed.
 */
#include "guest/scenario/flash_xip.h"

#include "guest/arch.h"
#include "guest/lib/string.h"
#include "guest/user/xip.h"

struct flash_partition flash_xip_text(const struct flash_xip *x)
{
	struct flash_partition part = x->partition;

	part.bytes = xip_text_pages(x) * PAGE_BYTES;
	return part;
}

struct flash_partition flash_xip_data(const struct flash_xip *x)
{
	struct flash_partition part = x->partition;

	part.offset += xip_text_pages(x) * PAGE_BYTES;
	part.bytes = x->pages * PAGE_BYTES;
	return part;
}

/* The last word of a page of text. */
static u64 own_word(u32 page)
{
	return (boot_options.seed << 32 | (page + 1)) * XIP_FACTOR;
}

u64 flash_xip_sum(const struct flash_xip *x, u64 round)
{
	u64 sum = round;

	for (u32 page = 1; page <= x->code; page++)
		sum = (sum ^ own_word(page)) * XIP_FACTOR;
	return sum;
}

static void erase(struct flash_xip *x)
{
	u64 end = (xip_text_pages(x) + x->pages) * PAGE_BYTES;

	for (u64 at = 0; at < end && !x->fill_error;
	     at += flash_partition_block_bytes(&x->partition, at)) {
		x->fill_error = flash_partition_erase(&x->partition, at);
		x->fill_sessions++;
	}
}

static void program(struct flash_xip *x, const struct flash_partition *part, u64 offset,
		    const void *from, u64 bytes)
{
	if (x->fill_error)
		return;
	x->fill_error = flash_partition_program(part, offset, from, bytes);
	x->fill_sessions++;
}

/* The section in each page, and the word at the end. */
static void fill_text(struct flash_xip *x)
{
	const struct flash_partition text = flash_xip_text(x);
	u64 bytes = user_text_end - user_text_start, room = ALIGN_UP(bytes, 8);
	u8 *section = kalloc(PAGE_BYTES);

	if (room > PAGE_BYTES - 8)
		panic("no room", "user text of %lu bytes in a page of flash", bytes);
	memset(section, 0xff, PAGE_BYTES);
	memcpy(section, user_text_start, bytes);
	for (u32 page = 0; page < xip_text_pages(x); page++) {
		u64 word = own_word(page), at = page * PAGE_BYTES;

		program(x, &text, at, section, room);
		program(x, &text, at + PAGE_BYTES - 8, &word, 8);
	}
	kfree(section);
}

static void fill_data(struct flash_xip *x)
{
	const struct flash_partition data = flash_xip_data(x);

	for (u32 page = 0; page < x->pages; page++) {
		u64 word[XIP_KNOWN_WORDS];

		for (u32 i = 0; i < XIP_KNOWN_WORDS; i++)
			word[i] = xip_word(page * XIP_PAGE_WORDS + i);
		program(x, &data, page * PAGE_BYTES, word, sizeof(word));
	}
}

void flash_xip_fill(struct flash_xip *x)
{
	erase(x);
	fill_text(x);
	fill_data(x);
}

bool flash_xip_text_is_whole(const struct flash_xip *x)
{
	const struct flash_partition text = flash_xip_text(x);
	u8 got[64];

	return !flash_partition_read(&text, 0, got, sizeof(got)) &&
	       memcmp(got, user_text_start, sizeof(got)) == 0;
}
