/* SPDX-License-Identifier: MIT */
/* A part in small: a row's features, widths and shape with few, small erase blocks. */
#ifndef KVL_FUZZ_SMALL_PART_H
#define KVL_FUZZ_SMALL_PART_H

#include "devices/flash/part.h"

/*
 * Makes @small of @part: blocks as small as commands can do with, in the same proportions; of the
 * most numerous ones only a few; hardware partitions of at least two blocks where they can be
 * joined. False: the row's shape is none that this knows how to shrink.
 */
bool small_part(const struct flash_part *part, struct flash_part *small);

#endif
