/* SPDX-License-Identifier: MIT */
/* Owns the way from a trace on disk to the model that judges it (model.h). */
#include "vmm/trace/check.h"

#include <stdlib.h>
#include <string.h>

#include "devices/abi/shared.h"
#include "vmm/trace/metadata.h"
#include "vmm/trace/model.h"
#include "vmm/trace/reader.h"

static int open_models(struct trace_checked *out, const struct flush_policy *policy, u32 npolicies,
		       struct err *err)
{
	const struct metadata_parsed *metadata = trace_reader_metadata(out->reader);
	struct model_config config = { .ncpus = metadata->ncpus,
				       .nsites = metadata->nsites,
				       .flash = { metadata->flash_gpa, metadata->flash_bytes },
				       .trapped = metadata->trapped,
				       .layout = metadata->plan,
				       .soft_entries = metadata->soft_entries,
				       .pcid = metadata->soft_pcid };
	bool all;

	out->site = calloc(metadata->nsites, sizeof(*out->site));
	for (u32 i = 0; out->site && i < metadata->nsites; i++)
		out->site[i] = metadata->site[i];
	config.site = out->site;
	out->model = out->site ? model_create(&config) : NULL;
	all = out->model;
	config.soft_entries = 0; /* what would have been filled is not known */
	for (u32 i = 0; all && i < npolicies; i++) {
		config.policy = policy[i];
		out->what_if[i] = model_create(&config);
		all = out->what_if[i];
	}
	return all ? 0 : err_set(err, EXIT_HOST, "no memory to check a trace");
}

static bool is_end(const struct kvl_record *record)
{
	return record->id == KVL_EV_MARK && record->a[0] == KVL_MARK_DONE;
}

/* What the trace does not say would be blamed on the guest. */
static int complain(const struct trace_checked *out, const char *dir, struct err *err)
{
	if (trace_reader_verdict(out->reader, dir, err))
		return -1;
	if (trace_reader_metadata(out->reader)->lossy && trace_reader_missing(out->reader))
		return err_set(err, EXIT_VMM, "trace %s lost %llu records (--lossy)", dir,
			       (unsigned long long)trace_reader_missing(out->reader));
	return 0;
}

static void judge_record(struct trace_checked *out, u32 cpu, const struct kvl_record *record)
{
	out->records++;
	out->ended = out->ended || is_end(record);
	model_record(out->model, cpu, record);
	for (u32 i = 0; i < CHECK_MAX_POLICIES && out->what_if[i]; i++)
		model_record(out->what_if[i], cpu, record);
}

static int judge(struct trace_checked *out, const char *dir, const struct flush_policy *policy,
		 u32 npolicies, struct err *err)
{
	struct kvl_record record;
	u32 cpu;

	out->reader = trace_reader_open(dir, err);
	if (!out->reader || open_models(out, policy, npolicies, err))
		return -1;
	while (trace_reader_next(out->reader, &record, &cpu))
		judge_record(out, cpu, &record);
	model_finish(out->model, out->ended);
	for (u32 i = 0; i < npolicies; i++)
		model_finish(out->what_if[i], out->ended);
	return complain(out, dir, err);
}

int trace_check(const char *dir, const struct flush_policy *policy, u32 npolicies,
		struct trace_checked *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	if (!judge(out, dir, policy, npolicies, err))
		return 0;
	trace_check_done(out);
	return -1;
}

void trace_check_done(struct trace_checked *checked)
{
	model_destroy(checked->model);
	for (u32 i = 0; i < CHECK_MAX_POLICIES; i++)
		model_destroy(checked->what_if[i]);
	if (checked->reader)
		trace_reader_close(checked->reader);
	free(checked->site);
	memset(checked, 0, sizeof(*checked));
}
