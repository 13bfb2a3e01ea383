/* SPDX-License-Identifier: MIT */
/* Reads the state of a stopped CPU: from KVM, or from what QEMU's monitor prints. */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch.h"
#include "vmm/kvm.h"

/* --- KVM -------------------------------------------------------------------------------------- */
bool arch_kvm_state(int vcpu_fd, struct arch_state *state)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (kvm_ioctl(vcpu_fd, KVM_GET_REGS, &r) || kvm_ioctl(vcpu_fd, KVM_GET_SREGS, &s))
		return false;
	*state = (struct arch_state){
		.reg = { r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10,
			 r.r11, r.r12, r.r13, r.r14, r.r15 },
		.rip = r.rip,
		.rflags = r.rflags,
		.cr0 = s.cr0,
		.cr2 = s.cr2,
		.cr3 = s.cr3,
		.cr4 = s.cr4,
		.efer = s.efer,
		.cs_base = s.cs.base,
		.cs = s.cs.selector,
		.ss = s.ss.selector,
		.tr = s.tr.selector,
		.cpl = s.ss.dpl,
		.code64 = s.cs.l,
		.code32 = s.cs.db,
	};
	return true;
}

/* --- QEMU: "info registers" ------------------------------------------------------------------- */

/* The value behind "@name =" or "@name=", as a word of its own; false: there is none. */
static bool find_value(const char *text, const char *name, const char **value)
{
	size_t n = strlen(name);

	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
		const char *end = at + n;

		if (at > text && at[-1] != ' ' && at[-1] != '\n' && at[-1] != '\r')
			continue;
		while (*end == ' ')
			end++;
		if (*end == '=') {
			*value = end + 1;
			return true;
		}
	}
	return false;
}

static bool take(const char *text, const char *name, u64 *out)
{
	const char *value;
	char *end;

	if (!find_value(text, name, &value))
		return false;
	*out = strtoull(value, &end, 16);
	return end > value;
}

/* In 64-bit code the names begin with R, else with E; r8 and above are then not shown. */
static bool take_registers(const char *text, struct arch_state *state)
{
	static const char *const name[] = { "AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP" };
	char full[4];

	for (u32 i = 0; i < ARRAY_LEN(name); i++) {
		snprintf(full, sizeof(full), "R%s", name[i]);
		if (take(text, full, &state->reg[i]))
			continue;
		full[0] = 'E';
		if (!take(text, full, &state->reg[i]))
			return false;
	}
	for (u32 i = STATE_R8; i < STATE_REGS; i++) {
		snprintf(full, sizeof(full), "R%u", i);
		take(text, full, &state->reg[i]);
	}
	return (take(text, "RIP", &state->rip) && take(text, "RFL", &state->rflags)) ||
	       (take(text, "EIP", &state->rip) && take(text, "EFL", &state->rflags));
}

/* Selector, base, limit, and the flags as the upper half of a descriptor has them. */
static bool take_segment(const char *text, const char *name, u16 *selector, u64 *base, u32 *flags)
{
	const char *value;
	u64 field[4];
	char *end;

	if (!find_value(text, name, &value))
		return false;
	for (u32 i = 0; i < ARRAY_LEN(field); i++) {
		field[i] = strtoull(value, &end, 16);
		if (end == value)
			return false;
		value = end;
	}
	*selector = (u16)field[0];
	*base = field[1];
	*flags = (u32)field[3];
	return true;
}

#define DESCRIPTOR_L (1u << 21)
#define DESCRIPTOR_DB (1u << 22)

bool arch_qemu_state(const char *text, struct arch_state *state)
{
	u64 base, cpl;
	u32 flags;

	memset(state, 0, sizeof(*state));
	if (!take_registers(text, state) || !take(text, "CPL", &cpl) ||
	    !take(text, "CR0", &state->cr0) || !take(text, "CR2", &state->cr2) ||
	    !take(text, "CR3", &state->cr3) || !take(text, "CR4", &state->cr4) ||
	    !take(text, "EFER", &state->efer) ||
	    !take_segment(text, "SS", &state->ss, &base, &flags) ||
	    !take_segment(text, "TR", &state->tr, &base, &flags) ||
	    !take_segment(text, "CS", &state->cs, &state->cs_base, &flags))
		return false;
	state->cpl = (u8)cpl;
	state->code64 = flags & DESCRIPTOR_L;
	state->code32 = flags & DESCRIPTOR_DB;
	return true;
}
