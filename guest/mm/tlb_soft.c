/* SPDX-License-Identifier: MIT */
/*
 * Owns the soft TLBs: the tables that the processors really walk, and what stands in them.
 *
 * The processor's root is this CPU's private one. Below it, 2 MiB of address space (a slot) are one
 * directory entry:
 *
 *   soft      user space, the kernel's dynamic regions: a leaf table of this CPU's, or a large
 *             leaf, with those translations that the TLB holds at the moment
 *   mirrored  lowmem: a copy of the loaded space's own entry, made at the first touch and forgotten
 *             with all others when the space is flushed; not reported, as the processor's own
 *             caches of upper tables are not
 *   pinned    the core, the fixmap: a copy for good; every space has them from its birth
 *   window    the top entry beside, as in every space
 *
 * With PCIDs each translation is held under the tag of the root that was loaded (Intel SDM vol. 3,
 * 4.10). Those of other tags are kept beside the tables, count for the size, and come back with
 * their tag.
 *
 * This code plays the processor: it reads the modelled tables without locks, through a mapping that
 * is read-only, and is entered by faults at any place. So it touches nothing that could fault:
 * stack, image, window; and takes no turn.
 */
#include "guest/mm/tlb_soft.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/tlb_tags.h"
#include "guest/trace.h"

#define SPACE_END GiB(4)
#define SLOTS (SPACE_END / LARGE_BYTES)
#define DIRECTORIES (SPACE_END / GiB(1))
#define NOTHING 0 /* number 0 is the head of the ring of entries, and no table of the pool */

struct soft_entry {
	u64 va, leaf;
	u32 mm;
	u16 level, tag;
	u16 older, newer; /* ring by age, through the head; free ones: newer is the next free */
};

/* What is reached in the window; gpas and sizes: devices/abi/layout.h. */
struct soft_cpu {
	u64 private_gpa; /* the root that the processor walks */
	u64 root_gpa;	 /* the root whose tables this TLB caches */
	u32 mm;
	u16 tag;
	u32 in_use;
	u16 free, free_table;
	u64 generator;
	volatile u64 *directory; /* entry of each slot */
	u16 *slot; /* of each slot: number of its leaf table or large entry; mirrored: 1, listed */
	u16 *mirrored;
	u32 nmirrored;
	u64 tables_gpa; /* leaf tables 1 … */
	volatile u64 *tables;
	u16 *numbers;		  /* of each entry of each leaf table: which soft_entry */
	struct soft_entry *entry; /* 1 …; 0 is the head */
	u16 *used;		  /* of each leaf table; of a free one: the next free */
};

_Static_assert(sizeof(struct soft_entry) + sizeof(u16) + ARCH_PT_ENTRIES * sizeof(u16) <=
		       KVL_SOFT_ENTRY_BYTES,
	       "what is kept of an entry");
_Static_assert(SLOTS * sizeof(u16) == PAGE_BYTES && ARCH_PT_LEVELS == 4 &&
		       KVL_SOFT_FIXED_PAGES == 2 + DIRECTORIES + 2,
	       "fixed pages: root, below it one, directories, slot, mirrored");

bool tlb_soft_on;
static struct soft_cpu soft_cpus[KVL_MAX_CPUS];

static struct soft_cpu *mine(void)
{
	return &soft_cpus[cpu_id()];
}

static u32 entries(void)
{
	return boot_options.request.soft_entries;
}

/* --- the modelled tables, as a processor reads them ------------------------------------------- */

/* 0 where there is no table: a processor would read whatever is there. */
static u64 read_entry(u64 table, u32 index)
{
	u64 offset = table - layout.arena.start;

	if (offset >= layout.arena.bytes)
		return 0;
	return ((const volatile u64 *)(KVL_ARENA_VA + offset))[index];
}

/* The entry of @level or, larger, the leaf on the way; *level says of which. 0: there is none. */
static u64 look_up(const struct soft_cpu *cpu, u64 va, u32 *level)
{
	u64 table = cpu->root_gpa;
	u32 last = *level;

	for (*level = ARCH_PT_LEVELS;; --*level) {
		u64 entry = read_entry(table, arch_pt_index(va, *level));

		if (!arch_pte_present(entry))
			return 0;
		if (*level == last || arch_pte_is_leaf(entry, *level))
			return entry;
		table = arch_pte_gpa(entry);
	}
}

/* --- entries ---------------------------------------------------------------------------------- */

static u32 slot_of(u64 va)
{
	return va / LARGE_BYTES;
}

static volatile u64 *leaf_at(const struct soft_cpu *cpu, u32 table, u64 va)
{
	return &cpu->tables[(table - 1) * ARCH_PT_ENTRIES + arch_pt_index(va, 1)];
}

