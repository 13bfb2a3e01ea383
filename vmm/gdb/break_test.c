/* SPDX-License-Identifier: MIT */
/* Owns the self-test of breakpoint instructions: where supervisor code is emulated they end the
 * guest. */
#include "vmm/gdb/break_test.h"

#include <errno.h>
#include <linux/kvm.h>

#include "vmm/arch.h"
#include "vmm/exit.h"
#include "vmm/gdb/registers.h"
#include "vmm/loop_vm.h"

static int run_break(struct loop_vm *loop, struct err *err)
{
	int ret;

	*loop->page = ARCH_BREAK_BYTE;
	if (arch_vcpu_enter(loop->vcpu_fd, LOOP_VM_CODE_GPA, 0, err))
		return -1;
	if (arch_debug_control(loop->vcpu_fd, false, true))
		return err_errno(err, EXIT_HOST, "KVM_SET_GUEST_DEBUG");
	do
		ret = kvm_ioctl(loop->vcpu_fd, KVM_RUN, NULL);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return err_errno(err, EXIT_HOST, "KVM_RUN of a breakpoint instruction");
	if (loop->run->exit_reason != KVM_EXIT_DEBUG)
		return err_set(err, EXIT_HOST, "a breakpoint instruction ends in %s",
			       exit_name(loop->run->exit_reason));
	if (arch_debug_stop(loop->run).pc != LOOP_VM_CODE_GPA)
		return err_set(err, EXIT_HOST, "a breakpoint is reported at another place");
	return 0;
}

int gdb_break_test(const struct kvm_host *host, struct err *err)
{
	struct loop_vm loop;
	int ret = loop_vm_open(&loop, host, err);

	if (!ret)
		ret = run_break(&loop, err);
	loop_vm_close(&loop);
	return ret;
}
