/* SPDX-License-Identifier: MIT */
/* Owns the comparison of QEMU's chip with the model, cycle by cycle, and the account of rules. */
#include "tests/qemu/twins.h"
#include "tests/unit/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct twins twins;

/* --- failure ---------------------------------------------------------------------------------- */
static void add_history(char *text, size_t bytes)
{
	u32 n = twins.cycles < TWINS_HISTORY ? twins.cycles : TWINS_HISTORY;
	size_t used = 0;

	text[0] = '\0';
	for (u32 i = twins.cycles - n; i != twins.cycles && used < bytes; i++) {
		const struct cycle *cycle = &twins.history[i % TWINS_HISTORY];

		if (cycle->write)
			used += (size_t)snprintf(text + used, bytes - used, " %x<-%0*x",
						 cycle->offset, 2 * (int)cycle->bytes,
						 cycle->value);
		else
			used += (size_t)snprintf(text + used, bytes - used, " %x:%0*x/%0*x",
						 cycle->offset, 2 * (int)cycle->bytes, cycle->qemus,
						 2 * (int)cycle->bytes, cycle->value);
	}
}

void twins_fail(const char *format, ...)
{
	char text[512], history[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	add_history(history, sizeof(history));
	ck_abort_msg("cycle %u: %s; the last ones (offset<-written, offset:QEMU's/kvalab's):%s",
		     twins.cycles, text, history);
	abort(); /* not reached; the compiler does not know */
}

/* --- rules ------------------------------------------------------------------------------------ */
typedef bool (*rule_test)(const struct cycle *cycle);

static rule_test test_of(const struct rule *rule, char kind)
{
	return kind == 'w' ? rule->write : kind == 'r' ? rule->read : rule->byte;
}

/* The rule of this kind (w, r, b) that holds for the cycle; NULL: none. Two are a failure. */
static struct rule *rule_for(char kind, const struct cycle *cycle)
{
	struct rule *found = NULL;

	for (size_t i = 0; i < twins.nrules; i++) {
		rule_test test = test_of(&twins.rules[i], kind);

		if (!test || !test(cycle))
			continue;
		if (found)
			twins_fail("two rules hold: %s; %s", found->what, twins.rules[i].what);
		found = &twins.rules[i];
	}
	if (found)
		found->seen++;
	return found;
}

void twins_saw(struct rule *rule)
{
	rule->seen++;
}

void twins_require_all_rules(void)
{
	u32 sum = 0;

	for (size_t i = 0; i < twins.nrules; i++) {
		const struct rule *rule = &twins.rules[i];

		printf("%8u %s\n", rule->seen, rule->what);
		sum += rule->seen;
		if (!rule->seen)
			twins_fail("no such difference any more: %s", rule->what);
	}
	printf("%8u differences by %zu rules in %u bus cycles\n", sum, twins.nrules, twins.cycles);
}

void twins_print_table(const struct rule *rules, size_t nrules)
{
	puts("| behaviour | QEMU's | kvalab's | the data sheet's word |\n|---|---|---|---|");
	for (size_t i = 0; i < nrules; i++)
		printf("| %s | %s | %s | %s |\n", rules[i].what, rules[i].qemu, rules[i].kvalab,
		       rules[i].sheet);
}

/* --- cycles ----------------------------------------------------------------------------------- */
static struct cycle *record(bool write, u32 offset, u32 bytes, u32 value)
{
	struct cycle *cycle = &twins.history[twins.cycles++ % TWINS_HISTORY];

	*cycle = (struct cycle){ write, offset, bytes, value, 0 };
	return cycle;
}

u32 qemus_read(u32 offset, u32 bytes)
{
	twins.qemu_reads++;
	return (u32)qtest_read(&twins.qemu, twins.gpa + offset, bytes);
}

void qemus_write(u32 offset, u32 bytes, u32 value)
{
	qtest_write(&twins.qemu, twins.gpa + offset, bytes, value);
}

static bool are_alike(const struct cycle *cycle)
{
	return twins.alike ? twins.alike(cycle) : cycle->qemus == cycle->value;
}

u32 twins_read(u32 offset, u32 bytes)
{
	struct cycle *cycle = record(false, offset, bytes, 0);

	cycle->value = (u32)flash_read(twins.bank, offset, bytes, twins.now_ns);
	cycle->qemus = qemus_read(offset, bytes);
	if (!are_alike(cycle) && !rule_for('r', cycle))
		twins_fail("no rule says why a read at %#x gives %#x in QEMU, %#x in kvalab",
			   offset, cycle->qemus, cycle->value);
	return cycle->value;
}

void twins_write(u32 offset, u32 bytes, u32 value)
{
	struct cycle cycle = *record(true, offset, bytes, value);
	struct rule *rule = rule_for('w', &cycle);

	flash_write(twins.bank, offset, bytes, value, twins.now_ns);
	qemus_write(offset, bytes, value);
	if (rule)
		rule->settle(&cycle);
}

void twins_compare_array(u32 offset, u32 bytes)
{
	u8 *qemus = malloc(bytes);

	ck_assert_ptr_nonnull(qemus);
	twins.qemu_reads += bytes;
	qtest_read_bytes(&twins.qemu, twins.gpa + offset, qemus, bytes);
	for (u32 i = 0; i < bytes; i++) {
		u8 *ours = &twins.array[offset + i];
		struct cycle cycle = { false, offset + i, 1, *ours, qemus[i] };

		if (qemus[i] == *ours)
			continue;
		if (!rule_for('b', &cycle))
			twins_fail(
				"no rule says why the array at %#x is %#x in QEMU, %#x in kvalab",
				offset + i, qemus[i], *ours);
		*ours = qemus[i];
	}
	free(qemus);
}

void twins_finish(void)
{
	u64 until;

	while ((until = flash_busy_until(twins.bank)) != UINT64_MAX) {
		twins.now_ns = until;
		flash_advance(twins.bank, until);
	}
}

/* splitmix64 (Steele, Lea, Flood 2014). */
u32 twins_random(u32 n)
{
	u64 x = twins.random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (u32)((x ^ x >> 31) % n);
}

/* --- life ------------------------------------------------------------------------------------- */
static void told_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 now_ns)
{
	(void)owner, (void)partition, (void)now_ns;
	twins.mode = mode;
}

static void told_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status,
		       u64 now_ns)
{
	(void)owner, (void)partition, (void)status, (void)now_ns;
	twins.busy = state == KVL_FLASH_PROGRAM || state == KVL_FLASH_ERASE;
}

void twins_start(const struct flash_config *config, u8 *array, struct rule *rules, size_t nrules)
{
	static const struct flash_observer observer = { .mode = told_mode, .state = told_state };

	ck_assert_ptr_null(flash_config_problem(config));
	twins.array = array;
	twins.config = config;
	twins.mode = KVL_FLASH_READ_ARRAY;
	twins.rules = rules;
	twins.nrules = nrules;
	twins.bank = flash_create(config, array, NULL, &observer);
	ck_assert_ptr_nonnull(twins.bank);
}

void twins_end(void)
{
	flash_destroy(twins.bank);
	qtest_end(&twins.qemu);
}
