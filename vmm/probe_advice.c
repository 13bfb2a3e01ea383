/* SPDX-License-Identifier: MIT */
/* Owns what to do about each thing that a host lacks, and what works without it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/probe.h"

struct list {
	struct probe_advice *advice;
	u32 n;
};

__attribute__((format(printf, 3, 4))) static void say(struct list *list, const char *missing,
						      const char *format, ...)
{
	struct probe_advice *advice = &list->advice[list->n++];
	va_list args;

	advice->missing = missing;
	va_start(args, format);
	vsnprintf(advice->text, sizeof(advice->text), format, args);
	va_end(args);
}

/* What runs a guest without this host's KVM. */
static void say_instead(struct list *list, const struct probe *probe)
{
	bool qemu = probe->qemu.status == EXIT_OK, box = probe->box.status == EXIT_OK;

	if (qemu && box)
		say(list, "meanwhile",
		    "kvalab run --engine qemu runs guests without KVM; %s -- COMMAND has a KVM of "
		    "its own",
		    probe->box_path);
	else if (qemu)
		say(list, "meanwhile", "kvalab run --engine qemu runs guests without KVM");
}

static void say_counts(struct list *list, const struct probe *probe)
{
	const char *instead = probe->qemu.status == EXIT_OK
				      ? "kvalab run --engine qemu --cpus 1 counts them"
				      : "with QEMU installed, --engine qemu --cpus 1 counts them";

	if (probe->kvm.status != EXIT_OK || probe->host.counts_insns)
		return;
	if (!strcmp(probe->host.class_name, "kvm_pvm"))
		say(list, "insn counts", "a kernel with KVM_CAP_BINARY_STATS_FD (5.14); %s",
		    instead);
	else
		say(list, "insn counts",
		    "this KVM does not count instructions: ticks are cycles; %s", instead);
}

u32 probe_advice(const struct probe *probe, struct probe_advice advice[PROBE_MAX_ADVICE])
{
	struct list list = { advice, 0 };

	if (probe->kvm.status != EXIT_OK) {
		say(&list, "/dev/kvm", "%s", probe->kvm.text);
		say_instead(&list, probe);
	} else if (!strcmp(probe->host.paging, "unknown")) {
		say(&list, "paging",
		    "no module kvm_intel, kvm_amd or kvm_pvm says which; results name the host "
		    "class \"%s\"",
		    probe->host.class_name);
	}
	if (probe->measured.status != EXIT_OK)
		say(&list, "figures", "%s", probe->measured.text);
	say_counts(&list, probe);
	if (probe->kvm.status == EXIT_OK && probe->trap.status != EXIT_OK)
		say(&list, "trap tier", "%s; --tier ring needs nothing", probe->trap.text);
	if (probe->kvm.status == EXIT_OK && probe->perf.status != EXIT_OK)
		say(&list, "perf", "%s; no figure needs it", probe->perf.text);
	if (probe->qemu.status != EXIT_OK)
		say(&list, "qemu", "%s", probe->qemu.text);
	if (probe->box.status != EXIT_OK)
		say(&list, "box", "%s: build kvalab in its source folder, or make install",
		    probe->box.text);
	else if (probe->qemu.status != EXIT_OK)
		say(&list, "box", "it needs QEMU");
	return list.n;
}
