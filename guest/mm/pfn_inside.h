/* SPDX-License-Identifier: MIT */
/*
 * Inside mappings of raw frames: for pfn_*.c.
 *
 * Whoever looks at a mapping's entries, or changes them or its areas, has entered the source and
 * then taken the mapping: so one at a time, and none while the source takes its frames back.
 */
#ifndef GUEST_PFN_INSIDE_H
#define GUEST_PFN_INSIDE_H

#include "guest/mm/pfn_map.h"

struct pfn_map {
	struct pfn_map *next; /* of the source; until it has no area any more */
	struct pfn_source *source;
	struct mm *mm;
	enum pfn_sharing sharing;
	bool busy;
	u32 users;	 /* who has found an area of it, and one for all areas together */
	u32 areas;	 /* it is made of these */
	u32 raw;	 /* frames that are mapped */
	u32 forked_into; /* number of the child that has all of it already */
};

extern const struct vma_ops pfn_ops;
extern struct pfn_stats pfn_figures;

static inline void pfn_count(u64 *figure, u64 n)
{
	__atomic_fetch_add(figure, n, __ATOMIC_RELAXED);
}

/* --- entering, by a user --- */
/* False: the source has nothing any more, which does not matter to what only goes. Either way the
 * mapping is the caller's until he leaves. */
bool pfn_enter(struct pfn_map *map);
void pfn_leave(struct pfn_map *map, bool entered);

/* --- birth and end: pfn_map.c --- */
/* On the source's list, with no area yet, which pfn_area_gone() takes back. */
struct pfn_map *pfn_map_new(struct pfn_source *source, struct mm *mm, enum pfn_sharing sharing);
void pfn_map_get(struct pfn_map *map); /* by a user, or with its areas locked */
void pfn_map_put(struct pfn_map *map); /* the last user's frees it */
/* An area is no part of it any more. The last one's ends it, but for its users. */
void pfn_area_gone(struct pfn_map *map);
/* Private ones where the rule copies, and shared ones that are not written: else a named
 * failure. */
void pfn_refuse_copies(const struct pfn_source *source, u32 prot, enum pfn_sharing sharing);
/* The mapping of the first area of @mm that ends behind @va, and where that begins; the caller is a
 * user. NULL: there is none. */
struct pfn_map *pfn_map_find(struct mm *mm, u64 va, u64 *start);
/* Its own area at @va, which is entered; NULL: there is none. */
struct vma *pfn_area_at(const struct pfn_map *map, u64 va);

/* --- entries: pfn_entry.c --- */
enum pfn_mistake {
	PFN_FREED,
	PFN_TAKEN, /* for a page that can be written, shared, swapped */
};
/* The space's own page that the present @entry maps; NULL: a raw frame. */
struct page *pfn_own_page(const struct vma *vma, u64 va, u64 entry, enum pfn_mistake mistake);
/* Maps what the source has at @va, where nothing is; returns the entry. */
u64 pfn_map_raw(const struct vma *vma, u64 va, u16 site);
/* A raw frame's entry for the area, and that it stands at @va now, or does no more. */
u64 pfn_raw_entry(const struct vma *vma, u64 gpa);
void pfn_note_raw(struct pfn_map *map, u64 va, u64 entry);
void pfn_note_gone(struct pfn_map *map, u64 va, u64 entry);
/* From the swap: the page is the space's own, and nobody else's. 0: out of memory, or the swap
 * failed. */
u64 pfn_swap_in(const struct vma *vma, u64 va, u64 entry);

/* --- areas: pfn_area.c --- */
/* The part of @vma, which has some, that lies in [@start, @end): split off. */
struct vma *pfn_cut(struct vma *vma, u64 start, u64 end);
/* Joins it with its neighbours as far as they are alike. */
void pfn_tidy(struct vma *vma);
/* Row L6: the page of @vma is the space's own from now on. */
void pfn_page_copied(struct vma *vma, u64 va);
/* Everything that it maps goes. */
void pfn_zap(const struct vma *vma);

#endif
