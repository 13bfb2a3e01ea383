/* SPDX-License-Identifier: MIT */
/*
 * Owns revocable mappings of a chip: kernel areas whose fault function waits until the page can be
 * read, marks the chip and maps it (seed row W4), and whose pages all go before the chip is commanded
 * (W5), also where it is commanded to go on with what rested. When that happens is chip.c's.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/trace.h"

#define MAX_ACCESS_BYTES 16 /* of one instruction of this kernel or of a user program */

struct flash_mapping {
	struct flash_mapping *next;
	struct flash_chip *chip;
	struct vma *vma;
	u64 offset; /* in the chip */
	/* changed under chip->lock, or by the session that has the chip */
	u64 low, high; /* pages are present only in [low, high); low >= high: none */
	struct flash_mapping_stats stats;
};

static void note_present(struct flash_mapping *mapping, u64 va)
{
	mapping->stats.pages_mapped++;
	mapping->low = va < mapping->low ? va : mapping->low;
	mapping->high = va + PAGE_BYTES > mapping->high ? va + PAGE_BYTES : mapping->high;
}

static void note_mapped(struct flash_mapping *mapping, u64 va, bool fresh)
{
	if (!fresh) {
		mapping->stats.spurious++;
		return;
	}
	mapping->stats.faults++;
	note_present(mapping, va);
}

static bool map_page(const struct flash_mapping *mapping, u64 va)
{
	u64 gpa = mapping->chip->gpa + mapping->offset + (va - mapping->vma->start);

	return pt_map(&init_mm, va, gpa, mapping->vma->prot, SITE("flash.fault"));
}

/*
 * An access that crosses the end of its page needs both pages at once. Of a chip that is only lent the
 * one would be revoked before the other is there, again and again: so they come together.
 */
static void map_ahead(struct flash_mapping *mapping, u64 fault_va)
{
	u64 va = ALIGN_UP(fault_va + 1, PAGE_BYTES);

	if (va - fault_va >= MAX_ACCESS_BYTES || va >= mapping->vma->end ||
	    !flash_is_lent(mapping->chip, mapping->offset + (va - mapping->vma->start),
			   PAGE_BYTES) ||
	    !map_page(mapping, va))
		return;
	mapping->stats.pages_ahead++;
	note_present(mapping, va);
}

/* Row W4: wait for the pending write, mark the chip as being read, then map. */
static enum fault_result mapping_fault(struct vma *vma, const struct fault *fault)
{
	struct flash_mapping *mapping = vma->private;
	struct flash_chip *chip = mapping->chip;
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES);
	u64 offset = mapping->offset + (va - vma->start);

	if (current()->in_driver)
		panic("fault in the flash driver",
		      "task %s touches %lx, a mapping of the chip that it "
		      "is commanding, at %lx",
		      current()->name, fault->va, fault->pc);
	if (flash_read_lock(chip, offset, PAGE_BYTES))
		panic("flash chip out of service",
		      "task %s touches %lx, a mapping of the chip at %lx, at %lx", current()->name,
		      fault->va, chip->gpa, fault->pc);
	note_mapped(mapping, va, map_page(mapping, va));
	map_ahead(mapping, fault->va);
	flash_read_unlock(chip);
	return FAULT_DONE;
}

static const struct vma_ops mapping_ops = { .name = "flash", .fault = mapping_fault };

static void forget_pages(struct flash_mapping *mapping)
{
	mapping->low = UINT64_MAX;
	mapping->high = 0;
	mapping->stats.pages_mapped = 0;
}

/* Where nothing was mapped since the last time, no CPU can hold anything: then no flush. */
static void revoke(struct flash_mapping *mapping)
{
	struct flash_stats *stats = &mapping->chip->stats;
	u64 bytes = mapping->high - mapping->low;
	u32 pages;

	if (mapping->low >= mapping->high)
		return;
	count(COUNT_CHIP_REVOKES);
	pages = pt_unmap(&init_mm, mapping->low, bytes, SITE("flash.revoke"));
	tlb_flush_range(&init_mm, mapping->low, bytes, SITE("flash.revoke"));
	stats->revocations++;
	stats->pages_revoked += pages;
	mapping->stats.pages_revoked += pages;
	forget_pages(mapping);
}

void flash_revoke_all(struct flash_chip *chip)
{
	for (struct flash_mapping *mapping = chip->mappings; mapping; mapping = mapping->next)
		revoke(mapping);
}

enum flash_error flash_map(const struct flash_partition *partition, struct flash_mapping **out)
{
	struct flash_mapping *mapping = kalloc(sizeof(*mapping));
	enum flash_error error = FLASH_NO_SPACE;

	mapping->chip = partition->chip;
	mapping->offset = partition->offset;
	forget_pages(mapping);
	mapping->vma = vma_map_kernel(partition->bytes, PROT_READ, &mapping_ops, mapping, 0);
	if (!mapping->vma)
		goto out_free;
	error = flash_read_lock(partition->chip, 0, 0);
	if (error)
		goto out_unmap;
	mapping->next = partition->chip->mappings;
	partition->chip->mappings = mapping;
	flash_read_unlock(partition->chip);
	*out = mapping;
	return FLASH_OK;

out_unmap:
	vma_unmap(mapping->vma);
out_free:
	kfree(mapping);
	return error;
}

void flash_unmap(struct flash_mapping *mapping)
{
	struct flash_chip *chip = mapping->chip;
	struct flash_mapping **at = &chip->mappings;
	bool turn =
		!flash_read_begin(chip, 0, 0); /* until its last page is gone, no session begins */

	spin_lock(&chip->lock);
	while (*at != mapping)
		at = &(*at)->next;
	*at = mapping->next;
	spin_unlock(&chip->lock);
	vma_unmap(mapping->vma);
	if (turn)
		flash_read_end(chip);
	kfree(mapping);
}

const void *flash_mapping_base(const struct flash_mapping *mapping)
{
	return (const void *)mapping->vma->start;
}

struct flash_mapping_stats flash_mapping_stats(const struct flash_mapping *mapping)
{
	return mapping->stats;
}

u64 flash_table_bytes(u64 va, u64 bytes)
{
	u64 start = ALIGN_DOWN(va, LARGE_BYTES);

	return (ALIGN_UP(va + bytes, LARGE_BYTES) - start) / LARGE_BYTES * PAGE_BYTES;
}
