/* SPDX-License-Identifier: MIT */
/*
 * What the kernel needs from a processor: this is the whole list. arch/<arch>/guest implements it;
 * hot functions may be inlined there by arch_inline.h (GNU inline definitions of the prototypes
 * below). guest/ outside arch/ contains no other processor-specific thing. tests/static/arm64.sh
 * holds this against what guest/ needs.
 *
 * The other way round, arch/ enters the kernel at kernel_main() (boot.h), cpu_main() (task/smp.h),
 * task_first() (task/smp.h), by traps: fault_handle() (mm/fault.h), syscall_handle()
 * (task/syscall.h), tlb_ipi_handler() (mm/tlb.h), cross_call_handler() (task/cross_call.h); and
 * tlb_cpu_*() and page faults enter the soft TLB (mm/tlb_soft.h).
 */
#ifndef GUEST_ARCH_H
#define GUEST_ARCH_H

#include "devices/abi/platform.h"

struct task;

/* --- interrupts, order, time ------------------------------------------------------------- */
unsigned long arch_irq_save(void); /* turns interrupts off, returns the former state */
void arch_irq_restore(unsigned long state);
void arch_irq_enable(void);
bool arch_irqs_on(void);
void arch_irq_window(
	void); /* interrupts are off: those that are pending come now, if the host has them */
void arch_relax(void);	    /* in every spin */
u64 arch_cycles(void);	    /* time-stamp counter */
void arch_loop(u64 rounds); /* 2 * @rounds instructions, @rounds > 0; for user programs too */

/* --- platform ----------------------------------------------------------------------------- */
void arch_console_putc(char c);
bool arch_console_ready(void);	     /* its status register: one port access */
void arch_call(u32 call);	     /* KVL_PORT_CALL */
void arch_pause_machine(void);	     /* KVL_PORT_PAUSE */
_Noreturn void arch_exit(u8 status); /* KVL_PORT_EXIT; stops this CPU */

void arch_triple_fault(void); /* to see what the host makes of it */

/* --- page-table entries --------------------------------------------------------------------- */
#define ARCH_PT_ENTRIES 512 /* per table, 8 bytes each */

/* What a mapping allows; processor-independent. */
enum prot {
	PROT_READ = 0,
	PROT_WRITE = 1 << 0,
	PROT_EXEC = 1 << 1,
	PROT_USER = 1 << 2,
	PROT_UNCACHED = 1 << 3,
	PROT_LARGE = 1 << 4,  /* 2 MiB leaf, level 2 */
	PROT_GLOBAL = 1 << 5, /* stays when a root is loaded, and serves under every tag */
};

/* Levels count from the leaf: 1 = 4 KiB leaves, 2 = 2 MiB, …, ARCH_PT_LEVELS = the root's own. */
#define ARCH_PT_LEVELS 4
u32 arch_pt_index(u64 va, u32 level);

/* Entry values. Accessed and dirty are set in every entry that is made. */
u64 arch_pte_leaf(u64 gpa, u32 prot);
u64 arch_pte_table(u64 table_gpa, bool user);
bool arch_pte_present(u64 entry);
bool arch_pte_is_leaf(u64 entry, u32 level);
u64 arch_pte_gpa(u64 entry);
bool arch_pte_global(u64 entry); /* stays when a root is loaded */
/* Does a leaf allow the access? */
bool arch_pte_allows(u64 entry, bool write, bool exec, bool user);
/* An entry that is not present, but not 0: it keeps @value, of 40 bits. And what one keeps. */
u64 arch_pte_absent(u64 value);
u64 arch_pte_absent_value(u64 entry);
bool arch_pte_has_global(void);	 /* can leaves be global? If not, tlb_cpu_all() cannot be */
bool arch_pte_has_sw_bits(void); /* is there a spare bit for software (seed row L3)? */
bool arch_pte_sw(u64 entry);	 /* the software bit */
u64 arch_pte_set_sw(u64 entry, bool on);

/* --- TLB ------------------------------------------------------------------------------------
 * Each reports the flush to the trace and executes it, in that order, in one function. */
