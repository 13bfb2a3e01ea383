/* SPDX-License-Identifier: MIT */
/*
 * Page tables: the only file that reaches an entry. All changes go through pt_set(), under the
 * space's pt_lock, with the site that asked for it (and through fixmap_set(), for the one table by
 * which the others are reached); the store itself is entry_store()'s.
 *
 * A table is addressed as (frame, index). Where the arena has no direct address, table_map() maps
 * the frame in this CPU's fixmap slot; one table at a time, interrupts off. The tables of spaces
 * may be reached in another way (table_way.h). What a space is made of, and the kernel's part of
 * it: pt_space.c; single entries of leaf tables: pt_leaf.c.
 */
#include "guest/mm/pt.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/arena.h"
#include "guest/mm/pt_inside.h"
#include "guest/mm/table_way.h"
#include "guest/trace.h"

struct entry {
	volatile u64 raw; /* only this file looks inside */
};

struct mm init_mm = { .pt_lock = SPINLOCK("init_mm tables"),
		      .vma_lock = SPINLOCK("init_mm areas") };

/* --- reaching a table ---------------------------------------------------------------------- */

/* The fixmap's own table maps itself in its last slot (boot tables; docs/guest-abi.md). */
#define FIXMAP_TABLE_VA (GiB(4) - PAGE_BYTES)

u64 fixmap_va(u32 cpu, enum fixmap_use use)
{
	return FIXMAP_START_VA + (cpu * FIXMAP_PER_CPU + use) * PAGE_BYTES;
}

/* The one store to an entry, with the record around it. Interrupts are off. */
static u64 entry_store(struct entry *entry, u64 header, u64 va, u64 table, u64 new, u32 mm)
{
	u64 old = entry->raw;
	bool recorded = trace_begin(header, va, table, old, new, mm);

	count(COUNT_PT_SET);
	entry->raw = new;
	if (recorded)
		trace_commit();
	return old;
}

void fixmap_set(u64 va, u64 value, u16 site)
{
	struct entry *table = (struct entry *)FIXMAP_TABLE_VA;
	u32 index = arch_pt_index(va, 1);

	entry_store(&table[index], trace_header(KVL_EV_PT_SET, site, index, 1), va,
		    arch_pte_gpa(table[ARCH_PT_ENTRIES - 1].raw), value, init_mm.id);
}

static bool arena_is_direct; /* tables have direct addresses: the arena is in lowmem */

u64 table_map_here(u64 gpa)
{
	u64 va = fixmap_va(cpu_id(), FIXMAP_TABLE);

	fixmap_set(va, arch_pte_leaf(gpa, PROT_WRITE), SITE("table.map"));
	return va;
}

void table_unmap_here(void)
{
	u64 va = fixmap_va(cpu_id(), FIXMAP_TABLE);

	fixmap_set(va, 0, SITE("table.unmap"));
	tlb_cpu_page(va, 0, SITE("table.unmap"));
}

u64 table_direct_address(u64 gpa)
{
	return gpa + layout.page_offset;
}

/* The chosen way is for spaces alone. */
static bool has_way(const struct mm *mm)
{
	return table_way && mm != &init_mm;
}

static struct entry *table_map(const struct table *table)
{
	if (has_way(table->mm))
		return (struct entry *)table_way_map(table);
	if (arena_is_direct)
		return (struct entry *)table_direct_address(table->gpa);
	if (table_way)
		table_way_note_kernel();
	return (struct entry *)table_map_here(table->gpa);
}

static void table_unmap(const struct table *table, const struct entry *mapped)
{
	if (has_way(table->mm))
		table_way->unmap((u64)mapped);
	else if (!arena_is_direct)
		table_unmap_here();
}

static u64 mapped_entry(const struct table *table)
{
	unsigned long irq = arch_irq_save();
	struct entry *mapped = table_map(table);
	u64 value = mapped[arch_pt_index(table->va, table->level)].raw;

	table_unmap(table, mapped);
	arch_irq_restore(irq);
	return value;
}

