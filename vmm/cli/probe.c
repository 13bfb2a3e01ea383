/* SPDX-License-Identifier: MIT */
/*
 * kvalab probe: what this host's KVM is and can do. Only what can be asked or seen without running
 * a guest; the instruction rate is therefore null.
 */
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/kvm.h"

#include <string.h>

static json_t *probe_json(const struct kvm_host *host, const struct err *err)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_string("kvalab-probe-1"));
	json_object_set_new(root, "usable", json_boolean(host));
	json_object_set_new(root, "reason", host ? json_null() : json_string(err->text));
	if (!host)
		return root;
	json_object_set_new(root, "class", json_string(host->class_name));
	json_object_set_new(root, "paging", json_string(host->paging));
	json_object_set_new(root, "insn_per_s", json_null());
	json_object_set_new(root, "ticks", json_string(host->counts_insns ? "insn" : "tsc"));
	json_object_set_new(root, "max_vcpus", json_integer(host->max_vcpus));
	json_object_set_new(root, "max_slots", json_integer(host->max_slots));
	return root;
}

static void probe_text(const struct kvm_host *host)
{
	printf("/dev/kvm     usable\n");
	printf("host class   %s\n", host->class_name);
	printf("paging       %s\n", host->paging);
	printf("ticks        %s\n", host->counts_insns
					    ? "insn: KVM counts the guest kernel's instructions"
					    : "tsc: KVM does not count instructions here");
	printf("vCPUs        %u recommended at most\n", host->max_vcpus);
	printf("slots        %u memory slots\n", host->max_slots);
	printf("tiers        ring, off\n");
}

int cmd_probe(struct options *options)
{
	struct kvm_host host;
	struct err err = { .status = EXIT_OK }, write_err;
	bool usable = kvm_open(&host, &kvm_this_host, &err) == 0;
	bool text = !options->json || strcmp(options->json, "-") != 0;

	if (options->json &&
	    json_write(probe_json(usable ? &host : NULL, &err), options->json, &write_err)) {
		if (usable)
			kvm_close(&host);
		return cli_fail(&write_err);
	}
	if (!usable)
		return cli_fail(&err);
	if (text)
		probe_text(&host);
	kvm_close(&host);
	return EXIT_OK;
}
