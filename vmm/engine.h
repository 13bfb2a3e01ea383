/* SPDX-License-Identifier: MIT */
/*
 * What runs the guest: KVM inside this process, or a QEMU that this process starts and watches.
 * run.c goes through these functions in the order in which they stand here; all that is the same
 * for both (layout, image, trace, judgement) it does itself.
 */
#ifndef KVL_ENGINE_H
#define KVL_ENGINE_H

#include "vmm/vm.h"

struct arch_state;

struct engine {
	const char *name;
	bool answers; /* KVL_PORT_CALL is there: kvl_shared.answers */

	/* Looks at the host: sets vm->host_class and vm->paging. EXIT_HOST: it cannot. */
	int (*open)(struct vm *vm, struct err *err);
	/* Memory (vm_make_memory()), CPUs, the chip of the configuration. Sets vm->ticks. */
	int (*create)(struct vm *vm, struct err *err);
	/* The first CPU's state at the guest's entry (PVH). Guest memory is filled by now. */
	int (*enter)(struct vm *vm, u64 entry_gpa, u64 start_info_gpa, struct err *err);
	/* From here on the guest runs, until vm_ended(). */
	int (*start)(struct vm *vm, struct err *err);
	/* No CPU runs any more, and state() answers. Harmless if nothing was started, or again. */
	void (*stop)(struct vm *vm);
	/*
	 * All CPUs stand still from here, and state() answers, until resume(). False: not all of
	 * them do. NULL: that cannot be done.
	 */
	bool (*pause)(struct vm *vm);
	void (*resume)(struct vm *vm);
	/* False: it is not known. */
	bool (*state)(struct vm *vm, u32 cpu, struct arch_state *state);
	/* Host counts, after stop(). */
	void (*gather)(struct vm *vm, struct run_result *result);
	/* Undoes what open() and create() did, as far as they came; memory is the vm's. */
	void (*destroy)(struct vm *vm);
};

extern const struct engine engine_kvm, engine_qemu;

#endif