void tlb_cpu_page(u64 va, u32 mm, u16 site); /* one page, this CPU; @mm: its space, 0: kernel */
void tlb_cpu_space(u32 mm, u16 site);	     /* all non-global entries, this CPU */
void tlb_cpu_all(u16 site);		     /* all entries, whatever their tag, this CPU */
/* Under which tag (PCID) a root is loaded, and whether what was held under it may be used again. */
struct tlb_tag {
	u16 number;
	bool keeps;
};
/* All non-global entries of the tag go, unless it keeps them. Without PCIDs: {0, false}. */
void tlb_cpu_load_root(u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site);
/* For the soft TLB (mm/tlb_soft.c) alone. An entry of it is gone. */
struct tlb_eviction {
	u16 level, reason; /* enum kvl_evict */
	u16 tag, site;
};
void tlb_cpu_evict(u64 va, u64 entry, u32 mm, const struct tlb_eviction *how);
/* As tlb_cpu_load_root(), but what the processor walks from then on is @private_gpa. */
void tlb_cpu_load_private(u64 private_gpa, u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site);

/* --- CPUs and tasks ------------------------------------------------------------------------- */
struct task *arch_current(void); /* the task whose kernel stack this is */
#define ARCH_STACK_BYTES KiB(8)	 /* kernel stack, aligned to its size; struct task at its bottom */

extern u8 boot_stack[]; /* ARCH_STACK_BYTES, aligned so: on it the first CPU calls kernel_main() */
void arch_cpu_init(u32 cpu);		       /* descriptors, traps, APIC of the CPU that calls */
void arch_cpu_start(u32 cpu, void *stack_top); /* INIT-SIPI; the CPU then calls cpu_main() */
/* The two interrupts, with interrupts off. The target calls tlb_ipi_handler();
 * cross_call_handler(). */
void arch_ipi_send(u32 cpu);
void arch_call_send(u32 cpu);

/* Prepares @task so that the first switch to it calls task_first(arg, fn) on its stack. */
void arch_task_prepare(struct task *task, void (*fn)(void *), void *arg);
void arch_switch(struct task *prev, struct task *next);
/* @task runs next on this CPU: traps from CPL 3 come in on its stack. */
void arch_task_runs(struct task *task);
/* Goes to CPL 3; returns never: the task comes back by traps. */
_Noreturn void arch_enter_user(u64 pc, u64 sp, u64 arg);
/* The same, behind a system call, which returns @result: @frame is a copy of what syscall_handle()
 * was given for it. */
#define ARCH_FRAME_BYTES 176
_Noreturn void arch_resume_user(const void *frame, u64 result);

/* --- user memory ------------------------------------------------------------------------------
 * Copies that survive a fault on the user side: false if one could not be resolved. */
bool arch_copy_user(void *to, const void *from, size_t bytes);

/* For user programs: the system call. Always inlined, they run from a copy. */
u64 arch_user_syscall(u64 number, u64 a, u64 b);

/* --- the image: what its linker script places ---------------------------------------------------
 * The section .sites behind one empty name (trace.h); the section .user.text, which may lie
 * anywhere and refers to nothing outside itself (user/user.h); pageable sections. */
#define SITE_BYTES 32
struct site {
	char name[SITE_BYTES];
	char place[SITE_BYTES]; /* file and line */
};
extern const struct site sites_start[];
extern const u8 user_text_start[], user_text_end[];
extern const u8 pageable_text_start[], pageable_text_end[]; /* whole pages; mm/pageable.h */
extern const u8 pageable_data_start[], pageable_data_end[];
extern const u8 image_end[];				  /* here they were loaded, text first */
extern const u8 fault_tables_start[], fault_tables_end[]; /* tables marked FAULT_TABLE (mm/vm.h) */

/* --- diagnosis -------------------------------------------------------------------------------- */
/* Return addresses of the callers, innermost first; at most @max. @frame: NULL = here. */
u32 arch_backtrace(u64 *pc, u32 max, const void *frame);

#if __has_include("arch_inline.h")
#include "arch_inline.h"
#endif

#endif
