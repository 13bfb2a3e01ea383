/* SPDX-License-Identifier: MIT */
/* All that can be found out about this host: asked, and measured. */
#ifndef KVL_PROBE_H
#define KVL_PROBE_H

#include "vmm/engine.h"
#include "vmm/figures.h"
#include "vmm/kvm_detail.h"

/* What has not worked is EXIT_OK in its err, or says why. */
struct probe {
	const struct engine *engine; /* whose figures these are */
	struct err kvm;		     /* /dev/kvm can be used */
	struct kvm_host host;
	struct kvm_detail detail;
	struct figures figures;
	struct err measured; /* the figures */
	struct err trap;     /* the trap tier's self-test */
	struct err perf;     /* a counter of instructions that leaves the host out */
	struct err qemu;     /* QEMU is installed */
	char qemu_path[1024];
	char qemu_version[256];
	struct err box; /* scripts/kvmbox is there */
	char box_path[1024];
	bool box_kernel; /* and has fetched its kernel already */
};

/* Asks, changes nothing. @here: the directory of the program. */
void probe_ask(struct probe *probe, const struct kvm_place *place, const char *here);

/* Measures on probe->engine, which probe_ask() has found usable. @config: see figures_measure(). */
void probe_measure(struct probe *probe, struct run_config *config);

/* --- what to do (probe_advice.c) --- */
struct probe_advice {
	const char *missing; /* one or two words */
	char text[1400];
};
#define PROBE_MAX_ADVICE 8

/* One for each thing that is missing; returns how many. */
u32 probe_advice(const struct probe *probe, struct probe_advice advice[PROBE_MAX_ADVICE]);

#endif
