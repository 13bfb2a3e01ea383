/* SPDX-License-Identifier: MIT */
/*
 * The table of memory slots. Whose memory it is: vm.c (RAM, shared region), kvm_engine.c (the
 * segment) and flashdev.c (the chip's array). Any thread may change them.
 */
#include "vmm/slots.h"

#include <linux/kvm.h>
#include <string.h>

void slots_init(struct slots *slots, int vm_fd, kvm_ioctl_fn *ioctl)
{
	memset(slots, 0, sizeof(*slots));
	slots->vm_fd = vm_fd;
	slots->ioctl = ioctl;
	pthread_mutex_init(&slots->lock, NULL);
}

/* KVM API section 4.35: a slot of 0 bytes is deleted. */
static int tell_kvm(const struct slots *slots, int number, u64 bytes)
{
	const struct slot *slot = &slots->slot[number];
	struct kvm_userspace_memory_region region = {
		.slot = (u32)number,
		.flags = slot->readonly ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = slot->gpa,
		.memory_size = bytes,
		.userspace_addr = (u64)(uintptr_t)slot->host,
	};

	return slots->ioctl(slots->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int check_range(const struct slot *new, struct err *err)
{
	if (new->bytes && !((new->gpa | new->bytes | (u64)(uintptr_t) new->host) % PAGE_BYTES) &&
	    new->gpa + (new->bytes - 1) >= new->gpa)
		return 0;
	return err_set(err, EXIT_VMM,
		       "slot '%s': 0x%llx bytes at 0x%llx (host %p) are not whole pages", new->name,
		       (unsigned long long)new->bytes, (unsigned long long)new->gpa, new->host);
}

static int check_overlap(const struct slots *slots, const struct slot *new, struct err *err)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		const struct slot *old = &slots->slot[i];

		if (!old->name || new->gpa + (new->bytes - 1) < old->gpa ||
		    old->gpa + (old->bytes - 1) < new->gpa)
			continue;
		return err_set(err, EXIT_VMM, "slot '%s' 0x%llx-0x%llx overlaps '%s' 0x%llx-0x%llx",
			       new->name, (unsigned long long)new->gpa,
			       (unsigned long long)(new->gpa + new->bytes), old->name,
			       (unsigned long long)old->gpa,
			       (unsigned long long)(old->gpa + old->bytes));
	}
	return 0;
}

static int free_number(const struct slots *slots)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		if (!slots->slot[i].name)
			return i;
	return -1;
}

static int add_locked(struct slots *slots, const struct slot *new, struct err *err)
{
	int number = free_number(slots);

	if (check_overlap(slots, new, err))
		return -1;
	if (number < 0)
		return err_set(err, EXIT_VMM, "slot '%s': all %d memory slots are in use",
			       new->name, SLOTS_MAX);
	slots->slot[number] = *new;
	if (tell_kvm(slots, number, new->bytes)) {
		slots->slot[number].name = NULL;
		return err_errno(err, EXIT_HOST, "KVM refuses memory slot %d '%s' 0x%llx-0x%llx%s",
				 number, new->name, (unsigned long long)new->gpa,
				 (unsigned long long)(new->gpa + new->bytes),
				 new->readonly ? ", read-only" : "");
	}
	return number;
}

int slots_add(struct slots *slots, const char *name, u64 gpa, u64 bytes, void *host, bool readonly,
	      struct err *err)
{
	struct slot new = { name, gpa, bytes, host, readonly };
	int number;

	if (check_range(&new, err))
		return -1;
	pthread_mutex_lock(&slots->lock);
	number = add_locked(slots, &new, err);
	pthread_mutex_unlock(&slots->lock);
	return number;
}

static int remove_locked(struct slots *slots, int number, struct err *err)
{
	if (number < 0 || number >= SLOTS_MAX || !slots->slot[number].name)
		return err_set(err, EXIT_VMM, "memory slot %d is not in use", number);
	if (tell_kvm(slots, number, 0))
		return err_errno(err, EXIT_HOST, "KVM does not take memory slot %d '%s' away",
				 number, slots->slot[number].name);
	slots->slot[number].name = NULL;
	return 0;
}

int slots_remove(struct slots *slots, int number, struct err *err)
{
	int ret;

	pthread_mutex_lock(&slots->lock);
	ret = remove_locked(slots, number, err);
	pthread_mutex_unlock(&slots->lock);
	return ret;
}

const struct slot *slots_at(const struct slots *slots, u64 gpa)
{
	for (int i = 0; i < SLOTS_MAX; i++) {
		const struct slot *slot = &slots->slot[i];

		if (slot->name && gpa >= slot->gpa && gpa - slot->gpa < slot->bytes)
			return slot;
	}
	return NULL;
}
