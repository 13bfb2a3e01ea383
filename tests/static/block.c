/* SPDX-License-Identifier: MIT */
/*
 * A flush is proved within one basic block: the instructions that end with it, into whose midst
 * nothing leads and out of which nothing goes, calls apart. So whoever executes the flush has
 * executed all of them, in order; and whoever has executed the report executes the flush. Following
 * the registers down the block (regs.c) shows that both are of one address.
 *
 * The report is the last call before the flush: trace_record(header, a0, …), in rdi, rsi, rdx, …
 * What the fields are: devices/abi/trace_abi.h.
 */
#include "tests/static/block.h"

#include <string.h>

#include "devices/abi/trace_abi.h"
#include "tests/static/regs.h"

#define MSR_FS_BASE 0xC0000100
#define CR4_PGE (1ull << 7)

#define HEADER_EVENT 0xffffull
#define HEADER_SCOPE (0xffffull << 32)

/* What is known at the flush. */
struct state {
	struct regs now;
	bool reported;	     /* the last call was the report, and nothing was flushed since */
	struct regs at_call; /* its arguments */
};

static const struct insn *block_start(const struct insn *insn)
{
	while (!insn->leader && insn[-1].flow != FLOW_STOP)
		insn--;
	return insn;
}

/* A switch may lead to any instruction of its function. */
static bool has_switch(const struct sweep *sweep, const struct region *region)
{
	const struct insn *insn = sweep_insn_at(sweep, region->va);

	for (; insn < sweep->insn + sweep->ninsns && insn->region == region; insn++)
		if (insn->indirect)
			return true;
	return false;
}

static void follow(struct state *state, const struct insn *insn, const cs_insn *raw, u64 report)
{
	if (insn->flow == FLOW_CALL) {
		state->reported = insn->refers == REFERS_BRANCH && insn->to == report;
		state->at_call = state->now;
		regs_call(&state->now);
		return;
	}
	if (insn->kind && insn->kind != FLUSH_MOV_CR4)
		state->reported = false; /* that report has had its flush; of CR4 two are one */
	regs_step(&state->now, raw);
}

/*
 * The event must be known; of the scope what is known must fit: clang takes the site, 16 bits wide,
 * for zero-extended by the caller, so of the bits above it only ones are certain.
 */
static bool reports_event(const struct state *state, u64 event)
{
	struct value header = state->at_call.reg[REG_RDI];

	return (header.known & HEADER_EVENT) == HEADER_EVENT &&
	       (header.bits & HEADER_EVENT) == event;
}

static bool reports(const struct state *state, u64 event, u64 scope)
{
	struct value header = state->at_call.reg[REG_RDI];
	u64 differs = header.known & (header.bits ^ scope << 32);

	return reports_event(state, event) && !(differs & HEADER_SCOPE);
}

static bool same(struct value a, struct value b)
{
	return a.number == b.number && a.flipped == b.flipped;
}

static bool in_one_register(const cs_x86_op *op)
{
	return op->type == X86_OP_MEM && !op->mem.disp && op->mem.index == X86_REG_INVALID &&
	       op->mem.segment == X86_REG_INVALID && regs_index(op->mem.base) >= 0;
}

/* An invlpg of what the report has as its first field. */
static const char *prove_address(const struct state *state, const cs_x86_op *op)
{
	if (!same(state->now.reg[regs_index(op->mem.base)], state->at_call.reg[REG_RSI]))
		return "its address is not the one that was reported";
	return NULL;
}

static const char *prove_evict(const struct state *state, const cs_x86_op *op)
{
	if (!in_one_register(op))
		return "its address is not in one register";
	if (!state->reported)
		return "no report comes before it in its block";
	if (!reports_event(state, KVL_EV_TLB_EVICT))
		return "what is reported before it is not an eviction";
	return prove_address(state, op);
}

