/* SPDX-License-Identifier: MIT */
/* Hot functions of arch.h, inlined. The out-of-line copies come from inline.c. */
#ifndef X86_ARCH_INLINE_H
#define X86_ARCH_INLINE_H

#ifndef ARCH_INLINE
#define ARCH_INLINE extern inline __attribute__((gnu_inline, always_inline))
#endif

ARCH_INLINE unsigned long arch_irq_save(void)
{
	unsigned long flags;

	asm volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
	return flags;
}

ARCH_INLINE void arch_irq_restore(unsigned long state)
{
	if (state & (1 << 9))
		asm volatile("sti" : : : "memory");
}

ARCH_INLINE void arch_irq_enable(void)
{
	asm volatile("sti" : : : "memory");
}

ARCH_INLINE void arch_relax(void)
{
	asm volatile("pause" : : : "memory");
}

ARCH_INLINE u64 arch_cycles(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

ARCH_INLINE void arch_loop(u64 rounds)
{
	asm volatile("1:\tdecq %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
}

ARCH_INLINE struct task *arch_current(void)
{
	u64 sp;

	asm volatile("movq %%rsp, %0" : "=r"(sp));
	return (struct task *)(sp & ~(ARCH_STACK_BYTES - 1));
}

/* UD2 at CPL 3: number in rax, arguments in rdi and rsi (trap.c). */
ARCH_INLINE u64 arch_user_syscall(u64 number, u64 a, u64 b)
{
	asm volatile("ud2" : "+a"(number) : "D"(a), "S"(b) : "memory");
	return number;
}

ARCH_INLINE u32 arch_pt_index(u64 va, u32 level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

ARCH_INLINE bool arch_pte_present(u64 entry)
{
	return entry & 1;
}

ARCH_INLINE bool arch_pte_is_leaf(u64 entry, u32 level)
{
	return level == 1 || (entry & 1 << 7);
}

ARCH_INLINE u64 arch_pte_gpa(u64 entry)
{
	return entry & 0x000ffffffffff000ull;
}

#endif
