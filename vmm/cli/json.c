/* SPDX-License-Identifier: MIT */
/*
 * Owns the result object (its fields: docs/scenarios.md). What this version
 * cannot know is null, never a guess.
 */
#include "vmm/cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/engine.h"

#define WRITE_FLAGS (JSON_INDENT(2) | JSON_PRESERVE_ORDER)

int json_begin(struct replacement *file, const char *path, struct err *err)
{
	return path ? replace_begin(file, "--json", path, err) : 0;
}

int json_end(struct replacement *file, json_t *root, struct err *err)
{
	bool whole;

	whole = root && !json_dumpf(root, file->file, WRITE_FLAGS) &&
		fputc('\n', file->file) != EOF;
	json_decref(root);
	if (whole || ferror(file->file))
		return replace_end(file, err);
	replace_drop(file);
	return err_set(err, EXIT_HOST, "--json: no memory to write %s", file->path);
}

void json_drop(struct replacement *file, const char *path)
{
	if (path)
		replace_drop(file);
}

/* --- the object ------------------------------------------------------------------------------- */
/* Whatever cannot be made is NULL, and with it all that it is part of: json_pack() sees to that. */
static json_t *number(u64 value)
{
	return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

#define UTF8_MAX_BYTES 4
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Bytes of the character at @text; 0: there is none. The library is the judge of that. */
static size_t character_bytes(const char *text, size_t left)
{
	for (size_t n = 1; n <= UTF8_MAX_BYTES && n <= left; n++) {
		json_t *character = json_stringn(text, n);

		json_decref(character);
		if (character)
			return n;
	}
	return 0;
}

static json_t *clean_text(const char *text)
{
	size_t left = strlen(text), used = 0;
	char *clean = malloc(left * strlen(REPLACEMENT));
	json_t *string;

	if (!clean)
		return NULL;
	while (left) {
		size_t n = character_bytes(text, left);

		memcpy(clean + used, n ? text : REPLACEMENT, n ? n : strlen(REPLACEMENT));
		used += n ? n : strlen(REPLACEMENT);
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	string = json_stringn(clean, used);
	free(clean);
	return string;
}

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : clean_text(text);
}

static json_t *values(const struct run_value *value, u32 n)
{
	json_t *object = json_object();

	for (u32 i = 0; i < n; i++) {
		if (json_object_set_new(object, value[i].name, json_integer(value[i].value))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *host_json(const struct run_result *result)
{
	return json_pack("{s:s, s:s, s:o}", "class", result->host_class, "paging", result->paging,
			 "insn_per_s",
			 result->insn_per_s ? number(result->insn_per_s) : json_null());
}

static json_t *guest_json(const struct run_config *config, const struct run_result *result)
{
	char split[8], tlb[RUN_TLB_TEXT_BYTES];

	snprintf(split, sizeof(split), "%uG", (u32)(config->layout.page_offset >> 30));
	return json_pack("{s:s, s:i, s:o, s:s, s:s, s:s}", "arch", "x86_64", "cpus",
			 (int)config->layout.ncpus, "mem", number(config->layout.mem_bytes),
			 "split", split, "tlb", run_tlb_text(run_tlb(config), tlb), "ticks",
			 result->ticks);
}

/* With --tier off nothing was recorded: nothing is known to be lost or unreported. */
static json_t *trace_json(const struct run_config *config, const struct run_result *result)
{
	json_t *dir = config->trace_dir ? json_text(config->trace_dir) : json_null();

	if (result->tier == TIER_OFF)
		return json_pack("{s:s, s:n, s:n, s:n, s:n, s:n, s:o}", "tier", "off", "events",
				 "lost", "unreported", "audited", "audits", "dir", dir);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "tier",
			 run_tier_names[result->tier], "events", number(result->trace.events),
			 "lost", number(result->trace.lost), "unreported",
			 number(result->unreported), "audited", number(result->audited_entries),
			 "audits", number(result->audits), "dir", dir);
}

static json_t *check_json(const struct run_check *check)
{
	json_t *want = check->low == check->high ? json_integer(check->low)
						 : json_pack("[I, I]", (json_int_t)check->low,
							     (json_int_t)check->high);

	return json_pack("{s:s, s:b, s:o, s:I}", "name", check->name, "ok", check->ok, "want", want,
			 "got", (json_int_t)check->got);
}

/* Takes @item over. An array that lacks one is none. */
static json_t *append(json_t *array, json_t *item)
{
	if (!json_array_append_new(array, item))
		return array;
	json_decref(array);
	return NULL;
}

static json_t *checks_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (u32 i = 0; i < result->nchecks; i++)
		array = append(array, check_json(&result->check[i]));
	return array;
}

/* With --tier off nothing was recorded. */
static json_t *oracle_json(const struct run_result *result)
{
	const struct oracle *oracle = &result->oracle;

	if (result->tier == TIER_OFF)
		return json_pack("{s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n}", "mode",
				 "stale_uses", "flash_violations", "reuse_windows", "reuse_longest",
				 "flushes", "flushes_unneeded", "ipis", "ipis_unneeded",
				 "ipis_needed");
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "mode",
			 oracle->exact ? "exact" : "conservative", "stale_uses",
			 number(oracle->stale_uses), "flash_violations",
			 number(oracle->flash_violations), "reuse_windows",
			 number(oracle->reuse_windows), "reuse_longest",
			 number(oracle->reuse_longest), "flushes", number(oracle->flushes),
			 "flushes_unneeded", number(oracle->flushes_unneeded), "ipis",
			 number(oracle->ipis), "ipis_unneeded", number(oracle->ipis_unneeded),
			 "ipis_needed",
			 oracle->needed_known ? number(oracle->ipis_needed) : json_null());
}

static json_t *findings_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (u32 i = 0; i < result->nfindings_kept; i++) {
		const struct finding *finding = &result->finding[i];

		array = append(array,
			       json_pack("{s:s, s:o, s:o, s:o}", "kind",
					 finding_kind_name(finding->kind), "ticket",
					 number(finding->ticket), "cause", number(finding->cause),
					 "text", json_text(finding->text)));
	}
	return array;
}

static json_t *exit_json(const struct run_result *result)
{
	return json_pack("{s:i, s:o}", "status", (int)result->status, "reason",
			 json_text(result->reason));
}

json_t *result_json(const struct run_config *config, const struct run_result *result)
{
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o}",
		"schema", "kvalab-result-1", "scenario", config->scenario, "arm",
		config->arm ? json_text(config->arm) : json_null(), "seed", number(config->seed),
		"schedule", config->schedule == SCHEDULE_FREE ? "free" : "seeded", "engine",
		config->engine->name, "host", host_json(result), "guest",
		guest_json(config, result), "trace", trace_json(config, result), "counts",
		values(result->count, result->ncounts), "host_counts",
		values(result->host_count, result->nhost_counts), "metrics",
		values(result->metric, result->nmetrics), "checks", checks_json(result), "oracle",
		oracle_json(result), "findings", findings_json(result), "exit", exit_json(result));
}
