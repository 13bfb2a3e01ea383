/* SPDX-License-Identifier: MIT */
/*
 * Traps: 256 stubs that make one frame (struct trap_frame), and the way back. Also the context
 * switch and copies that may fault on user memory.
 *
 * No SWAPGS: the kernel finds its task by its stack pointer (arch_current()).
 */
#include "cpu.h"

	.text
	.balign 16
	.globl trap_stub
trap_stub:
	vector = 0
	.rept VECTORS
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	vector = vector + 1
	.endr

trap_common:
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	movq %rsp, %rdi
	/* a frame record, so that a backtrace goes on at the trapped instruction */
	pushq 17 * 8(%rdi)
	pushq %rbp
	movq %rsp, %rbp
	call trap_dispatch
	addq $16, %rsp
	.globl x86_trap_return
x86_trap_return:
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq

/* x86_iret(frame): leaves by a frame that lies anywhere. */
	.globl x86_iret
x86_iret:
	movq %rdi, %rsp
	jmp x86_trap_return

/* arch_switch(prev, next) */
	.globl arch_switch
arch_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, TASK_STACK_POINTER(%rdi)
	movq TASK_STACK_POINTER(%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/* First instructions of a new task: arch_task_prepare() left fn in rbx, arg in r12. */
	.globl x86_task_entry
x86_task_entry:
	movq %r12, %rdi
	movq %rbx, %rsi
	xorl %ebp, %ebp
	call task_first
	ud2

/* bool arch_copy_user(to, from, bytes): no REP (its cost is not one instruction everywhere). */
	.globl arch_copy_user
arch_copy_user:
	xorl %eax, %eax
	cmpq $8, %rdx
	jb 2f
1:	movq (%rsi), %rcx
11:	movq %rcx, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	cmpq $8, %rdx
	jae 1b
2:	testq %rdx, %rdx
	jz 4f
3:	movb (%rsi), %cl
31:	movb %cl, (%rdi)
	incq %rsi
	incq %rdi
	decq %rdx
	jnz 3b
4:	incl %eax
5:	ret

	.section .fixups, "aw"
	.quad 1b, 5b
	.quad 11b, 5b
	.quad 3b, 5b
	.quad 31b, 5b
	.section .note.GNU-stack, "", @progbits
