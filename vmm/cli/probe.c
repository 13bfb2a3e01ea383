/* SPDX-License-Identifier: MIT */
/*
 * kvalab probe: what this host is and can do, asked and measured. What is asked: vmm/probe.c; how
 * it is said: probe_text.c, probe_json.c.
 */
#include "vmm/cli/probe.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/engine.h"
#include "vmm/cli/json.h"
#include "vmm/find.h"

#define TIMEOUT_S 60

/* Nothing that a file or a pipe would keep. */
static void progress(const char *text)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s", text);
}

/* Why there are no figures, if there are none: what the exit status says. */
static int find_figures(struct probe *probe, struct options *options, struct err *err)
{
	/* --engine auto prefers KVM and says why not; kvm, the default, has said so itself. */
	if (options->engine == ENGINE_KVM && probe->kvm.status != EXIT_OK) {
		*err = probe->kvm;
		return -1;
	}
	probe->engine = cli_engine(options, err);
	if (!probe->engine)
		return -1;
	if (options->engine == ENGINE_QEMU && probe->qemu.status != EXIT_OK) {
		*err = probe->qemu;
		return -1;
	}
	progress("kvalab: measuring ...");
	probe_measure(probe, &options->run);
	progress("");
	if (probe->measured.status == EXIT_OK)
		return 0;
	*err = probe->measured;
	return -1;
}

int cmd_probe(struct options *options)
{
	bool text = !options->json || strcmp(options->json, "-") != 0;
	char dir[PATH_MAX];
	struct probe probe;
	struct err err = { .status = EXIT_OK }, output;
	struct replacement file;

	if (json_begin(&file, options->json, &output))
		return cli_fail(&output);
	options->run.timeout_s = TIMEOUT_S;
	options->run.layout.mem_bytes = MiB(256);
	probe_ask(&probe, &kvm_this_host, find_own_folder(dir, sizeof(dir)));
	/* The reason first: it is what the caller asked for, the rest is what there is instead. */
	if (find_figures(&probe, options, &err))
		cli_fail(&err);
	if (options->json && json_end(&file, probe_json(&probe), &output))
		return cli_fail(&output);
	if (text)
		probe_print(stdout, &probe);
	return (int)err.status;
}
