/* SPDX-License-Identifier: MIT */
/*
 * The layout planner: from a few options to the whole map of the modelled machine, guest-physical
 * and kernel-virtual. A pure function, compiled into the host (which refuses what cannot work,
 * draws the map and makes the first tables) and into the guest (which plans the same again).
 *
 * Kernel space, from page_offset upward (3G split, 1 GiB of RAM, defaults):
 *
 *   pageable     2 MiB  __pageable text and data (W11)
 *   lowmem     798 MiB  direct map: va = gpa + page_offset
 *   gap          2 MiB  never mapped, catches overruns
 *   vmalloc    112 MiB  vmalloc, ioremap, kernel VMAs
 *   kva        100 MiB  dynamic kernel addresses (seed row T1)
 *   ukva         8 MiB  the per-task kernel space (B1-B7)
 *   fixmap       2 MiB  per-CPU short-lived mappings; ends at 4 GiB
 *
 * ukva has two parts: a window in which the page tables of the running space's user part stand, 8
 * bytes for each user page (6, 4, 2 MiB at the splits 3G, 2G, 1G: seed row B7), and behind it 2 MiB
 * for slots. It can be carved from the other side instead (row B2): then it is the end of user
 * space, directly below page_offset, protected as the kernel's, and the kernel has its bytes more.
 *
 * vmalloc and the windows keep their size; lowmem gets what is left, or what RAM there is; vmalloc
 * then begins behind it and takes the rest.
 *
 * RAM may have holes that the kernel may not touch. What becomes of the addresses that would show
 * them is the kind of the layout (seed rows A1-A3):
 *
 *   linear      va = gpa + page_offset: the holes' addresses are lost
 *   packed      lowmem has no gaps: pages behind a hole follow those before it
 *   sections    the same by sections of 2 MiB: only what is a hole from end to end goes
 *   intermixed  va = gpa + page_offset, and the holes' addresses are vmalloc space. As all of that
 *               together is as large as was asked for, lowmem goes on where vmalloc would begin
 *
 * The first 2 MiB of guest-physical space are no RAM for the kernel, so the addresses that would
 * show them are free. They are near the image at every split: so code there calls the rest of the
 * kernel, and is called, as any other.
 *
 * The core: lowmem that every address space maps from its birth because the fault path itself uses
 * it: boot page and image, heap (stacks, tasks, address spaces), the arena when it is in lowmem,
 * the frame table. Code that holds a page-table lock touches nothing else (guest/mm/fault.c).
 */
#ifndef KVL_ABI_LAYOUT_H
#define KVL_ABI_LAYOUT_H

#include "platform.h"

#define KVL_MEM_MIN MiB(64)
#define KVL_MEM_MAX GiB(64) /* the frame table must fit lowmem */
#define KVL_VMALLOC_DEFAULT MiB(112)
#define KVL_KVA_DEFAULT MiB(100)
#define KVL_ARENA_DEFAULT MiB(8)
#define KVL_ARENA_MAX MiB(768) /* what the testbed window shows */
#define KVL_HEAP_BYTES MiB(6)
#define KVL_UKVA_SLOTS_BYTES MiB(2)
#define KVL_SEGMENT_MAX GiB(1)

struct kvl_range {
	u64 start;
	u64 bytes;
};

/* The first address behind @range; UINT64_MAX: it reaches as far as numbers do, or beyond. */
u64 kvl_range_end(struct kvl_range range);
bool kvl_ranges_overlap(struct kvl_range a, struct kvl_range b);

/*
 * The soft TLB (--tlb soft): tables that a CPU walks in place of the modelled ones, outside the
 * modelled RAM and, in the testbed window, outside the modelled space. For each CPU, in this order:
 *
 *   KVL_SOFT_FIXED_PAGES pages   the root it runs on, the rest of its upper tables, what is kept
 *   a page for each entry        leaf tables: at worst each entry stands in one of its own
 *   KVL_SOFT_ENTRY_BYTES each    what the guest keeps of each entry, and which stands where
 */
#define KVL_SOFT_MIN 8
#define KVL_SOFT_DEFAULT 64
#define KVL_SOFT_MAX 1024
#define KVL_SOFT_FIXED_PAGES 8
#define KVL_SOFT_ENTRY_BYTES (KiB(1) + 64)

enum kvl_layout_kind {
	KVL_LAYOUT_LINEAR,
	KVL_LAYOUT_PACKED,
	KVL_LAYOUT_SECTIONS,
	KVL_LAYOUT_INTERMIXED,
	KVL_LAYOUT_KINDS,
};

