/* SPDX-License-Identifier: MIT */
/*
 * The guest image: a static PIE inside this program, checked, copied and relocated; its symbols,
 * its sites and its entry points. It is linked as if page_offset were 0: so page_offset is what is
 * added to every address. Most of it is loaded where the direct map will show it; pageable sections
 * have addresses of their own (KVL_REGION_PAGEABLE), and are loaded behind the rest.
 */
#ifndef KVL_IMAGE_H
#define KVL_IMAGE_H

#include "devices/abi/platform.h"
#include "vmm/err.h"
#include "vmm/gmem.h"

/* Made from build's guest ELF by the linker. */
extern const u8 kvl_guest_image_start[], kvl_guest_image_end[];

struct image_symbol {
	u64 va, bytes;
	const char *name; /* in image->names */
};

#define IMAGE_MAX_SEGMENTS 4

struct image_segment {
	u64 link, bytes; /* addresses that it is linked for, less page_offset */
	u64 offset;	 /* of its contents in image->data */
};

struct image {
	u64 page_offset;
	u32 nsegments;
	struct image_segment segment[IMAGE_MAX_SEGMENTS];
	u64 bytes; /* of memory from KVL_IMAGE_GPA on, .bss and what is between segments included */
	u8 *data;  /* relocated contents */
	u64 entry_va;	   /* start64 */
	u64 pvh_entry_gpa; /* from the ELF note */
	u32 nsymbols;
	struct image_symbol *symbol; /* ascending by va */
	char *names;
	u32 nsites;
	const char **site; /* into data; [0] = "" */
};

/*
 * Checks and relocates @elf for the given page_offset; the result stands alone. EXIT_VMM for
 * anything unexpected: truncated or overlapping parts, not a static PIE for x86-64, another kind of
 * relocation, too large for KVL_IMAGE_GPA … KVL_CORE_END_GPA, no PVH note.
 */
int image_open(struct image *image, const void *elf, size_t bytes, u64 page_offset,
	       struct err *err);
int image_open_embedded(struct image *image, u64 page_offset, struct err *err);
void image_close(struct image *image);

/* Copies it to KVL_IMAGE_GPA. */
int image_load(const struct image *image, const struct gmem *mem, struct err *err);

/* The symbol that holds @va (or the last one before it), NULL if there is none. */
const struct image_symbol *image_symbol_at(const struct image *image, u64 va);
const struct image_symbol *image_symbol_find(const struct image *image, const char *name);
/* "name+0x1f", or "?" outside the image. */
void image_describe(const struct image *image, u64 va, char *text, size_t bytes);

/* @bytes bytes of relocated contents at virtual address @va; NULL: they are not all in one
 * segment. */
const void *image_at(const struct image *image, u64 va, u64 bytes);
/* A NUL-terminated string inside the image; NULL otherwise. */
const char *image_string(const struct image *image, u64 va);

/* All symbols, one "hex-address name" line each, ascending. The caller frees it; NULL: no
 * memory. */
char *image_symbols_text(const struct image *image);
/* Where the sites stand in the guest's sources: lines "number file:line"; the same. */
char *image_places_text(const struct image *image);

/* Of the image in this program: two programs with the same one have the same guest. */
u64 image_embedded_hash(void);

#endif
