/* SPDX-License-Identifier: MIT */
/*
 * Describes a stopped vCPU for the crash dump: registers, code, callers, walks. Text only; when to
 * dump is dump.c's decision.
 */
#include <capstone/capstone.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "arch/x86_64/vmm/walk.h"
#include "vmm/arch.h"
#include "vmm/image.h"
#include "vmm/kvm.h"

#define CR0_PG (1ull << 31)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)
#define MAX_INSN_BYTES 15
#define SHOWN_INSNS 4
#define MAX_FRAMES 16

struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	const struct gmem *mem;
	const struct image *image;
};

static bool read_state(struct state *state, int vcpu_fd)
{
	return !kvm_ioctl(vcpu_fd, KVM_GET_REGS, &state->regs) &&
	       !kvm_ioctl(vcpu_fd, KVM_GET_SREGS, &state->sregs);
}

static bool paging(const struct state *state)
{
	return state->sregs.cr0 & CR0_PG;
}

/* Tables as walk.c knows them. Paging without long mode has 2 or 3 levels of another shape. */
static bool four_levels(const struct state *state)
{
	return paging(state) && state->sregs.efer & EFER_LMA && !(state->sregs.cr4 & CR4_LA57);
}

/*
 * Guest bytes at a virtual address, or a physical one while paging is off. None through tables that
 * cannot be walked.
 */
static size_t read_bytes(const struct state *state, u64 va, void *out, size_t bytes)
{
	if (paging(state) && !four_levels(state))
		return 0;
	if (paging(state))
		return walk_read(state->mem, state->sregs.cr3, va, out, bytes);
	return gmem_read(state->mem, gpa(va), out, bytes) ? bytes : 0;
}

static void print_regs(FILE *out, const struct state *state)
{
	const struct kvm_regs *r = &state->regs;
	const struct kvm_sregs *s = &state->sregs;

	fprintf(out, "  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n", r->rax, r->rbx,
		r->rcx, r->rdx);
	fprintf(out, "  rsi %016llx  rdi %016llx  rbp %016llx  rsp %016llx\n", r->rsi, r->rdi,
		r->rbp, r->rsp);
	fprintf(out, "  r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx\n", r->r8, r->r9, r->r10,
		r->r11);
	fprintf(out, "  r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx\n", r->r12, r->r13,
		r->r14, r->r15);
	fprintf(out, "  rip %016llx  rflags %08llx  cs %04x (CPL %u, %s)  ss %04x  tr %04x\n",
		r->rip, r->rflags, s->cs.selector, s->ss.dpl,
		s->cs.l	   ? "64-bit"
		: s->cs.db ? "32-bit"
			   : "16-bit",
		s->ss.selector, s->tr.selector);
	fprintf(out, "  cr0 %08llx  cr2 %016llx  cr3 %016llx  cr4 %08llx  efer %04llx\n", s->cr0,
		s->cr2, s->cr3, s->cr4, s->efer);
}

static cs_mode code_mode(const struct state *state)
{
	if (state->sregs.cs.l)
		return CS_MODE_64;
	return state->sregs.cs.db ? CS_MODE_32 : CS_MODE_16;
}

static void print_insn(FILE *out, const struct state *state, const cs_insn *insn)
{
	char place[160];

	image_describe(state->image, insn->address, place, sizeof(place));
	fprintf(out, "    %016llx %-28s  %s %s\n", (unsigned long long)insn->address, place,
		insn->mnemonic, insn->op_str);
}

static void print_raw(FILE *out, const u8 *code, size_t n)
{
	fprintf(out, "    no instruction:");
	for (size_t i = 0; i < n && i < MAX_INSN_BYTES; i++)
		fprintf(out, " %02x", code[i]);
	fputc('\n', out);
}

