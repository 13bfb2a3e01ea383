/* SPDX-License-Identifier: MIT */
/*
 * Owns partitions as sources of raw frames (pfn_map.h): mappings of user spaces whose pages are the
 * chip's own, until they are written and copied (seed row L8). Who maps them enters first, as a
 * reader, and writers wait until he leaves. Before the chip is commanded all raw frames go, as the
 * pages of mapping.c do (W5); pages that were copied are RAM, and stay.
 *
 * A chip that is lent serves none of this: what a fault maps stays mapped when its reader is gone,
 * so it would be taken away again before the access comes back for it, once more for each page that
 * the access needs. Those who enter wait for the end of what rests.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/mm/pfn_map.h"

struct flash_frames {
	struct flash_frames *next;
	struct flash_chip *chip;
	struct pfn_source source;
	bool entered; /* since frames were taken back: some may be mapped */
};

static u64 frames_frame(const struct pfn_source *source, u64 page)
{
	return source->gpa + page * PAGE_BYTES;
}

/* The same mistakes by the same names as in a fault on a mapping (mapping.c). */
static void must_be_able_to_enter(const struct flash_chip *chip)
{
	if (in_atomic())
		panic("pageable access in atomic context",
		      "task %s needs a frame of the chip at %lx, with %u locks held, interrupts %s",
		      current()->name, chip->gpa, current()->locks, arch_irqs_on() ? "on" : "off");
	if (current()->in_driver)
		panic("fault in the flash driver",
		      "task %s needs a frame of the chip at %lx, which it is commanding",
		      current()->name, chip->gpa);
}

/* All of the chip is asked for: no operation can rest for that. */
static bool frames_enter(const struct pfn_source *source)
{
	struct flash_frames *frames = source->owner;
	struct flash_chip *chip = frames->chip;

	must_be_able_to_enter(chip);
	if (flash_read_begin(chip, 0, chip->bytes))
		return false;
	current()->chips_held++;
	frames->entered = true;
	return true;
}

static void frames_leave(const struct pfn_source *source)
{
	const struct flash_frames *frames = source->owner;

	current()->chips_held--;
	flash_read_end(frames->chip);
}

static const struct pfn_source_ops frames_ops FAULT_TABLE = {
	.name = "flash frames",
	.frame = frames_frame,
	.enter = frames_enter,
	.leave = frames_leave,
};

/* Nobody has entered since the last time: then nothing is mapped, and nothing to be looked for. */
static void take_frames(struct flash_frames *frames)
{
	struct flash_chip *chip = frames->chip;
	u32 pages;

	if (!frames->entered)
		return;
	frames->entered = false;
	pages = pfn_revoke(&frames->source);
	if (!pages)
		return;
	count(COUNT_CHIP_REVOKES);
	spin_lock(&chip->lock);
	chip->stats.revocations++;
	chip->stats.pages_revoked += pages;
	spin_unlock(&chip->lock);
}

void flash_revoke_frames(struct flash_chip *chip)
{
	for (struct flash_frames *frames = chip->frames; frames; frames = frames->next)
		take_frames(frames);
}

static enum flash_error enlist(struct flash_frames *frames)
{
	struct flash_chip *chip = frames->chip;
	enum flash_error error = flash_read_lock(chip, 0, 0);

	if (error)
		return error;
	frames->next = chip->frames;
	chip->frames = frames;
	flash_read_unlock(chip);
	return FLASH_OK;
}

/* Until it is off the list no session begins. */
static void strike(struct flash_frames *frames)
{
	struct flash_chip *chip = frames->chip;
	struct flash_frames **at = &chip->frames;
	bool turn = !flash_read_begin(chip, 0, 0);

	spin_lock(&chip->lock);
	while (*at != frames)
		at = &(*at)->next;
	*at = frames->next;
	spin_unlock(&chip->lock);
	if (turn)
		flash_read_end(chip);
}

static struct flash_frames *make_frames(const struct flash_partition *partition)
{
	struct flash_frames *frames = kalloc(sizeof(*frames));

	frames->chip = partition->chip;
	frames->source = (struct pfn_source){
		.ops = &frames_ops,
		.owner = frames,
		.gpa = partition->chip->gpa + partition->offset,
		.bytes = partition->bytes,
		.lock = SPINLOCK("flash frames"),
	};
	return frames;
}

/* On the chip's account before it is a source: as soon as it is one, it may be mapped. */
enum flash_error flash_frames_open(const struct flash_partition *partition, struct pfn_source **out)
{
	struct flash_frames *frames;
	enum flash_error error;

	if ((partition->offset | partition->bytes) % PAGE_BYTES)
		return FLASH_RANGE;
	frames = make_frames(partition);
	error = enlist(frames);
	if (error) {
		kfree(frames);
		return error;
	}
	pfn_source_add(&frames->source);
	*out = &frames->source;
	return FLASH_OK;
}

void flash_frames_close(struct pfn_source *source)
{
	struct flash_frames *frames = source->owner;

	pfn_source_remove(source);
	strike(frames);
	kfree(frames);
}
