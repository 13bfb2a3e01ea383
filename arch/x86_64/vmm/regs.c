/* SPDX-License-Identifier: MIT */
/*
 * Describes a stopped vCPU for the crash dump: registers, code, callers, walks. Text only; when to
 * dump is dump.c's decision.
 */
#include <capstone/capstone.h>
#include <stdlib.h>

#include "arch/x86_64/vmm/walk.h"
#include "vmm/arch.h"
#include "vmm/image.h"

#define CR0_PG (1ull << 31)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)
#define MAX_INSN_BYTES 15
#define SHOWN_INSNS 4
#define MAX_FRAMES 16

typedef unsigned long long ull;

/* A stopped CPU, and what its addresses mean. */
struct view {
	const struct arch_state *cpu;
	const struct gmem *mem;
	const struct image *image;
};

static bool paging(const struct view *view)
{
	return view->cpu->cr0 & CR0_PG;
}

/* Tables as walk.c knows them. Paging without long mode has 2 or 3 levels of another shape. */
static bool four_levels(const struct view *view)
{
	return paging(view) && view->cpu->efer & EFER_LMA && !(view->cpu->cr4 & CR4_LA57);
}

/*
 * Guest bytes at a virtual address, or a physical one while paging is off. None through tables that
 * cannot be walked.
 */
static size_t read_bytes(const struct view *view, u64 va, void *out, size_t bytes)
{
	if (paging(view) && !four_levels(view))
		return 0;
	if (paging(view))
		return walk_read(view->mem, view->cpu->cr3, va, out, bytes);
	return gmem_read(view->mem, gpa(va), out, bytes) ? bytes : 0;
}

static void print_regs(FILE *out, const struct view *view)
{
	const struct arch_state *cpu = view->cpu;
	static const char *const name[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
					    "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15" };

	for (u32 i = 0; i < STATE_REGS; i++)
		fprintf(out, "  %s %016llx%s", name[i], (ull)cpu->reg[i], i % 4 == 3 ? "\n" : "");
	fprintf(out, "  rip %016llx  rflags %08llx  cs %04x (CPL %u, %s)  ss %04x  tr %04x\n",
		(ull)cpu->rip, (ull)cpu->rflags, cpu->cs, cpu->cpl,
		cpu->code64   ? "64-bit"
		: cpu->code32 ? "32-bit"
			      : "16-bit",
		cpu->ss, cpu->tr);
	fprintf(out, "  cr0 %08llx  cr2 %016llx  cr3 %016llx  cr4 %08llx  efer %04llx\n",
		(ull)cpu->cr0, (ull)cpu->cr2, (ull)cpu->cr3, (ull)cpu->cr4, (ull)cpu->efer);
}

static cs_mode code_mode(const struct view *view)
{
	if (view->cpu->code64)
		return CS_MODE_64;
	return view->cpu->code32 ? CS_MODE_32 : CS_MODE_16;
}

static void print_insn(FILE *out, const struct view *view, const cs_insn *insn)
{
	char place[160];

	image_describe(view->image, insn->address, place, sizeof(place));
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

static void print_code(FILE *out, const struct view *view)
{
	u64 pc = view->cpu->rip + (view->cpu->code64 ? 0 : view->cpu->cs_base);
	u8 code[MAX_INSN_BYTES * SHOWN_INSNS];
	size_t bytes = read_bytes(view, pc, code, sizeof(code)), n;
	cs_insn *insn;
	csh handle;

	fprintf(out, "  code at rip:\n");
	if (!bytes) {
		fprintf(out, "    cannot be read\n");
		return;
	}
	if (cs_open(CS_ARCH_X86, code_mode(view), &handle) != CS_ERR_OK)
		return;
	n = cs_disasm(handle, code, bytes, pc, SHOWN_INSNS, &insn);
	for (size_t i = 0; i < n; i++)
		print_insn(out, view, &insn[i]);
	if (n)
		cs_free(insn, n);
	else
		print_raw(out, code, bytes);
	cs_close(&handle);
}

/* The guest keeps frame pointers: [rbp] = caller's rbp, [rbp + 8] = return address. */
static void print_callers(FILE *out, const struct view *view)
{
	u64 frame = view->cpu->reg[STATE_RBP], pair[2];
	char place[160];

	if (!view->cpu->code64 || view->cpu->cpl)
		return;
	for (u32 i = 0; i < MAX_FRAMES && frame; i++) {
		if (read_bytes(view, frame, pair, sizeof(pair)) != sizeof(pair))
			return;
		/* One back: the call may be the last instruction of its function. */
		image_describe(view->image, pair[1] - 1, place, sizeof(place));
		if (place[0] == '?')
			return;
		fprintf(out, "  called from %016llx %s\n", (unsigned long long)pair[1], place);
		if (pair[0] <= frame)
			return;
		frame = pair[0];
	}
}

static void print_walk(FILE *out, const struct view *view, const char *name, u64 va)
{
	struct walk walk = walk_tables(view->mem, view->cpu->cr3, va);

	fprintf(out, "  walk of %s 0x%llx:\n", name, (unsigned long long)va);
	walk_print(out, &walk);
}

void arch_dump_state(FILE *out, const struct arch_state *state, const struct gmem *mem,
		     const struct image *image)
{
	struct view view = { state, mem, image };

	print_regs(out, &view);
	print_code(out, &view);
	print_callers(out, &view);
	if (!paging(&view)) {
		fprintf(out, "  paging is off\n");
		return;
	}
	if (!four_levels(&view)) {
		fprintf(out, "  paging is not that of 4 levels in long mode: not walked\n");
		return;
	}
	print_walk(out, &view, "rip", state->rip);
	if (state->cr2)
		print_walk(out, &view, "cr2", state->cr2);
}

bool arch_data_gpa(const struct arch_state *state, const struct gmem *mem, u64 va, u64 *data_gpa)
{
	struct view view = { state, mem, NULL };
	struct walk walk;

	if (!paging(&view)) {
		*data_gpa = va;
		return true;
	}
	if (!four_levels(&view))
		return false;
	walk = walk_tables(mem, state->cr3, va);
	*data_gpa = walk.gpa;
	return walk.end == WALK_MAPPED;
}

bool arch_fetch_gpa(const struct arch_state *state, const struct gmem *mem, u64 *fetch_gpa)
{
	u64 base = state->cr0 & CR0_PG ? 0 : state->cs_base;

	return arch_data_gpa(state, mem, base + state->rip, fetch_gpa);
}

bool arch_root(const struct arch_state *state, u64 *root_gpa)
{
	if (!(state->cr0 & CR0_PG))
		return false;
	*root_gpa = state->cr3 & PTE_FRAME;
	return true;
}

void arch_where(const struct arch_state *state, const struct image *image, char *text, size_t bytes)
{
	char place[160];

	image_describe(image, state->rip, place, sizeof(place));
	snprintf(text, bytes, "rip 0x%llx %s", (ull)state->rip, place);
}