static void print_code(FILE *out, const struct state *state)
{
	u64 pc = state->regs.rip + (state->sregs.cs.l ? 0 : state->sregs.cs.base);
	u8 code[MAX_INSN_BYTES * SHOWN_INSNS];
	size_t bytes = read_bytes(state, pc, code, sizeof(code)), n;
	cs_insn *insn;
	csh handle;

	fprintf(out, "  code at rip:\n");
	if (!bytes) {
		fprintf(out, "    cannot be read\n");
		return;
	}
	if (cs_open(CS_ARCH_X86, code_mode(state), &handle) != CS_ERR_OK)
		return;
	n = cs_disasm(handle, code, bytes, pc, SHOWN_INSNS, &insn);
	for (size_t i = 0; i < n; i++)
		print_insn(out, state, &insn[i]);
	if (n)
		cs_free(insn, n);
	else
		print_raw(out, code, bytes);
	cs_close(&handle);
}

/* The guest keeps frame pointers: [rbp] = caller's rbp, [rbp + 8] = return address. */
static void print_callers(FILE *out, const struct state *state)
{
	u64 frame = state->regs.rbp, pair[2];
	char place[160];

	if (!state->sregs.cs.l || state->sregs.ss.dpl)
		return;
	for (u32 i = 0; i < MAX_FRAMES && frame; i++) {
		if (read_bytes(state, frame, pair, sizeof(pair)) != sizeof(pair))
			return;
		/* One back: the call may be the last instruction of its function. */
		image_describe(state->image, pair[1] - 1, place, sizeof(place));
		if (place[0] == '?')
			return;
		fprintf(out, "  called from %016llx %s\n", (unsigned long long)pair[1], place);
		if (pair[0] <= frame)
			return;
		frame = pair[0];
	}
}

static void print_walk(FILE *out, const struct state *state, const char *name, u64 va)
{
	struct walk walk = walk_tables(state->mem, state->sregs.cr3, va);

	fprintf(out, "  walk of %s 0x%llx:\n", name, (unsigned long long)va);
	walk_print(out, &walk);
}

void arch_dump_vcpu(FILE *out, int vcpu_fd, const struct gmem *mem, const struct image *image)
{
	struct state state = { .mem = mem, .image = image };

	if (!read_state(&state, vcpu_fd)) {
		fprintf(out, "  its registers cannot be read\n");
		return;
	}
	print_regs(out, &state);
	print_code(out, &state);
	print_callers(out, &state);
	if (!paging(&state)) {
		fprintf(out, "  paging is off\n");
		return;
	}
	if (!four_levels(&state)) {
		fprintf(out, "  paging is not that of 4 levels in long mode: not walked\n");
		return;
	}
	print_walk(out, &state, "rip", state.regs.rip);
	if (state.sregs.cr2)
		print_walk(out, &state, "cr2", state.sregs.cr2);
}

bool arch_fetch_gpa(int vcpu_fd, const struct gmem *mem, u64 *fetch_gpa)
{
	struct state state = { .mem = mem };
	struct walk walk;

	if (!read_state(&state, vcpu_fd))
		return false;
	if (!paging(&state)) {
		*fetch_gpa = state.regs.rip + state.sregs.cs.base;
		return true;
	}
	if (!four_levels(&state))
		return false;
	walk = walk_tables(mem, state.sregs.cr3, state.regs.rip);
	*fetch_gpa = walk.gpa;
	return walk.end == WALK_MAPPED;
}

bool arch_root(int vcpu_fd, u64 *root_gpa)
{
	struct state state;

	if (!read_state(&state, vcpu_fd) || !paging(&state))
		return false;
	*root_gpa = state.sregs.cr3 & PTE_FRAME;
	return true;
}

void arch_where(int vcpu_fd, const struct image *image, char *text, size_t bytes)
{
	struct state state = { .image = image };
	char place[160];

	if (!read_state(&state, vcpu_fd)) {
		snprintf(text, bytes, "somewhere");
		return;
	}
	image_describe(image, state.regs.rip, place, sizeof(place));
	snprintf(text, bytes, "rip 0x%llx %s", state.regs.rip, place);
}
