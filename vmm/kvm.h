/* SPDX-License-Identifier: MIT */
/*
 * The host's KVM: whether it can be used, why not, and which kind it is. Every way in which it
 * cannot be used has a message of its own that says what to do.
 */
#ifndef KVL_KVM_H
#define KVL_KVM_H

#include "devices/abi/types.h"
#include "vmm/err.h"

/* ioctl(2), replaceable by tests. Returns what ioctl() returns, errno included. */
typedef int kvm_ioctl_fn(int fd, unsigned long request, void *arg);
kvm_ioctl_fn kvm_ioctl;

/* Where KVM is looked for. */
struct kvm_place {
	const char *device;  /* "/dev/kvm" */
	const char *modules; /* "/sys/module" */
	kvm_ioctl_fn *ioctl;
};
extern const struct kvm_place kvm_this_host;

struct kvm_host {
	int fd;	       /* -1: closed */
	u32 run_bytes; /* of a vCPU's struct kvm_run mapping */
	u32 max_slots;
	u32 max_vcpus;
	bool stats;	     /* KVM_CAP_BINARY_STATS_FD */
	bool counts_insns;   /* the statistic insn_emulation counts every CPL 0 instruction */
	char class_name[24]; /* kvm_intel, kvm_amd, kvm_pvm, kvm */
	char paging[16];     /* ept, npt, shadow, unknown */
};

/*
 * Opens KVM and checks all that kvalab needs of it. All errors are EXIT_HOST: device missing,
 * closed to this user, busy or otherwise unusable, not KVM at all, another API version, a
 * capability missing (by name).
 */
int kvm_open(struct kvm_host *host, const struct kvm_place *place, struct err *err);
void kvm_close(struct kvm_host *host);

struct kvm_cap {
	int number; /* KVM_CAP_… */
	const char *name;
};
/* What every processor's KVM must offer (arch_kvm_caps: what this one's must besides). */
extern const struct kvm_cap kvm_caps[];
extern const size_t kvm_ncaps;

/* Fills class_name and paging from the loaded modules and their parameters (ept, npt). */
void kvm_classify(struct kvm_host *host, const char *modules);

#endif
