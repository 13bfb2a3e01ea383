/* SPDX-License-Identifier: MIT */
/* What a debugger needs of the processor: registers in gdb's order, single steps, breakpoints. */
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/gdb/registers.h"
#include "vmm/kvm.h"

/* --- registers -------------------------------------------------------------------------------- */
const char gdb_architecture[] = "i386:x86-64";

/* gdb refuses a processor without x87; the guest uses none of it. */
const struct gdb_register gdb_register[GDB_REGISTERS] = {
	{ "org.gnu.gdb.i386.core", "rax", "int64", 8, false },
	{ NULL, "rbx", "int64", 8, false },
	{ NULL, "rcx", "int64", 8, false },
	{ NULL, "rdx", "int64", 8, false },
	{ NULL, "rsi", "int64", 8, false },
	{ NULL, "rdi", "int64", 8, false },
	{ NULL, "rbp", "data_ptr", 8, false },
	{ NULL, "rsp", "data_ptr", 8, false },
	{ NULL, "r8", "int64", 8, false },
	{ NULL, "r9", "int64", 8, false },
	{ NULL, "r10", "int64", 8, false },
	{ NULL, "r11", "int64", 8, false },
	{ NULL, "r12", "int64", 8, false },
	{ NULL, "r13", "int64", 8, false },
	{ NULL, "r14", "int64", 8, false },
	{ NULL, "r15", "int64", 8, false },
	{ NULL, "rip", "code_ptr", 8, false },
	{ NULL, "eflags", "int32", 4, false },
	{ NULL, "cs", "int32", 4, false },
	{ NULL, "ss", "int32", 4, false },
	{ NULL, "ds", "int32", 4, false },
	{ NULL, "es", "int32", 4, false },
	{ NULL, "fs", "int32", 4, false },
	{ NULL, "gs", "int32", 4, false },
	{ NULL, "st0", "i387_ext", 10, true },
	{ NULL, "st1", "i387_ext", 10, true },
	{ NULL, "st2", "i387_ext", 10, true },
	{ NULL, "st3", "i387_ext", 10, true },
	{ NULL, "st4", "i387_ext", 10, true },
	{ NULL, "st5", "i387_ext", 10, true },
	{ NULL, "st6", "i387_ext", 10, true },
	{ NULL, "st7", "i387_ext", 10, true },
	{ NULL, "fctrl", "int", 4, true },
	{ NULL, "fstat", "int", 4, true },
	{ NULL, "ftag", "int", 4, true },
	{ NULL, "fiseg", "int", 4, true },
	{ NULL, "fioff", "int", 4, true },
	{ NULL, "foseg", "int", 4, true },
	{ NULL, "fooff", "int", 4, true },
	{ NULL, "fop", "int", 4, true },
	{ "org.gnu.gdb.i386.segments", "fs_base", "int64", 8, false },
	{ NULL, "gs_base", "int64", 8, false },
	{ "kvalab.system", "cr0", "uint64", 8, false },
	{ NULL, "cr2", "uint64", 8, false },
	{ NULL, "cr3", "uint64", 8, false },
	{ NULL, "cr4", "uint64", 8, false },
	{ NULL, "efer", "uint64", 8, false },
};

/* Everything up to "written" can be written. */
struct __attribute__((packed)) values {
	u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip;
	u32 rflags;
	char written[0];
	u32 cs, ss, ds, es, fs, gs;
	u8 x87[8 * 10 + 8 * 4];
	u64 fs_base, gs_base, cr0, cr2, cr3, cr4, efer;
};
_Static_assert(sizeof(struct values) == GDB_REGISTER_BYTES, "the table and the values");

bool arch_debug_read(int vcpu_fd, u8 *out)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	struct values values;

	if (kvm_ioctl(vcpu_fd, KVM_GET_REGS, &r) || kvm_ioctl(vcpu_fd, KVM_GET_SREGS, &s))
		return false;
	values = (struct values){
		.rax = r.rax,
		.rbx = r.rbx,
		.rcx = r.rcx,
		.rdx = r.rdx,
		.rsi = r.rsi,
		.rdi = r.rdi,
		.rbp = r.rbp,
		.rsp = r.rsp,
		.r8 = r.r8,
		.r9 = r.r9,
		.r10 = r.r10,
		.r11 = r.r11,
		.r12 = r.r12,
		.r13 = r.r13,
		.r14 = r.r14,
		.r15 = r.r15,
		.rip = r.rip,
		.rflags = (u32)r.rflags,
		.cs = s.cs.selector,
		.ss = s.ss.selector,
		.ds = s.ds.selector,
		.es = s.es.selector,
		.fs = s.fs.selector,
		.gs = s.gs.selector,
		.fs_base = s.fs.base,
		.gs_base = s.gs.base,
		.cr0 = s.cr0,
		.cr2 = s.cr2,
		.cr3 = s.cr3,
		.cr4 = s.cr4,
		.efer = s.efer,
	};
	memcpy(out, &values, sizeof(values));
	return true;
}

static struct kvm_regs as_kvm_has_them(const struct values *v)
{
	return (struct kvm_regs){
		.rax = v->rax,
		.rbx = v->rbx,
		.rcx = v->rcx,
		.rdx = v->rdx,
		.rsi = v->rsi,
		.rdi = v->rdi,
		.rbp = v->rbp,
		.rsp = v->rsp,
		.r8 = v->r8,
		.r9 = v->r9,
		.r10 = v->r10,
		.r11 = v->r11,
		.r12 = v->r12,
		.r13 = v->r13,
		.r14 = v->r14,
		.r15 = v->r15,
		.rip = v->rip,
		.rflags = v->rflags,
	};
}

bool arch_debug_write(int vcpu_fd, const u8 *in)
{
	struct values wanted, now;
	struct kvm_regs regs;

	if (!arch_debug_read(vcpu_fd, (u8 *)&now))
		return false;
	memcpy(&wanted, in, sizeof(wanted));
	memcpy(&now, &wanted, offsetof(struct values, written));
	memcpy(wanted.x87, now.x87, sizeof(wanted.x87));
	if (memcmp(&now, &wanted, sizeof(now)))
		return false;
	regs = as_kvm_has_them(&wanted);
	return !kvm_ioctl(vcpu_fd, KVM_SET_REGS, &regs);
}

/* --- stops ------------------------------------------------------------------------------------ */
int arch_debug_control(int vcpu_fd, bool step, bool breaks)
{
	struct kvm_guest_debug debug = { 0 };

	if (step || breaks)
		debug.control = KVM_GUESTDBG_ENABLE | (step ? KVM_GUESTDBG_SINGLESTEP : 0) |
				(breaks ? KVM_GUESTDBG_USE_SW_BP : 0);
	return kvm_ioctl(vcpu_fd, KVM_SET_GUEST_DEBUG, &debug);
}

#define BREAKPOINT_EXCEPTION 3

struct arch_debug_stop arch_debug_stop(const struct kvm_run *run)
{
	return (struct arch_debug_stop){ .pc = run->debug.arch.pc,
					 .by_break = run->debug.arch.exception ==
						     BREAKPOINT_EXCEPTION };
}

/* The ports of the interrupt controllers, which KVM answers itself (arch_vm_setup()). */
bool arch_port_break_fits(u8 next)
{
	return (next & ~0x81) != 0x20;
}

bool arch_may_be_port_break(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_IN &&
	       run->io.size == 1 && run->io.count == 1;
}
