/* SPDX-License-Identifier: MIT */
/* Owns the object of kvalab probe --json. Its fields: docs/hosts.md. */
#include "vmm/cli/json.h"
#include "vmm/cli/probe.h"

#define SCHEMA "kvalab-probe-2"

/* Takes @value over. Without memory there is no object, and without it none that it is part of. */
static json_t *with(json_t *object, const char *key, json_t *value)
{
	if (!json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

/* {key: works, "reason": why not} */
static json_t *answer_json(const char *key, const struct err *err)
{
	bool works = err->status == EXIT_OK;

	return json_pack("{s:b, s:o}", key, works, "reason",
			 works ? json_null() : json_text(err->text));
}

static json_t *caps_json(const struct kvm_detail *detail)
{
	json_t *object = json_object();

	if (!detail->ncaps) {
		json_decref(object);
		return json_null();
	}
	for (u32 i = 0; i < detail->ncaps; i++)
		object = with(object, detail->cap[i].name, json_boolean(detail->cap[i].there));
	return object;
}

static json_t *modules_json(const struct kvm_detail *detail)
{
	json_t *object = json_object();

	for (u32 i = 0; i < detail->nmodules; i++) {
		json_t *params = json_object();

		for (u32 j = 0; j < detail->nparams; j++)
			if (detail->param[j].module == detail->module[i])
				params = with(params, detail->param[j].name,
					      json_text(detail->param[j].value));
		object = with(object, detail->module[i], params);
	}
	return object;
}

/* Whole units are enough; what has been measured is not 0. */
static json_t *figure_json(const struct probe *probe, enum figure figure)
{
	double value = probe->figures.value[figure];

	return value > 0 ? json_integer(value < 1 ? 1 : (json_int_t)(value + 0.5)) : json_null();
}

static json_t *figures_json(const struct probe *probe)
{
	json_t *object = json_object();

	for (u32 i = 0; i < FIGURES; i++)
		object = with(object, figure_table[i].key, figure_json(probe, (enum figure)i));
	return object;
}

static json_t *counts_json(const struct probe *probe)
{
	return json_pack("{s:b, s:o, s:b}", "insn_emulation", probe->host.counts_insns, "perf",
			 answer_json("works", &probe->perf), "icount",
			 probe->qemu.status == EXIT_OK);
}

static json_t *engines_json(const struct probe *probe)
{
	bool qemu = probe->qemu.status == EXIT_OK, box = probe->box.status == EXIT_OK;
	json_t *kvm_json = answer_json("works", &probe->kvm);
	json_t *qemu_json = answer_json("works", &probe->qemu);
	json_t *box_json = answer_json("found", &probe->box);

	qemu_json = with(qemu_json, "path", qemu ? json_text(probe->qemu_path) : json_null());
	qemu_json = with(qemu_json, "version", qemu ? json_text(probe->qemu_version) : json_null());
	box_json = with(box_json, "path", box ? json_text(probe->box_path) : json_null());
	box_json = with(box_json, "kernel_fetched", json_boolean(probe->box_kernel));
	return json_pack("{s:o, s:o, s:o}", "kvm", kvm_json, "qemu", qemu_json, "box", box_json);
}

static json_t *advice_json(const struct probe *probe)
{
	struct probe_advice advice[PROBE_MAX_ADVICE];
	u32 n = probe_advice(probe, advice);
	json_t *array = json_array();

	for (u32 i = 0; i < n; i++) {
		if (!json_array_append_new(array,
					   json_pack("{s:s, s:o}", "missing", advice[i].missing,
						     "do", json_text(advice[i].text))))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

/* What /dev/kvm says of itself; all null where it cannot be used. */
static json_t *kvm_json(const struct probe *probe)
{
	const struct kvm_host *host = &probe->host;

	if (probe->kvm.status != EXIT_OK)
		return json_pack("{s:n, s:n, s:n, s:n, s:n}", "class", "paging", "ticks",
				 "max_vcpus", "max_slots");
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "class", host->class_name, "paging",
			 host->paging, "ticks", host->counts_insns ? "insn" : "tsc", "max_vcpus",
			 (json_int_t)host->max_vcpus, "max_slots", (json_int_t)host->max_slots);
}

json_t *probe_json(const struct probe *probe)
{
	json_t *root = json_pack("{s:s}", "schema", SCHEMA);
	json_t *usable = answer_json("usable", &probe->kvm), *kvm = kvm_json(probe);

	if (!root || json_object_update(root, usable) || json_object_update(root, kvm)) {
		json_decref(root);
		root = NULL;
	}
	json_decref(usable);
	json_decref(kvm);
	root = with(root, "modules", modules_json(&probe->detail));
	root = with(root, "capabilities", caps_json(&probe->detail));
	root = with(root, "trap_tier", answer_json("works", &probe->trap));
	root = with(root, "engine", probe->engine ? json_text(probe->engine->name) : json_null());
	root = with(root, "insn_per_s", figure_json(probe, FIGURE_INSN));
	root = with(root, "figures", figures_json(probe));
	root = with(root, "insn_counts", counts_json(probe));
	root = with(root, "engines", engines_json(probe));
	return with(root, "advice", advice_json(probe));
}
