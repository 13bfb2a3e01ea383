/* SPDX-License-Identifier: MIT */
/*
 * The guest of the trap tier's self-test: long mode on page tables of its own, which it can reach,
 * and five instructions. What the host makes of its exits: vmm/pt_trap_test.c.
 */
#include <linux/kvm.h>
#include <string.h>

#include "pte.h"
#include "vmm/arch.h"
#include "vmm/kvm.h"

/* The only table of leaves maps, from address 0: nothing, the code, itself, the page in
 * question. */
#define CODE_VA 0x1000ull
#define TABLE_VA 0x2000ull
#define PAGE_VA 0x3000ull
#define PAGE_INDEX 3

#define KEEP (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)

static const char code[] = "\x48\x8B\x06" /* mov rax, [rsi]: the old entry is cached from here on */
			   "\x48\x89\x1F" /* mov [rdi], rbx: the store in question */
			   "\x0F\x01\x3E" /* invlpg [rsi] */
			   "\x48\x8B\x06" /* mov rax, [rsi] */
			   "\xE6\xF4";	  /* out F4h, al */
_Static_assert(KVL_PORT_EXIT == 0xF4, "the port in the code");

void arch_store_test_fill(const struct arch_store_test *test)
{
	u64 *table = (u64 *)(void *)test->tables;

	memset(test->tables, 0, ARCH_STORE_TEST_TABLES * PAGE_BYTES);
	for (u32 level = 0; level + 1 < ARCH_STORE_TEST_TABLES; level++)
		table[level * PTE_ENTRIES] = (test->tables_gpa + (level + 1) * PAGE_BYTES) | KEEP;
	table += (ARCH_STORE_TEST_TABLES - 1) * PTE_ENTRIES;
	table[CODE_VA / PAGE_BYTES] = test->code_gpa | KEEP;
	table[TABLE_VA / PAGE_BYTES] =
		(test->tables_gpa + (ARCH_STORE_TEST_TABLES - 1) * PAGE_BYTES) | KEEP;
	table[PAGE_INDEX] = test->pages_gpa | KEEP;
	memcpy(test->code, code, sizeof(code) - 1);
}

u64 arch_store_test_gpa(const struct arch_store_test *test)
{
	return test->tables_gpa + (ARCH_STORE_TEST_TABLES - 1) * PAGE_BYTES +
	       PAGE_INDEX * sizeof(u64);
}

u64 arch_store_test_entry(const struct arch_store_test *test)
{
	return (test->pages_gpa + PAGE_BYTES) | KEEP;
}

#define CR0_PE_ET_NE_WP_PG 0x80010031ull
#define CR4_PAE 0x20
#define EFER_LME_LMA 0x500
#define CODE64_TYPE 0xB
#define DATA_TYPE 0x3

int arch_store_test_enter(int vcpu_fd, const struct arch_store_test *test, struct err *err)
{
	struct kvm_regs regs = { .rip = CODE_VA,
				 .rsi = PAGE_VA,
				 .rdi = TABLE_VA + PAGE_INDEX * sizeof(u64),
				 .rbx = arch_store_test_entry(test),
				 .rflags = 2 };
	struct kvm_segment data = { .limit = 0xFFFFFFFF,
				    .selector = 0x10,
				    .type = DATA_TYPE,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1 };
	struct kvm_segment text = data;
	struct kvm_sregs sregs;

	text.selector = 0x8;
	text.type = CODE64_TYPE;
	text.db = 0;
	text.l = 1;
	if (kvm_ioctl(vcpu_fd, KVM_GET_SREGS, &sregs))
		return err_errno(err, EXIT_HOST, "KVM_GET_SREGS");
	sregs.cs = text;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr = (struct kvm_segment){ .limit = 0x67, .type = 0xB, .present = 1 };
	sregs.cr0 = CR0_PE_ET_NE_WP_PG;
	sregs.cr3 = test->tables_gpa;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME_LMA;
	if (kvm_ioctl(vcpu_fd, KVM_SET_SREGS, &sregs))
		return err_errno(err, EXIT_HOST, "KVM_SET_SREGS (64-bit mode)");
	if (kvm_ioctl(vcpu_fd, KVM_SET_REGS, &regs))
		return err_errno(err, EXIT_HOST, "KVM_SET_REGS");
	return 0;
}
