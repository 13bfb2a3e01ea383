/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of x86-64 (Intel SDM vol. 3, "4-Level Paging"): the values, not the stores.
 * Accessed and dirty are set in every entry, so that no page walker ever has to write one.
 */
#include "guest/arch.h"

enum {
	PTE_PRESENT = 1 << 0,
	PTE_WRITABLE = 1 << 1,
	PTE_USER = 1 << 2,
	PTE_WRITE_THROUGH = 1 << 3,
	PTE_UNCACHED = 1 << 4,
	PTE_ACCESSED = 1 << 5,
	PTE_DIRTY = 1 << 6,
	PTE_LARGE = 1 << 7,
	PTE_GLOBAL = 1 << 8,
	PTE_SOFTWARE = 1 << 9, /* ignored by the processor */
};
#define PTE_NO_EXEC (1ull << 63)

u64 arch_pte_leaf(u64 gpa, u32 prot)
{
	u64 entry = gpa | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;

	if (prot & PROT_WRITE)
		entry |= PTE_WRITABLE;
	if (prot & PROT_USER)
		entry |= PTE_USER;
	if (prot & PROT_UNCACHED)
		entry |= PTE_UNCACHED | PTE_WRITE_THROUGH;
	if (prot & PROT_LARGE)
		entry |= PTE_LARGE;
	if (prot & PROT_GLOBAL)
		entry |= PTE_GLOBAL;
	if (!(prot & PROT_EXEC))
		entry |= PTE_NO_EXEC;
	return entry;
}

u64 arch_pte_table(u64 table_gpa, bool user)
{
	return table_gpa | PTE_PRESENT | PTE_WRITABLE | (user ? PTE_USER : 0) | PTE_ACCESSED |
	       PTE_DIRTY;
}

bool arch_pte_global(u64 entry)
{
	return entry & PTE_GLOBAL;
}

bool arch_pte_allows(u64 entry, bool write, bool exec, bool user)
{
	return (!write || (entry & PTE_WRITABLE)) && (!exec || !(entry & PTE_NO_EXEC)) &&
	       (!user || (entry & PTE_USER));
}

/* CPUID.1:EDX.PGE */
bool arch_pte_has_global(void)
{
	u32 leaf = 1, features;

	asm volatile("cpuid" : "+a"(leaf), "=d"(features) : : "ebx", "ecx");
	return features & 1 << 13;
}

/* Of an entry that is not present the processor ignores all but that. */
u64 arch_pte_absent(u64 value)
{
	return (value + 1) << 12;
}

u64 arch_pte_absent_value(u64 entry)
{
	return (entry >> 12) - 1;
}

bool arch_pte_has_sw_bits(void)
{
	return true;
}

bool arch_pte_sw(u64 entry)
{
	return entry & PTE_SOFTWARE;
}

u64 arch_pte_set_sw(u64 entry, bool on)
{
	return on ? entry | PTE_SOFTWARE : entry & ~(u64)PTE_SOFTWARE;
}
