/* SPDX-License-Identifier: MIT */
/*
 * The proof, in this order:
 *
 *  1. Every byte of code belongs to one instruction, decoded from symbol to symbol; every jump,
 *     call, RIP-relative address and relocated pointer that leads into code leads to the first byte
 *     of one. So these are the instructions that are executed.
 *  2. Each flush among them is registered for its function, and each registered one is there.
 *  3. Of each the rule of its record holds (block.c).
 *  4. The opcodes are also looked for at every byte, in code of any width. One that begins inside
 *     another instruction (in its immediate or displacement) is told but is none, because of 1. One
 *     in data that lies among code is a failure: data are few, and nothing says where they may be
 *     jumped into.
 *
 * Taken for granted: indirect calls go to symbols and relocated pointers, indirect jumps there or,
 * in a switch, to instructions of their own function (a flush's function has none); returns go
 * behind calls, traps to their stubs; trace_record() keeps the registers that its ABI says and
 * records what it is given. Bytes outside of executable sections, and what is written into memory
 * and then executed, are not seen.
 */
#include "tests/static/proof.h"

#include "tests/static/block.h"

typedef unsigned long long ull;

/* Symbol and offset of an address, for messages. */
struct where {
	const char *name;
	ull offset;
};

static struct where where(const struct sweep *sweep, u64 va)
{
	const struct region *region = sweep_region_at(sweep, va);

	return region ? (struct where){ region->name, va - region->va } : (struct where){ "?", va };
}

/* Something leads to @to, from code @bits wide (0: a pointer); marks what is there. False: it may
 * not. */
static bool lead(const struct sweep *sweep, u64 to, u32 bits, bool executes)
{
	const struct region *region = sweep_region_at(sweep, to);
	struct insn *insn = sweep_insn_at(sweep, to);

	if (!region)
		return true; /* not into code */
	if (!insn)
		return !region->bits && !executes;
	insn->leader = true;
	return insn->va == to && (!executes || bits != 64 || region->bits == 64);
}

static void check_references(const struct sweep *sweep, const struct code *code,
			     struct findings *found)
{
	u32 before = found->failed;

	for (u32 i = 0; i < sweep->ninsns; i++) {
		const struct insn *insn = &sweep->insn[i];
		struct where from = where(sweep, insn->va), to = where(sweep, insn->to);

		if (insn->refers != REFERS_NOWHERE &&
		    !lead(sweep, insn->to, insn->region->bits, insn->refers == REFERS_BRANCH))
			found_bad(found,
				  "%s+0x%llx leads to %s+0x%llx, where no instruction begins "
				  "for it",
				  from.name, from.offset, to.name, to.offset);
	}
	for (u32 i = 0; i < code->npointers; i++) {
		struct where to = where(sweep, code->pointer[i]);

		if (!lead(sweep, code->pointer[i], 0, false))
			found_bad(found,
				  "a pointer leads to %s+0x%llx, where no instruction begins",
				  to.name, to.offset);
	}
	if (found->failed == before)
		found_good(found,
			   "what leads into code leads to where one of its %u instructions "
			   "begins",
			   sweep->ninsns);
}

/* Each flush is registered. */
static void check_registered(const struct sweep *sweep, const struct records *records,
			     struct findings *found)
{
	u32 before = found->failed, n = 0;

	for (u32 i = 0; i < sweep->ninsns; i++) {
		const struct insn *insn = &sweep->insn[i];
		struct where at = where(sweep, insn->va);

		if (!insn->kind)
			continue;
		n++;
		if (!records_find(records, insn->region->va, insn->kind))
			found_bad(found, "%s+0x%llx: %s, which is not registered there", at.name,
				  at.offset, flush_name(insn->kind));
	}
	if (found->failed == before)
		found_good(found, "each of %u flushes stands where it is registered", n);
}

/* Each that is registered is there, as often as is said, and its rule holds. */
static void check_record(const struct sweep *sweep, const struct record *record, u64 report,
			 cs_insn *scratch, struct findings *found)
{
	u32 before = found->failed, n = 0;

	for (u32 i = 0; i < sweep->ninsns; i++) {
		const struct insn *insn = &sweep->insn[i];
		const char *bad;

		if (insn->region->va != record->va || insn->kind != record->kind)
			continue;
		n++;
		bad = block_prove(sweep, insn, record->rule, report, scratch);
		if (bad)
			found_bad(found, "%s+0x%llx: %s: %s", record->function,
				  (ull)(insn->va - record->va), record->what, bad);
	}
	if (n != record->number)
		found_bad(found, "%s: %s is there %u times, not %u", record->function, record->what,
			  n, record->number);
	if (found->failed == before)
		found_good(found, "%s: %s, rule %s: %s", record->function, record->what,
			   record->rule, record->why);
}

static void check_records(const struct sweep *sweep, const struct records *records,
			  const struct code *code, struct findings *found)
{
	cs_insn *scratch = cs_malloc(sweep_handle(sweep, 64));
	u64 report;

	if (!scratch)
		found_bad(found, "no memory");
	else if (code_symbol_find(code, "trace_record", &report) != 1)
		found_bad(found, "there is not one function trace_record");
	else
		for (u32 i = 0; i < records->n; i++)
			if (records->record[i].kind)
				check_record(sweep, &records->record[i], report, scratch, found);
	if (scratch)
		cs_free(scratch, 1);
}

/* One opcode at @va, wherever that is; true: inside another instruction. */
static bool check_opcode(const struct sweep *sweep, u64 va, enum flush_kind kind,
			 struct findings *found)
{
	const struct insn *insn = sweep_insn_at(sweep, va);
	struct where at = where(sweep, va);

	if (!insn) {
		found_bad(found, "%s+0x%llx: the opcode of %s in data", at.name, at.offset,
			  flush_name(kind));
		return false;
	}
	if (va == insn->va + insn->prefixes)
		return false; /* it is this instruction: check_registered() */
	fprintf(found->out, "      %s+0x%llx has the opcode of %s in its byte %llu\n", at.name,
		(ull)(insn->va - insn->region->va), flush_name(kind), (ull)(va - insn->va));
	return true;
}

static void check_every_byte(const struct sweep *sweep, const struct code *code,
			     struct findings *found)
{
	u32 before = found->failed, hidden = 0;

	for (u32 i = 0; i < code->nsections; i++)
		for (u64 at = 0; at < code->section[i].bytes; at++) {
			const struct code_section *section = &code->section[i];
			enum flush_kind kind = flush_at(section->data + at, section->bytes - at);

			if (kind && check_opcode(sweep, section->va + at, kind, found))
				hidden++;
		}
	if (found->failed == before)
		found_good(found,
			   "%u opcodes of flushes lie inside other instructions, none in data",
			   hidden);
}

void proof_run(const struct code *code, struct findings *found)
{
	struct records records;
	struct sweep sweep;

	records_read(&records, code, found);
	if (!sweep_open(&sweep, code, &records, found)) {
		found_bad(found, "no memory, or no capstone");
		return;
	}
	check_references(&sweep, code, found);
	check_registered(&sweep, &records, found);
	check_records(&sweep, &records, code, found);
	check_every_byte(&sweep, code, found);
	sweep_close(&sweep);
}
