/* SPDX-License-Identifier: MIT */
/* Reads struct kvl_result records (devices/abi/shared.h). Judging them: judge.c. */
#include "vmm/results.h"

#include <string.h>

static int garbage(struct err *err, u32 index, const char *what)
{
	return err_set(err, EXIT_VMM, "the guest's result record %u is garbage: %s", index, what);
}

static bool name_is_sane(const char *name, size_t bytes)
{
	const char *end = memchr(name, '\0', bytes);

	if (!end || end == name)
		return false;
	for (const char *c = name; c < end; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

static int add_value(struct run_value *values, u32 *n, u32 room, const struct kvl_result *record,
		     u32 index, struct err *err)
{
	if (*n == room)
		return garbage(err, index, "more counts or metrics than there is room for");
	memcpy(values[*n].name, record->name, sizeof(values[*n].name));
	values[*n].value = record->got;
	(*n)++;
	return 0;
}

static int add_check(struct run_result *result, const struct kvl_result *record, u32 index,
		     struct err *err)
{
	struct run_check *check = &result->check[result->nchecks];

	if (result->nchecks == ARRAY_LEN(result->check))
		return garbage(err, index, "more checks than there is room for");
	memcpy(check->name, record->name, sizeof(check->name));
	check->low = record->low;
	check->high = record->high;
	check->got = record->got;
	check->ok = record->low <= record->got && record->got <= record->high;
	result->nchecks++;
	return 0;
}

static int add_record(struct run_result *result, const struct kvl_result *record, u32 index,
		      struct err *err)
{
	if (!name_is_sane(record->name, sizeof(record->name)))
		return garbage(err, index, "its name is not a short printable word");
	switch (record->kind) {
	case KVL_RESULT_COUNT:
		return add_value(result->count, &result->ncounts, ARRAY_LEN(result->count), record,
				 index, err);
	case KVL_RESULT_METRIC:
		return add_value(result->metric, &result->nmetrics, ARRAY_LEN(result->metric),
				 record, index, err);
	case KVL_RESULT_CHECK: return add_check(result, record, index, err);
	}
	return garbage(err, index, "its kind is unknown");
}

int results_read(const u8 *shared, struct run_result *result, struct err *err)
{
	const struct kvl_shared *page = (const struct kvl_shared *)(const void *)shared;
	u32 n = *(const volatile u32 *)&page->nresults;

	_Static_assert(sizeof(((struct kvl_result *)0)->name) ==
			       sizeof(((struct run_value *)0)->name),
		       "names are copied whole");
	if (n > KVL_MAX_RESULTS)
		return err_set(err, EXIT_VMM,
			       "the guest claims %u result records, there is room for %u", n,
			       KVL_MAX_RESULTS);
	for (u32 i = 0; i < n; i++) {
		struct kvl_result record;

		memcpy(&record, shared + KVL_RESULTS_OFFSET + i * sizeof(record), sizeof(record));
		if (add_record(result, &record, i, err))
			return -1;
	}
	return 0;
}
