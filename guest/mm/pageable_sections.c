/* SPDX-License-Identifier: MIT */
/*
 * Owns the kernel's own pageable sections (seed row W11) until somebody takes them: mapped page by
 * page, when they are touched, onto the frames that they were loaded into.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/pageable.h"
#include "guest/trace.h"

static struct pageable_section section(const u8 *start, const u8 *end, const u8 *loaded, u32 prot)
{
	return (struct pageable_section){ (u64)start, end - start, loaded, prot };
}

struct pageable_section pageable_text(void)
{
	return section(pageable_text_start, pageable_text_end, image_end, PROT_EXEC);
}

struct pageable_section pageable_data(void)
{
	return section(pageable_data_start, pageable_data_end,
		       image_end + (pageable_text_end - pageable_text_start), PROT_WRITE);
}

/* @offset: where the section was loaded, guest-physical. If another CPU was first, the page is
 * there. */
static enum fault_result loaded_fault(struct vma *vma, const struct fault *fault)
{
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES);

	pt_map_range(&init_mm, va, vma->offset + (va - vma->start), PAGE_BYTES, vma->prot,
		     SITE("section.fault"));
	return FAULT_DONE;
}

static const struct vma_ops loaded_ops FAULT_TABLE = {
	.name = "section as loaded",
	.fault = loaded_fault,
};

static u64 loaded_gpa(const struct pageable_section *section)
{
	return (u64)section->loaded - layout.page_offset;
}

static void map_loaded(struct pageable_section s)
{
	if (s.bytes && !vma_map_kernel_at(s.va, s.bytes, s.prot, &loaded_ops, NULL, loaded_gpa(&s)))
		panic("mapped already", "a section at %lx", s.va);
}

void pageable_sections_init(void)
{
	map_loaded(pageable_text());
	map_loaded(pageable_data());
}

void pageable_section_take(const struct pageable_section *section)
{
	struct vma *vma = vma_find(&init_mm, section->va);

	if (!vma || vma->ops != &loaded_ops)
		panic("taken already", "the section at %lx", section->va);
	vma_remove(vma); /* itself it stays: it was the kernel's, from the start */
}

void pageable_section_free_loaded(const struct pageable_section *section)
{
	page_add(loaded_gpa(section), section->bytes);
}
