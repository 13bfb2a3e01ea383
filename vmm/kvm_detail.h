/* SPDX-License-Identifier: MIT */
/* What a KVM is in detail, for people: its modules with their parameters, its capabilities. */
#ifndef KVL_KVM_DETAIL_H
#define KVL_KVM_DETAIL_H

#include "vmm/kvm.h"

struct kvm_cap_answer {
	const char *name;
	bool needed; /* kvalab runs no guest without it */
	bool there;
};

struct kvm_param {
	const char *module, *name;
	char value[32];
};

struct kvm_detail {
	u32 ncaps; /* 0: nobody could be asked */
	struct kvm_cap_answer cap[16];
	u32 nmodules;
	const char *module[4]; /* that are loaded (or built in, with parameters) */
	u32 nparams;	       /* of those, what bears on what kvalab shows */
	struct kvm_param param[16];
};

/* Never fails: what cannot be found out is not in it. */
void kvm_detail_read(struct kvm_detail *detail, const struct kvm_place *place);

#endif
