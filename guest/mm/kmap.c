/* SPDX-License-Identifier: MIT */
/*
 * Short-lived local mappings of any page: two slots per CPU, used as a stack, as kmap_local_page()
 * (Linux 5.11). Two entries written and one flush of one page each; nobody else is told, because
 * nobody else may use the address. A lowmem page answers with its direct address.
 *
 * The task must not wait while it holds one: slots belong to the CPU.
 */
#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/pt.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

static u8 depth[KVL_MAX_CPUS];

void *kmap_local(struct page *page)
{
	void *direct = page_address(page);
	unsigned long irq;
	u64 va;

	if (direct)
		return direct;
	irq = arch_irq_save();
	if (depth[cpu_id()] == FIXMAP_PER_CPU - FIXMAP_LOCAL0)
		panic("out of local mappings", "CPU %u holds %u", cpu_id(), depth[cpu_id()]);
	va = fixmap_va(cpu_id(), FIXMAP_LOCAL0 + depth[cpu_id()]++);
	fixmap_set(va, arch_pte_leaf(page_gpa(page), PROT_WRITE), SITE("kmap_local"));
	trace_event(KVL_EV_KVA_GET, SITE("kmap_local"), 0, 0, va, page_gpa(page), 0, 0, 0);
	current()->locks++; /* must not wait */
	arch_irq_restore(irq);
	return (void *)va;
}

void kunmap_local(void *address)
{
	u64 va = (u64)address;
	unsigned long irq;

	if (va < fixmap_va(0, 0))
		return;
	irq = arch_irq_save();
	if (!depth[cpu_id()] || va != fixmap_va(cpu_id(), FIXMAP_LOCAL0 + depth[cpu_id()] - 1))
		panic("bad kunmap_local", "%lx is not the last local mapping of CPU %u", va,
		      cpu_id());
	depth[cpu_id()]--;
	current()->locks--;
	trace_event(KVL_EV_KVA_PUT, SITE("kunmap_local"), 0, 0, va, 0, 0, 0, 0);
	fixmap_set(va, 0, SITE("kunmap_local"));
	tlb_cpu_page(va, 0, SITE("kunmap_local"));
	arch_irq_restore(irq);
}

void page_fill(struct page *page, const void *from, u64 bytes)
{
	u8 *address = kmap_local(page);

	memcpy(address, from, bytes);
	memset(address + bytes, 0, PAGE_BYTES - bytes);
	kunmap_local(address);
}
