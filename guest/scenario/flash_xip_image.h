/* SPDX-License-Identifier: MIT */
/* What scenarios put into a partition that user programs run from (guest/user/xip.h), and read. */
#ifndef GUEST_FLASH_XIP_IMAGE_H
#define GUEST_FLASH_XIP_IMAGE_H

#include "guest/flash/flash.h"

struct xip_image {
	struct flash_partition partition;
	u32 code, pages; /* of code beside the programs' own page; of data, behind that */
	/* of filling it */
	enum flash_error error;
	u32 sessions;
};

/* Pages of text: the programs' own, and those that they call. */
static inline u32 xip_text_pages(const struct xip_image *image)
{
	return 1 + image->code;
}

/* Erases and programs what programs will run and read. */
void xip_image_fill(struct xip_image *image);
struct flash_partition xip_image_text(const struct xip_image *image);
struct flash_partition xip_image_data(const struct xip_image *image);
/* The first bytes of the text are what was programmed. */
bool xip_image_text_is_whole(const struct xip_image *image);
/* The sum that a program must report in @round. */
u64 xip_image_sum(const struct xip_image *image, u64 round);

#endif
