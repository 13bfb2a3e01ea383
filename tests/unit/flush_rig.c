/* SPDX-License-Identifier: MIT */
/* Assembles an image into a static buffer; each test runs in a process of its own. */
#include "tests/unit/flush_rig.h"

#include <stdlib.h>
#include <string.h>

#include "tests/static/elf_code.h"

static u8 text[512];
static struct code_section section;
static struct code_symbol symbol[16];
static u64 pointer[4];
static char records[1024];
static struct code code;
static char *said;
static u32 failed;

static void add_symbol(const char *name, bool data)
{
	ck_assert(code.nsymbols < ARRAY_LEN(symbol));
	symbol[code.nsymbols++] = (struct code_symbol){ name, code_here(), data };
}

void code_new(void)
{
	section = (struct code_section){ TEXT_VA, 0, text };
	code = (struct code){ &section, 1, symbol, 0, records, 0, pointer, 0 };
	code_function("trace_record");
	EMIT(0xc3);
}

void code_function(const char *name)
{
	add_symbol(name, false);
}

void code_object(const char *name)
{
	add_symbol(name, true);
}

void code_record(const char *record)
{
	u64 n = strlen(record) + 1;

	ck_assert(code.records_bytes + n <= sizeof(records));
	memcpy(records + code.records_bytes, record, n);
	code.records_bytes += n;
}

void code_pointer(u64 va)
{
	pointer[code.npointers++] = va;
}

u64 code_here(void)
{
	return section.va + section.bytes;
}

void code_emit(const u8 *bytes, u64 n)
{
	ck_assert(section.bytes + n <= sizeof(text));
	memcpy(text + section.bytes, bytes, n);
	section.bytes += n;
}

static void branch(u8 opcode, u64 to)
{
	u32 rel = (u32)(to - (code_here() + 5));

	EMIT(opcode, (u8)rel, (u8)(rel >> 8), (u8)(rel >> 16), (u8)(rel >> 24));
}

void code_call(u64 to)
{
	branch(0xe8, to);
}

void code_jump(u64 to)
{
	branch(0xe9, to);
}

void code_begin_page(void)
{
	REGISTER_PAGE;
	code_function("tlb_cpu_page");
	EMIT(PUSH_RBX, MOV_RBX_RDI, PAGE_FLUSH, MOV_RSI_RBX, ONE_PAGE);
}

void code_good_page(void)
{
	code_begin_page();
	code_call(TEXT_VA);
	EMIT(INVLPG_RBX, POP_RBX_RET);
}

static void begin(struct findings *found, size_t *n)
{
	free(said);
	*found = (struct findings){ .out = open_memstream(&said, n) };
	ck_assert_ptr_nonnull(found->out);
}

static void end(const struct findings *found)
{
	fclose(found->out);
	failed = found->failed;
}

static void prove(void)
{
	struct findings found;
	size_t n;

	begin(&found, &n);
	proof_run(&code, &found);
	end(&found);
}

void code_prove_elf(const void *file, u64 bytes)
{
	struct findings found;
	struct elf_code elf;
	size_t n;

	begin(&found, &n);
	if (elf_code_open(&elf, file, bytes, &found)) {
		proof_run(&elf.code, &found);
		elf_code_close(&elf);
	}
	end(&found);
}

void code_holds(void)
{
	prove();
	ck_assert_msg(!failed, "the proof fails:\n%s", said);
}

void code_fails(const char *expected)
{
	prove();
	ck_assert_msg(failed, "the proof holds:\n%s", said);
	ck_assert_msg(strstr(said, expected), "nothing says \"%s\":\n%s", expected, said);
}

const char *code_said(void)
{
	return said;
}

const char *code_complaint(void)
{
	static char line[256];
	const char *from = strstr(said, "FAIL: ");

	snprintf(line, sizeof(line), "%.*s", from ? (int)strcspn(from, "\n") : 0, from ? from : "");
	return line;
}

u32 code_failed(void)
{
	return failed;
}