static u16 *number_at(const struct soft_cpu *cpu, u32 table, u64 va)
{
	return &cpu->numbers[(table - 1) * ARCH_PT_ENTRIES + arch_pt_index(va, 1)];
}

static bool is_large(const struct soft_cpu *cpu, u32 slot)
{
	return arch_pte_is_leaf(cpu->directory[slot], 2);
}

/* The entry that translates @va. */
static u32 find(const struct soft_cpu *cpu, u64 va)
{
	u32 slot = slot_of(va);

	if (!cpu->slot[slot] || is_large(cpu, slot))
		return cpu->slot[slot];
	return *number_at(cpu, cpu->slot[slot], va);
}

static u32 take_table(struct soft_cpu *cpu, u64 va)
{
	u32 table = cpu->free_table, slot = slot_of(va);

	cpu->free_table = cpu->used[table];
	cpu->used[table] = 0;
	cpu->slot[slot] = table;
	cpu->directory[slot] =
		arch_pte_table(cpu->tables_gpa + (table - 1) * PAGE_BYTES, va < layout.user_end);
	return table;
}

static void clear_slot(struct soft_cpu *cpu, u32 slot)
{
	cpu->directory[slot] = 0;
	cpu->slot[slot] = 0;
}

static void clear_leaf(struct soft_cpu *cpu, u64 va)
{
	u32 slot = slot_of(va), table = cpu->slot[slot];

	*leaf_at(cpu, table, va) = 0;
	*number_at(cpu, table, va) = NOTHING;
	if (--cpu->used[table])
		return;
	clear_slot(cpu, slot);
	cpu->used[table] = cpu->free_table;
	cpu->free_table = table;
}

/* Held under a tag that is not loaded: not in the tables. */
static bool is_hidden(const struct soft_cpu *cpu, const struct soft_entry *e)
{
	return e->tag != cpu->tag && !arch_pte_global(e->leaf);
}

static void hide(struct soft_cpu *cpu, const struct soft_entry *e)
{
	if (e->level == 2)
		clear_slot(cpu, slot_of(e->va));
	else
		clear_leaf(cpu, e->va);
}

/* Its place is free. */
static void show(struct soft_cpu *cpu, u32 number)
{
	const struct soft_entry *e = &cpu->entry[number];
	u32 table = cpu->slot[slot_of(e->va)];

	if (e->level == 2) {
		cpu->slot[slot_of(e->va)] = number;
		cpu->directory[slot_of(e->va)] = e->leaf;
		return;
	}
	table = table ? table : take_table(cpu, e->va);
	cpu->used[table]++;
	*number_at(cpu, table, e->va) = number;
	*leaf_at(cpu, table, e->va) = e->leaf;
}

static void evict(struct soft_cpu *cpu, u32 number, enum kvl_evict reason, u16 site)
{
	struct soft_entry *e = &cpu->entry[number];

	if (!is_hidden(cpu, e))
		hide(cpu, e);
	cpu->entry[e->older].newer = e->newer;
	cpu->entry[e->newer].older = e->older;
	e->newer = cpu->free;
	cpu->free = number;
	cpu->in_use--;
	tlb_cpu_evict(e->va, e->leaf, e->mm,
		      &(struct tlb_eviction){ e->level, reason, e->tag, site });
}

/* What fits stands in the tables from here on; there is room. */
static void put(struct soft_cpu *cpu, u64 va, u64 leaf, u32 level)
{
	u32 number = cpu->free;
	struct soft_entry *e = &cpu->entry[number], *head = &cpu->entry[NOTHING];

	cpu->free = e->newer;
	cpu->in_use++;
	*e = (struct soft_entry){ .va = va,
				  .leaf = leaf,
				  .mm = cpu->mm,
				  .level = level,
				  .tag = cpu->tag,
				  .older = head->older };
	cpu->entry[head->older].newer = number;
	head->older = number;
	show(cpu, number);
}

/* xorshift64* (turnstile.c has another, so that capacity changes no interleaving). */
static u32 draw_number(struct soft_cpu *cpu)
{
	cpu->generator ^= cpu->generator >> 12;
	cpu->generator ^= cpu->generator << 25;
	cpu->generator ^= cpu->generator >> 27;
	return cpu->generator * 0x2545f4914f6cdd1dull >> 32;
}

/* The oldest entry, or any: all are in use. */
static u32 victim(struct soft_cpu *cpu)
{
	if (boot_options.tlb_random)
		return 1 + draw_number(cpu) % entries();
	return cpu->entry[NOTHING].newer;
}

/*
 * A large leaf needs the whole slot, in which small ones may stand that the tables no longer have.
 */
