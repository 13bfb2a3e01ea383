/* SPDX-License-Identifier: MIT */
/* The instruction rate at CPL 0, without a guest kernel: for results of run, which must stay
 * short. */
#include "vmm/rate.h"

#include "vmm/loop_vm.h"

#define ENOUGH_NS (20 * 1000 * 1000)
#define FIRST_ROUNDS 5000

int rate_measure(const struct kvm_host *host, u64 *insn_per_s, struct err *err)
{
	struct loop_vm loop;
	u32 rounds = FIRST_ROUNDS;
	u64 ns = 0;
	int ret = loop_vm_open(&loop, host, err);

	while (!ret) {
		ret = loop_vm_run(&loop, rounds, &ns, err);
		if (ns >= ENOUGH_NS || rounds > LOOP_VM_MOST_ROUNDS / 4)
			break;
		rounds *= 4;
	}
	loop_vm_close(&loop);
	if (!ret)
		*insn_per_s = (u64)(2.0 * rounds * 1e9 / (double)(ns ? ns : 1));
	return ret;
}
