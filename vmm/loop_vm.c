/* SPDX-License-Identifier: MIT */
/* Owns the machine with the loop. What is measured with it: rate.c, slot_time.c, insn_perf.c. */
#include "vmm/loop_vm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/clock.h"

int loop_vm_open(struct loop_vm *loop, const struct kvm_host *host, struct err *err)
{
	*loop = (struct loop_vm){
		.vm_fd = -1, .vcpu_fd = -1, .page = MAP_FAILED, .run = MAP_FAILED
	};
	loop->vm_fd = kvm_ioctl(host->fd, KVM_CREATE_VM, NULL);
	if (loop->vm_fd < 0)
		return err_errno(err, EXIT_HOST, "KVM cannot create a virtual machine");
	loop->page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (loop->page == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "no page of memory");
	slots_init(&loop->slots, loop->vm_fd, kvm_ioctl);
	if (arch_vm_setup(loop->vm_fd, err) || slots_add(&loop->slots, "loop", LOOP_VM_CODE_GPA,
							 PAGE_BYTES, loop->page, false, err) < 0)
		return -1;
	loop->vcpu_fd = kvm_ioctl(loop->vm_fd, KVM_CREATE_VCPU, NULL);
	if (loop->vcpu_fd < 0)
		return err_errno(err, EXIT_HOST, "KVM cannot create a vCPU");
	loop->run_bytes = host->run_bytes;
	loop->run =
		mmap(NULL, loop->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, loop->vcpu_fd, 0);
	if (loop->run == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "a vCPU's run structure cannot be mapped");
	return arch_vcpu_setup(host->fd, loop->vcpu_fd, 0, err);
}

void loop_vm_close(struct loop_vm *loop)
{
	if (loop->run != MAP_FAILED)
		munmap(loop->run, loop->run_bytes);
	if (loop->vcpu_fd >= 0)
		close(loop->vcpu_fd);
	if (loop->vm_fd >= 0)
		close(loop->vm_fd);
	if (loop->page != MAP_FAILED)
		munmap(loop->page, PAGE_BYTES);
}

int loop_vm_run(struct loop_vm *loop, u32 rounds, u64 *ns, struct err *err)
{
	u64 start;
	int ret;

	arch_loop_code(loop->page, rounds);
	if (arch_vcpu_enter(loop->vcpu_fd, LOOP_VM_CODE_GPA, 0, err))
		return -1;
	start = monotonic_ns();
	do
		ret = kvm_ioctl(loop->vcpu_fd, KVM_RUN, NULL);
	while (ret < 0 && errno == EINTR);
	*ns = monotonic_ns() - start;
	if (ret < 0)
		return err_errno(err, EXIT_HOST, "KVM_RUN of a loop");
	if (loop->run->exit_reason != KVM_EXIT_IO)
		return err_set(err, EXIT_HOST,
			       "a loop ends with KVM exit %u instead of port output",
			       loop->run->exit_reason);
	return 0;
}