static void clear_way(struct soft_cpu *cpu, u64 va, u32 level)
{
	u64 start = ALIGN_DOWN(va, LARGE_BYTES);

	for (u64 at = start; level == 2 && cpu->slot[slot_of(va)] && at < start + LARGE_BYTES;
	     at += PAGE_BYTES)
		if (find(cpu, at))
			evict(cpu, find(cpu, at), KVL_EVICT_CAPACITY, 0);
	if (cpu->in_use == entries())
		evict(cpu, victim(cpu), KVL_EVICT_CAPACITY, 0);
}

/* --- faults ----------------------------------------------------------------------------------- */

/*
 * What is taken up was in the tables after this CPU's last report: those of evictions take time. If
 * that is no longer so, the access faults once more.
 */
static bool fill(struct soft_cpu *cpu, struct fault *fault)
{
	u32 level = 1, again = 1, here;
	u64 leaf = look_up(cpu, fault->va, &level), va;

	fault->present = leaf;
	if (!leaf || level > 2 || !arch_pte_allows(leaf, fault->write, fault->exec, fault->user))
		return false;
	here = find(cpu, fault->va);
	if (here && cpu->entry[here].leaf == leaf)
		return false; /* not for want of it */
	if (here)
		evict(cpu, here, KVL_EVICT_FAULT, 0);
	clear_way(cpu, fault->va, level);
	if (look_up(cpu, fault->va, &again) != leaf || again != level)
		return true;
	va = ALIGN_DOWN(fault->va, level == 2 ? LARGE_BYTES : PAGE_BYTES);
	put(cpu, va, leaf, level);
	count(COUNT_TLB_FILLS);
	trace_event(KVL_EV_TLB_FILL, 0, level, 0, va, leaf, cpu->mm, cpu->tag, 0);
	return true;
}

/* Of lowmem: what the loaded space's directory has. False: the processor has seen that already. */
static bool mirror(struct soft_cpu *cpu, u64 va)
{
	u32 slot = slot_of(va), level = 2;
	u64 entry = look_up(cpu, va, &level);

	if (!entry || level != 2 || cpu->directory[slot] == entry)
		return false;
	if (!cpu->slot[slot])
		cpu->mirrored[cpu->nmirrored++] = slot;
	cpu->slot[slot] = 1;
	cpu->directory[slot] = entry;
	return true;
}

bool tlb_soft_fault(struct fault *fault)
{
	if (fault->va >= SPACE_END)
		return false;
	if (kvl_is_soft(&layout, fault->va))
		return fill(mine(), fault);
	return mirror(mine(), fault->va);
}

/* --- flushes ---------------------------------------------------------------------------------- */

void tlb_soft_flush_page(u64 va, u16 site)
{
	unsigned long irq = arch_irq_save();
	struct soft_cpu *cpu = mine();
	u32 number;

	if (kvl_is_soft(&layout, va)) {
		number = find(cpu, va);
		if (number)
			evict(cpu, number, KVL_EVICT_FLUSH, site);
		if (kvl_is_shared(&layout, va))
			tlb_tags_outdate_others();
	} else if (va < SPACE_END && cpu->slot[slot_of(va)]) {
		cpu->directory[slot_of(va)] = 0; /* stays listed */
	}
	arch_irq_restore(irq);
}

static bool is_of(const struct soft_entry *e, u16 tag)
{
	return e->tag == tag && !arch_pte_global(e->leaf);
}

static void drop_tag(struct soft_cpu *cpu, u16 tag, enum kvl_evict reason, u16 site)
{
	u32 number = cpu->entry[NOTHING].newer, next;

	for (; number; number = next) {
		next = cpu->entry[number].newer;
		if (is_of(&cpu->entry[number], tag))
			evict(cpu, number, reason, site);
	}
}

static void forget_mirrored(struct soft_cpu *cpu)
{
	while (cpu->nmirrored)
		clear_slot(cpu, cpu->mirrored[--cpu->nmirrored]);
}

void tlb_soft_flush_space(u32 mm, u16 site)
{
	unsigned long irq = arch_irq_save();

	drop_tag(mine(), mine()->tag, KVL_EVICT_FLUSH, site);
	forget_mirrored(mine());
	if (mm == init_mm.id)
		tlb_tags_outdate_others();
	arch_irq_restore(irq);
}

void tlb_soft_flush_all(u16 site)
{
	unsigned long irq = arch_irq_save();
	struct soft_cpu *cpu = mine();

	while (cpu->in_use)
		evict(cpu, cpu->entry[NOTHING].newer, KVL_EVICT_FLUSH, site);
	forget_mirrored(cpu);
	arch_irq_restore(irq);
}

