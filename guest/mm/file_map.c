/* SPDX-License-Identifier: MIT */
/*
 * Owns the areas that map files: faults, copies, and how a page of the cache leaves the spaces that
 * have it.
 *
 * The tables say what an area has of a page: nothing, the cache's page, or a copy. A fault changes
 * that while it is the page's user, and so does who writes the page back or lets it go: the one
 * waits for the other, and none maps a page that is on its way out. The first is an area's end,
 * which goes by the lock of the file's areas instead: it keeps the area on the list until its
 * translations are flushed, and who withdraws a page holds that lock, so a page is not freed that
 * an ending area may still translate.
 */
#include "guest/mm/file_map.h"

#include "guest/kernel.h"
#include "guest/mm/file_cache.h"
#include "guest/mm/kva.h"
#include "guest/trace.h"

struct file_area {
	struct file *file;
	struct vma *vma;
	enum file_sharing sharing;
	struct file_area *next; /* of the same file */
};

static u64 page_at(const struct vma *vma, u64 va)
{
	return (va - vma->start) / PAGE_BYTES;
}

static u64 va_of(const struct vma *vma, u64 page)
{
	return vma->start + page * PAGE_BYTES;
}

static bool allows_write(u64 entry)
{
	return arch_pte_allows(entry, true, false, true);
}

static u32 read_only(const struct vma *vma)
{
	return vma->prot & ~(u32)PROT_WRITE;
}

static bool is_copy(u64 entry, const struct cached *cached)
{
	return entry && gpa_page(arch_pte_gpa(entry)) != cached->page;
}

/* --- faults: with the page taken -------------------------------------------------------------- */

/* A write was tried at @va, whose entry was 0 or allows none. What no entry allowed to be written
 * was clean. */
static void make_writable(struct file_area *area, u64 va, u64 entry, struct cached *cached)
{
	struct vma *vma = area->vma;
	u64 gpa = page_gpa(cached->page);

	cached->dirty = true;
	if (entry)
		pt_replace(vma->mm, va, arch_pte_leaf(gpa, vma->prot), SITE("file.writable"));
	else
		pt_map_new(vma->mm, va, gpa, vma->prot, SITE("file.map"));
	file_count(area->file, &area->file->stats.made_writable);
}

static bool copy_into(struct file_area *area, u64 va, struct page *new)
{
	void *address = kva_get(new);
	bool copied = copy_from_user(address, va, PAGE_BYTES);

	kva_put(new, address);
	file_count_access(area->file, new);
	return copied;
}

/*
 * The task reads the cache's page at its own address. All threads of the space lose it before they
 * get the copy: replaced in one step, one could write to the copy while another still read the
 * page.
 */
static bool copy_and_replace(struct file_area *area, u64 va)
{
	struct file *file = area->file;
	struct mm *mm = area->vma->mm;
	struct page *new = file->config.frames->alloc(file->config.pages + file->stats.copied);

	if (!new)
		return false;
	if (!copy_into(area, va, new)) {
		page_free(new);
		return false;
	}
	pt_unmap(mm, va, PAGE_BYTES, SITE("file.copy"));
	tlb_flush_range(mm, va, PAGE_BYTES, SITE("file.copy"));
	pt_map_new(mm, va, page_gpa(new), area->vma->prot, SITE("file.copy"));
	file_count(file, &file->stats.copied);
	return true;
}

/* False: out of memory. */
static bool resolve(struct file_area *area, u64 va, struct cached *cached, bool write)
{
	struct vma *vma = area->vma;
	u64 entry = pt_lookup(vma->mm, va);

	if (is_copy(entry, cached) || (entry && (!write || allows_write(entry))))
		return true; /* another thread was first */
	if (write && area->sharing == FILE_SHARED) {
		make_writable(area, va, entry, cached);
		return true;
	}
	if (!entry) {
		pt_map_new(vma->mm, va, page_gpa(cached->page), read_only(vma), SITE("file.map"));
		file_count(area->file, &area->file->stats.mapped);
	}
	return !write || copy_and_replace(area, va);
}

static enum fault_result file_fault(struct vma *vma, const struct fault *fault)
{
	struct file_area *area = vma->private;
	u64 va = ALIGN_DOWN(fault->va, PAGE_BYTES);
	struct cached *cached = file_take(area->file, page_at(vma, va));
	bool done;

	if (!cached)
		return FAULT_ERROR;
	done = resolve(area, va, cached, fault->write);
	file_let_go(cached);
	return done ? FAULT_DONE : FAULT_ERROR;
}

/* --- a page goes ------------------------------------------------------------------------------ */

static void withdraw_from(struct file_area *area, u64 page, bool all)
{
	struct file *file = area->file;
	const struct cached *cached = &file->cached[page];
	struct vma *vma = area->vma;
	u64 va = va_of(vma, page), entry = pt_lookup(vma->mm, va);
	u16 site = SITE("file.withdraw");

	if (!entry || is_copy(entry, cached) || (!all && !allows_write(entry)))
		return;
	if (all)
		pt_unmap(vma->mm, va, PAGE_BYTES, site);
	else
		pt_replace(vma->mm, va, arch_pte_leaf(page_gpa(cached->page), read_only(vma)),
			   site);
	tlb_flush_range(vma->mm, va, PAGE_BYTES, site);
	file_count(file, all ? &file->stats.unmapped : &file->stats.write_protected);
}

void file_withdraw(struct file *file, u64 page, bool all)
{
	spin_lock(&file->areas_lock);
	for (struct file_area *area = file->areas; area; area = area->next)
		withdraw_from(area, page, all);
	spin_unlock(&file->areas_lock);
}

/* --- areas ------------------------------------------------------------------------------------ */

static void free_copies(struct file_area *area)
{
	struct file *file = area->file;
	struct vma *vma = area->vma;

	for (u64 page = 0; page < file->config.pages; page++)
		if (is_copy(pt_lookup(vma->mm, va_of(vma, page)), &file->cached[page]))
			vma_free_page(vma->mm, va_of(vma, page), SITE("file.close"));
}

static void take_out(struct file_area *area)
{
	struct file_area **at = &area->file->areas;

	while (*at != area)
		at = &(*at)->next;
	*at = area->next;
}

/* Nobody touches it any more. */
static void file_area_close(struct vma *vma)
{
	struct file_area *area = vma->private;
	struct file *file = area->file;
	u64 bytes = vma->end - vma->start;
	u16 site = SITE("file.close");

	spin_lock(&file->areas_lock);
	free_copies(area);
	if (pt_unmap(vma->mm, vma->start, bytes, site))
		tlb_flush_range(vma->mm, vma->start, bytes, site);
	take_out(area);
	spin_unlock(&file->areas_lock);
	kfree(area);
}

static const struct vma_ops file_map_ops FAULT_TABLE = {
	.name = "file",
	.maps_clean = true,
	.fault = file_fault,
	.close = file_area_close,
};

struct vma *file_map(struct file *file, struct mm *mm, u64 start, u32 prot,
		     enum file_sharing sharing)
{
	struct file_area *area = kalloc(sizeof(*area));
	struct vma *vma = vma_map_user(mm, start, (u64)file->config.pages * PAGE_BYTES, prot,
				       &file_map_ops, area, 0);

	if (!vma) {
		kfree(area);
		return NULL;
	}
	*area = (struct file_area){ file, vma, sharing, NULL };
	spin_lock(&file->areas_lock);
	area->next = file->areas;
	file->areas = area;
	spin_unlock(&file->areas_lock);
	return vma;
}
