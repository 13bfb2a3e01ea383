/* SPDX-License-Identifier: MIT */
/* Says in words why a layout cannot be planned. The arithmetic: devices/abi/layout.c. */
#include "vmm/plan.h"

#include <stdio.h>

#define U(x) ((unsigned long long)(x))
#define MIB(x) (U(x) / MiB(1) + (U(x) % MiB(1) != 0))

#define HOLE_BYTES (BOARD_OWNER_BYTES + 64)

/* As the option has it, or what was made of that, and whose it is. */
static const char *hole_text(const struct kvl_layout_request *request, const struct board *board,
			     u32 index, char text[HOLE_BYTES])
{
	char owner[BOARD_OWNER_BYTES];
	const struct kvl_range *hole = &request->hole[index];

	snprintf(text, HOLE_BYTES, "0x%llx:0x%llx%s%s", U(hole->start), U(hole->bytes),
		 board && board->hole_grown[index] ? " (in whole pages)" : "",
		 board_owner(board ? board->hole_name[index] : NULL, owner));
	return text;
}

/* --- holes that do not lie in RAM ------------------------------------------------------------- */

#define ADVICE_BYTES 160

/* The least --mem with which the hole lies in RAM: it is neither low memory nor where devices
 * are. */
static u64 mem_needed(struct kvl_range hole)
{
	return ALIGN_UP(kvl_machine_offset(kvl_range_end(hole) - 1) + 1, LARGE_BYTES);
}

/* The next hole of a board may need still more: what is enough for all of them. */
static void advise_mem(const struct board *board, u32 index, u64 needed, char text[ADVICE_BYTES])
{
	if (!board || !board->hole_name[index])
		snprintf(text, ADVICE_BYTES, "it needs --mem %lluM, or move it (--hole)",
			 MIB(needed));
	else if (board->mem_bytes > needed)
		snprintf(text, ADVICE_BYTES,
			 "it needs --mem %lluM (--mem %lluM reaches as far as the board's RAM)",
			 MIB(needed), MIB(board->mem_bytes));
	else
		snprintf(text, ADVICE_BYTES, "it needs --mem %lluM", MIB(needed));
}

/* How to do without that hole where it is. */
static const char *without_it(const struct board *board, u32 index)
{
	return board && board->hole_name[index]
		       ? "disable its node in the board's tree (status = \"disabled\")"
		       : "move it (--hole)";
}

static int explain_outside(const struct kvl_layout_request *request, const struct board *board,
			   const struct kvl_layout_failure *why, struct err *err)
{
	char hole[HOLE_BYTES], advice[ADVICE_BYTES];
	const char *move = without_it(board, why->index);
	u64 needed;

	hole_text(request, board, why->index, hole);
	switch ((enum kvl_outside)why->other) {
	case KVL_OUTSIDE_ALL:
		return err_set(err, EXIT_USAGE, "hole %s reaches beyond all addresses: %s", hole,
			       move);
	case KVL_OUTSIDE_LOW:
		return err_set(
			err, EXIT_USAGE,
			"hole %s does not lie in RAM, which begins at 2 MiB for the kernel: %s",
			hole, move);
	case KVL_OUTSIDE_DEVICES:
		return err_set(err, EXIT_USAGE,
			       "hole %s lies where this machine has devices (3 to 4 GiB), with "
			       "any --mem: %s",
			       hole, move);
	case KVL_OUTSIDE_RAM:
	case KVL_OUTSIDE_NOT: break;
	}
	needed = mem_needed(request->hole[why->index]);
	if (needed > KVL_MEM_MAX)
		return err_set(err, EXIT_USAGE,
			       "hole %s does not lie in RAM, which --mem %lluM lets reach up to "
			       "0x%llx, and no --mem farther: %s",
			       hole, MIB(KVL_MEM_MAX), U(kvl_ram_end(KVL_MEM_MAX)), move);
	advise_mem(board, why->index, needed, advice);
	return err_set(err, EXIT_USAGE, "hole %s does not lie in RAM, which ends at 0x%llx: %s",
		       hole, U(why->value), advice);
}

/* --- all that can be wrong -------------------------------------------------------------------- */

static int explain_hole(const struct kvl_layout_request *request, const struct board *board,
			const struct kvl_layout_failure *why, struct err *err)
{
	char hole[HOLE_BYTES], other[HOLE_BYTES];
	const char *option = board_hole_option(board, why->index);

	hole_text(request, board, why->index, hole);
	switch (why->error) {
	case KVL_LAYOUT_HOLE_ALIGN:
		return err_set(err, EXIT_USAGE, "hole %s is %s: change it (%s)", hole,
			       request->hole[why->index].bytes ? "not made of whole 4 KiB pages"
							       : "empty",
			       option);
	case KVL_LAYOUT_HOLE_OUTSIDE: return explain_outside(request, board, why, err);
	case KVL_LAYOUT_HOLE_OVERLAP:
		return err_set(err, EXIT_USAGE,
			       "holes %s and %s overlap: make one of them, or move one (%s)", hole,
			       hole_text(request, board, why->other, other),
			       board_hole_option(board, why->other));
	default: break;
	}
	return err_set(err, EXIT_USAGE,
		       "hole %s lies in the %s, which ends at 0x%llx: move it (%s)%s", hole,
		       why->other ? "page-table arena" : "kernel's core", U(why->value), option,
		       why->other ? ", or give --arena lowmem" : "");
}

