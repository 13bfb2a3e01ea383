/* SPDX-License-Identifier: MIT */
/*
 * What a virtual machine and its vCPUs need on x86-64 before the guest runs, and the guest's time-
 * stamp counter. First page tables and start info: boot.c.
 */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/kvm.h"

const struct kvm_cap arch_kvm_caps[] = {
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
};
const size_t arch_kvm_ncaps = ARRAY_LEN(arch_kvm_caps);

/* Four pages of the device area, away from the APICs (KVM API sections 4.36, 4.40). */
#define IDENTITY_MAP_GPA 0xFFFBC000ull
#define TSS_GPA 0xFFFBD000ul

int arch_vm_setup(int vm_fd, struct err *err)
{
	u64 identity_map = IDENTITY_MAP_GPA;

	if (kvm_ioctl(vm_fd, KVM_SET_TSS_ADDR, (void *)TSS_GPA))
		return err_errno(err, EXIT_HOST, "KVM_SET_TSS_ADDR 0x%lx", TSS_GPA);
	if (kvm_ioctl(vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map))
		return err_errno(err, EXIT_HOST, "KVM_SET_IDENTITY_MAP_ADDR 0x%llx",
				 IDENTITY_MAP_GPA);
	if (kvm_ioctl(vm_fd, KVM_CREATE_IRQCHIP, NULL))
		return err_errno(err, EXIT_HOST,
				 "KVM_CREATE_IRQCHIP: the guest needs KVM's own local APICs");
	return 0;
}

#define MAX_CPUID_ENTRIES 256

/* Leaves that carry the APIC id of the CPU that asks (Intel SDM vol. 2A, CPUID). */
static void number_cpuid(struct kvm_cpuid2 *cpuid, u32 cpu)
{
	for (u32 i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 1)
			entry->ebx = (entry->ebx & 0x00FFFFFF) | cpu << 24;
		else if (entry->function == 0xB || entry->function == 0x1F)
			entry->edx = cpu;
	}
}

int arch_vcpu_setup(int kvm_fd, int vcpu_fd, u32 cpu, struct err *err)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	int ret = 0;

	if (!cpuid)
		return err_set(err, EXIT_HOST, "no memory for vCPU %u's CPUID", cpu);
	cpuid->nent = MAX_CPUID_ENTRIES;
	if (kvm_ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid)) {
		ret = err_errno(err, EXIT_HOST, "KVM_GET_SUPPORTED_CPUID");
	} else {
		number_cpuid(cpuid, cpu);
		if (kvm_ioctl(vcpu_fd, KVM_SET_CPUID2, cpuid))
			ret = err_errno(err, EXIT_HOST, "vCPU %u: KVM_SET_CPUID2", cpu);
	}
	free(cpuid);
	return ret;
}

/* Types and access rights as in a descriptor (Intel SDM vol. 3A, 3.4.5). */
static struct kvm_segment flat_segment(u16 selector, u8 type)
{
	return (struct kvm_segment){ .base = 0,
				     .limit = 0xFFFFFFFF,
				     .selector = selector,
				     .type = type,
				     .present = 1,
				     .s = 1,
				     .db = 1,
				     .g = 1 };
}

#define CODE_TYPE 0xB /* execute, read, accessed */
#define DATA_TYPE 0x3 /* read, write, accessed */
#define TSS_TYPE 0xB  /* 32-bit, busy */
#define CR0_PE_ET 0x11

static void enter_pvh(struct kvm_sregs *sregs)
{
	sregs->cs = flat_segment(0x8, CODE_TYPE);
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = flat_segment(0x10, DATA_TYPE);
	sregs->tr = (struct kvm_segment){ .limit = 0x67, .type = TSS_TYPE, .present = 1 };
	sregs->cr0 = CR0_PE_ET;
	sregs->cr4 = 0;
	sregs->efer = 0;
}

int arch_vcpu_enter(int vcpu_fd, u64 entry_gpa, u64 start_info_gpa, struct err *err)
{
	struct kvm_regs regs = { .rip = entry_gpa, .rbx = start_info_gpa, .rflags = 2 };
	struct kvm_sregs sregs;

	if (kvm_ioctl(vcpu_fd, KVM_GET_SREGS, &sregs))
		return err_errno(err, EXIT_HOST, "KVM_GET_SREGS");
	enter_pvh(&sregs);
	if (kvm_ioctl(vcpu_fd, KVM_SET_SREGS, &sregs))
		return err_errno(err, EXIT_HOST, "KVM_SET_SREGS (32-bit protected mode)");
	if (kvm_ioctl(vcpu_fd, KVM_SET_REGS, &regs))
		return err_errno(err, EXIT_HOST, "KVM_SET_REGS");
	return 0;
}

u64 arch_vcpu_pc(int vcpu_fd)
{
	struct kvm_regs regs;

	return kvm_ioctl(vcpu_fd, KVM_GET_REGS, &regs) ? 0 : regs.rip;
}

#define MSR_IA32_TSC 0x10

u64 arch_guest_cycles(int vcpu_fd)
{
	_Alignas(struct kvm_msrs) u8 room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	struct kvm_msrs *msrs = (struct kvm_msrs *)(void *)room;

	memset(room, 0, sizeof(room));
	msrs->nmsrs = 1;
	msrs->entries[0].index = MSR_IA32_TSC;
	return kvm_ioctl(vcpu_fd, KVM_GET_MSRS, msrs) == 1 ? msrs->entries[0].data : 0;
}

void arch_loop_code(u8 *page, u32 rounds)
{
	static const char code[] = "\xB9\0\0\0\0" /* mov ecx, rounds */
				   "\x49"	  /* dec ecx */
				   "\x75\xFD"	  /* jnz to dec */
				   "\xE6\xF4";	  /* out F4h, al */

	_Static_assert(KVL_PORT_EXIT == 0xF4, "the port in the code");
	memcpy(page, code, sizeof(code) - 1);
	memcpy(page + 1, &rounds, sizeof(rounds));
}
