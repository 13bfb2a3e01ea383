/* SPDX-License-Identifier: MIT */
/*
 * Memory slots: which guest-physical ranges KVM backs with host memory, under which name. One
 * table; what overlaps is refused by name before KVM sees it.
 */
#ifndef KVL_SLOTS_H
#define KVL_SLOTS_H

#include <pthread.h>

#include "devices/abi/types.h"
#include "vmm/err.h"
#include "vmm/kvm.h"

/* 16 holes make 19 of RAM, the arena 2 more, the segment one, the chip up to 16, and one comes and
 * goes. */
#define SLOTS_MAX 64

struct slot {
	const char *name; /* NULL: free */
	u64 gpa, bytes;
	void *host;
	bool readonly;
};

struct slots {
	int vm_fd;
	kvm_ioctl_fn *ioctl;
	pthread_mutex_t lock;	     /* vCPU threads change slots, too */
	struct slot slot[SLOTS_MAX]; /* index = KVM's slot number */
};

void slots_init(struct slots *slots, int vm_fd, kvm_ioctl_fn *ioctl);

/*
 * Gives KVM the host memory at @host for [gpa, gpa + bytes). @name must outlive the slot. Returns
 * the slot number, or -1: not page-aligned, empty, wrapping, overlapping another one (both named),
 * table full, refused by KVM.
 */
int slots_add(struct slots *slots, const char *name, u64 gpa, u64 bytes, void *host, bool readonly,
	      struct err *err);

/* Takes slot @number away; accesses then leave the guest as MMIO exits. */
int slots_remove(struct slots *slots, int number, struct err *err);

/* The slot that holds @gpa; NULL: none. */
const struct slot *slots_at(const struct slots *slots, u64 gpa);

#endif