/* Beyond 3 GiB more --mem goes on above 4 GiB, where no tables can be. */
static int explain_no_highmem(const struct kvl_layout_request *request, u64 lowmem_end,
			      struct err *err)
{
	u64 ram_end = kvl_ram_end(request->mem_bytes);
	u64 end = ram_end < KVL_LOW_RAM_END_GPA ? ram_end : KVL_LOW_RAM_END_GPA;
	const char *more = ram_end < KVL_LOW_RAM_END_GPA ? "more --mem, or " : "";
	u64 bytes = kvl_arena_bytes(request);

	if (end == lowmem_end)
		return err_set(
			err, EXIT_USAGE,
			"the arena cannot be in highmem: all RAM below 4 GiB is lowmem (it ends at "
			"0x%llx); give %s--arena lowmem",
			U(lowmem_end), more);
	return err_set(err, EXIT_USAGE,
		       "the arena of %llu MiB cannot be in highmem: RAM below 4 GiB has %llu MiB "
		       "behind lowmem (it ends at 0x%llx); give --arena highmem,%lluM at most, "
		       "%s--arena lowmem",
		       MIB(bytes), MIB(end - lowmem_end), U(lowmem_end), MIB(end - lowmem_end),
		       *more ? more : "or ");
}

int layout_explain(const struct kvl_layout_request *request, const struct board *board,
		   const struct kvl_layout_failure *why, struct err *err)
{
	static const struct {
		const char *name, *option;
	} size[] = { { "vmalloc", "--vmalloc" },
		     { "kva", "--kva" },
		     { "upper vmalloc", "--vmalloc-upper" },
		     { "arena", "--arena" } };

	switch (why->error) {
	case KVL_LAYOUT_MEM_SMALL:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of RAM are too few: give --mem at least %lluM",
			       MIB(request->mem_bytes), MIB(why->value));
	case KVL_LAYOUT_MEM_LARGE:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of RAM are too many: give --mem at most %lluM",
			       MIB(request->mem_bytes), MIB(why->value));
	case KVL_LAYOUT_MEM_ALIGN:
		return err_set(err, EXIT_USAGE,
			       "RAM of %llu bytes is not a multiple of 2 MiB: change --mem",
			       U(request->mem_bytes));
	case KVL_LAYOUT_SPLIT:
		return err_set(err, EXIT_USAGE,
			       "the split must be 1G, 2G or 3G, not 0x%llx: change --split",
			       U(request->page_offset));
	case KVL_LAYOUT_ALIGN:
		return err_set(err, EXIT_USAGE,
			       "the %s size 0x%llx is not a multiple of 2 MiB: change %s",
			       size[why->index].name, U(why->value), size[why->index].option);
	case KVL_LAYOUT_UPPER:
		return err_set(err, EXIT_USAGE,
			       "%llu MiB of vmalloc behind lowmem are more than the %llu MiB in "
			       "all: make --vmalloc-upper smaller, or --vmalloc larger",
			       MIB(request->vmalloc_upper_bytes), MIB(why->value));
	case KVL_LAYOUT_NO_ROOM:
		return err_set(
			err, EXIT_USAGE,
			"the kernel's %llu MiB are %llu MiB too small for lowmem's core, vmalloc "
			"and kva: make --vmalloc%s or --kva smaller, or --split lower",
			MIB(GiB(4) - request->page_offset), MIB(why->value),
			request->arena_bytes && !request->arena_highmem ? ", --arena" : "");
	case KVL_LAYOUT_NO_HIGHMEM: return explain_no_highmem(request, why->value, err);
	case KVL_LAYOUT_ARENA:
		return err_set(err, EXIT_USAGE,
			       "an arena of %llu MiB is too large: give --arena %s,%lluM at most%s",
			       MIB(request->arena_bytes),
			       request->arena_highmem ? "highmem" : "lowmem", MIB(why->value),
			       why->value < KVL_ARENA_MAX ? ", or more --mem" : "");
	case KVL_LAYOUT_CPUS:
		return err_set(err, EXIT_USAGE, "%u CPUs are not possible: give --cpus 1 to %u",
			       request->ncpus, KVL_MAX_CPUS);
	case KVL_LAYOUT_HOLES:
		return err_set(err, EXIT_USAGE,
			       "%u holes are too many: give --hole at most %u times",
			       request->nholes, KVL_MAX_HOLES);
	case KVL_LAYOUT_SOFT:
		return err_set(
			err, EXIT_USAGE,
			"a soft TLB of %u entries is not possible: give --tlb soft,entries=%u to %u",
			request->soft_entries, KVL_SOFT_MIN, KVL_SOFT_MAX);
	case KVL_LAYOUT_SEGMENT:
		return err_set(err, EXIT_USAGE,
			       "a segment of %llu bytes is not possible: give --segment a multiple "
			       "of 4 KiB, %lluM at most",
			       U(request->segment_bytes), MIB(why->value));
	default: return explain_hole(request, board, why, err);
	}
}

int layout_plan(const struct kvl_layout_request *request, const struct board *board,
		struct kvl_layout *out, struct err *err)
{
	struct kvl_layout_failure why = { 0 };

	if (!kvl_layout_plan(request, out, &why))
		return 0;
	return layout_explain(request, board, &why, err);
}
