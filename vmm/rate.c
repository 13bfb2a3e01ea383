/* SPDX-License-Identifier: MIT */
/*
 * The instruction rate: a virtual machine with one page of code that counts down and leaves. The
 * code itself: arch/.
 */
#include "vmm/rate.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/slots.h"

#define CODE_GPA 0x1000
#define ENOUGH_NS (20 * 1000 * 1000)
#define FIRST_ROUNDS 5000
#define MOST_ROUNDS 1000000000u

struct bench {
	int vm_fd, vcpu_fd;
	u8 *page;
	struct kvm_run *run;
	u32 run_bytes;
};

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static int make_bench(struct bench *b, const struct kvm_host *host, struct err *err)
{
	struct slots slots;

	b->vm_fd = kvm_ioctl(host->fd, KVM_CREATE_VM, NULL);
	if (b->vm_fd < 0)
		return err_errno(err, EXIT_HOST, "KVM cannot create a virtual machine");
	b->page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->page == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "no page of memory");
	slots_init(&slots, b->vm_fd, kvm_ioctl);
	if (arch_vm_setup(b->vm_fd, err) ||
	    slots_add(&slots, "loop", CODE_GPA, PAGE_BYTES, b->page, false, err) < 0)
		return -1;
	b->vcpu_fd = kvm_ioctl(b->vm_fd, KVM_CREATE_VCPU, NULL);
	if (b->vcpu_fd < 0)
		return err_errno(err, EXIT_HOST, "KVM cannot create a vCPU");
	b->run_bytes = host->run_bytes;
	b->run = mmap(NULL, b->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->vcpu_fd, 0);
	if (b->run == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "a vCPU's run structure cannot be mapped");
	return arch_vcpu_setup(host->fd, b->vcpu_fd, 0, err);
}

static void drop_bench(struct bench *b)
{
	if (b->run != MAP_FAILED)
		munmap(b->run, b->run_bytes);
	if (b->vcpu_fd >= 0)
		close(b->vcpu_fd);
	if (b->vm_fd >= 0)
		close(b->vm_fd);
	if (b->page != MAP_FAILED)
		munmap(b->page, PAGE_BYTES);
}

static int run_loop(struct bench *b, u32 rounds, u64 *ns, struct err *err)
{
	u64 start;
	int ret;

	arch_loop_code(b->page, rounds);
	if (arch_vcpu_enter(b->vcpu_fd, CODE_GPA, 0, err))
		return -1;
	start = now_ns();
	do
		ret = kvm_ioctl(b->vcpu_fd, KVM_RUN, NULL);
	while (ret < 0 && errno == EINTR);
	*ns = now_ns() - start;
	if (ret < 0)
		return err_errno(err, EXIT_HOST, "KVM_RUN of a loop");
	if (b->run->exit_reason != KVM_EXIT_IO)
		return err_set(err, EXIT_HOST,
			       "a loop ends with KVM exit %u instead of port output",
			       b->run->exit_reason);
	return 0;
}

int rate_measure(const struct kvm_host *host, u64 *insn_per_s, struct err *err)
{
	struct bench b = { .vm_fd = -1, .vcpu_fd = -1, .page = MAP_FAILED, .run = MAP_FAILED };
	u32 rounds = FIRST_ROUNDS;
	u64 ns = 0;
	int ret = make_bench(&b, host, err);

	while (!ret) {
		ret = run_loop(&b, rounds, &ns, err);
		if (ns >= ENOUGH_NS || rounds >= MOST_ROUNDS)
			break;
		rounds *= 4;
	}
	drop_bench(&b);
	if (!ret)
		*insn_per_s = (u64)(2.0 * rounds * 1e9 / (double)(ns ? ns : 1));
	return ret;
}
