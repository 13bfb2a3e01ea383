/* SPDX-License-Identifier: MIT */
/*
 * Owns registers, memory and the list of breakpoints, as commands.c asks for them. Only RAM is
 * memory here: a read of a device would change it.
 */
#include "vmm/gdb/view.h"

#include <stdio.h>

#include "vmm/arch.h"
#include "vmm/gdb/machine.h"
#include "vmm/image.h"
#include "vmm/vm.h"

/* --- registers -------------------------------------------------------------------------------- */
static bool read_registers(void *owner, u32 cpu, u8 *values)
{
	struct gdb_machine *machine = owner;

	return arch_debug_read(machine->vm->cpu[cpu].fd, values);
}

static bool write_registers(void *owner, u32 cpu, const u8 *values)
{
	struct gdb_machine *machine = owner;

	return arch_debug_write(machine->vm->cpu[cpu].fd, values);
}

static void describe(void *owner, u32 cpu, char *text, size_t bytes)
{
	struct gdb_machine *machine = owner;
	struct arch_state state;
	u64 root;

	if (!arch_kvm_state(machine->vm->cpu[cpu].fd, &state))
		snprintf(text, bytes, "vCPU %u", cpu);
	else if (!arch_root(&state, &root))
		snprintf(text, bytes, "vCPU %u, paging off", cpu);
	else
		snprintf(text, bytes, "vCPU %u, CPL %u, tables 0x%llx", cpu, state.cpl,
			 (unsigned long long)root);
}

/* --- memory ----------------------------------------------------------------------------------- */
/*
 * Before a CPU has page tables the image is already where its symbols say that it will be: so
 * breakpoints can be set before the first instruction.
 */
static bool in_image(const struct vm *vm, u64 va, struct gpa *at)
{
	const u8 *byte = vm->image ? image_at(vm->image, va, 1) : NULL;

	if (byte)
		*at = gpa((u64)(byte - vm->image->data) + KVL_IMAGE_GPA);
	return byte;
}

static bool find(const struct vm *vm, u32 cpu, u64 va, struct gpa *at)
{
	struct arch_state state;
	u64 root, where;

	if (!arch_kvm_state(vm->cpu[cpu].fd, &state))
		return false;
	if (!arch_root(&state, &root) && in_image(vm, va, at))
		return true;
	if (!arch_data_gpa(&state, &vm->mem, va, &where))
		return false;
	*at = gpa(where);
	return true;
}

/* Bytes from @va to the end of its page, at most @bytes. */
static size_t piece_at(u64 va, size_t bytes)
{
	size_t rest = PAGE_BYTES - (size_t)(va % PAGE_BYTES);

	return bytes < rest ? bytes : rest;
}

static size_t read_memory(void *owner, u32 cpu, u64 va, u8 *out, size_t bytes)
{
	struct gdb_machine *machine = owner;
	size_t done = 0;

	while (done < bytes) {
		size_t piece = piece_at(va + done, bytes - done);
		struct gpa at;

		if (!find(machine->vm, cpu, va + done, &at) ||
		    !gmem_read(&machine->vm->mem, at, out + done, piece))
			break;
		done += piece;
	}
	return done;
}

/* All of it or nothing: a first pass only looks. */
static bool write_memory(void *owner, u32 cpu, u64 va, const u8 *in, size_t bytes)
{
	struct gdb_machine *machine = owner;
	const struct gmem *mem = &machine->vm->mem;

	for (u32 pass = 0; pass < 2; pass++) {
		size_t piece;

		for (size_t done = 0; done < bytes; done += piece) {
			struct gpa at;

			piece = piece_at(va + done, bytes - done);
			if (!find(machine->vm, cpu, va + done, &at) || !gmem_at(mem, at, piece))
				return false;
			if (pass)
				gmem_write(mem, at, in + done, piece);
		}
	}
	return true;
}

/* --- breakpoints ------------------------------------------------------------------------------ */
static struct gdb_break *find_break(struct gdb_machine *machine, u64 va)
{
	for (u32 i = 0; i < machine->nbreaks; i++)
		if (machine->at[i].va == va)
			return &machine->at[i];
	return NULL;
}

/* Not in user code, and not before a byte that is the number of another's port. */
static bool can_read_port(struct gdb_machine *machine, u32 cpu, u64 va)
{
	struct vm *vm = machine->vm;
	struct arch_state state;
	u64 root;
	u8 next;

	if (!arch_kvm_state(vm->cpu[cpu].fd, &state) ||
	    (arch_root(&state, &root) && va < vm->layout.user_end))
		return false;
	return read_memory(machine, cpu, va + 1, &next, 1) == 1 && arch_port_break_fits(next);
}

static bool insert_break(void *owner, u32 cpu, u64 va)
{
	struct gdb_machine *machine = owner;
	struct gdb_break new = { .va = va };

	if (find_break(machine, va))
		return true;
	if (machine->nbreaks == GDB_MAX_BREAKS || !find(machine->vm, cpu, va, &new.at) ||
	    !gmem_at(&machine->vm->mem, new.at, 1) ||
	    (machine->break_byte == ARCH_PORT_BREAK_BYTE && !can_read_port(machine, cpu, va)))
		return false;
	machine->at[machine->nbreaks++] = new;
	return true;
}

static void remove_break(void *owner, u64 va)
{
	struct gdb_machine *machine = owner;
	struct gdb_break *old = find_break(machine, va);

	if (old)
		*old = machine->at[--machine->nbreaks];
}

/* gdb moves all sections by as much as the first segment. */
static u64 first_segment_va(const struct image *image)
{
	return image ? image->page_offset + image->segment[0].link : 0;
}

void gdb_view_init(struct gdb_machine *machine)
{
	machine->target = (struct gdb_target){ .owner = machine,
					       .ncpus = machine->vm->ncpus,
					       .image_va = first_segment_va(machine->vm->image),
					       .read_registers = read_registers,
					       .write_registers = write_registers,
					       .read_memory = read_memory,
					       .write_memory = write_memory,
					       .insert_break = insert_break,
					       .remove_break = remove_break,
					       .describe = describe };
}
