/* SPDX-License-Identifier: MIT */
/*
 * vCPUs: a thread each, the KVM_RUN loop, stopping, and the count of instructions. What an exit
 * means: exit.c.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/arch.h"
#include "vmm/exit.h"
#include "vmm/kick.h"
#include "vmm/vm.h"

/* One each 100 us: a thread that waits for something outside may not come to a stand. */
#define PAUSE_KICKS 1000

/* Finds insn_emulation among the binary statistics (KVM API section 4.133). */
static s64 find_insn_counter(int fd)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *desc;
	s64 found = -1;
	size_t bytes;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) || header.name_size > 4096)
		return -1;
	bytes = sizeof(*desc) + header.name_size;
	desc = malloc(bytes + 1);
	if (!desc)
		return -1;
	for (u32 i = 0; i < header.num_desc && found < 0; i++) {
		off_t at = (off_t)(header.desc_offset + i * bytes);

		if (pread(fd, desc, bytes, at) != (ssize_t)bytes)
			break;
		((char *)desc)[bytes] = '\0';
		if (!strcmp(desc->name, "insn_emulation"))
			found = (s64)header.data_offset + desc->offset;
	}
	free(desc);
	return found;
}

static void open_stats(struct vcpu *vcpu)
{
	vcpu->insn_offset = -1;
	if (!vcpu->vm->host.counts_insns)
		return;
	vcpu->stats_fd = kvm_ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	if (vcpu->stats_fd >= 0)
		vcpu->insn_offset = find_insn_counter(vcpu->stats_fd);
	if (vcpu->insn_offset < 0)
		vcpu->vm->host.counts_insns = false;
}

int vcpu_create(struct vcpu *vcpu, struct vm *vm, u32 index, struct err *err)
{
	void *run;

	vcpu->fd = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)index);
	if (vcpu->fd < 0)
		return err_errno(err, EXIT_HOST, "KVM cannot create vCPU %u of %u", index,
				 vm->ncpus);
	run = mmap(NULL, vm->host.run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "vCPU %u: its run structure cannot be mapped",
				 index);
	vcpu->run = run;
	open_stats(vcpu);
	return arch_vcpu_setup(vm->host.fd, vcpu->fd, index, err);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->vm->host.run_bytes);
	if (vcpu->stats_fd >= 0)
		close(vcpu->stats_fd);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
}

u64 vcpu_ticks(const struct vcpu *vcpu)
{
	u64 count = 0;

	if (!vcpu->vm->host.counts_insns)
		return arch_guest_cycles(vcpu->fd);
	if (pread(vcpu->stats_fd, &count, sizeof(count), vcpu->insn_offset) != sizeof(count))
		return 0;
	return count;
}

static bool is_paused(const struct vcpu *vcpu)
{
	return atomic_load(&vcpu->vm->pausing);
}

static bool must_stand(const struct vcpu *vcpu)
{
	return is_paused(vcpu) || atomic_load(&vcpu->held);
}

static void stand_while(struct vcpu *vcpu, bool (*must)(const struct vcpu *vcpu))
{
	struct vm *vm = vcpu->vm;

	pthread_mutex_lock(&vm->lock);
	atomic_store(&vcpu->paused, true);
	while (must(vcpu) && !atomic_load(&vm->stopping))
		pthread_cond_wait(&vm->resumed, &vm->lock);
	atomic_store(&vcpu->paused, false);
	pthread_mutex_unlock(&vm->lock);
}

/* Inside an exit: the debugger, who may write registers, has to wait for its end. */
void vcpu_give_way(struct vcpu *vcpu)
{
	if (is_paused(vcpu))
		stand_while(vcpu, is_paused);
}

/*
 * Between two instructions only: KVM finishes an access to a device in the entry after it (KVM API
 * section 5, "immediate_exit"), and until then its registers are those before the access.
 */
