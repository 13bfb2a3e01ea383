/* SPDX-License-Identifier: MIT */
/* Descriptors, selectors and the trap frame: shared by the C and assembly of this directory. */
#ifndef X86_CPU_H
#define X86_CPU_H

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA 0x1b /* RPL 3 */
#define SEL_USER_CODE 0x23
#define SEL_TSS 0x28

#define MSR_EFER 0xC0000080
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)
#define MSR_FS_BASE 0xC0000100
#define CR0_PE (1 << 0)
#define CR0_ET (1 << 4)
#define CR0_WP (1 << 16)
#define CR0_PG (1 << 31)
#define CR4_PAE (1 << 5)
#define CR4_PGE (1 << 7)
#define RFLAGS_IF (1 << 9)

#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_GP 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_UD 6
#define VECTOR_SHOOTDOWN 0x40
#define VECTOR_CALL 0x41
#define VECTOR_SPURIOUS 0xFF
#define VECTORS 256

/* Offsets of struct task that assembly uses; asserted in cpu.c. */
#define TASK_STACK_POINTER 0

#ifndef __ASSEMBLER__

#include "devices/abi/types.h"

struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct fixup {
	u64 at, go_on;
};
extern const struct fixup fixups_start[], fixups_end[];

void trap_dispatch(struct trap_frame *frame);
void tlb_cpu_init(void); /* global entries on */
void trap_init(u32 cpu);
void apic_init(void);
void apic_eoi(void);
extern const char trap_stub[][16];
_Noreturn void x86_iret(const struct trap_frame *frame);
void x86_task_entry(void);

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
#endif
