/* SPDX-License-Identifier: MIT */
/*
 * Reads the register of flushes. A record must be understood in whole: a word that is spelled wrong
 * would else take a function out of the proof.
 */
#include "tests/static/records.h"

#include <string.h>

u32 code_symbol_find(const struct code *code, const char *name, u64 *va)
{
	u32 n = 0;

	for (u32 i = 0; i < code->nsymbols && n < 2; i++)
		if (!strcmp(code->symbol[i].name, name)) {
			*va = code->symbol[i].va;
			n++;
		}
	return n;
}

/* Which rule goes with which instruction; code of other width runs at boot alone. */
/* Those that drop translations are one family (guest/arch.h). */
static bool is_tlb_function(const struct record *record)
{
	return !strncmp(record->function, "tlb_cpu_", strlen("tlb_cpu_"));
}

static bool rule_is_known(const struct record *record)
{
	static const struct {
		const char *rule;
		enum flush_kind kind;
	} rules[] = {
		{ "page", FLUSH_INVLPG },  { "evict", FLUSH_INVLPG },	 { "space", FLUSH_MOV_CR3 },
		{ "root", FLUSH_MOV_CR3 }, { "private", FLUSH_MOV_CR3 }, { "fs-base", FLUSH_WRMSR },
		{ "all", FLUSH_MOV_CR4 },  { "pge", FLUSH_MOV_CR4 },
	};

	if (!strcmp(record->rule, "boot"))
		return true;
	for (u32 i = 0; i < ARRAY_LEN(rules); i++)
		if (!strcmp(record->rule, rules[i].rule) && record->kind == rules[i].kind)
			return record->kind == FLUSH_WRMSR || is_tlb_function(record);
	return false;
}

static bool number_is_known(const struct record *record)
{
	if (record->kind == FLUSH_NONE)
		return record->number == 16 || record->number == 32;
	return record->number > 0;
}

/* NULL: well-formed; else what is wrong. */
static const char *parse(struct record *record, const char *text)
{
	int words = -1;

	sscanf(text, "%63s %15s %u %15s %n", record->function, record->what, &record->number,
	       record->rule, &words);
	if (words < 0 || !text[words])
		return "is not FUNCTION INSTRUCTION TIMES RULE WHY";
	record->why = text + words;
	record->kind = flush_named(record->what);
	if (record->kind == FLUSH_NONE && strcmp(record->what, "bits"))
		return "names no instruction that is known here";
	if (!number_is_known(record))
		return "has a number that cannot be";
	return rule_is_known(record) ? NULL : "has a rule that is not one of its instruction's";
}

static const char *place(struct record *record, const struct records *records,
			 const struct code *code)
{
	switch (code_symbol_find(code, record->function, &record->va)) {
	case 0: return "names no function of the image";
	case 2: return "names two functions of the image";
	}
	for (u32 i = 0; i < records->n; i++)
		if (records->record[i].va == record->va && records->record[i].kind == record->kind)
			return "is there twice";
	return NULL;
}

static void read_one(struct records *records, const char *text, const struct code *code,
		     struct findings *found)
{
	struct record record = { 0 };
	const char *bad = parse(&record, text);

	if (!bad)
		bad = place(&record, records, code);
	if (!bad && records->n == MAX_RECORDS)
		bad = "is one too many";
	if (bad)
		found_bad(found, "the record \"%s\" %s", text, bad);
	else
		records->record[records->n++] = record;
}

void records_read(struct records *records, const struct code *code, struct findings *found)
{
	u64 at = 0;

	records->n = 0;
	while (at < code->records_bytes) {
		const char *text = code->records + at;

		if (!memchr(text, '\0', code->records_bytes - at)) {
			found_bad(found, "the last record does not end");
			return;
		}
		if (*text)
			read_one(records, text, code, found);
		at += strlen(text) + 1;
	}
}

const struct record *records_find(const struct records *records, u64 va, enum flush_kind kind)
{
	for (u32 i = 0; i < records->n; i++)
		if (records->record[i].va == va && records->record[i].kind == kind)
			return &records->record[i];
	return NULL;
}

u32 records_bits(const struct records *records, u64 va)
{
	const struct record *record = records_find(records, va, FLUSH_NONE);

	return record ? record->number : 64;
}