static void prepare_entry(struct vcpu *vcpu)
{
	bool stand = must_stand(vcpu);

	if (stand && !vcpu->unfinished) {
		stand_while(vcpu, must_stand);
		stand = false;
	}
	vcpu->run->immediate_exit = stand || atomic_load(&vcpu->vm->stopping);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;

	vcpu->entry_ticks = vcpu_ticks(vcpu);
	while (!atomic_load(&vm->stopping)) {
		int ret;

		prepare_entry(vcpu);
		ret = kvm_ioctl(vcpu->fd, KVM_RUN, NULL);
		vcpu->exits++;
		vcpu->unfinished = ret == 0 && vcpu->run->exit_reason != KVM_EXIT_DEBUG;
		if (ret < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (ret < 0) {
			vm_end(vm, EXIT_VMM, true, vcpu->index, "vCPU %u: KVM_RUN fails: %s",
			       vcpu->index, strerror(errno));
			break;
		}
		if (exit_dispatch(vm, vcpu->index, vcpu->run) == EXIT_ACTION_STOP)
			break;
	}
	atomic_store(&vcpu->left, true);
	return NULL;
}

/* Signals that are meant for the process are for the main thread: here they would cut a write. */
static void block_user_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static int start_one(struct vcpu *vcpu, struct err *err)
{
	int error = pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu);

	errno = error;
	if (error)
		return err_errno(err, EXIT_HOST, "no thread for vCPU %u", vcpu->index);
	vcpu->running = true;
	return 0;
}

int vcpus_start(struct vm *vm, struct err *err)
{
	sigset_t before;
	int failed = 0;

	kick_prepare();
	block_user_signals(&before); /* threads inherit the mask */
	for (u32 i = 0; i < vm->ncpus && !failed; i++)
		failed = start_one(&vm->cpu[i], err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

/*
 * immediate_exit closes the window between a thread's look at vm->stopping and its KVM_RUN (KVM API
 * section 5, "immediate_exit"). The signal is repeated because a device's wait may swallow one.
 */
static void stop_one(struct vcpu *vcpu)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	if (!vcpu->running)
		return;
	vcpu->run->immediate_exit = 1;
	while (!atomic_load(&vcpu->left)) {
		kick_thread(vcpu->thread);
		nanosleep(&pause, NULL);
	}
	pthread_mutex_lock(&vcpu->vm->lock); /* nobody kicks a thread that is no more */
	vcpu->running = false;
	pthread_mutex_unlock(&vcpu->vm->lock);
	pthread_join(vcpu->thread, NULL);
}

static void wake_paused(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	pthread_cond_broadcast(&vm->resumed);
	pthread_mutex_unlock(&vm->lock);
}

/* False: it stands still, or there is nobody to kick. */
static bool kick(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool needed;

	pthread_mutex_lock(&vm->lock);
	needed = vcpu->running && !atomic_load(&vcpu->paused) && !atomic_load(&vcpu->left);
	if (needed) {
		vcpu->run->immediate_exit = 1;
		kick_thread(vcpu->thread);
	}
	pthread_mutex_unlock(&vm->lock);
	return needed;
}

static void kick_all(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++)
		kick(&vm->cpu[i]);
}

/* False: not after so many kicks. */
static bool await_standing(struct vm *vm, u64 most_kicks)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };
	u64 kicks = 0;

	kick_all(vm);
	for (u32 i = 0; i < vm->ncpus; i++)
		for (; kick(&vm->cpu[i]); kicks++) {
			if (kicks == most_kicks)
				return false;
			nanosleep(&pause, NULL);
		}
	return true;
}

/*
 * Under the lock with which threads wake: one that has not gone on yet since the last pause does
 * not now, one that has will see this one.
 */
bool vcpus_pause(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	atomic_store(&vm->pausing, true);
	pthread_mutex_unlock(&vm->lock);
	return await_standing(vm, PAUSE_KICKS);
}

void vcpus_resume(struct vm *vm)
{
	atomic_store(&vm->pausing, false);
	wake_paused(vm);
}

void vcpus_hold(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock); /* as in vcpus_pause() */
	for (u32 i = 0; i < vm->ncpus; i++)
		atomic_store(&vm->cpu[i].held, true);
	pthread_mutex_unlock(&vm->lock);
	await_standing(vm, UINT64_MAX);
}

void vcpu_release(struct vcpu *vcpu)
{
	atomic_store(&vcpu->held, false);
	wake_paused(vcpu->vm);
}

void vcpus_stop(struct vm *vm)
{
	atomic_store(&vm->stopping, true);
	wake_paused(vm);
	kick_all(vm);
	for (u32 i = 0; i < vm->ncpus; i++)
		stop_one(&vm->cpu[i]);
}