u64 pt_entry(struct mm *mm, u64 va, u32 level, u64 table)
{
	struct table t = { mm, va, level, table };

	if (arena_is_direct && !has_way(mm))
		return ((struct entry *)table_direct_address(table))[arch_pt_index(va, level)].raw;
	return mapped_entry(&t);
}

/* Meaningful for the guest's own tables. */
static u32 *entries_in_use(u64 table)
{
	return &ram_page(table)->entries;
}

static void count_entry(u64 table, u64 old, u64 new)
{
	u32 *used = entries_in_use(table);

	if (!old && new)
		++*used;
	else if (old && !new)
		--*used;
}

/*
 * Writes the entry that translates @va; @mapped is @table as table_map() reaches it. Not present to
 * present needs no flush; after any other change the caller flushes.
 */
static void pt_set(const struct table *table, struct entry *mapped, u64 va, u64 new, u16 site)
{
	u32 index = arch_pt_index(va, table->level);
	u64 old;

	spin_assert_held(&table->mm->pt_lock);
	sched_point();
	old = entry_store(&mapped[index], trace_header(KVL_EV_PT_SET, site, index, table->level),
			  va, table->gpa, new, table->mm->id);
	count_entry(table->gpa, old, new);
}

void pt_entry_set(struct mm *mm, u64 va, u32 level, u64 table, u64 new, u16 site)
{
	struct table t = { mm, va, level, table };
	struct entry *mapped = table_map(&t);

	pt_set(&t, mapped, va, new, site);
	table_unmap(&t, mapped);
}

/* --- walking -------------------------------------------------------------------------------- */

static u64 level_bytes(u32 level)
{
	return PAGE_BYTES << (9 * (level - 1));
}

/* Does the entry of @level that translates @va lead to user pages, too? User space begins at 0. */
static bool serves_user(u64 va, u32 level)
{
	return ALIGN_DOWN(va, level_bytes(level)) < layout.user_end;
}

/* A table of @level for @va, to which the entry of @upper leads. */
static u64 make_table(struct mm *mm, u64 va, u32 level, u64 upper, u16 site)
{
	struct table made = { mm, va, level, arena_alloc(level, mm->id) };

	pt_entry_set(mm, va, level + 1, upper, arch_pte_table(made.gpa, serves_user(va, level + 1)),
		     site);
	if (table_made && mm != &init_mm)
		table_made(&made);
	return made.gpa;
}

/* Where a walk begins that is to go on behind level 2: the directory is known, as the four of PAE
 * are, and the tables above it need not be reached. */
static u64 known_directory(struct mm *mm, u64 va, u32 *level)
{
	u64 directory = va < GiB(4) ? mm->directory[va / GiB(1)] : 0;

	*level = directory ? 2 : ARCH_PT_LEVELS;
	return directory ? directory : mm->root_gpa;
}

static void note_directory(struct mm *mm, u64 va, u32 level, u64 table)
{
	if (level == 2 && va < GiB(4))
		mm->directory[va / GiB(1)] = table;
}

u64 pt_walk(struct mm *mm, u64 va, u32 level, bool create, u16 site)
{
	u64 table = mm->root_gpa;
	u32 at = ARCH_PT_LEVELS;

	if (level <= 2)
		table = known_directory(mm, va, &at);
	for (; at > level; at--) {
		u64 entry = pt_entry(mm, va, at, table);

		if (arch_pte_is_leaf(entry, at))
			return 0;
		if (!arch_pte_present(entry) && !create)
			return 0;
		table = arch_pte_present(entry) ? arch_pte_gpa(entry)
						: make_table(mm, va, at - 1, table, site);
		note_directory(mm, va, at - 1, table);
	}
	return table;
}

/* First address behind the entry of @level that translates @va. */
static u64 level_end(u64 va, u32 level)
{
	return ALIGN_DOWN(va, level_bytes(level)) + level_bytes(level);
}

/* --- mapping ---------------------------------------------------------------------------------- */

/* Maps what of [table->va, end) one table translates; entries that are there stay. Returns how many
 * were made. */
