/* SPDX-License-Identifier: MIT */
/*
 * Holes from the device tree of a real board (--dtb-overlay): a compiled tree or overlay, in which
 * /reserved-memory says what RAM the kernel may not map (devicetree specification, section 3.5),
 * and the memory nodes (section 3.4) where there is none between two banks.
 */
#ifndef KVL_DTB_OVERLAY_H
#define KVL_DTB_OVERLAY_H

#include "devices/abi/layout.h"
#include "vmm/err.h"

#define DTB_NAME_BYTES 100 /* a hole's */
#define DTB_NO_RAM "no RAM"
#define DTB_MAX_BYTES MiB(2)

struct dtb_holes {
	u64 mem_bytes; /* the --mem that reaches as far as the board's RAM; 0: not known, or none does */
	u32 n;	       /* 1 at least */
	struct dtb_hole {
		/* guest-physical; ascending, page-aligned, none touches another */
		struct kvl_range range;
		u64 no_ram; /* from here to the range's end the board has no RAM; the end: it has */
		/* the node's, DTB_NO_RAM of a gap, or "FIRST to LAST" of several that touch */
		char name[DTB_NAME_BYTES];
	} hole[KVL_MAX_HOLES];
};

/*
 * Reads @tree, @bytes long, of which nothing is believed. EXIT_USAGE: it is damaged, or has no
 * hole, or says of one what cannot be; the message names @file and the node.
 */
int dtb_holes_read(const void *tree, size_t bytes, const char *file, struct dtb_holes *out,
		   struct err *err);

/* The same of a file, which has DTB_MAX_BYTES at most. Source text is told from a damaged tree. */
int dtb_holes_load(const char *file, struct dtb_holes *out, struct err *err);

#endif
