/* SPDX-License-Identifier: MIT */
/* kvalab probe: what this host's KVM is and can do, asked and measured. */
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/kvm.h"
#include "vmm/rate.h"

#include <string.h>

#define SCHEMA "kvalab-probe-1"

struct probe {
	struct kvm_host host;
	u64 insn_per_s;
	struct err err; /* why it cannot be used; EXIT_OK: it can */
};

static json_t *probe_json(const struct probe *probe)
{
	const struct kvm_host *host = &probe->host;

	if (probe->err.status != EXIT_OK)
		return json_pack("{s:s, s:b, s:o}", "schema", SCHEMA, "usable", 0, "reason",
				 json_text(probe->err.text));
	return json_pack("{s:s, s:b, s:n, s:s, s:s, s:I, s:s, s:I, s:I}", "schema", SCHEMA,
			 "usable", 1, "reason", "class", host->class_name, "paging", host->paging,
			 "insn_per_s", (json_int_t)probe->insn_per_s, "ticks",
			 host->counts_insns ? "insn" : "tsc", "max_vcpus",
			 (json_int_t)host->max_vcpus, "max_slots", (json_int_t)host->max_slots);
}

static void probe_text(const struct probe *probe)
{
	const struct kvm_host *host = &probe->host;

	printf("/dev/kvm     usable\n");
	printf("host class   %s\n", host->class_name);
	printf("paging       %s\n", host->paging);
	printf("rate         %.3g million supervisor instructions a second\n",
	       (double)probe->insn_per_s / 1e6);
	printf("ticks        %s\n", host->counts_insns
					    ? "insn: KVM counts the guest kernel's instructions"
					    : "tsc: KVM does not count instructions here");
	printf("vCPUs        %u at most\n", host->max_vcpus);
	printf("slots        %u memory slots\n", host->max_slots);
	printf("tiers        ring, off\n");
}

static void look(struct probe *probe)
{
	probe->err.status = EXIT_OK;
	if (kvm_open(&probe->host, &kvm_this_host, &probe->err))
		return;
	rate_measure(&probe->host, &probe->insn_per_s, &probe->err);
	kvm_close(&probe->host);
}

int cmd_probe(struct options *options)
{
	bool text = !options->json || strcmp(options->json, "-") != 0;
	struct probe probe;
	struct err err;

	look(&probe);
	if (options->json && json_write(probe_json(&probe), options->json, &err))
		return cli_fail(&err);
	if (probe.err.status != EXIT_OK)
		return cli_fail(&probe.err);
	if (text)
		probe_text(&probe);
	return EXIT_OK;
}