/* A global translation has its place: a processor may use either, and may drop either. */
static bool is_in_the_way(const struct soft_cpu *cpu, const struct soft_entry *e)
{
	return e->level == 2 ? cpu->slot[slot_of(e->va)] : find(cpu, e->va);
}

static void change_tag(struct soft_cpu *cpu, u16 tag, u16 site)
{
	u32 number, next;

	if (tag == cpu->tag)
		return;
	for (number = cpu->entry[NOTHING].newer; number; number = cpu->entry[number].newer)
		if (is_of(&cpu->entry[number], cpu->tag))
			hide(cpu, &cpu->entry[number]);
	for (number = cpu->entry[NOTHING].newer; number; number = next) {
		next = cpu->entry[number].newer;
		if (!is_of(&cpu->entry[number], tag))
			continue;
		if (is_in_the_way(cpu, &cpu->entry[number]))
			evict(cpu, number, KVL_EVICT_CAPACITY, site);
		else
			show(cpu, number);
	}
	cpu->tag = tag;
}

void tlb_soft_load_root(u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site)
{
	unsigned long irq = arch_irq_save();
	struct soft_cpu *cpu = mine();

	if (!tag.keeps)
		drop_tag(cpu, tag.number, KVL_EVICT_SWITCH, site);
	change_tag(cpu, tag.number, site);
	forget_mirrored(cpu);
	cpu->root_gpa = root_gpa;
	cpu->mm = mm;
	tlb_cpu_load_private(cpu->private_gpa, root_gpa, mm, tag, site);
	arch_irq_restore(irq);
}

/* --- start ------------------------------------------------------------------------------------ */

/* Where everything of a CPU lies; all of it is zero. */
static void place(struct soft_cpu *cpu, u64 gpa)
{
	u64 va = KVL_SOFT_VA + (gpa - layout.soft.start);

	cpu->private_gpa = gpa;
	cpu->directory = (volatile u64 *)(va + 2 * PAGE_BYTES);
	cpu->slot = (u16 *)(va + (2 + DIRECTORIES) * PAGE_BYTES);
	cpu->mirrored = cpu->slot + SLOTS;
	cpu->tables_gpa = gpa + KVL_SOFT_FIXED_PAGES * PAGE_BYTES;
	cpu->tables = (volatile u64 *)(va + KVL_SOFT_FIXED_PAGES * PAGE_BYTES);
	cpu->numbers = (u16 *)((u64)cpu->tables + entries() * PAGE_BYTES);
	cpu->entry = (struct soft_entry *)(cpu->numbers + entries() * ARCH_PT_ENTRIES);
	cpu->used = (u16 *)(cpu->entry + entries() + 1);
}

static void free_all(struct soft_cpu *cpu)
{
	for (u32 i = 1; i < entries(); i++)
		cpu->entry[i].newer = cpu->used[i] = i + 1;
	cpu->free = cpu->free_table = 1;
}

static void link_upper_tables(struct soft_cpu *cpu)
{
	volatile u64 *root = cpu->directory - 2 * ARCH_PT_ENTRIES, *below = root + ARCH_PT_ENTRIES;
	u32 window = arch_pt_index(KVL_WINDOW_VA, ARCH_PT_LEVELS);

	root[0] = arch_pte_table(cpu->private_gpa + PAGE_BYTES, true);
	root[window] = read_entry(cpu->root_gpa, window);
	for (u32 i = 0; i < DIRECTORIES; i++)
		below[i] = arch_pte_table(cpu->private_gpa + (2 + i) * PAGE_BYTES,
					  i * GiB(1) < layout.user_end);
}

static void pin(struct soft_cpu *cpu, u64 va, u64 bytes)
{
	for (u64 end = va + bytes; va < end; va += LARGE_BYTES) {
		u32 level = 2;

		cpu->directory[slot_of(va)] = look_up(cpu, va, &level);
	}
}

void tlb_soft_start(u32 number, u64 root_gpa, u16 site)
{
	struct soft_cpu *cpu = &soft_cpus[number];

	place(cpu, kvl_soft_gpa(&layout, entries(), number));
	free_all(cpu);
	cpu->root_gpa = root_gpa;
	cpu->generator = (boot_options.seed * KVL_MAX_CPUS + number) << 1 | 1;
	link_upper_tables(cpu);
	pin(cpu, layout.core.start + layout.page_offset, layout.core.bytes);
	pin(cpu, layout.region[KVL_REGION_FIXMAP].start, layout.region[KVL_REGION_FIXMAP].bytes);
	tlb_soft_on = true;
	tlb_cpu_load_private(cpu->private_gpa, root_gpa, init_mm.id, (struct tlb_tag){ 0 }, site);
}
