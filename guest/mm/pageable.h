/* SPDX-License-Identifier: MIT */
/*
 * Pageable kernel memory (seed rows W10, W11): areas whose pages share a number of frames. When
 * these are used up a page goes out, to where its area keeps it, and comes back when it is touched.
 * A touch may wait: where that is forbidden it is a named failure ("pageable access in atomic
 * context").
 *
 * Functions and data of the kernel itself are marked __pageable and __pageable_data. The linker
 * puts them in pages of their own, in KVL_REGION_PAGEABLE; from the start they are mapped as they
 * were loaded, when they are touched first. Whatever a page fault may run must not be marked:
 * scripts/pageable_check.sh looks at each link.
 */
#ifndef GUEST_PAGEABLE_H
#define GUEST_PAGEABLE_H

#include "guest/mm/vm.h"

#define __pageable __attribute__((section(".pageable.text"), noinline))
#define __pageable_data __attribute__((section(".pageable.data")))

/* Where pages are while they are not in a frame. Both may wait; false: it could not be done. */
struct page_store_ops {
	const char *name;
	bool (*read)(void *owner, u64 index, struct page *to);
	bool (*write)(void *owner, u64 index, struct page *from); /* NULL: only read */
};

struct page_store {
	const struct page_store_ops *ops;
	void *owner;
	u64 pages;
};

/* --- which page goes out: replacement.c --- */
struct replacement {
	const char *name, *about;
	/* One of the resident pages, NULL if there is none. Under the lock of pageable.c. */
	struct pageable_page *(*pick)(void);
};
extern const struct replacement replacements[]; /* ends with a name of NULL */

/* For their pick(). Resident pages are in a line. */
struct pageable_page *pageable_first(void);
struct pageable_page *pageable_next(const struct pageable_page *page);
u32 pageable_residents(void);
/* Puts the first one last. */
void pageable_rotate(void);
/* Was @page touched since the last time? Sampled by unmapping: an entry and a flush for each
 * yes. */
bool pageable_was_used(struct pageable_page *page);
u64 pageable_draw(void); /* any number, from the seed */

/* --- all pageable memory --- */
/*
 * @frames: what all areas may have together: two for each task that may fault at a time, since an
 * instruction may need a page of text and one of data at once. @store: the swap, where
 * vmalloc_pageable() keeps pages; NULL: there is none, and it fails. It outlives pageable_stop(),
 * before which all areas must be gone.
 */
void pageable_start(u32 frames, const struct replacement *replacement,
		    const struct page_store *store);
void pageable_stop(void);

struct pageable_totals {
	u32 peak;    /* most frames that were in use at a time */
	u64 samples; /* touches that replacement found */
};
struct pageable_totals pageable_totals(void);

/* --- areas --- */
struct pageable_area;

struct pageable_stats {
	u64 faults;
	/* what each of them did: one of these */
	u64 zeroed;	   /* a page touched first */
	u64 paged_in;	   /* read from the store */
	u64 remapped;	   /* was resident: unmapped to see whether it is used */
	u64 made_writable; /* the first write since it came in clean */
	u64 met;	   /* another CPU had done it meanwhile */
	/* how pages went */
	u64 paged_out; /* written first */
	u64 dropped;   /* the store has them, or they are zero */
	u64 waits;     /* for a page on its way */
	u32 resident;  /* now, by the state of each page */
};

/*
 * Zeroed memory of [@bytes] in the vmalloc region; its pages go to the swap. NULL: no address
 * space, or no room in the swap.
 */
void *vmalloc_pageable(u64 bytes);
void vfree_pageable(void *address);
void pageable_unmap(struct pageable_area *area);
struct pageable_area *pageable_find(const void *address); /* NULL: none there */
/* All of its pages go out, those that are on their way as soon as they have come. */
void pageable_drop(struct pageable_area *area);
struct pageable_stats pageable_stats(const struct pageable_area *area);

/* --- the kernel's own sections: pageable_sections.c --- */
struct pageable_section {
	u64 va, bytes;	  /* whole pages */
	const u8 *loaded; /* its frames since the image was loaded, in the direct map */
	u32 prot;
};
struct pageable_section pageable_text(void), pageable_data(void);
void pageable_sections_init(void);
/* Once: nothing is mapped there any more, so that an area of another kind may come. Until it has,
 * no CPU may touch the section. */
void pageable_section_take(const struct pageable_section *section);
/*
 * A section that was taken, with pages that come from page 0 of @store on; NULL: from the swap,
 * where what was loaded is written first. NULL: the swap has no room, or cannot be written.
 */
struct pageable_area *pageable_map_section(const struct pageable_section *section,
					   const struct page_store *store);
/* The frames that @section was loaded into become free RAM: its contents are elsewhere by now. */
void pageable_section_free_loaded(const struct pageable_section *section);

#endif
