/* SPDX-License-Identifier: MIT */
/* Puts the crash dump together. What one vCPU looks like: arch/. */
#include "vmm/dump.h"

#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/arch.h"
#include "vmm/engine.h"
#include "vmm/exit.h"

static void dump_vcpu(FILE *out, struct vm *vm, u32 cpu)
{
	const struct vcpu *vcpu = &vm->cpu[cpu];
	struct arch_state state;

	fprintf(out, "vCPU %u", cpu);
	if (vcpu->run)
		fprintf(out, ", last exit %s, %llu exits", exit_name(vcpu->run->exit_reason),
			(unsigned long long)vcpu->exits);
	fprintf(out, ":\n");
	if (vm->engine->state(vm, cpu, &state))
		arch_dump_state(out, &state, &vm->mem, vm->image);
	else
		fprintf(out, "  its registers cannot be read\n");
}

char *dump_vm(struct vm *vm)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fprintf(out, "%s\n", vm->end.reason);
	dump_vcpu(out, vm, vm->end.cpu);
	for (u32 i = 0; i < vm->ncpus; i++)
		if (i != vm->end.cpu)
			dump_vcpu(out, vm, i);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