static const char *prove_page(const struct state *state, const cs_x86_op *op)
{
	struct value bytes = state->at_call.reg[REG_RDX];
	const char *bad;

	if (!in_one_register(op))
		return "its address is not in one register";
	if (!state->reported)
		return "no report comes before it in its block";
	if (!reports(state, KVL_EV_TLB_FLUSH, KVL_FLUSH_PAGE))
		return "what is reported before it is not a flush of a page";
	bad = prove_address(state, op);
	if (bad)
		return bad;
	if (bytes.known != ~0ull || bytes.bits != PAGE_BYTES)
		return "the report is not of one page";
	return NULL;
}

static const char *prove_space(const struct state *state, struct value root)
{
	if (!state->reported)
		return "no report comes before it in its block";
	if (!reports(state, KVL_EV_TLB_FLUSH, KVL_FLUSH_SPACE))
		return "what is reported before it is not a flush of a space";
	if (root.number != NUMBER_OF_CR3 || root.flipped)
		return "it loads another root than was loaded";
	return NULL;
}

/* It changes PGE, either way, and nothing else: what is loaded is what CR4 holds, but for that. */
static const char *prove_pge(const struct state *state, struct value loaded)
{
	loaded.flipped ^= CR4_PGE;
	return same(loaded, state->now.cr4) ? NULL : "it may not change PGE, or more in CR4";
}

static const char *prove_all(const struct state *state, struct value loaded)
{
	if (!state->reported)
		return "no report comes before it in its block";
	if (!reports(state, KVL_EV_TLB_FLUSH, KVL_FLUSH_ALL))
		return "what is reported before it is not a flush of everything";
	return prove_pge(state, loaded);
}

/* Which root of its own a soft TLB has, the audit knows (vmm/trace/audit.c). */
static const char *prove_private(const struct state *state)
{
	if (!state->reported)
		return "no report comes before it in its block";
	if (!reports(state, KVL_EV_ROOT_LOAD, 0))
		return "what is reported before it is not the load of a root";
	return NULL;
}

static const char *prove_root(const struct state *state, struct value root)
{
	const char *bad = prove_private(state);

	if (bad)
		return bad;
	if (!same(root, state->at_call.reg[REG_RDX]))
		return "its root is not the one that was reported";
	return NULL;
}

static const char *prove_fs_base(const struct state *state)
{
	struct value msr = state->now.reg[REG_RCX];

	if ((msr.known & 0xffffffff) != 0xffffffff || (u32)msr.bits != MSR_FS_BASE)
		return "it may write another MSR than FS base";
	return NULL;
}

static const char *prove(const struct state *state, const char *rule, const cs_x86 *x86)
{
	int source;

	if (!strcmp(rule, "page"))
		return prove_page(state, &x86->operands[0]);
	if (!strcmp(rule, "evict"))
		return prove_evict(state, &x86->operands[0]);
	if (!strcmp(rule, "fs-base"))
		return prove_fs_base(state);
	if (!strcmp(rule, "private"))
		return prove_private(state);
	source = regs_index(x86->operands[1].reg); /* mov cr3 or cr4, source */
	if (source < 0)
		return "what it loads is not in one register";
	if (!strcmp(rule, "pge"))
		return prove_pge(state, state->now.reg[source]);
	if (!strcmp(rule, "all"))
		return prove_all(state, state->now.reg[source]);
	if (!strcmp(rule, "space"))
		return prove_space(state, state->now.reg[source]);
	return prove_root(state, state->now.reg[source]);
}

const char *block_prove(const struct sweep *sweep, const struct insn *flush, const char *rule,
			u64 report, cs_insn *scratch)
{
	struct state state = { .reported = false };

	if (!strcmp(rule, "boot"))
		return flush->region->bits == 64 ? "it stands in 64-bit code, which runs later"
						 : NULL;
	if (flush->region->bits != 64)
		return "it does not stand in 64-bit code";
	if (has_switch(sweep, flush->region))
		return "its function has an indirect jump, which may lead into its block";
	regs_init(&state.now);
	for (const struct insn *insn = block_start(flush); insn != flush; insn++) {
		sweep_decode(sweep, insn, scratch);
		follow(&state, insn, scratch, report);
	}
	sweep_decode(sweep, flush, scratch);
	return prove(&state, rule, &scratch->detail->x86);
}