static u32 map_in_table(const struct table *table, u64 end, u64 gpa, u32 prot, u16 site)
{
	struct entry *mapped = table_map(table);
	u64 step = level_bytes(table->level), leaf = arch_pte_leaf(gpa, prot);
	u32 made = 0;

	for (u64 va = table->va; va < end; va += step, leaf += step) {
		if (arch_pte_present(mapped[arch_pt_index(va, table->level)].raw))
			continue;
		pt_set(table, mapped, va, leaf, site);
		made++;
	}
	table_unmap(table, mapped);
	return made;
}

u32 pt_map_range(struct mm *mm, u64 va, u64 gpa, u64 bytes, u32 prot, u16 site)
{
	u32 level = prot & PROT_LARGE ? 2 : 1, made = 0;
	u64 end = va + bytes;

	spin_lock(&mm->pt_lock);
	while (va < end) {
		struct table table = { mm, va, level, pt_walk(mm, va, level, true, site) };
		u64 stop = level_end(va, level + 1);

		stop = stop < end ? stop : end;
		if (table.gpa)
			made += map_in_table(&table, stop, gpa, prot, site);
		gpa += stop - va;
		va = stop;
	}
	spin_unlock(&mm->pt_lock);
	return made;
}

bool pt_map(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site)
{
	return pt_map_range(mm, va, gpa, prot & PROT_LARGE ? LARGE_BYTES : PAGE_BYTES, prot, site);
}

void pt_map_new(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site)
{
	if (!pt_map(mm, va, gpa, prot, site))
		panic("mapped already", "%lx in space %u, where %lx was to be", va, mm->id, gpa);
}

/* A large leaf of init_mm is gone: so must be the copies in other spaces' directories, if they have
 * any. */
static void clear_copies(u64 va, u16 site)
{
	if (pt_directories_are_shared())
		return;
	for (struct mm *mm = mm_list_lock(); mm; mm = mm->next) {
		u64 table;

		spin_lock(&mm->pt_lock);
		table = pt_walk(mm, va, 2, false, site);
		if (table && pt_entry(mm, va, 2, table))
			pt_entry_set(mm, va, 2, table, 0, site);
		spin_unlock(&mm->pt_lock);
	}
	mm_list_unlock();
}

/* Removes the leaves of [table->va, end), which one level-1 table translates. */
static u32 unmap_in_table(const struct table *table, u64 end, u16 site)
{
	struct entry *mapped = table_map(table);
	u32 removed = 0;

	for (u64 va = table->va; va < end; va += PAGE_BYTES) {
		if (!mapped[arch_pt_index(va, 1)].raw)
			continue;
		pt_set(table, mapped, va, 0, site);
		removed++;
	}
	table_unmap(table, mapped);
	return removed;
}

/* The same for what one level-2 entry translates: a large leaf, or a table of small ones. */
static u32 unmap_in_directory(struct mm *mm, u64 va, u64 end, u16 site, bool *large)
{
	u64 directory = pt_walk(mm, va, 2, false, site);
	u64 entry = directory ? pt_entry(mm, va, 2, directory) : 0;
	struct table table = { mm, va, 1, arch_pte_gpa(entry) };

	*large = arch_pte_present(entry) && arch_pte_is_leaf(entry, 2);
	if (!arch_pte_present(entry))
		return 0;
	if (!*large)
		return unmap_in_table(&table, end, site);
	pt_entry_set(mm, va, 2, directory, 0, site);
	return 1;
}

u32 pt_unmap(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	u64 end = va + bytes;
	u32 removed = 0;

	while (va < end) {
		u64 stop = level_end(va, 2) < end ? level_end(va, 2) : end;
		bool large;

		spin_lock(&mm->pt_lock);
		removed += unmap_in_directory(mm, va, stop, site, &large);
		spin_unlock(&mm->pt_lock);
		if (large && mm == &init_mm)
			clear_copies(va, site);
		va = stop;
	}
	return removed;
}

