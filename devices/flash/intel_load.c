/* SPDX-License-Identifier: MIT */
/*
 * Owns what Intel's parts collect before they program it: Write to Buffer (E8h; J3 data sheet, 4.8)
 * and buffered enhanced factory programming (80h; P33 data sheet, "BEFP").
 */
#include "devices/flash/intel.h"

#include <string.h>

/* Words of the write buffer. A count has eight bits on an 8-bit bus (208032: then 256 bytes). */
static u32 buffer_words(const struct flash_chip *chip)
{
	u32 words = (1u << chip->part->cfi.buffer_log2) / chip->array.word_bytes;

	return chip->array.word_bytes == 1 && words > 256 ? 256 : words;
}

/* --- write to buffer -------------------------------------------------------------------------- */
void intel_buffer_begin(struct flash_chip *chip)
{
	chip->intel.counted = false;
}

static void go_on(struct flash_chip *chip)
{
	chip->intel.setup = INTEL_WRITE_TO_BUFFER;
}

/* The number of words, less one. More than the buffer holds is an invalid sequence. */
static void take_count(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_load *load = &chip->intel.load;

	if (data >= buffer_words(chip)) {
		intel_error(chip, word, SR_SEQUENCE_ERROR);
		return;
	}
	load->count = data + 1u;
	load->loaded = 0;
	memset(load->data, 0xFF, sizeof(load->data));
	chip->intel.counted = true;
	go_on(chip);
}

static bool in_one_block(const struct flash_chip *chip, u32 start, u32 words)
{
	struct flash_block block = chip_block_of(chip, start);

	return start + words <= chip_first_word(chip, &block) + chip_block_words(chip, &block);
}

/*
 * The first word gives the start address, and all others "must lie within the start address plus
 * the count". What a chip does with one that does not the model takes for what a block crossed is
 * (P30: SR.5 and SR.4): an invalid sequence, nothing programmed.
 */
static void load_word(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_load *load = &chip->intel.load;

	if (!load->loaded)
		load->start = word;
	if (word - load->start >= load->count || !in_one_block(chip, load->start, load->count)) {
		intel_error(chip, word, SR_SEQUENCE_ERROR);
		return;
	}
	load->data[word - load->start] = data;
	load->loaded++;
	go_on(chip);
}

/* Errors that were not cleared refuse the buffer (J3, 4.8). */
static void program_buffer(struct flash_chip *chip, u32 word, u16 data)
{
	const struct flash_load *load = &chip->intel.load;
	u8 errors = chip->intel.errors[chip_partition_of(chip, load->start)];

	if ((data & 0xFF) != INTEL_CONFIRM || errors & SR_SEQUENCE_ERROR) {
		intel_error(chip, word, SR_SEQUENCE_ERROR);
		return;
	}
	if (!intel_may_change(chip, load->start, SR_PROGRAM_ERROR))
		return;
	chip_tell_command(chip, word, INTEL_WRITE_TO_BUFFER, data);
	chip_program(chip, load->start, &chip->array, load->start, load->data, load->count,
		     chip_buffer_time(chip, load->count));
}

void intel_buffer_cycle(struct flash_chip *chip, u32 word, u16 data)
{
	const struct flash_load *load = &chip->intel.load;

	if (!chip->intel.counted)
		take_count(chip, word, data);
	else if (load->loaded < load->count)
		load_word(chip, word, data);
	else
		program_buffer(chip, word, data);
}

/* --- buffered enhanced factory programming ---------------------------------------------------- */
/* It holds its partition, whatever that partition's read mode. */
static void set_befp(struct flash_chip *chip, bool befp)
{
	chip->intel.befp = befp;
	chip->bank->generation++;
}

/* The start must be the first word of a buffer; else SR.4, and it has not begun (P33). */
void intel_befp_begin(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_load *load = &chip->intel.load;

	if (!intel_may_change(chip, word, SR_PROGRAM_ERROR))
		return;
	if (word % buffer_words(chip)) {
		intel_error(chip, word, SR_PROGRAM_ERROR);
		return;
	}
	load->start = word;
	load->count = buffer_words(chip);
	load->loaded = 0;
	set_befp(chip, true);
	chip_tell_command(chip, word, INTEL_BEFP, data);
}

/* The next fill goes behind this one; behind the block's end it begins again (P33). */
static void program_fill(struct flash_chip *chip)
{
	struct flash_load *load = &chip->intel.load;
	struct flash_block block = chip_block_of(chip, load->start);
	u32 first = chip_first_word(chip, &block), words = chip_block_words(chip, &block);

	chip_program(chip, load->start, &chip->array, load->start, load->data, load->count,
		     chip->part->befp);
	load->start += load->count;
	load->loaded = 0;
	if (load->start == first + words)
		load->start = first;
}

/*
 * Data for any address of the block; while a fill is programmed (SR.0 = 1) writes are ignored.
 * Outside the block FFFFh between two fills ends it, anything during a fill, which is dropped
 * (P33).
 */
void intel_befp_cycle(struct flash_chip *chip, u32 word, u16 data)
{
	struct flash_load *load = &chip->intel.load;

	if (chip_is_busy(chip))
		return;
	if (chip_block_of(chip, word).index != chip_block_of(chip, load->start).index) {
		set_befp(chip, !load->loaded && data != 0xFFFF);
		return;
	}
	load->data[load->loaded++] = data;
	if (load->loaded == load->count)
		program_fill(chip);
}
