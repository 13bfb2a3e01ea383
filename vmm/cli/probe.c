/* SPDX-License-Identifier: MIT */
/* kvalab probe: what this host's KVM is and can do, asked and measured. */
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/kvm.h"
#include "vmm/rate.h"

#include <string.h>

struct probe {
	struct kvm_host host;
	u64 insn_per_s;
	struct err err; /* why it cannot be used; EXIT_OK: it can */
};

static json_t *probe_json(const struct probe *probe)
{
	const struct kvm_host *host = &probe->host;
	bool usable = probe->err.status == EXIT_OK;
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_string("kvalab-probe-1"));
	json_object_set_new(root, "usable", json_boolean(usable));
	json_object_set_new(root, "reason", usable ? json_null() : json_string(probe->err.text));
	if (!usable)
		return root;
	json_object_set_new(root, "class", json_string(host->class_name));
	json_object_set_new(root, "paging", json_string(host->paging));
	json_object_set_new(root, "insn_per_s", json_integer((json_int_t)probe->insn_per_s));
	json_object_set_new(root, "ticks", json_string(host->counts_insns ? "insn" : "tsc"));
	json_object_set_new(root, "max_vcpus", json_integer(host->max_vcpus));
	json_object_set_new(root, "max_slots", json_integer(host->max_slots));
	return root;
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
	printf("vCPUs        %u recommended at most\n", host->max_vcpus);
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
