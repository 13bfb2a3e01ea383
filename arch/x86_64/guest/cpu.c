/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU descriptors, start of application processors, tasks' first frames, platform ports.
 * Traps are in trap.c, the local APIC in apic.c.
 */
#include "cpu.h"
#include "flushes.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/task/sched.h"

_Static_assert(offsetof(struct kvl_boot, root_gpa) == 8, "head.S: BOOT_ROOT");
_Static_assert(offsetof(struct kvl_boot, entry_va) == 16, "head.S: BOOT_ENTRY");
_Static_assert(KVL_BOOT_GPA == 0x1000000 && KVL_IMAGE_GPA == 0x1010000, "head.S, guest.ld");
_Static_assert(offsetof(struct task, stack_pointer) == TASK_STACK_POINTER, "entry.S");

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iopb;
} __attribute__((packed));

struct descriptors {
	u64 gdt[8];
	struct tss tss;
} __attribute__((aligned(64)));

struct table_pointer {
	u16 limit;
	u64 base;
} __attribute__((packed));

static struct descriptors descriptors[KVL_MAX_CPUS];

/* A double fault runs on a stack of its own; at its bottom a struct task, for arch_current(). */
static u8 double_fault_stack[KVL_MAX_CPUS][ARCH_STACK_BYTES]
	__attribute__((aligned(ARCH_STACK_BYTES), section(".bss.stacks")));

/* libfdt is compiled with a stack guard, at %fs:0x28. */
static u64 stack_guard[8];

static void load_descriptors(struct descriptors *d)
{
	struct table_pointer pointer = { sizeof(d->gdt) - 1, (u64)d->gdt };
	u64 tss = (u64)&d->tss;

	d->gdt[SEL_KERNEL_CODE / 8] = 0x00af9b000000ffff;
	d->gdt[SEL_KERNEL_DATA / 8] = 0x00cf93000000ffff;
	d->gdt[SEL_USER_DATA / 8] = 0x00cff3000000ffff;
	d->gdt[SEL_USER_CODE / 8] = 0x00affb000000ffff;
	d->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
			      (tss >> 24 & 0xff) << 56;
	d->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	asm volatile("lgdt %0" : : "m"(pointer));
	asm volatile("ltr %w0" : : "r"(SEL_TSS));
}

FLUSH_RECORD("arch_cpu_init wrmsr 1 fs-base where libfdt finds its stack guard");
void arch_cpu_init(u32 cpu)
{
	struct descriptors *d = &descriptors[cpu];
	struct task *df_task = (struct task *)double_fault_stack[cpu];
	u64 guard = (u64)stack_guard;

	task_set_cpu(df_task, cpu);
	df_task->magic = TASK_MAGIC;
	memcpy(df_task->name, "double-fault", 13);
	d->tss.ist[0] = (u64)double_fault_stack[cpu] + ARCH_STACK_BYTES;
	d->tss.iopb = sizeof(struct tss);
	load_descriptors(d);
	asm volatile("wrmsr" : : "c"(MSR_FS_BASE), "a"((u32)guard), "d"((u32)(guard >> 32)));
	tlb_cpu_init();
	trap_init(cpu);
	apic_init();
}

void arch_task_runs(struct task *task)
{
	descriptors[cpu_id()].tss.rsp[0] = (u64)task + ARCH_STACK_BYTES;
}

void arch_task_prepare(struct task *task, void (*fn)(void *), void *arg)
{
	u64 *sp = (u64 *)((u64)task + ARCH_STACK_BYTES);

	*--sp = 0; /* keeps the stack aligned at the call in x86_task_entry */
	*--sp = (u64)x86_task_entry;
	*--sp = 0;	  /* rbp */
	*--sp = (u64)fn;  /* rbx */
	*--sp = (u64)arg; /* r12 */
	*--sp = 0;	  /* r13, r14, r15 */
	*--sp = 0;
	*--sp = 0;
	task->stack_pointer = (u64)sp;
}

static _Noreturn void leave_by(const struct trap_frame *frame)
{
	arch_irq_save();
	arch_task_runs(current());
	x86_iret(frame);
}

void arch_enter_user(u64 pc, u64 sp, u64 arg)
{
	struct trap_frame frame = {
		.rip = pc,
		.cs = SEL_USER_CODE,
		.rsp = sp,
		.ss = SEL_USER_DATA,
		.rflags = RFLAGS_IF | 2,
		.rdi = arg,
	};

	leave_by(&frame);
}

_Static_assert(sizeof(struct trap_frame) == ARCH_FRAME_BYTES, "arch.h says how large it is");

void arch_resume_user(const void *frame, u64 result)
{
	struct trap_frame copy = *(const struct trap_frame *)frame;

	copy.rax = result;
	leave_by(&copy);
}

bool arch_irqs_on(void)
{
	unsigned long flags;

	asm volatile("pushfq\n\tpopq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

/*
 * STI lets interrupts come after the next instruction but not before. That is neither a HLT, which
 * slept for good in one of some tens of runs in the box, nor a PAUSE, behind which QEMU 7.2 lets
 * nothing come.
 */
void arch_irq_window(void)
{
	asm volatile("sti\n\tnop\n\tcli" : : : "memory");
}

void arch_console_putc(char c)
{
	outb(KVL_PORT_CONSOLE, c);
}

#define UART_LINE_STATUS 5
#define LINE_STATUS_EMPTY (1 << 5)

bool arch_console_ready(void)
{
	return inb(KVL_PORT_CONSOLE + UART_LINE_STATUS) & LINE_STATUS_EMPTY;
}

void arch_call(u32 call)
{
	outl(KVL_PORT_CALL, call);
}

void arch_pause_machine(void)
{
	outb(KVL_PORT_PAUSE, KVL_PAUSE);
}

void arch_exit(u8 status)
{
	for (;;) {
		outb(KVL_PORT_EXIT, status);
		asm volatile("cli\n\thlt");
	}
}

void arch_triple_fault(void)
{
	struct table_pointer none = { 0, 0 };

	asm volatile("lidt %0\n\tud2" : : "m"(none));
}

u32 arch_backtrace(u64 *pc, u32 max, const void *frame)
{
	const u64 *rbp = frame ? frame : __builtin_frame_address(0);
	const u64 bottom = (u64)arch_current();
	u32 n = 0;

	while (n < max && (u64)rbp > bottom && (u64)rbp < bottom + ARCH_STACK_BYTES - 8 && rbp[1]) {
		pc[n++] = rbp[1];
		if (rbp[0] <= (u64)rbp)
			break;
		rbp = (const u64 *)rbp[0];
	}
	return n;
}
