/* SPDX-License-Identifier: MIT */
/*
 * Owns the self-test of the trap tier. Where the processor walks the guest's tables itself it may
 * want to write them (AMD's nested paging always does): the guest then hangs, is given up by KVM,
 * or leaves with an access that it never made. So nothing counts but what was expected, within a
 * time limit.
 */
#include "vmm/pt_trap_test.h"

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "vmm/arch.h"
#include "vmm/exit.h"
#include "vmm/kick.h"
#include "vmm/loop_vm.h"
#include "vmm/pt_trap.h"

#define LIMIT_S 2
#define OLD_BYTE 0x11
#define NEW_BYTE 0x22
#define PAGES (ARCH_STORE_TEST_TABLES + 2)

struct trial {
	struct loop_vm loop;
	struct arch_store_test guest;
	u8 *memory; /* tables, then the two pages */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over;
	atomic_bool left;
	int ret;
	struct err err;
};

static int run_once(struct trial *trial)
{
	while (kvm_ioctl(trial->loop.vcpu_fd, KVM_RUN, NULL) < 0) {
		if (errno != EINTR)
			return err_errno(&trial->err, EXIT_HOST, "KVM_RUN of the trap tier's test");
		if (trial->loop.run->immediate_exit)
			return err_set(&trial->err, EXIT_HOST,
				       "a guest whose page tables are read-only hangs (%d s)",
				       LIMIT_S);
	}
	return 0;
}

static bool is_store(const struct trial *trial)
{
	const struct kvm_run *run = trial->loop.run;
	u64 entry = arch_store_test_entry(&trial->guest);

	return run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	       run->mmio.phys_addr == arch_store_test_gpa(&trial->guest) &&
	       run->mmio.len == sizeof(entry) && !memcmp(run->mmio.data, &entry, sizeof(entry));
}

static int refuse_exit(struct trial *trial)
{
	const struct kvm_run *run = trial->loop.run;

	if (run->exit_reason == KVM_EXIT_MMIO)
		return err_set(
			&trial->err, EXIT_HOST,
			"a store to read-only page tables leaves the guest as a %u-byte %s 0x%llx",
			run->mmio.len, run->mmio.is_write ? "write to" : "read of",
			(unsigned long long)run->mmio.phys_addr);
	return err_set(&trial->err, EXIT_HOST, "a store to read-only page tables ends in %s",
		       exit_name(run->exit_reason));
}

static int check_outcome(struct trial *trial, const u8 *before)
{
	const struct kvm_run *run = trial->loop.run;
	u8 byte;

	if (run->exit_reason != KVM_EXIT_IO)
		return refuse_exit(trial);
	byte = *((const u8 *)run + run->io.data_offset);
	if (byte != NEW_BYTE)
		return err_set(&trial->err, EXIT_HOST,
			       "a store to page tables that the host applies does not count: the "
			       "guest still %s",
			       byte == OLD_BYTE ? "uses the old entry" : "reads nonsense");
	if (memcmp(before, trial->guest.tables, ARCH_STORE_TEST_TABLES * PAGE_BYTES))
		return err_set(&trial->err, EXIT_HOST,
			       "the processor writes to page tables that are read-only");
	return 0;
}

static int try_it(struct trial *trial)
{
	u8 before[ARCH_STORE_TEST_TABLES * PAGE_BYTES];
	u64 entry = arch_store_test_entry(&trial->guest);
	u64 offset = arch_store_test_gpa(&trial->guest) - trial->guest.tables_gpa;

	if (arch_store_test_enter(trial->loop.vcpu_fd, &trial->guest, &trial->err) ||
	    run_once(trial))
		return -1;
	if (!is_store(trial))
		return refuse_exit(trial);
	memcpy(trial->guest.tables + offset, &entry, sizeof(entry));
	memcpy(before, trial->guest.tables, sizeof(before));
	if (pt_trap_drop_shadows(&trial->loop.slots, &trial->err) || run_once(trial))
		return -1;
	return check_outcome(trial, before);
}

static void *trial_main(void *arg)
{
	struct trial *trial = arg;

	trial->ret = try_it(trial);
	pthread_mutex_lock(&trial->lock);
	trial->over = true;
	pthread_cond_signal(&trial->ended);
	pthread_mutex_unlock(&trial->lock);
	atomic_store(&trial->left, true);
	return NULL;
}

/* The signal is repeated, because one may come before KVM_RUN does. */
static void await_or_stop(struct trial *trial, pthread_t thread)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LIMIT_S;
	pthread_mutex_lock(&trial->lock);
	while (!trial->over && !pthread_cond_timedwait(&trial->ended, &trial->lock, &until))
		;
	pthread_mutex_unlock(&trial->lock);
	while (!atomic_load(&trial->left)) {
		trial->loop.run->immediate_exit = 1;
		kick_thread(thread);
		nanosleep(&pause, NULL);
	}
	pthread_join(thread, NULL);
}

static int fill(struct trial *trial, struct err *err)
{
	u64 tables = ARCH_STORE_TEST_TABLES * PAGE_BYTES;

	trial->memory = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (trial->memory == MAP_FAILED)
		return err_errno(err, EXIT_HOST, "no memory for a test of the trap tier");
	trial->guest = (struct arch_store_test){ .code = trial->loop.page,
						 .code_gpa = LOOP_VM_CODE_GPA,
						 .tables = trial->memory,
						 .tables_gpa = LOOP_VM_FREE_GPA,
						 .pages_gpa = LOOP_VM_FREE_GPA + tables };
	memset(trial->memory + tables, OLD_BYTE, PAGE_BYTES);
	memset(trial->memory + tables + PAGE_BYTES, NEW_BYTE, PAGE_BYTES);
	arch_store_test_fill(&trial->guest);
	if (slots_add(&trial->loop.slots, "tables", LOOP_VM_FREE_GPA, tables, trial->memory, true,
		      err) < 0 ||
	    slots_add(&trial->loop.slots, "pages", trial->guest.pages_gpa, 2 * PAGE_BYTES,
		      trial->memory + tables, false, err) < 0)
		return -1;
	return 0;
}

static int run_trial(struct trial *trial, struct err *err)
{
	pthread_t thread;

	kick_prepare();
	if (pthread_create(&thread, NULL, trial_main, trial))
		return err_set(err, EXIT_HOST, "no thread for a test of the trap tier");
	await_or_stop(trial, thread);
	*err = trial->err;
	return trial->ret;
}

int pt_trap_test(const struct kvm_host *host, struct err *err)
{
	struct trial trial = { .lock = PTHREAD_MUTEX_INITIALIZER, .memory = MAP_FAILED };
	pthread_condattr_t attributes;
	int ret = -1;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&trial.ended, &attributes);
	pthread_condattr_destroy(&attributes);
	if (!loop_vm_open(&trial.loop, host, err) && !fill(&trial, err))
		ret = run_trial(&trial, err);
	loop_vm_close(&trial.loop);
	if (trial.memory != MAP_FAILED)
		munmap(trial.memory, PAGES * PAGE_BYTES);
	pthread_cond_destroy(&trial.ended);
	pthread_mutex_destroy(&trial.lock);
	return ret;
}
