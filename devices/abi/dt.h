/* SPDX-License-Identifier: MIT */
/*
 * Device-tree names that host (writer, libfdt) and guest (one linear pass, libfdt) share.
 * Standard bindings: memory, reserved-memory (no-map), cpus, cfi-flash, fixed-partitions.
 * #address-cells = #size-cells = 2 at the root; 1 and 1 inside "partitions". Cells are big-endian.
 * kvalab's own properties of /chosen are below; u64 values are two cells.
 */
#ifndef KVL_ABI_DT_H
#define KVL_ABI_DT_H

/* /reserved-memory: one child per hole, plus these */
#define DT_NODE_HOLE "hole" /* hole@GPA { reg; no-map; label: whose it is, if known }; ascending */
#define DT_NODE_ARENA "arena"	  /* arena@GPA { reg; }: page-table arena */
#define DT_NODE_SHARED "shared"	  /* shared@GPA { reg; no-map; }: shared.h */
#define DT_NODE_SOFT "soft-tlb"	  /* soft-tlb@GPA { reg; no-map; }, with --tlb soft: layout.h */
#define DT_NODE_SEGMENT "segment" /* segment@GPA { reg; no-map; }, with --segment: segment.h */

/* /chosen */
#define DT_SCENARIO "kvalab,scenario" /* string */
#define DT_ARM "kvalab,arm"	      /* string, "" where the scenario has none */
#define DT_SEED "kvalab,seed"	      /* u64 */
#define DT_SCHEDULE "kvalab,schedule" /* string: "seeded" or "free" */
/* The layout request (layout.h), from which the guest plans the same layout again: */
#define DT_MEM "kvalab,mem"		    /* u64 bytes */
#define DT_PAGE_OFFSET "kvalab,page-offset" /* u64 */
#define DT_LAYOUT "kvalab,layout"   /* string: an arm of the scenario layout, which says the kind */
#define DT_VMALLOC "kvalab,vmalloc" /* u64 bytes */
#define DT_VMALLOC_UPPER "kvalab,vmalloc-upper" /* u64 bytes */
#define DT_KVA "kvalab,kva"			/* u64 bytes */
#define DT_UKVA_IN_USER "kvalab,ukva-in-user"	/* u32: 0 or 1 */
#define DT_ARENA_HIGH "kvalab,arena-highmem"	/* u32: 0 or 1 */
#define DT_ARENA_BYTES "kvalab,arena-bytes"	/* u64 bytes */
#define DT_TLB_ENTRIES "kvalab,tlb-entries"	/* u32: of a soft TLB; 0: the processor's own */

#define DT_TLB_POLICY "kvalab,tlb-policy" /* string: "fifo" or "random"; what makes room there */

#define DT_TLB_PCID "kvalab,tlb-pcid" /* u32: 1: a soft TLB has PCIDs */

#define DT_SEGMENT "kvalab,segment-bytes" /* u64 bytes; only with --segment */

/* /chosen/params: one string property per --set KEY=VALUE */
#define DT_NODE_PARAMS "params"

/* Flash: /flash@GPA { compatible = "intel,28f128j3", "cfi-flash"; reg; bank-width; partitions {…}
 * } */
#define DT_FLASH_COMPATIBLE "cfi-flash"
#define DT_FLASH_READ_NS "kvalab,read-ns" /* u32: one random read; no CFI query says it */

/*
 * Devices that reach memory by themselves: /dma@GPA { compatible = "simple-bus"; ranges; dma-ranges
 * = <child, parent, bytes, two cells each>; virtio_block@GPA { compatible; reg; } }. The device is
 * polled, so it has no "interrupts", which the binding of "virtio,mmio" otherwise asks for.
 */
#define DT_NODE_DMA "dma"
#define DT_NODE_DISK "virtio_block"
#define DT_DISK_COMPATIBLE "virtio,mmio"

#endif
