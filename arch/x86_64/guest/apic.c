/* SPDX-License-Identifier: MIT */
/*
 * Local APIC through its memory-mapped registers (Intel SDM vol. 3, "Advanced Programmable
 * Interrupt Controller"): interprocessor interrupts and the start of application processors.
 */
#include "cpu.h"

#include "guest/arch.h"
#include "guest/host.h"
#include "guest/lib/string.h"
#include "guest/task/sched.h"

enum {
	APIC_TPR = 0x80,
	APIC_EOI = 0xB0,
	APIC_SPURIOUS = 0xF0,
	APIC_ICR_LOW = 0x300,
	APIC_ICR_HIGH = 0x310,
	ICR_FIXED = 0x4000, /* assert, edge, physical destination */
	ICR_INIT = 0x4500,
	ICR_STARTUP = 0x4600,
	ICR_PENDING = 1 << 12,
	SPURIOUS_ENABLE = 1 << 8,
};

static volatile u32 *apic(u32 reg)
{
	return (volatile u32 *)(KVL_LAPIC_VA + reg);
}

void apic_init(void)
{
	*apic(APIC_TPR) = 0;
	*apic(APIC_SPURIOUS) = SPURIOUS_ENABLE | VECTOR_SPURIOUS;
}

void apic_eoi(void)
{
	*apic(APIC_EOI) = 0;
}

/* The APIC id of CPU n is n (device tree, cpus). */
static void icr_write(u32 cpu, u32 command)
{
	while (*apic(APIC_ICR_LOW) & ICR_PENDING)
		arch_relax();
	*apic(APIC_ICR_HIGH) = cpu << 24;
	*apic(APIC_ICR_LOW) = command;
}

void arch_ipi_send(u32 cpu)
{
	icr_write(cpu, ICR_FIXED | VECTOR_SHOOTDOWN);
}

void arch_call_send(u32 cpu)
{
	icr_write(cpu, ICR_FIXED | VECTOR_CALL);
}

extern const u8 trampoline_start[], trampoline_end[], trampoline_values[];
void start64_ap(void);

void arch_cpu_start(u32 cpu, void *stack_top)
{
	const struct kvl_boot *boot = (const struct kvl_boot *)KVL_BOOT_GPA;
	u8 *page = (u8 *)KVL_TRAMPOLINE_GPA; /* identity-mapped until all CPUs run */
	u64 *values = (u64 *)(page + (trampoline_values - trampoline_start));

	memcpy(page, trampoline_start, trampoline_end - trampoline_start);
	values[0] = boot->root_gpa;
	values[1] = (u64)stack_top;
	values[2] = (u64)start64_ap;
	/*
	 * KVM's processors wait for an INIT. QEMU's have been reset and wait for the SIPI; for the
	 * one that gets an INIT its icount takes a whole slice for executed, some 27 million
	 * instructions.
	 */
	if (host_answers())
		icr_write(cpu, ICR_INIT);
	icr_write(cpu, ICR_STARTUP | KVL_TRAMPOLINE_GPA >> 12);
}