struct kvl_layout_request {
	enum kvl_layout_kind kind;
	u64 mem_bytes;		 /* RAM, holes and low memory included */
	u64 page_offset;	 /* 1, 2 or 3 GiB */
	u64 vmalloc_bytes;	 /* 0 = default */
	u64 vmalloc_upper_bytes; /* of these, at least so many behind lowmem (seed row A9) */
	u64 kva_bytes;		 /* 0 = default */
	bool ukva_in_user;	 /* the per-task kernel space ends user space (seed row B2) */
	bool arena_highmem;
	u64 arena_bytes;   /* 0 = default */
	u32 soft_entries;  /* of each CPU's soft TLB; 0: the processor's own is used */
	u64 segment_bytes; /* of the shared segment, in whole pages; 0: there is none */
	u32 ncpus;
	u32 nholes;
	struct kvl_range hole[KVL_MAX_HOLES]; /* guest-physical, any order, page-aligned */
};

enum kvl_region_kind {
	KVL_REGION_PAGEABLE,
	KVL_REGION_LOWMEM,
	KVL_REGION_GAP,
	KVL_REGION_VMALLOC,
	KVL_REGION_KVA,
	KVL_REGION_UKVA,
	KVL_REGION_FIXMAP,
	KVL_REGIONS,
};

/* Consecutive frames at consecutive addresses. */
struct kvl_piece {
	u64 gpa, va, bytes;
};

struct kvl_layout {
	enum kvl_layout_kind kind;
	u64 page_offset;
	u64 user_end; /* what is below is the user's: page_offset, or where ukva begins */
	/* kernel-virtual, by kvl_region_kind: ascending from page_offset to 4 GiB, but for an ukva
	 * that is carved from user space */
	struct kvl_range region[KVL_REGIONS];
	/* The direct map, inside lowmem: ascending either way. All usable RAM below
	 * lowmem_end_gpa. */
	u32 nlowmem;
	struct kvl_piece lowmem[KVL_MAX_HOLES + 1];
	/* What vmalloc may use, ascending: in an intermixed layout first what is inside lowmem, and
	 * then, as in the others, its region; none is empty. */
	u32 nvmalloc;
	struct kvl_range vmalloc[KVL_MAX_HOLES + 2];
	/* What a soft TLB translates (kvl_is_soft()), ascending, of whole directory entries. */
	u32 ndynamic;
	struct kvl_range dynamic[KVL_MAX_HOLES + 3];

	/* guest-physical */
	u64 ram_end_gpa;    /* first address behind RAM (RAM is [2 MiB, 3 GiB) and [4 GiB, …)) */
	u64 lowmem_end_gpa; /* RAM below has a direct address, RAM from here on is highmem */
	/* page-table frames: in the core, or (arena_highmem) last of the RAM below 4 GiB, because
	 * the first CPU loads its root in 32-bit mode */
	struct kvl_range arena;
	struct kvl_range core; /* boot page … end of the frame table (arena included if lowmem) */
	struct kvl_range heap; /* inside the core */
	struct kvl_range frames; /* inside the core: the table of struct page, one per frame */
	struct kvl_range shared; /* behind RAM: shared.h */
	struct kvl_range soft;	 /* behind that: soft TLBs, one a CPU; 0 bytes: there are none */
	/* Behind that: what many machines share read-only (seed row L7); 0 bytes: there is none. It
	 * is no RAM: no struct page is of it. */
	struct kvl_range segment;
	u64 machine_bytes; /* host memory to reserve: RAM, shared region, soft TLBs, segment */

	/* usable RAM: ascending, disjoint, page-aligned; holes taken out */
	u32 nusable;
	struct kvl_range usable[KVL_MAX_HOLES + 2];
	u32 nholes;
	struct kvl_range hole[KVL_MAX_HOLES]; /* sorted */
};

/* One struct page must fit; asserted in guest/mm/page.h. */
#define KVL_FRAME_ENTRY_BYTES 16

/* What a hole that does not lie in RAM meets: of several, the first of these. */
enum kvl_outside {
	KVL_OUTSIDE_NOT,
	KVL_OUTSIDE_ALL,     /* the last address that there is, or what would be behind it */
	KVL_OUTSIDE_LOW,     /* the first 2 MiB */
	KVL_OUTSIDE_DEVICES, /* 3 to 4 GiB, however much RAM there is */
	KVL_OUTSIDE_RAM,     /* the end of RAM: more would do */
};

