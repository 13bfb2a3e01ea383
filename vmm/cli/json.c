/* SPDX-License-Identifier: MIT */
/*
 * Owns the result object (its fields: docs/scenarios.md) and its way to the disk. What this version
 * cannot know is null, never a guess.
 */
#include "vmm/cli/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_FLAGS (JSON_INDENT(2) | JSON_PRESERVE_ORDER)

/* --- to the disk ---------------------------------------------------------------------------------- */
static int write_stdout(const json_t *root, struct err *err)
{
	if (json_dumpf(root, stdout, WRITE_FLAGS) || putchar('\n') == EOF || fflush(stdout))
		return err_errno(err, EXIT_HOST, "--json: writing to stdout");
	return 0;
}

/* Into a file that is open: a device, a pipe, or the temporary file. Closes it. */
static int write_open(const json_t *root, int fd, const char *name, struct err *err)
{
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool bad;

	if (!file)
		return err_errno(err, EXIT_HOST, "--json: %s cannot be opened", name);
	bad = json_dumpf(root, file, WRITE_FLAGS) || fputc('\n', file) == EOF || fflush(file);
	if (bad)
		err_errno(err, EXIT_HOST, "--json: %s cannot be written", name);
	if (fclose(file) && !bad)
		return err_errno(err, EXIT_HOST, "--json: %s cannot be written", name);
	return bad ? -1 : 0;
}

static int write_replace(const json_t *root, const char *path, struct err *err)
{
	char name[4096];

	if (snprintf(name, sizeof(name), "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof(name))
		return err_set(err, EXIT_USAGE, "--json: the file's name is too long");
	if (write_open(root, open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), name,
		       err)) {
		unlink(name);
		return -1;
	}
	if (rename(name, path)) {
		err_errno(err, EXIT_HOST, "--json: %s cannot be renamed to %s", name, path);
		unlink(name);
		return -1;
	}
	return 0;
}

int json_write(json_t *root, const char *path, struct err *err)
{
	struct stat st;
	int failed;

	if (!root)
		return err_set(err, EXIT_HOST, "--json: no memory");
	if (strcmp(path, "-") == 0)
		failed = write_stdout(root, err);
	else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* must not be replaced */
		failed = write_open(root, open(path, O_WRONLY | O_CLOEXEC), path, err);
	else
		failed = write_replace(root, path, err);
	json_decref(root);
	return failed;
}

/* --- the object ----------------------------------------------------------------------------------- */
static json_t *number(u64 value)
{
	return json_integer((json_int_t)value);
}

static json_t *values(const struct run_value *value, u32 n)
{
	json_t *object = json_object();

	for (u32 i = 0; i < n; i++)
		json_object_set_new(object, value[i].name, json_integer(value[i].value));
	return object;
}

static json_t *host_json(const struct run_result *result, u64 insn_per_s)
{
	return json_pack("{s:s, s:s, s:o}", "class", result->host_class, "paging", result->paging,
			 "insn_per_s", insn_per_s ? number(insn_per_s) : json_null());
}

static json_t *guest_json(const struct run_config *config, const struct run_result *result)
{
	char split[8];

	snprintf(split, sizeof(split), "%uG", (u32)(config->layout.page_offset >> 30));
	return json_pack("{s:s, s:i, s:o, s:s, s:s, s:s}", "arch", "x86_64", "cpus",
			 (int)config->layout.ncpus, "mem", number(config->layout.mem_bytes),
			 "split", split, "tlb", "hw", "ticks", result->ticks);
}

/* With --tier off nothing was recorded: nothing is known to be lost or unreported. */
static json_t *trace_json(const struct run_config *config, const struct run_result *result)
{
	json_t *dir = config->trace_dir ? json_string(config->trace_dir) : json_null();

	if (config->tier == TIER_OFF)
		return json_pack("{s:s, s:n, s:n, s:n, s:n, s:o}", "tier", "off", "events", "lost",
				 "unreported", "audited", "dir", dir);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "tier", "ring", "events",
			 number(result->trace.events), "lost", number(result->trace.lost),
			 "unreported", number(result->unreported), "audited",
			 number(result->audited_entries), "dir", dir);
}

static json_t *check_json(const struct run_check *check)
{
	json_t *want = check->low == check->high ? json_integer(check->low)
						 : json_pack("[I, I]", (json_int_t)check->low,
							     (json_int_t)check->high);

	return json_pack("{s:s, s:b, s:o, s:I}", "name", check->name, "ok", check->ok, "want", want,
			 "got", (json_int_t)check->got);
}

static json_t *checks_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (u32 i = 0; i < result->nchecks; i++)
		json_array_append_new(array, check_json(&result->check[i]));
	return array;
}

static json_t *oracle_json(const struct run_config *config, const struct run_result *result)
{
	u64 violations = result->finding_count[FINDING_CHIP_COMMAND] +
			 result->finding_count[FINDING_CHIP_MAPPED];

	return json_pack("{s:n, s:o, s:n, s:n}", "stale_uses", "flash_violations",
			 config->tier == TIER_OFF ? json_null() : number(violations),
			 "reuse_windows", "ipis_needed");
}

static json_t *findings_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (u32 i = 0; i < result->nfindings_kept; i++) {
		const struct finding *finding = &result->finding[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:s}", "kind",
						finding_kind_name(finding->kind), "ticket",
						number(finding->ticket), "text", finding->text));
	}
	return array;
}

json_t *result_json(const struct run_config *config, const struct run_result *result,
		    u64 insn_per_s)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_string("kvalab-result-1"));
	json_object_set_new(root, "scenario", json_string(config->scenario));
	json_object_set_new(root, "arm", config->arm ? json_string(config->arm) : json_null());
	json_object_set_new(root, "seed", number(config->seed));
	json_object_set_new(root, "schedule",
			    json_string(config->schedule == SCHEDULE_FREE ? "free" : "seeded"));
	json_object_set_new(root, "engine", json_string("kvm"));
	json_object_set_new(root, "host", host_json(result, insn_per_s));
	json_object_set_new(root, "guest", guest_json(config, result));
	json_object_set_new(root, "trace", trace_json(config, result));
	json_object_set_new(root, "counts", values(result->count, result->ncounts));
	json_object_set_new(root, "host_counts", values(result->host_count, result->nhost_counts));
	json_object_set_new(root, "metrics", values(result->metric, result->nmetrics));
	json_object_set_new(root, "checks", checks_json(result));
	json_object_set_new(root, "oracle", oracle_json(config, result));
	json_object_set_new(root, "findings", findings_json(result));
	json_object_set_new(root, "exit",
			    json_pack("{s:i, s:s}", "status", (int)result->status, "reason",
				      result->reason));
	return root;
}
