/* SPDX-License-Identifier: MIT */
/* Owns the trial of perf events that leave the host out. */
#include "vmm/insn_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/loop_vm.h"

#define ROUNDS 50000
/* What the few instructions around the loop, and a restarted one at each interrupt, may add. */
#define MOST_MORE(executed) ((executed) / 100 + 1000)
#define PARANOID_UNKNOWN (-2)
#define PARANOID_CLOSED 2 /* from here on it keeps users from the kernel's and a guest's events */

int insn_perf_refused(int error, int paranoid, struct err *err)
{
	if (error == ENOENT || error == ENODEV || error == EOPNOTSUPP || error == EINVAL)
		return err_set(err, EXIT_HOST,
			       "this processor, or the virtual machine that this host is, has no "
			       "counter that leaves the host out");
	if (error == ENOSYS)
		return err_set(err, EXIT_HOST, "this kernel has no perf events");
	if (error != EACCES && error != EPERM) {
		errno = error;
		return err_errno(err, EXIT_HOST, "perf_event_open");
	}
	if (paranoid < PARANOID_CLOSED)
		return err_set(err, EXIT_HOST,
			       "perf events are closed to this user (a container's filter?)");
	return err_set(err, EXIT_HOST,
		       "perf events are closed to this user: kernel.perf_event_paranoid is %d; as "
		       "root: sysctl kernel.perf_event_paranoid=1",
		       paranoid);
}

int insn_perf_judge(u64 counted, u64 executed, struct err *err)
{
	if (counted >= executed && counted <= executed + MOST_MORE(executed))
		return 0;
	return err_set(err, EXIT_HOST, "the counter says %llu for %llu instructions of a guest",
		       (unsigned long long)counted, (unsigned long long)executed);
}

static int read_paranoid(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int value = PARANOID_UNKNOWN;

	if (file && fscanf(file, "%d", &value) != 1)
		value = PARANOID_UNKNOWN;
	if (file)
		fclose(file);
	return value;
}

static int open_counter(struct err *err)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_HW_INSTRUCTIONS,
					.disabled = 1,
					.exclude_host = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		insn_perf_refused(errno, read_paranoid(), err);
	return fd;
}

static int count_loop(struct loop_vm *loop, int fd, struct err *err)
{
	u64 ns, counted = 0;
	int ret;

	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	ret = loop_vm_run(loop, ROUNDS, &ns, err);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	if (!ret && read(fd, &counted, sizeof(counted)) != sizeof(counted))
		ret = err_errno(err, EXIT_HOST, "the counter cannot be read");
	return ret ? ret : insn_perf_judge(counted, 2 * ROUNDS, err);
}

int insn_perf_try(const struct kvm_host *host, struct err *err)
{
	int fd = open_counter(err), ret;
	struct loop_vm loop;

	if (fd < 0)
		return -1;
	ret = loop_vm_open(&loop, host, err);
	if (!ret)
		ret = count_loop(&loop, fd, err);
	loop_vm_close(&loop);
	close(fd);
	return ret;
}
