/* SPDX-License-Identifier: MIT */
/*
 * Arm pageable: memory is vmalloc_pageable()'s, the sections leave the frames that they were loaded
 * into. Text is mapped straight onto its copy in flash (xip), copied back from there (copy), or
 * from the disk; data and memory are on the disk. This file puts text into flash, as whoever makes
 * a machine does.
 */
#include "guest/block/page_store.h"
#include "guest/flash/page_store.h"
#include "guest/lib/string.h"
#include "guest/scenario/flash_params.h"
#include "guest/scenario/pageable.h"

struct paging {
	struct block_device *disk;
	struct page_store swap, flash;
	struct flash_chip *chip;
	struct flash_partition part; /* as long as the text */
	struct flash_mapping *mapping;
	struct pageable_area *text, *data, *memory;
};

/* --- text into flash -------------------------------------------------------------------------- */

/* What of a page is not as the chip is when it is erased, in whole lines. */
static u32 used_bytes(const u8 *page)
{
	u32 n = PAGE_BYTES;

	while (n && page[n - 1] == 0xff)
		n--;
	return ALIGN_UP(n, 64);
}

static enum flash_error erase(const struct flash_partition *part)
{
	enum flash_error error = FLASH_OK;

	for (u64 at = 0; at < part->bytes && !error; at += flash_partition_block_bytes(part, at))
		error = flash_partition_erase(part, at);
	return error;
}

static enum flash_error put_into_flash(const struct flash_partition *part,
				       const struct pageable_section *text)
{
	enum flash_error error = erase(part);

	for (u64 at = 0; at < text->bytes && !error; at += PAGE_BYTES)
		error = flash_partition_program(part, at, text->loaded + at,
						used_bytes(text->loaded + at));
	return error;
}

static void find_partitions(struct pageable_run *r, struct paging *p)
{
	bool found =
		flash_partition_find(p->chip, flash_partition_param("partition", "text"), &p->part);

	if (found && flash_sessions_wanted(&r->sessions))
		found = flash_partition_find(p->chip, flash_partition_param("log", "log"),
					     &r->sessions.log);
	if (!found)
		usage_failure("text=xip, copy: its partition does not fit the chip's blocks");
	if (flash_sessions_wanted(&r->sessions))
		flash_refuse_overlap(&p->part, &r->sessions.log);
	if (p->part.bytes < pageable_text().bytes)
		usage_failure("partition=%s: %lu bytes have no room for %lu of text", p->part.label,
			      p->part.bytes, pageable_text().bytes);
	p->part.bytes = pageable_text().bytes;
}

static bool open_chip(struct pageable_run *r, struct paging *p)
{
	const struct pageable_section text = pageable_text();
	enum flash_error error;

	if (!boot_options.flash_bytes)
		usage_failure("text=xip, copy: the text is in flash; give --flash, or text=disk");
	p->chip = flash_chip_open();
	if (!p->chip)
		return false;
	find_partitions(r, p);
	error = put_into_flash(&p->part, &text);
	if (!error)
		return true;
	printk("pageable: text cannot be put into flash: %s\n", flash_error_text(error));
	return false;
}

/* --- the sections ----------------------------------------------------------------------------- */

static bool map_text(struct pageable_run *r, struct paging *p)
{
	const struct pageable_section text = pageable_text();
	const struct page_store *store = NULL;

	pageable_section_take(&text);
	if (r->text_from == TEXT_XIP)
		return !flash_map_text(&p->part, text.va, &p->mapping);
	if (r->text_from == TEXT_COPY) {
		p->flash = flash_page_store(&p->part);
		store = &p->flash;
	}
	p->text = pageable_map_section(&text, store);
	return p->text;
}

static bool map_data(struct paging *p)
{
	const struct pageable_section data = pageable_data();

	pageable_section_take(&data);
	p->data = pageable_map_section(&data, NULL);
	return p->data;
}

static void free_loaded(void)
{
	const struct pageable_section text = pageable_text(), data = pageable_data();

	pageable_section_free_loaded(&text);
	pageable_section_free_loaded(&data);
}

static u32 all_pages(const struct pageable_run *r)
{
	return r->npages + (pageable_text().bytes + pageable_data().bytes) / PAGE_BYTES;
}

static bool paging_open(struct pageable_run *r)
{
	struct paging *p = kalloc(sizeof(*p));

	r->private = p;
	if (!boot_options.disk_gpa)
		usage_failure("arm pageable: data go to a disk; give --disk");
	p->disk = block_open();
	if (!p->disk)
		return false;
	if (block_is_readonly(p->disk))
		usage_failure("arm pageable: data go to the disk, which is read-only");
	p->swap = block_page_store(p->disk);
	pageable_start(r->ram_is_short ? all_pages(r) : r->frames, r->replacement, &p->swap);
	if (r->text_from != TEXT_DISK && !open_chip(r, p))
		return false;
	if (map_text(r, p) && map_data(p)) {
		free_loaded();
		return true;
	}
	printk("pageable: the sections cannot be mapped: is there room? The disk has %lu pages\n",
	       p->swap.pages);
	return false;
}

static void paging_close(struct pageable_run *r)
{
	struct paging *p = r->private;

	if (p->mapping)
		flash_unmap(p->mapping);
	if (p->text)
		pageable_unmap(p->text);
	if (p->data)
		pageable_unmap(p->data);
	if (p->chip)
		flash_chip_close(p->chip);
	if (p->disk) {
		pageable_stop();
		block_close(p->disk);
	}
	kfree(p);
}

/* Text that is mapped from the chip goes as it does before a write. */
static void paging_drop_sections(struct pageable_run *r)
{
	struct paging *p = r->private;
	enum flash_error error = FLASH_OK;

	if (p->mapping)
		error = flash_drop(p->mapping);
	else
		pageable_drop(p->text);
	if (error)
		check_equal("text_drop_error", error, FLASH_OK);
	pageable_drop(p->data);
}

/* --- memory ----------------------------------------------------------------------------------- */

static void *paging_alloc(struct pageable_run *r, u64 bytes)
{
	struct paging *p = r->private;
	void *memory = vmalloc_pageable(bytes);

	p->memory = memory ? pageable_find(memory) : NULL;
	if (!memory)
		printk("pageable: no room for %lu bytes: the disk has %lu pages\n", bytes,
		       p->swap.pages);
	return memory;
}

static void paging_free(struct pageable_run *r, void *memory)
{
	(void)r;
	vfree_pageable(memory);
}

static struct pageable_account paging_account(const struct pageable_run *r)
{
	const struct paging *p = r->private;
	struct pageable_account account = { .data = pageable_stats(p->data) };

	if (p->memory)
		account.memory = pageable_stats(p->memory);
	if (p->text)
		account.text = pageable_stats(p->text);
	if (p->mapping)
		account.mapping = flash_mapping_stats(p->mapping);
	return account;
}

static u32 paging_frames(const struct pageable_run *r)
{
	(void)r;
	return pageable_totals().peak;
}

const struct pageable_ops pageable_pageable = {
	.open = paging_open,
	.close = paging_close,
	.alloc = paging_alloc,
	.free = paging_free,
	.drop_sections = paging_drop_sections,
	.account = paging_account,
	.frames = paging_frames,
	.pages_out = true,
};
