/* SPDX-License-Identifier: MIT */
/*
 * Gathers what kvalab probe shows: of KVM, of what else could run a guest here, and the figures.
 * What each of them is, and what it costs to ask, lies with those that are asked.
 */
#include "vmm/probe.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/find.h"
#include "vmm/insn_perf.h"
#include "vmm/pt_trap_test.h"
#include "vmm/qemu/qemu.h"
#include "vmm/rate.h"
#include "vmm/slot_time.h"

/* Below this the processor is software, or supervisor code is emulated: bench has to be short. */
#define FAST_INSN_PER_S 500000000

/* Where kvmbox keeps what it has fetched: a file kernel-HASH. */
static bool holds_kernel(const char *dir, const char *below)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *box;

	snprintf(path, sizeof(path), "%s/%s", dir, below);
	box = opendir(path);
	while (box && (entry = readdir(box))) {
		if (strncmp(entry->d_name, "kernel-", strlen("kernel-")))
			continue;
		closedir(box);
		return true;
	}
	if (box)
		closedir(box);
	return false;
}

static void ask_for_box(struct probe *probe, const char *here)
{
	const char *home = getenv("HOME");
	bool installed;

	if (find_kvmbox(here, probe->box_path, sizeof(probe->box_path), &installed, &probe->box))
		return;
	if (installed)
		probe->box_kernel = home && holds_kernel(home, ".cache/kvalab/box");
	else
		probe->box_kernel = holds_kernel(here, "box");
}

static void ask_for_qemu(struct probe *probe)
{
	if (!qemu_find(probe->qemu_path, sizeof(probe->qemu_path), &probe->qemu) &&
	    !qemu_version(probe->qemu_path, probe->qemu_version, sizeof(probe->qemu_version),
			  &probe->qemu))
		return;
	probe->qemu_path[0] = '\0';
}

void probe_ask(struct probe *probe, const struct kvm_place *place, const char *here)
{
	memset(probe, 0, sizeof(*probe));
	kvm_detail_read(&probe->detail, place);
	if (kvm_open(&probe->host, place, &probe->kvm)) {
		err_set(&probe->perf, EXIT_HOST, "not asked: that takes a guest on %s",
			place->device);
		probe->trap = probe->perf;
	} else {
		pt_trap_test(&probe->host, &probe->trap);
		insn_perf_try(&probe->host, &probe->perf);
		kvm_close(&probe->host);
	}
	ask_for_qemu(probe);
	ask_for_box(probe, here);
}

/* --- figures ---------------------------------------------------------------------------------- */
/* From outside a guest: only KVM has slots. @insn_per_s: roughly, for how long to run. */
static int measure_kvm(struct probe *probe, const struct kvm_host *host, u64 *insn_per_s)
{
	struct slot_times slot = { 0 };

	if (rate_measure(host, insn_per_s, &probe->measured) ||
	    slot_time_measure(host, *insn_per_s, &slot, &probe->measured))
		return -1;
	probe->figures.value[FIGURE_SLOT_IDLE] = (double)slot.change.idle_ns;
	probe->figures.value[FIGURE_SLOT_BUSY] = (double)slot.change.busy_ns;
	probe->figures.value[FIGURE_REMAP_IDLE] = (double)slot.remap.idle_ns;
	probe->figures.value[FIGURE_REMAP_BUSY] = (double)slot.remap.busy_ns;
	return 0;
}

void probe_measure(struct probe *probe, struct run_config *config)
{
	struct kvm_host host;
	u64 insn_per_s = 0;
	int ret = 0;

	if (probe->engine == &engine_kvm) {
		if (kvm_open(&host, &kvm_this_host, &probe->measured))
			return;
		ret = measure_kvm(probe, &host, &insn_per_s);
		if (host.max_vcpus < config->layout.ncpus)
			config->layout.ncpus = host.max_vcpus;
		kvm_close(&host);
	}
	config->engine = probe->engine;
	if (!ret)
		ret = figures_measure(config, insn_per_s >= FAST_INSN_PER_S, &probe->figures,
				      &probe->measured);
	if (ret) /* all or none: half of them would look like a host that lacks something */
		memset(&probe->figures, 0, sizeof(probe->figures));
}
