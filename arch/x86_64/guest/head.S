/* SPDX-License-Identifier: MIT */
/*
 * Entry. The first CPU comes by PVH: 32-bit, paging off, flat segments (Xen public headers,
 * arch-x86/hvm/start_info.h). Everything it needs lies at fixed guest-physical addresses, so ebx is
 * not used. Application processors come by SIPI at KVL_TRAMPOLINE_GPA, in real mode.
 *
 * Both paths: long mode on the host's first tables, then a jump to the linked address.
 */
#include "cpu.h"
#include "flushes.h"

#define BOOT_GPA 0x1000000	/* KVL_BOOT_GPA, asserted in cpu.c */
#define IMAGE_GPA 0x1010000	/* KVL_IMAGE_GPA */
#define BOOT_ROOT 8		/* offsets in struct kvl_boot, asserted in cpu.c */
#define BOOT_ENTRY 16
#define STACK_BYTES 8192

#define PHYS(symbol) (symbol - head_start + IMAGE_GPA)

/* 32-bit code: paging with the root table whose address lies at \root; a far jump must follow. */
	.macro enter_long_mode root
	movl \root, %eax
	movl %eax, %cr3
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	movl $(EFER_LME | EFER_NXE), %eax
	xorl %edx, %edx
	wrmsr
	movl $(CR0_PG | CR0_WP | CR0_ET | CR0_PE), %eax
	movl %eax, %cr0
	.endm

	.section .note.pvh, "a"
	.balign 4
	.long 4, 4, 18			/* name, descriptor bytes; XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long IMAGE_GPA			/* pvh_start is the first byte of the image */

	.section .head, "awx"
head_start:
	.code32
	FLUSH_RECORD("pvh_start bits 32 boot protected mode, from the PVH entry")
	FLUSH_RECORD("pvh_start mov-cr3 1 boot the first tables")
	FLUSH_RECORD("pvh_start mov-cr4 1 boot PAE, for long mode")
	FLUSH_RECORD("pvh_start wrmsr 1 boot EFER: long mode, no-execute")
	FLUSH_RECORD("pvh_start mov-cr0 1 boot paging on")
	.globl pvh_start
pvh_start:
	cli
	cld
	lgdt PHYS(.Lhead_gdt_pointer)
	enter_long_mode BOOT_GPA + BOOT_ROOT
	ljmp $SEL_KERNEL_CODE, $PHYS(low64)

	.code64
low64:
	movl $(BOOT_GPA + BOOT_ENTRY), %eax
	movq (%rax), %rax
	jmp *%rax

	.balign 8
	.type head_gdt, @object	/* data amid code */
head_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_KERNEL_CODE, 64 bit */
	.quad 0x00cf93000000ffff	/* SEL_KERNEL_DATA */
	.quad 0x00cf9b000000ffff	/* 0x18: 32-bit code, only for the trampoline */
.Lhead_gdt_end:
.Lhead_gdt_pointer:
	.word .Lhead_gdt_end - head_gdt - 1
	.long PHYS(head_gdt)

/*
 * The trampoline is copied to KVL_TRAMPOLINE_GPA (identity-mapped). arch_cpu_start() fills the three
 * values at its end.
 */
#define TRAMPOLINE_GPA 0x8000
#define TPHYS(symbol) (symbol - trampoline_start + TRAMPOLINE_GPA)

	.balign 16
	.code16
	FLUSH_RECORD("trampoline_start bits 16 boot real mode, from SIPI")
	FLUSH_RECORD("trampoline_start mov-cr0 1 boot protected mode on")
	.globl trampoline_start, trampoline_end, trampoline_values
trampoline_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl TPHYS(.Ltrampoline_gdt_pointer)
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $0x18, $TPHYS(trampoline32)

	.code32
	FLUSH_RECORD("trampoline32 bits 32 boot protected mode, on the way to long mode")
	FLUSH_RECORD("trampoline32 mov-cr3 1 boot the root that the first CPU has loaded")
	FLUSH_RECORD("trampoline32 mov-cr4 1 boot PAE, for long mode")
	FLUSH_RECORD("trampoline32 wrmsr 1 boot EFER: long mode, no-execute")
	FLUSH_RECORD("trampoline32 mov-cr0 1 boot paging on")
trampoline32:
	movw $SEL_KERNEL_DATA, %ax
	movw %ax, %ds
	enter_long_mode TPHYS(trampoline_values)
	ljmp $SEL_KERNEL_CODE, $TPHYS(trampoline64)

	.code64
trampoline64:
	movl $TPHYS(trampoline_values), %ebx
	movq 8(%rbx), %rsp
	movq 16(%rbx), %rax
	jmp *%rax

	.balign 8
	.type trampoline_gdt, @object	/* data amid code */
trampoline_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cf9b000000ffff
.Ltrampoline_gdt_end:
.Ltrampoline_gdt_pointer:
	.word .Ltrampoline_gdt_end - trampoline_gdt - 1
	.long TPHYS(trampoline_gdt)
	.balign 8
	.type trampoline_values, @object
trampoline_values:
	.quad 0				/* root table */
	.quad 0				/* stack top */
	.quad 0				/* start64_ap */
trampoline_end:

	.text
	.globl start64, start64_ap
start64:
	leaq boot_stack + STACK_BYTES(%rip), %rsp
	call load_segments
	xorl %ebp, %ebp
	call kernel_main
	ud2

start64_ap:
	call load_segments
	xorl %ebp, %ebp
	call cpu_main
	ud2

load_segments:
	movl $SEL_KERNEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	ret

	.section .bss.stacks, "aw", @nobits
	.balign STACK_BYTES
	.globl boot_stack
boot_stack:				/* struct task of the first CPU's main task at its bottom */
	.skip STACK_BYTES
	.section .note.GNU-stack, "", @progbits