/* The table and level that hold the leaf for @va; 0: none. */
static u64 find_leaf(struct mm *mm, u64 va, u32 *level, u64 *entry)
{
	u64 table = known_directory(mm, va, level);

	for (;; --*level) {
		*entry = pt_entry(mm, va, *level, table);
		if (!arch_pte_present(*entry))
			return 0;
		if (arch_pte_is_leaf(*entry, *level))
			return table;
		table = arch_pte_gpa(*entry);
	}
}

u64 pt_lookup(struct mm *mm, u64 va)
{
	u64 entry, table;
	u32 level;

	spin_lock(&mm->pt_lock);
	table = find_leaf(mm, va, &level, &entry);
	spin_unlock(&mm->pt_lock);
	return table ? entry : 0;
}

u64 pt_replace(struct mm *mm, u64 va, u64 entry, u16 site)
{
	u64 old, table;
	u32 level;

	spin_lock(&mm->pt_lock);
	table = find_leaf(mm, va, &level, &old);
	if (!table)
		panic("nothing mapped", "pt_replace of %lx in space %u", va, mm->id);
	pt_entry_set(mm, va, level, table, entry, site);
	spin_unlock(&mm->pt_lock);
	return old;
}

/* --- slots ------------------------------------------------------------------------------------ */

u64 pt_slot_table(struct mm *mm, u64 va, u16 site)
{
	u64 table;

	spin_lock(&mm->pt_lock);
	table = pt_walk(mm, va, 1, true, site);
	spin_unlock(&mm->pt_lock);
	return table;
}

static void slot_store(const struct table *table, struct entry *mapped, u64 va, u64 new, u16 site)
{
	u32 index = arch_pt_index(va, 1);

	entry_store(&mapped[index], trace_header(KVL_EV_PT_SET, site, index, 1), va, table->gpa,
		    new, table->mm->id);
}

void pt_slot_set(struct mm *mm, u64 table, u64 va, u64 new, u16 site)
{
	struct table t = { mm, va, 1, table };
	struct entry *mapped;
	unsigned long irq;

	sched_point();
	irq = arch_irq_save();
	mapped = table_map(&t);
	slot_store(&t, mapped, va, new, site);
	table_unmap(&t, mapped);
	arch_irq_restore(irq);
}

void pt_slots_clear(const struct table *table, u32 n, u16 site)
{
	struct entry *mapped = table_map(table);

	for (u64 va = table->va; n; va += PAGE_BYTES) {
		if (!mapped[arch_pt_index(va, 1)].raw)
			continue;
		slot_store(table, mapped, va, 0, site);
		n--;
	}
	table_unmap(table, mapped);
}

/* --- the direct map: what it allows, page by page --------------------------------------------- */

/* The large leaf of lowmem for @va becomes a table of small ones that say the same. Flushed by the
 * caller. */
static u64 split_lowmem(u64 va, u64 directory, u64 leaf, u16 site)
{
	struct table table = { &init_mm, ALIGN_DOWN(va, LARGE_BYTES), 1,
			       arena_alloc(1, init_mm.id) };

	map_in_table(&table, table.va + LARGE_BYTES, arch_pte_gpa(leaf), PROT_WRITE, site);
	pt_entry_set(&init_mm, va, 2, directory, arch_pte_table(table.gpa, false), site);
	return table.gpa;
}

/* The table of small leaves for @va, split off if there is a large one; @split: there was. */
static u64 small_table(u64 va, bool *split, u16 site)
{
	u64 directory = pt_walk(&init_mm, va, 2, false, site);
	u64 entry = directory ? pt_entry(&init_mm, va, 2, directory) : 0;

	*split = arch_pte_present(entry) && arch_pte_is_leaf(entry, 2);
	if (!arch_pte_present(entry))
		panic("nothing mapped", "%lx is no lowmem", va);
	return *split ? split_lowmem(va, directory, entry, site) : arch_pte_gpa(entry);
}

/*
 * Held until the copies of a split leaf are gone from all spaces: who finds a table where the leaf
 * was must not flush, and rely on that, before.
 */