enum kvl_layout_error {
	KVL_LAYOUT_OK = 0,
	KVL_LAYOUT_MEM_SMALL, /* value: least bytes that would do */
	KVL_LAYOUT_MEM_LARGE, /* value: most bytes */
	KVL_LAYOUT_MEM_ALIGN, /* RAM is not a multiple of 2 MiB */
	KVL_LAYOUT_SPLIT,     /* page_offset is not 1, 2 or 3 GiB */
	/* value: not a multiple of 2 MiB; index: 0 vmalloc, 1 kva, 2 vmalloc upper, 3 arena */
	KVL_LAYOUT_ALIGN,
	KVL_LAYOUT_UPPER,      /* more vmalloc behind lowmem than in all; value: bytes in all */
	KVL_LAYOUT_NO_ROOM,    /* value: bytes of kernel space wanted beyond what there is */
	KVL_LAYOUT_HOLE_ALIGN, /* empty, or not page-aligned; index: which hole */
	/* index: hole does not lie in RAM; value: where RAM ends; other: enum kvl_outside */
	KVL_LAYOUT_HOLE_OUTSIDE,
	KVL_LAYOUT_HOLE_OVERLAP, /* index, other: which two */
	KVL_LAYOUT_HOLE_CORE, /* index: touches the core (other 0) or arena (1), which ends at value */
	/* arena_highmem, but RAM below 4 GiB has too little that is none; value: where lowmem
	 * ends */
	KVL_LAYOUT_NO_HIGHMEM,
	KVL_LAYOUT_CPUS,    /* 0 or more than KVL_MAX_CPUS */
	KVL_LAYOUT_HOLES,   /* more than KVL_MAX_HOLES */
	KVL_LAYOUT_SOFT,    /* fewer or more entries than a soft TLB may have */
	KVL_LAYOUT_ARENA,   /* an arena that is too large; value: most bytes */
	KVL_LAYOUT_SEGMENT, /* not made of whole pages, or too large; value: most bytes */
};

struct kvl_layout_failure {
	enum kvl_layout_error error;
	u64 value;
	u32 index, other;
};

/* Plans @request into @out. Returns 0, or -1 and the reason in @why (out is then unspecified). */
int kvl_layout_plan(const struct kvl_layout_request *request, struct kvl_layout *out,
		    struct kvl_layout_failure *why);

/*
 * The least bytes that each region takes of the kernel's side, whether there are so many or not.
 * Returns their sum; of one that no number holds, the last multiple of 2 MiB that there is.
 */
u64 kvl_layout_wanted(const struct kvl_layout_request *request, u64 bytes[KVL_REGIONS]);

/* Does @at lie in one of them? */
bool kvl_in_ranges(const struct kvl_range *range, u32 n, u64 at);

/* Names for people: "lowmem", "vmalloc", … */
const char *kvl_region_name(enum kvl_region_kind kind);

/* Bytes of the per-task kernel space, wherever it lies; of the arena. */
u64 kvl_ukva_bytes(const struct kvl_layout_request *request);
u64 kvl_arena_bytes(const struct kvl_layout_request *request);

/* Bytes that have a direct address. */
u64 kvl_lowmem_bytes(const struct kvl_layout *layout);
/* Bytes of address space that vmalloc may use. */
u64 kvl_vmalloc_bytes(const struct kvl_layout *layout);
/* Of its pieces, the largest. */
u64 kvl_vmalloc_largest(const struct kvl_layout *layout);

/* Is @va the kernel's, and the same in every space? */
bool kvl_is_shared(const struct kvl_layout *layout, u64 va);

/* Guest-physical place of a CPU's soft TLB: of the root on which that CPU runs. */
u64 kvl_soft_gpa(const struct kvl_layout *layout, u32 entries, u32 cpu);

/*
 * Does a soft TLB hold the translation of @va? Of user space and the kernel's dynamic regions; not
 * of lowmem (stacks, descriptors, what the fault path needs) and what shares a directory entry with
 * it, the fixmap, the testbed window.
 */
bool kvl_is_soft(const struct kvl_layout *layout, u64 va);

/* Where byte @offset of the machine's host memory appears in guest-physical space. */
u64 kvl_machine_gpa(u64 offset);

/* Reverse of kvl_machine_gpa(); UINT64_MAX for an address that is not machine memory. */
u64 kvl_machine_offset(u64 gpa);

/* The first guest-physical address behind so much RAM. */
u64 kvl_ram_end(u64 mem_bytes);

#endif
