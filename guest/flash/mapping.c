/* SPDX-License-Identifier: MIT */
/*
 * Owns revocable mappings of a chip: areas of the kernel or of a user space whose fault function
 * waits until the page can be read, marks the chip and maps it (seed row W4), and whose pages all
 * go before the chip is commanded (W5), also where it is commanded to go on with what rested. When
 * that happens is chip.c's.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/trace.h"

#define MAX_ACCESS_BYTES 16 /* of one instruction of this kernel or of a user program */

struct flash_mapping {
	struct flash_mapping *next;
	struct flash_chip *chip;
	struct mm *mm; /* where it is mapped */
	struct vma *vma;
	u64 offset; /* in the chip */
	/* changed under chip->lock; low and high read by the session that has the chip, too */
	u64 low, high; /* pages are present only in [low, high); low >= high: none */
	struct flash_mapping_stats stats;
};

static void note_present(struct flash_mapping *mapping, u64 va)
{
	mapping->stats.pages_mapped++;
	mapping->low = va < mapping->low ? va : mapping->low;
	mapping->high = va + PAGE_BYTES > mapping->high ? va + PAGE_BYTES : mapping->high;
}

static void note_mapped(struct flash_mapping *mapping, u64 va, bool fresh, bool exec)
{
	if (!fresh) {
		mapping->stats.spurious++;
		return;
	}
	mapping->stats.faults++;
	mapping->stats.fetches += exec;
	note_present(mapping, va);
}

static bool map_page(const struct vma *vma, u64 va)
{
	const struct flash_mapping *mapping = vma->private;
	u64 gpa = mapping->chip->gpa + mapping->offset + (va - vma->start);

	return pt_map(mapping->mm, va, gpa, vma->prot, SITE("flash.fault"));
}

/*
 * An access that crosses the end of its page needs both pages at once. Of a chip that is only lent
 * the one would be revoked before the other is there, again and again: so they come together.
 */
static void map_ahead(const struct vma *vma, u64 fault_va)
{
	struct flash_mapping *mapping = vma->private;
	u64 va = ALIGN_UP(fault_va + 1, PAGE_BYTES);

	if (va - fault_va >= MAX_ACCESS_BYTES || va >= vma->end ||
	    !flash_is_lent(mapping->chip, mapping->offset + (va - vma->start), PAGE_BYTES) ||
	    !map_page(vma, va))
		return;
	mapping->stats.pages_ahead++;
	note_present(mapping, va);
}

/* The chip cannot be read any more. A user task ends for it, the kernel cannot go on. */
static enum fault_result out_of_service(const struct vma *vma, const struct fault *fault)
{
	const struct flash_mapping *mapping = vma->private;

	if (mapping->mm != &init_mm)
		return FAULT_ERROR;
	panic("flash chip out of service",
	      "task %s touches %lx, a mapping of the chip at %lx, at %lx", current()->name,
	      fault->va, mapping->chip->gpa, fault->pc);
}

/* Row W4: wait for the pending write, mark the chip as being read, then map. */
static enum fault_result mapping_fault(struct vma *vma, const struct fault *fault)
{
	struct flash_mapping *mapping = vma->private;
	struct flash_chip *chip = mapping->chip;
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES);
	u64 offset = mapping->offset + (va - vma->start);

	if (in_atomic()) /* a mistake at all times, not only while the chip is busy (row W17) */
		panic("pageable access in atomic context",
		      "task %s touches %lx, a mapping of the chip at %lx, with %u locks held, "
		      "interrupts %s, at %lx",
		      current()->name, fault->va, chip->gpa, current()->locks,
		      arch_irqs_on() ? "on" : "off", fault->pc);
	if (current()->in_driver)
		panic("fault in the flash driver",
		      "task %s touches %lx, a mapping of the chip that it "
		      "is commanding, at %lx",
		      current()->name, fault->va, fault->pc);
	if (flash_read_lock(chip, offset, PAGE_BYTES))
		return out_of_service(vma, fault);
	note_mapped(mapping, va, map_page(vma, va), fault->exec);
	map_ahead(vma, fault->va);
	flash_read_unlock(chip);
	return FAULT_DONE;
}

static void forget_pages(struct flash_mapping *mapping)
{
	mapping->low = UINT64_MAX;
	mapping->high = 0;
	mapping->stats.pages_mapped = 0;
}

/* Under the lock, so that whoever looks at the account finds each page in it once. */
static void note_revoked(struct flash_mapping *mapping, u32 pages)
{
	struct flash_chip *chip = mapping->chip;

	spin_lock(&chip->lock);
	chip->stats.revocations++;
	chip->stats.pages_revoked += pages;
	mapping->stats.pages_revoked += pages;
	forget_pages(mapping);
	spin_unlock(&chip->lock);
}

/* Where nothing was mapped since the last time, no CPU can hold anything: then no flush. */
static void revoke(struct flash_mapping *mapping)
{
	u64 bytes = mapping->high - mapping->low;
	u32 pages;

	if (mapping->low >= mapping->high)
		return;
	count(COUNT_CHIP_REVOKES);
	pages = pt_unmap(mapping->mm, mapping->low, bytes, SITE("flash.revoke"));
	tlb_flush_range(mapping->mm, mapping->low, bytes, SITE("flash.revoke"));
	note_revoked(mapping, pages);
}