static struct spinlock protect_lock = SPINLOCK("protection of lowmem");

bool pt_protect_lowmem(u64 va, u32 prot, u16 site)
{
	u64 table, entry;
	bool split;

	if (va - layout.core.start - layout.page_offset < layout.core.bytes)
		panic("bad protection", "%lx is the core's, which all spaces have from birth", va);
	spin_lock(&protect_lock);
	spin_lock(&init_mm.pt_lock);
	table = small_table(va, &split, site);
	entry = pt_entry(&init_mm, va, 1, table);
	pt_entry_set(&init_mm, va, 1, table, arch_pte_leaf(arch_pte_gpa(entry), prot), site);
	spin_unlock(&init_mm.pt_lock);
	if (split)
		clear_copies(va, site);
	spin_unlock(&protect_lock);
	tlb_flush_range(&init_mm, va, PAGE_BYTES, site);
	return split;
}

u64 pt_leaf_bytes(struct mm *mm, u64 va)
{
	u64 entry, table;
	u32 level;

	spin_lock(&mm->pt_lock);
	table = find_leaf(mm, va, &level, &entry);
	spin_unlock(&mm->pt_lock);
	return table ? level_bytes(level) : 0;
}

/* --- for pt_space.c --------------------------------------------------------------------------- */

void pt_entries_add(const struct table *table, const u64 *entry, u32 n, u16 site)
{
	struct entry *mapped = table_map(table);
	u64 va = table->va, step = level_bytes(table->level);

	for (u32 i = 0; i < n; i++, va += step)
		if (!mapped[arch_pt_index(va, table->level)].raw)
			pt_set(table, mapped, va, entry[i], site);
	table_unmap(table, mapped);
}

u64 pt_take_entry(const struct table *table, u64 *va, u16 site)
{
	struct entry *mapped = table_map(table);
	u64 step = level_bytes(table->level), entry;

	while (!mapped[arch_pt_index(*va, table->level)].raw)
		*va += step;
	entry = mapped[arch_pt_index(*va, table->level)].raw;
	pt_set(table, mapped, *va, 0, site);
	table_unmap(table, mapped);
	return entry;
}

u32 pt_entries_in_use(u64 table)
{
	return *entries_in_use(table);
}

/* --- start ------------------------------------------------------------------------------------ */

/* With large leaves as far as both addresses are aligned to them. */
static void map_piece(const struct kvl_piece *piece, u16 site)
{
	bool aligned = (piece->va - piece->gpa) % LARGE_BYTES == 0;
	u64 at = piece->va, end = at + piece->bytes;

	while (at < end) {
		bool large = aligned && at % LARGE_BYTES == 0 && end - at >= LARGE_BYTES;
		u64 stop = large     ? ALIGN_DOWN(end, LARGE_BYTES)
			   : aligned ? ALIGN_UP(at + 1, LARGE_BYTES)
				     : end;

		stop = stop < end ? stop : end;
		pt_map_range(&init_mm, at, at - piece->va + piece->gpa, stop - at,
			     PROT_WRITE | (large ? PROT_LARGE : 0), site);
		at = stop;
	}
}

/* The host has mapped the core already. */
static void map_lowmem(void)
{
	for (u32 i = 0; i < layout.nlowmem; i++)
		map_piece(&layout.lowmem[i], SITE("boot.direct_map"));
}

void pt_init(void)
{
	const struct kvl_boot *boot = (const struct kvl_boot *)KVL_BOOT_GPA;

	arena_is_direct = layout.arena.start < layout.lowmem_end_gpa;
	init_mm.root_gpa = boot->root_gpa;
	arena_init(boot->boot_tables);
	map_lowmem();
}

void pt_drop_identity(void)
{
	u16 site = SITE("boot.drop_identity");

	pt_unmap(&init_mm, 0, LARGE_BYTES, site);
	pt_unmap(&init_mm, KVL_BOOT_GPA, LARGE_BYTES, site);
	tlb_flush_range(&init_mm, 0, KVL_CORE_END_GPA, site);
}
