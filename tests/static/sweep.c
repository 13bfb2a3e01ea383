/* SPDX-License-Identifier: MIT */
/*
 * Decodes code from each symbol to the next, one instruction after the other. Whether these are the
 * instructions that a processor sees is for proof.c to show: that nothing goes elsewhere.
 */
#include "tests/static/sweep.h"

#include <stdlib.h>
#include <string.h>

csh sweep_handle(const struct sweep *sweep, u32 bits)
{
	return sweep->handle[bits / 32];
}

static bool open_handles(struct sweep *sweep)
{
	static const cs_mode mode[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };

	for (u32 i = 0; i < ARRAY_LEN(mode); i++)
		if (cs_open(CS_ARCH_X86, mode[i], &sweep->handle[i]) != CS_ERR_OK ||
		    cs_option(sweep->handle[i], CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK)
			return false;
	return true;
}

static void add_region(struct sweep *sweep, const struct code_section *section, u64 va, u64 end,
		       const struct code_symbol *symbol, u32 bits)
{
	if (va == end)
		return;
	sweep->region[sweep->nregions++] = (struct region){
		.name = symbol ? symbol->name : "?",
		.va = va,
		.bytes = end - va,
		.data = section->data + (va - section->va),
		.bits = bits,
	};
}

/* Symbols of one address make one region; what is an object by one of them is data. */
static void split(struct sweep *sweep, const struct code_section *section, const struct code *code,
		  const struct records *records)
{
	const struct code_symbol *last = NULL;
	u64 va = section->va, end = va + section->bytes;
	bool data = false;

	for (u32 i = 0; i < code->nsymbols; i++) {
		const struct code_symbol *symbol = &code->symbol[i];

		if (symbol->va < section->va || symbol->va >= end)
			continue;
		if (symbol->va > va) {
			add_region(sweep, section, va, symbol->va, last,
				   data ? 0 : records_bits(records, va));
			data = false;
		}
		va = symbol->va;
		data |= symbol->data;
		last = symbol;
	}
	add_region(sweep, section, va, end, last, data ? 0 : records_bits(records, va));
}

/* Far jumps have two operands, and addresses of their own (head.S). */
static bool is_direct(csh handle, const cs_insn *raw)
{
	const cs_x86 *x86 = &raw->detail->x86;

	return x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM &&
	       (cs_insn_group(handle, raw, CS_GRP_JUMP) ||
		cs_insn_group(handle, raw, CS_GRP_CALL) ||
		cs_insn_group(handle, raw, CS_GRP_BRANCH_RELATIVE));
}

static void note_reference(struct insn *insn, csh handle, const cs_insn *raw)
{
	const cs_x86 *x86 = &raw->detail->x86;

	insn->indirect = cs_insn_group(handle, raw, CS_GRP_JUMP) && !is_direct(handle, raw);
	if (is_direct(handle, raw)) {
		insn->refers = REFERS_BRANCH;
		insn->to = (u64)x86->operands[0].imm;
	}
	for (u32 i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_MEM &&
		    x86->operands[i].mem.base == X86_REG_RIP) {
			insn->refers = REFERS_ADDRESS;
			insn->to = raw->address + raw->size + (u64)x86->operands[i].mem.disp;
		}
}

static enum flow flow_of(csh handle, const cs_insn *raw)
{
	static const u8 stops[] = { CS_GRP_JUMP, CS_GRP_RET, CS_GRP_INT, CS_GRP_IRET,
				    CS_GRP_BRANCH_RELATIVE };

	if (cs_insn_group(handle, raw, CS_GRP_CALL))
		return FLOW_CALL;
	for (u32 i = 0; i < ARRAY_LEN(stops); i++)
		if (cs_insn_group(handle, raw, stops[i]))
			return FLOW_STOP;
	return FLOW_ON;
}

static void note(struct sweep *sweep, const struct region *region, csh handle, const cs_insn *raw)
{
	u32 prefixes = flush_prefixes(raw->bytes, raw->size);
	struct insn *insn = &sweep->insn[sweep->ninsns++];

	*insn = (struct insn){
		.va = raw->address,
		.region = region,
		.bytes = (u8)raw->size,
		.prefixes = (u8)prefixes,
		.kind = flush_at(raw->bytes + prefixes, raw->size - prefixes),
		.flow = flow_of(handle, raw),
		.leader = raw->address == region->va,
	};
	note_reference(insn, handle, raw);
}

/*
 * What the linker puts behind a function in pages that lie in flash (guest.ld): as it is erased. FF
 * FF is no instruction (FF /7): whoever comes there traps.
 */
static bool is_filler(const u8 *bytes, size_t n)
{
	while (n && bytes[n - 1] == 0xff)
		n--;
	return !n;
}

static void decode_region(struct sweep *sweep, const struct region *region, cs_insn *raw,
			  struct findings *found)
{
	csh handle = sweep_handle(sweep, region->bits);
	const u8 *bytes = region->data;
	size_t left = region->bytes;
	u64 va = region->va;

	while (left && cs_disasm_iter(handle, &bytes, &left, &va, raw))
		note(sweep, region, handle, raw);
	if (!is_filler(bytes, left))
		found_bad(found,
			  "%s+0x%llx: no instruction begins here and ends before the next symbol",
			  region->name, (unsigned long long)(va - region->va));
}

bool sweep_open(struct sweep *sweep, const struct code *code, const struct records *records,
		struct findings *found)
{
	cs_insn *raw = NULL;
	u64 bytes = 0;

	memset(sweep, 0, sizeof(*sweep));
	for (u32 i = 0; i < code->nsections; i++)
		bytes += code->section[i].bytes;
	sweep->region = calloc(code->nsymbols + code->nsections + 1, sizeof(sweep->region[0]));
	sweep->insn = calloc(bytes + 1, sizeof(sweep->insn[0]));
	if (sweep->region && sweep->insn && open_handles(sweep))
		raw = cs_malloc(sweep_handle(sweep, 64));
	if (!raw) {
		sweep_close(sweep);
		return false;
	}
	for (u32 i = 0; i < code->nsections; i++)
		split(sweep, &code->section[i], code, records);
	for (u32 i = 0; i < sweep->nregions; i++)
		if (sweep->region[i].bits)
			decode_region(sweep, &sweep->region[i], raw, found);
	cs_free(raw, 1);
	return true;
}

void sweep_close(struct sweep *sweep)
{
	for (u32 i = 0; i < ARRAY_LEN(sweep->handle); i++)
		if (sweep->handle[i])
			cs_close(&sweep->handle[i]);
	free(sweep->region);
	free(sweep->insn);
	memset(sweep, 0, sizeof(*sweep));
}

struct region *sweep_region_at(const struct sweep *sweep, u64 va)
{
	for (u32 i = 0; i < sweep->nregions; i++)
		if (va >= sweep->region[i].va && va - sweep->region[i].va < sweep->region[i].bytes)
			return &sweep->region[i];
	return NULL;
}

struct insn *sweep_insn_at(const struct sweep *sweep, u64 va)
{
	u32 low = 0, high = sweep->ninsns;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (sweep->insn[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || va - sweep->insn[low - 1].va >= sweep->insn[low - 1].bytes)
		return NULL;
	return &sweep->insn[low - 1];
}

void sweep_decode(const struct sweep *sweep, const struct insn *insn, cs_insn *out)
{
	const u8 *bytes = insn->region->data + (insn->va - insn->region->va);
	size_t left = insn->bytes;
	u64 va = insn->va;

	/* It has been decoded before. */
	cs_disasm_iter(sweep_handle(sweep, insn->region->bits), &bytes, &left, &va, out);
}
