/* SPDX-License-Identifier: MIT */
/*
 * Owns which space has which tag (PCID) on each CPU, and whether what is held under it is good. The
 * rules are those of Linux (arch/x86/mm/tlb.c), less its batches:
 *
 *   - A CPU has a few tags, which spaces take in turns; a space that gets one which another had
 *     flushes it (choose_new_asid()).
 *   - A CPU that does not run a space is not asked to flush its addresses, though it may hold them
 *     under a tag. Flushes of a space are numbered; a tag that has not seen the last one is flushed
 *     when it is loaded (tlb_gen).
 *   - INVLPG reaches the loaded tag alone (Intel SDM vol. 3, 4.10.4.1), and the kernel's addresses
 *     may be held under each: after a flush of one the others are flushed when they are loaded
 *     (invalidate_other).
 *
 * Without PCIDs every load flushes, and nothing here is asked.
 */
#include "guest/mm/tlb_tags.h"

#include "devices/abi/trace_abi.h"
#include "guest/kernel.h"
#include "guest/mm/vm.h"

/* One that was never loaded is as if it were init_mm's: it holds nothing, so all of it is good. */
struct tag {
	u32 mm;
	u32 flushes; /* of that space, that this tag has seen */
	bool outdated;
};

static struct cpu_tags {
	struct tag tag[KVL_TLB_TAGS];
	u16 loaded, next;
} cpus[KVL_MAX_CPUS];

bool tlb_switch_flushes(void)
{
	return !boot_options.tlb_pcid;
}

/* Its own, or the next in turn. */
static u16 find(struct cpu_tags *cpu, u32 mm)
{
	for (u16 i = 0; i < KVL_TLB_TAGS; i++)
		if (cpu->tag[i].mm == mm)
			return i;
	return cpu->next++ % KVL_TLB_TAGS;
}

/*
 * The number of flushes is read after this CPU is in the mask, and raised before the mask is read:
 * of each flush this CPU sees the number, or is asked.
 */
struct tlb_tag tlb_tag_take(const struct mm *mm)
{
	struct cpu_tags *cpu = &cpus[cpu_id()];
	u32 flushes = __atomic_load_n(&mm->flushes, __ATOMIC_SEQ_CST);
	struct tag *tag;
	bool keeps;

	if (tlb_switch_flushes())
		return (struct tlb_tag){ 0 };
	cpu->loaded = find(cpu, mm->id);
	tag = &cpu->tag[cpu->loaded];
	keeps = tag->mm == mm->id && tag->flushes == flushes && !tag->outdated;
	*tag = (struct tag){ .mm = mm->id, .flushes = flushes };
	return (struct tlb_tag){ cpu->loaded, keeps };
}

/* One that comes before its turn leaves the number behind, and the tag is flushed once more. */
void tlb_tag_flushed(u32 mm, u32 flush)
{
	struct cpu_tags *cpu = &cpus[cpu_id()];
	struct tag *tag = &cpu->tag[cpu->loaded];

	if (tag->mm == mm && tag->flushes + 1 == flush)
		tag->flushes = flush;
}

void tlb_tags_outdate_others(void)
{
	struct cpu_tags *cpu = &cpus[cpu_id()];

	for (u16 i = 0; i < KVL_TLB_TAGS; i++)
		if (i != cpu->loaded)
			cpu->tag[i].outdated = true;
}
