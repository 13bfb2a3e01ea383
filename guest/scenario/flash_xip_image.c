/* SPDX-License-Identifier: MIT */
/*
 * Owns what lies in a partition that programs run from: it is put there by the driver, so that any
 * chip will do. Words of it follow from their place (guest/user/xip.h) and from the seed.
 */
#include "guest/scenario/flash_xip_image.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/user/xip.h"

struct flash_partition xip_image_text(const struct xip_image *image)
{
	struct flash_partition part = image->partition;

	part.bytes = xip_text_pages(image) * PAGE_BYTES;
	return part;
}

struct flash_partition xip_image_data(const struct xip_image *image)
{
	struct flash_partition part = image->partition;

	part.offset += xip_text_pages(image) * PAGE_BYTES;
	part.bytes = image->pages * PAGE_BYTES;
	return part;
}

/* The last word of a page of text. */
static u64 own_word(u32 page)
{
	return (boot_options.seed << 32 | (page + 1)) * XIP_FACTOR;
}

u64 xip_image_sum(const struct xip_image *image, u64 round)
{
	u64 sum = round;

	for (u32 page = 1; page <= image->code; page++)
		sum = (sum ^ own_word(page)) * XIP_FACTOR;
	return sum;
}

static void erase(struct xip_image *image)
{
	u64 end = (xip_text_pages(image) + image->pages) * PAGE_BYTES;

	for (u64 at = 0; at < end && !image->error;
	     at += flash_partition_block_bytes(&image->partition, at)) {
		image->error = flash_partition_erase(&image->partition, at);
		image->sessions++;
	}
}

static void program(struct xip_image *image, const struct flash_partition *part, u64 offset,
		    const void *from, u64 bytes)
{
	if (image->error)
		return;
	image->error = flash_partition_program(part, offset, from, bytes);
	image->sessions++;
}

/* The section in each page, and the word at the end. */
static void fill_text(struct xip_image *image)
{
	const struct flash_partition text = xip_image_text(image);
	u64 bytes = user_text_end - user_text_start, room = ALIGN_UP(bytes, 8);
	u8 *section = kalloc(PAGE_BYTES);

	if (room > PAGE_BYTES - 8)
		panic("no room", "user text of %lu bytes in a page of flash", bytes);
	memset(section, 0xff, PAGE_BYTES);
	memcpy(section, user_text_start, bytes);
	for (u32 page = 0; page < xip_text_pages(image); page++) {
		u64 word = own_word(page), at = page * PAGE_BYTES;

		program(image, &text, at, section, room);
		program(image, &text, at + PAGE_BYTES - 8, &word, 8);
	}
	kfree(section);
}

static void fill_data(struct xip_image *image)
{
	const struct flash_partition data = xip_image_data(image);

	for (u32 page = 0; page < image->pages; page++) {
		u64 word[XIP_KNOWN_WORDS];

		for (u32 i = 0; i < XIP_KNOWN_WORDS; i++)
			word[i] = xip_word(page * XIP_PAGE_WORDS + i);
		program(image, &data, page * PAGE_BYTES, word, sizeof(word));
	}
}

void xip_image_fill(struct xip_image *image)
{
	erase(image);
	fill_text(image);
	fill_data(image);
}

bool xip_image_text_is_whole(const struct xip_image *image)
{
	const struct flash_partition text = xip_image_text(image);
	u8 got[64];

	return !flash_partition_read(&text, 0, got, sizeof(got)) &&
	       memcmp(got, user_text_start, sizeof(got)) == 0;
}