void flash_revoke_all(struct flash_chip *chip)
{
	for (struct flash_mapping *mapping = chip->mappings; mapping; mapping = mapping->next)
		revoke(mapping);
	flash_revoke_frames(chip);
}

/* Under the lock no page is mapped, and none of another one's session goes. */
enum flash_error flash_drop(struct flash_mapping *mapping)
{
	enum flash_error error = flash_read_lock(mapping->chip, 0, 0);

	if (error)
		return error;
	if (mapping->low < mapping->high) {
		u64 bytes = mapping->high - mapping->low;

		mapping->stats.pages_dropped +=
			pt_unmap(mapping->mm, mapping->low, bytes, SITE("flash.drop"));
		tlb_flush_range(mapping->mm, mapping->low, bytes, SITE("flash.drop"));
		forget_pages(mapping);
	}
	flash_read_unlock(mapping->chip);
	return FLASH_OK;
}

/* Until it is off the list and its last page is gone, no session begins. */
static void take_off(struct flash_mapping *mapping)
{
	struct flash_chip *chip = mapping->chip;
	struct flash_mapping **at = &chip->mappings;
	bool turn = !flash_read_begin(chip, 0, 0);

	spin_lock(&chip->lock);
	while (*at != mapping)
		at = &(*at)->next;
	*at = mapping->next;
	spin_unlock(&chip->lock);
	if (mapping->low < mapping->high) {
		u64 bytes = mapping->high - mapping->low;

		pt_unmap(mapping->mm, mapping->low, bytes, SITE("flash.unmap"));
		tlb_flush_range(mapping->mm, mapping->low, bytes, SITE("flash.unmap"));
	}
	if (turn)
		flash_read_end(chip);
	kfree(mapping);
}

/* flash_unmap(), or the end of the user space. */
static void mapping_close(struct vma *vma)
{
	take_off(vma->private);
}

static const struct vma_ops mapping_ops FAULT_TABLE = {
	.name = "flash",
	.fault = mapping_fault,
	.close = mapping_close,
};

static enum flash_error put_on(struct flash_mapping *mapping)
{
	struct flash_chip *chip = mapping->chip;
	enum flash_error error = flash_read_lock(chip, 0, 0);

	if (error)
		return error;
	mapping->next = chip->mappings;
	chip->mappings = mapping;
	flash_read_unlock(chip);
	return FLASH_OK;
}

/* @va 0: anywhere in the kernel's vmalloc region. */
static struct vma *make_area(struct flash_mapping *mapping, u64 va, u64 bytes, u32 prot)
{
	if (mapping->mm != &init_mm)
		return vma_map_user(mapping->mm, va, bytes, prot, &mapping_ops, mapping, 0);
	if (!va)
		return vma_map_kernel(bytes, prot, &mapping_ops, mapping, 0);
	return vma_map_kernel_at(va, bytes, prot, &mapping_ops, mapping, 0);
}

/* On the list before it has an area: as soon as it has one, it may be touched. */
static enum flash_error map(const struct flash_partition *partition, struct mm *mm, u64 va,
			    u32 prot, struct flash_mapping **out)
{
	struct flash_mapping *mapping = kalloc(sizeof(*mapping));
	enum flash_error error;

	mapping->chip = partition->chip;
	mapping->offset = partition->offset;
	mapping->mm = mm;
	forget_pages(mapping);
	error = put_on(mapping);
	if (error) {
		kfree(mapping);
		return error;
	}
	mapping->vma = make_area(mapping, va, partition->bytes, prot);
	if (!mapping->vma) {
		take_off(mapping);
		return FLASH_NO_SPACE;
	}
	*out = mapping;
	return FLASH_OK;
}

enum flash_error flash_map(const struct flash_partition *partition, struct flash_mapping **out)
{
	return map(partition, &init_mm, 0, PROT_READ, out);
}

enum flash_error flash_map_text(const struct flash_partition *partition, u64 va,
				struct flash_mapping **out)
{
	return map(partition, &init_mm, va, PROT_EXEC, out);
}

enum flash_error flash_map_user(const struct flash_partition *partition, struct mm *mm, u64 va,
				bool exec, struct flash_mapping **out)
{
	return map(partition, mm, va, exec ? PROT_EXEC : PROT_READ, out);
}

void flash_unmap(struct flash_mapping *mapping)
{
	vma_unmap(mapping->vma);
}

const void *flash_mapping_base(const struct flash_mapping *mapping)
{
	return (const void *)mapping->vma->start;
}

struct flash_mapping_stats flash_mapping_stats(const struct flash_mapping *mapping)
{
	struct flash_mapping_stats stats;

	spin_lock(&mapping->chip->lock);
	stats = mapping->stats;
	spin_unlock(&mapping->chip->lock);
	return stats;
}

u64 flash_table_bytes(u64 va, u64 bytes)
{
	u64 start = ALIGN_DOWN(va, LARGE_BYTES);

	return (ALIGN_UP(va + bytes, LARGE_BYTES) - start) / LARGE_BYTES * PAGE_BYTES;
}
