/* SPDX-License-Identifier: MIT */
/*
 * x86-64 page-table entries as the host reads them (Intel SDM vol. 3A, 4.5: 4-level paging).
 * Levels count from the leaf: 1 = 4 KiB leaves, 2 = 2 MiB, 3 = 1 GiB, 4 = the root's own entries.
 */
#ifndef KVL_ARCH_VMM_PTE_H
#define KVL_ARCH_VMM_PTE_H

#include "devices/abi/types.h"

#define PTE_ENTRIES 512u
#define PTE_LEVELS 4u

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITABLE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_WRITE_THROUGH (1ull << 3)
#define PTE_UNCACHED (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_GLOBAL (1ull << 8)
#define PTE_SOFTWARE (7ull << 9)
#define PTE_NO_EXEC (1ull << 63)
#define PTE_FRAME 0x000ffffffffff000ull

static inline bool pte_present(u64 entry)
{
	return entry & PTE_PRESENT;
}

/* True if a present entry of a table of @level ends the walk: it maps memory, not a table. */
static inline bool pte_is_leaf(u64 entry, u32 level)
{
	return level == 1 || (level < PTE_LEVELS && (entry & PTE_LARGE));
}

static inline bool pte_uncached(u64 entry)
{
	return entry & PTE_UNCACHED;
}

/* Meant for leaves; survives a load of CR3 in the TLB. */
static inline bool pte_global(u64 entry)
{
	return entry & PTE_GLOBAL;
}

/* Bytes that one entry of a table of @level covers. */
static inline u64 pte_span(u32 level)
{
	return PAGE_BYTES << (9 * (level - 1));
}

/* Index of the entry for @va in a table of @level. */
static inline u32 pte_index(u64 va, u32 level)
{
	return (va >> (PAGE_SHIFT + 9 * (level - 1))) & (PTE_ENTRIES - 1);
}

/* The table that a present non-leaf entry points to. */
static inline u64 pte_table_gpa(u64 entry)
{
	return entry & PTE_FRAME;
}

/* First byte that a leaf of @level maps; a large leaf's bit 12 is PAT, not address. */
static inline u64 pte_gpa(u64 entry, u32 level)
{
	return ALIGN_DOWN(entry & PTE_FRAME, pte_span(level));
}

#endif
