/* SPDX-License-Identifier: MIT */
/*
 * Traps: the descriptor table and the dispatch to faults, system calls and the handlers of
 * interrupts. What a fault means is decided in guest/mm/fault.c.
 *
 * System calls come by UD2 from CPL 3: number in rax, arguments in rdi, rsi, result in rax.
 * (INT n and SYSCALL do not work on every host class; docs/hosts.md.)
 */
#include "cpu.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/fault.h"
#include "guest/mm/tlb.h"
#include "guest/mm/tlb_soft.h"
#include "guest/mm/vm.h"
#include "guest/task/cross_call.h"
#include "guest/task/syscall.h"

enum {
	PF_PRESENT = 1 << 0,
	PF_WRITE = 1 << 1,
	PF_USER = 1 << 2,
	PF_EXEC = 1 << 4,
};

static struct {
	u64 low, high;
} idt[VECTORS] __attribute__((aligned(16)));

static void gate(u32 vector)
{
	u64 stub = (u64)trap_stub[vector];
	u64 ist = vector == VECTOR_DOUBLE_FAULT ? 1 : 0;

	idt[vector].low = (stub & 0xffff) | SEL_KERNEL_CODE << 16 | ist << 32 | 0x8eull << 40 |
			  (stub >> 16 & 0xffff) << 48;
	idt[vector].high = stub >> 32;
}

void trap_init(u32 cpu)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };

	if (cpu == 0) {
		for (u32 vector = 0; vector < 32; vector++)
			gate(vector);
		gate(VECTOR_SHOOTDOWN);
		gate(VECTOR_CALL);
		gate(VECTOR_SPURIOUS);
	}
	asm volatile("lidt %0" : : "m"(pointer));
}

static const char *exception_name(u64 vector)
{
	static const char *const name[] = {
		[0] = "divide error",
		[1] = "debug",
		[2] = "NMI",
		[3] = "breakpoint",
		[4] = "overflow",
		[5] = "bound",
		[6] = "invalid opcode",
		[7] = "device not available",
		[8] = "double fault",
		[10] = "invalid TSS",
		[11] = "segment not present",
		[12] = "stack fault",
		[13] = "general protection",
		[14] = "page fault",
		[16] = "x87",
		[17] = "alignment check",
		[18] = "machine check",
		[19] = "SIMD",
	};

	return vector < ARRAY_LEN(name) && name[vector] ? name[vector] : "reserved vector";
}

/* Where the kernel's own access to user memory goes on if it fails; NULL: @rip is no such
 * access. */
static const struct fixup *find_fixup(u64 rip)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++)
		if (f->at == rip)
			return f;
	return NULL;
}

static bool irqs_were_on(const struct trap_frame *frame)
{
	return frame->rflags & RFLAGS_IF;
}

/*
 * By this a fault of the kernel may wait: its frame lies on the task's own stack (the gate names no
 * other), CR2 has been read, and where interrupts were on they are on again.
 */
static bool handle_as_interrupted(const struct trap_frame *frame, const struct fault *fault)
{
	bool again;

	if (irqs_were_on(frame))
		asm volatile("sti" : : : "memory");
	again = fault_handle(fault);
	asm volatile("cli" : : : "memory");
	return again;
}

static void page_fault(struct trap_frame *frame)
{
	const struct fixup *fixup = find_fixup(frame->rip);
	struct fault fault = {
		.pc = frame->rip,
		.error = frame->error,
		.write = frame->error & PF_WRITE,
		.exec = frame->error & PF_EXEC,
		.user = frame->error & PF_USER,
		.present = frame->error & PF_PRESENT,
		.has_fixup = fixup,
	};

	asm volatile("movq %%cr2, %0" : "=r"(fault.va));
	if (tlb_soft_on) { /* interrupts are off: no flush comes between what it reads and keeps */
		if (tlb_soft_fault(&fault))
			return;
		fault.error = (fault.error & ~(u64)PF_PRESENT) | (fault.present ? PF_PRESENT : 0);
	}
	if (!handle_as_interrupted(frame, &fault))
		frame->rip = fixup->go_on;
}

/* UD2 at CPL 3 is a system call; anything else that is undefined ends the task. */
static void undefined_opcode(struct trap_frame *frame)
{
	u16 opcode = 0;

	asm volatile("sti" : : : "memory");
	if (!copy_from_user(&opcode, frame->rip, sizeof(opcode)) || opcode != 0x0b0f)
		task_kill("invalid opcode", frame->rip);
	frame->rip += sizeof(opcode);
	frame->rax = syscall_handle(frame->rax, frame->rdi, frame->rsi, frame);
	asm volatile("cli" : : : "memory");
}

void trap_dispatch(struct trap_frame *frame)
{
	const bool user = frame->cs & 3;

	switch (frame->vector) {
	case VECTOR_PAGE_FAULT: page_fault(frame); return;
	case VECTOR_SHOOTDOWN:
		apic_eoi();
		tlb_ipi_handler();
		return;
	case VECTOR_CALL:
		apic_eoi();
		cross_call_handler();
		return;
	case VECTOR_SPURIOUS: return;
	case VECTOR_UD:
		if (user) {
			undefined_opcode(frame);
			return;
		}
		break;
	}
	if (user)
		task_kill(exception_name(frame->vector), frame->rip);
	panic_at((const void *)frame->rbp, "exception", "%s at %lx, error %lx",
		 exception_name(frame->vector), frame->rip, frame->error);
}
