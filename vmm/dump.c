/* SPDX-License-Identifier: MIT */
/* Puts the crash dump together. What one vCPU looks like: arch/. */
#include "vmm/dump.h"

#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/arch.h"
#include "vmm/exit.h"

static void dump_vcpu(FILE *out, const struct vm *vm, u32 cpu)
{
	const struct vcpu *vcpu = &vm->cpu[cpu];

	fprintf(out, "vCPU %u, last exit %s, %llu exits:\n", cpu, exit_name(vcpu->run->exit_reason),
		(unsigned long long)vcpu->exits);
	arch_dump_vcpu(out, vcpu->fd, &vm->mem, vm->image);
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
