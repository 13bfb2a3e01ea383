/* SPDX-License-Identifier: MIT */
/*
 * The last 256 bytes below 4 GiB on engine qemu, in place of a BIOS: from the reset vector to the
 * guest's PVH entry, in the state that docs/guest-abi.md promises. It touches no RAM.
 *
 * After reset a CPU is in real mode with a code segment at FFFF0000h (Intel SDM vol. 3A, "First
 * Instruction Executed").
 */
#define AT(label) (0xffffff00 + (label - firmware_start))
#define IP(label) (0xff00 + (label - firmware_start))

	.section .rodata
	.globl firmware_start, firmware_entry, firmware_info, firmware_end

	.code16
firmware_start:
	cli
	cld
	movb $0xff, %al			/* both 8259s: QEMU's timer ticks from the start */
	outb %al, $0x21
	outb %al, $0xa1
	lgdtl %cs:IP(gdt_pointer)
	movl $0x11, %eax		/* CR0: PE, ET */
	movl %eax, %cr0
	ljmpl $0x8, $AT(protected)

	.code32
protected:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl AT(firmware_info), %ebx
	jmp *AT(firmware_entry)

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 08h: code, flat */
	.quad 0x00cf93000000ffff	/* 10h: data, flat */
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.long AT(gdt)
	.balign 4
firmware_entry:				/* filled in: guest-physical, PVH entry and start info */
	.long 0
firmware_info:
	.long 0

	.org firmware_start + 0xf0, 0xff
	.code16
	jmp firmware_start		/* the reset vector */
	.org firmware_start + 0x100, 0xff
firmware_end:
	.section .note.GNU-stack, "", @progbits
