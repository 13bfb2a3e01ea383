/* SPDX-License-Identifier: MIT */
/* Walks the guest's tables for the crash dump. The audit has its own walk, in vmm/trace. */
#include "arch/x86_64/vmm/walk.h"

struct walk walk_tables(const struct gmem *mem, u64 root_gpa, u64 va)
{
	struct walk walk = { .end = WALK_NOT_PRESENT };
	u64 table = root_gpa & PTE_FRAME;

	for (u32 level = PTE_LEVELS; level > 0; level--) {
		struct walk_step *step = &walk.step[walk.nsteps++];

		*step = (struct walk_step){ .level = level,
					    .index = pte_index(va, level),
					    .table = table };
		if (!gmem_read(mem, gpa(table + step->index * sizeof(u64)), &step->entry,
			       sizeof(step->entry))) {
			walk.end = WALK_NO_MEMORY;
			return walk;
		}
		if (!pte_present(step->entry))
			return walk;
		if (pte_is_leaf(step->entry, level)) {
			u64 inside = pte_span(level) - 1;

			walk.end = WALK_MAPPED;
			walk.gpa = (step->entry & PTE_FRAME & ~inside) | (va & inside);
			return walk;
		}
		table = step->entry & PTE_FRAME;
	}
	return walk;
}

static void print_flags(FILE *out, u64 entry)
{
	fprintf(out, "%s%s%s%s%s%s%s%s", entry & PTE_WRITABLE ? " write" : " read-only",
		entry & PTE_USER ? " user" : " kernel", entry & PTE_NO_EXEC ? "" : " exec",
		entry & PTE_UNCACHED ? " uncached" : "", entry & PTE_GLOBAL ? " global" : "",
		entry & PTE_ACCESSED ? " A" : "", entry & PTE_DIRTY ? " D" : "",
		entry & PTE_SOFTWARE ? " software" : "");
}

static void print_step(FILE *out, const struct walk_step *step)
{
	fprintf(out, "    level %u  table 0x%09llx [%3u] = 0x%016llx ", step->level,
		(unsigned long long)step->table, step->index, (unsigned long long)step->entry);
	if (!pte_present(step->entry)) {
		fprintf(out, " not present\n");
		return;
	}
	print_flags(out, step->entry);
	fprintf(out, pte_is_leaf(step->entry, step->level) ? ", leaf\n" : ", table\n");
}

void walk_print(FILE *out, const struct walk *walk)
{
	u32 last = walk->nsteps - (walk->end == WALK_NO_MEMORY);

	for (u32 i = 0; i < last; i++)
		print_step(out, &walk->step[i]);
	if (walk->end == WALK_NO_MEMORY)
		fprintf(out, "    level %u  table 0x%09llx: there is no memory\n",
			walk->step[last].level, (unsigned long long)walk->step[last].table);
	else if (walk->end == WALK_MAPPED)
		fprintf(out, "    maps guest-physical 0x%llx\n", (unsigned long long)walk->gpa);
}

size_t walk_read(const struct gmem *mem, u64 root_gpa, u64 va, void *out, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		struct walk walk = walk_tables(mem, root_gpa, va + done);
		size_t piece = PAGE_BYTES - (size_t)((va + done) % PAGE_BYTES);

		if (piece > bytes - done)
			piece = bytes - done;
		if (walk.end != WALK_MAPPED ||
		    !gmem_read(mem, gpa(walk.gpa), (u8 *)out + done, piece))
			return done;
		done += piece;
	}
	return done;
}
