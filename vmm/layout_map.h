/* SPDX-License-Identifier: MIT */
/*
 * A layout as boxes, and in figures: what kvalab layout and the report draw. Rows A1-A3, A8-A10 of
 * the seeds: a box ends where lowmem does, and addresses that nobody can use are a box of their
 * own.
 */
#ifndef KVL_LAYOUT_MAP_H
#define KVL_LAYOUT_MAP_H

#include "devices/abi/layout.h"
#include "vmm/board.h"

enum layout_box_kind {
	/* kernel-virtual: the regions, as kvl_region_kind has them, and */
	BOX_PAGEABLE,
	BOX_LOWMEM,
	BOX_GAP,
	BOX_VMALLOC,
	BOX_KVA,
	BOX_UKVA,
	BOX_FIXMAP,
	BOX_LOST, /* addresses inside lowmem that show nothing, because of a hole */
	/* guest-physical */
	BOX_LOW_MEMORY, /* no RAM for the kernel */
	BOX_DIRECT,
	BOX_HOLE,
	BOX_HIGHMEM,
	BOX_DEVICES,
	BOX_KINDS,
};

#define LAYOUT_NOWHERE UINT64_MAX

struct layout_box {
	enum layout_box_kind kind;
	u64 start, bytes;
	/* What is shown there: of lowmem RAM's address, of direct-mapped RAM the kernel's; of what
	 * is lost, and of vmalloc inside lowmem, the hole's. LAYOUT_NOWHERE: nothing. */
	u64 other;
	/* Of lowmem and the direct-mapped RAM it shows, and of vmalloc, from 1; 0: there is one
	 * alone. */
	u32 number;
	const char *name; /* the kind's; a hole may have one of its own */
};

#define LAYOUT_MAX_BOXES (2 * KVL_MAX_HOLES + 24)

struct layout_column {
	u32 nboxes;
	struct layout_box box[LAYOUT_MAX_BOXES]; /* ascending, without a gap between */
};

struct layout_map {
	struct layout_column kernel;   /* the end of user space … 4 GiB */
	struct layout_column physical; /* 0 … end of RAM */
	u64 limit_gpa;		       /* RAM from here on has no direct address */
};

void layout_map_make(const struct kvl_layout *layout, struct layout_map *out);

/* Gives holes the names that @board has for those of @request; they must outlive @map. */
void layout_map_name_holes(struct layout_map *map, const struct kvl_layout *layout,
			   const struct kvl_layout_request *request, const struct board *board);

/* "linear", "packed", … */
const char *layout_kind_name(enum kvl_layout_kind kind);
/* "lowmem", "hole", … */
const char *layout_box_name(enum layout_box_kind kind);

struct layout_figures {
	u64 lowmem_bytes;
	u64 recovered_bytes; /* more lowmem than in the linear layout */
	u64 vmalloc_bytes, vmalloc_largest_bytes, vmalloc_upper_bytes; /* upper: behind lowmem */
	u64 highmem_bytes;
	u64 lost_bytes;			/* addresses that nobody can use */
	u64 large_leaves, small_leaves; /* of the direct map: 2 MiB, 4 KiB */
};

/* @linear: the same request, planned as KVL_LAYOUT_LINEAR. */
void layout_figures_make(const struct kvl_layout *layout, const struct kvl_layout *linear,
			 struct layout_figures *out);

/* What each is called, in the order in which all of them are shown. */
struct layout_figure {
	const char *name;  /* of a field of JSON: "recovered_bytes" */
	const char *title; /* of a row; one that is indented is a part of the row above */
	bool is_bytes;
	u64 (*of)(const struct layout_figures *figures);
};

#define LAYOUT_FIGURES 9
extern const struct layout_figure layout_figure[LAYOUT_FIGURES];

#endif
