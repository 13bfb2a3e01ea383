/* SPDX-License-Identifier: MIT */
/*
 * The trap tier: what a store of the guest to its page tables does here. Each is one exit of eight
 * aligned bytes; it is reported first (pt_store) and applied then, under one lock, so that two
 * reports of one entry stand in the order of the stores. What the report is compared with:
 * trace/model_stores.c.
 *
 * KVM does not see a store that the VMM makes: where an entry was present, KVM may go on with what
 * it has derived from it, INVLPG or not, so its shadows are dropped. One that was not present it
 * has looked at in vain at most.
 *
 * Locked read-modify-write instructions reach the VMM as a read by KVM and a plain store, so they
 * are not atomic between vCPUs. The guest's page-table code uses none.
 */
#include "vmm/pt_trap.h"

#include "arch/x86_64/vmm/pte.h"
#include "vmm/arch.h"
#include "vmm/vm.h"

/* A page of the device area where nothing is. */
#define UNUSED_GPA 0xFD000000ull

int pt_trap_drop_shadows(struct slots *slots, struct err *err)
{
	/* Who looks there meanwhile reads what he would otherwise: all ones. */
	static _Alignas(PAGE_BYTES) u8 nothing[PAGE_BYTES] = { [0 ... PAGE_BYTES - 1] = 0xFF };
	int slot = slots_add(slots, "nothing", UNUSED_GPA, PAGE_BYTES, nothing, true, err);

	return slot < 0 ? -1 : slots_remove(slots, slot, err);
}

static void refuse(struct vm *vm, const struct bus_access *access)
{
	vm_end(vm, EXIT_GUEST, true, access->cpu,
	       "vCPU %u: %u-byte store to 0x%llx in the page-table arena: entries are written whole",
	       access->cpu, access->bytes, (unsigned long long)access->address);
}

static void apply(struct vm *vm, const struct bus_access *access, volatile u64 *entry)
{
	u64 old = *entry;
	struct err err;

	vm_event(vm, KVL_EV_PT_STORE, (u16)access->cpu, 0, access->address, old, access->data,
		 arch_vcpu_pc(vm->cpu[access->cpu].fd), 0);
	*entry = access->data;
	if (pte_present(old) && pt_trap_drop_shadows(&vm->slots, &err))
		vm_end(vm, err.status, false, access->cpu, "%s", err.text);
}

/* Reads do not come here: the slot answers them. */
static void on_access(void *owner, struct bus_access *access)
{
	struct vm *vm = owner;
	volatile u64 *entry = gmem_at(&vm->mem, gpa(access->address), sizeof(*entry));

	if (!access->write || access->bytes != sizeof(*entry) || access->address % sizeof(*entry) ||
	    !entry) {
		refuse(vm, access);
		return;
	}
	pthread_mutex_lock(&vm->store_lock);
	apply(vm, access, entry);
	pthread_mutex_unlock(&vm->store_lock);
}

bool pt_trap_takes(const struct vm *vm, u64 address)
{
	const struct kvl_range *arena = &vm->layout.arena;

	return vm->tier == TIER_TRAP && address >= arena->start &&
	       address - arena->start < arena->bytes;
}

int pt_trap_open(struct vm *vm, struct err *err)
{
	const struct kvl_range *arena = &vm->layout.arena;

	return bus_add(&vm->memory_bus, "page tables", arena->start, arena->bytes, on_access, vm,
		       err);
}
