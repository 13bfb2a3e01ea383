/* SPDX-License-Identifier: MIT */
/* Owns the choice of --engine auto. Nothing is chosen silently. */
#include "vmm/cli/engine.h"

#include "vmm/kvm.h"
#include "vmm/qemu/qemu.h"

static const struct engine *choose(bool disk, struct err *err)
{
	char program[1024];
	struct kvm_host host;
	struct err kvm, qemu;

	if (!kvm_open(&host, &kvm_this_host, &kvm)) {
		kvm_close(&host);
		fprintf(stderr, "kvalab: engine: kvm (%s)%s\n", host.class_name,
			disk ? ", which --disk needs" : "");
		return &engine_kvm;
	}
	if (disk) {
		err_set(err, EXIT_HOST,
			"--disk needs engine kvm, which cannot run a guest here: %s", kvm.text);
		return NULL;
	}
	if (!qemu_find(program, sizeof(program), &qemu)) {
		fprintf(stderr, "kvalab: engine: qemu (%s), because %s\n", program, kvm.text);
		return &engine_qemu;
	}
	err_set(err, EXIT_HOST, "no engine can run a guest here: %s; %s", kvm.text, qemu.text);
	return NULL;
}

/* What only one engine has. */
static int check_options(const struct engine *engine, const struct options *options,
			 struct err *err)
{
	const char *only_kvm = options_of_chip(options);

	if (!only_kvm && options->run.strict_io)
		only_kvm = "--strict-io";

	if (engine == &engine_qemu && only_kvm)
		return err_set(
			err, EXIT_USAGE,
			"%s needs --engine kvm: in QEMU the chip and the buses are QEMU's own",
			only_kvm);
	if (engine == &engine_qemu && options->run.disk.given)
		return err_set(err, EXIT_HOST,
			       "--disk needs --engine kvm: QEMU's pc machine has no virtio-mmio");
	if (engine == &engine_qemu && options->run.gdb)
		return err_set(err, EXIT_USAGE,
			       "--gdb needs --engine kvm: QEMU's CPUs are not kvalab's to stop");
	if (engine == &engine_kvm && options->icount_given)
		return err_set(err, EXIT_USAGE, "--icount needs --engine qemu");
	return 0;
}

const struct engine *cli_engine(const struct options *options, struct err *err)
{
	const struct engine *engine = options->engine == ENGINE_KVM ? &engine_kvm
				      : options->engine == ENGINE_QEMU
					      ? &engine_qemu
					      : choose(options->run.disk.given, err);

	return engine && !check_options(engine, options, err) ? engine : NULL;
}
