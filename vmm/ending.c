/* SPDX-License-Identifier: MIT */
/*
 * What it means when the guest ends by itself: the status that it wrote to KVL_PORT_EXIT and the
 * reason that it left (docs/guest-abi.md, "Exit").
 */
#include "vmm/ending.h"

/* The guest's own words, cut at their end and cleaned of what a terminal would act on. */
static void copy_reason(const struct vm *vm, char *out, size_t bytes)
{
	const volatile char *from = vm_shared(vm)->reason;
	size_t n = 0;

	while (n < bytes - 1 && n < sizeof(vm_shared(vm)->reason)) {
		char c = from[n];

		if (!c)
			break;
		out[n++] = c >= ' ' && c <= '~' ? c : '?';
	}
	out[n] = '\0';
}

static void end_by_itself(struct vm *vm, u32 cpu, enum exit_status status, const char *reason)
{
	if (vm_end(vm, status, false, cpu, "%s", reason))
		atomic_store(&vm->guest_done, true);
}

void guest_ends(struct vm *vm, u32 cpu, u64 status)
{
	char reason[sizeof(vm_shared(vm)->reason) + 1];

	copy_reason(vm, reason, sizeof(reason));
	switch (status) {
	case EXIT_OK:
		/* 0 says that the scenario was gone through: what was not begun cannot hold. */
		if (!atomic_load(&vm->scenario_done)) {
			vm_end(vm, EXIT_GUEST, true, cpu,
			       "vCPU %u: the guest ended with status 0 before the scenario was done",
			       cpu);
			return;
		}
		end_by_itself(vm, cpu, EXIT_OK, reason);
		return;
	case EXIT_SKIPPED:
	case EXIT_CHECK:
	case EXIT_USAGE: end_by_itself(vm, cpu, (enum exit_status)status, reason); return;
	case EXIT_GUEST:
		vm_end(vm, EXIT_GUEST, true, cpu, "%s",
		       *reason ? reason : "the guest gave up without a reason");
		return;
	}
	vm_end(vm, EXIT_GUEST, true, cpu,
	       "vCPU %u: the guest ends with status %llu, which means nothing (reason: \"%s\")",
	       cpu, (unsigned long long)status, reason);
}
