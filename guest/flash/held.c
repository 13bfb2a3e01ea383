/* SPDX-License-Identifier: MIT */
/*
 * Owns mappings that hold the chip: what is mapped stays readable, and writers wait, until it is
 * released. For as long as a mount that is MTD's point() (seed row W8), for as long as a node it is
 * the rival that was proposed in the thread (W13). Nothing is revoked, nothing faults; but a task
 * that writes to a chip that it holds would wait for itself for ever: it ends the run by name
 * (W14).
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/mm/vmalloc.h"
#include "guest/trace.h"

struct flash_held {
	struct flash_chip *chip;
	u64 offset, bytes; /* of the partition, in the chip */
	u64 va;		   /* where byte 0 of the partition is mapped, when it is */
	u64 start, end; /* what is mapped, page-aligned; start == end: nothing, nothing is held */
	struct flash_held_stats stats;
};

enum flash_error flash_held_open(const struct flash_partition *partition, struct flash_held **out)
{
	struct flash_held *held = kalloc(sizeof(*held));

	held->chip = partition->chip;
	held->offset = partition->offset;
	held->bytes = partition->bytes;
	held->va = vmalloc_reserve(partition->bytes, PAGE_BYTES, "flash hold");
	if (!held->va) {
		kfree(held);
		return FLASH_NO_SPACE;
	}
	*out = held;
	return FLASH_OK;
}

void flash_held_close(struct flash_held *held)
{
	flash_release(held);
	vmalloc_release(held->va);
	kfree(held);
}

const void *flash_hold(struct flash_held *held, u64 offset, u64 bytes, enum flash_error *error)
{
	u64 start = ALIGN_DOWN(offset, PAGE_BYTES), end = ALIGN_UP(offset + bytes, PAGE_BYTES);

	flash_release(held);
	*error = flash_read_begin(held->chip, held->offset + start, end - start);
	if (*error)
		return NULL;
	current()->chips_held++;
	held->start = start;
	held->end = end;
	held->stats.pages += pt_map_range(&init_mm, held->va + start,
					  held->chip->gpa + held->offset + start, end - start,
					  PROT_READ, SITE("flash.hold"));
	held->stats.holds++;
	return (const void *)(held->va + offset);
}

/* Gone everywhere before a writer may go on: row W5. */
void flash_release(struct flash_held *held)
{
	u64 bytes = held->end - held->start;

	if (!bytes)
		return;
	pt_unmap(&init_mm, held->va + held->start, bytes, SITE("flash.release"));
	tlb_flush_range(&init_mm, held->va + held->start, bytes, SITE("flash.release"));
	held->start = held->end = 0;
	current()->chips_held--;
	flash_read_end(held->chip);
}

const void *flash_held_at(const struct flash_held *held, u64 offset, u64 bytes)
{
	if (offset < held->start || offset + bytes > held->end)
		return NULL;
	return (const void *)(held->va + offset);
}

bool flash_held_is_wanted(const struct flash_held *held)
{
	return held->start < held->end && held->chip->first;
}

struct flash_held_stats flash_held_stats(const struct flash_held *held)
{
	return held->stats;
}

u64 flash_held_table_bytes(const struct flash_held *held)
{
	return flash_table_bytes(held->va, held->bytes);
}
