/* SPDX-License-Identifier: MIT */
/*
 * Page tables: the only file that reaches an entry. All changes go through pt_set(), under the
 * space's pt_lock, with the site that asked for it (and through fixmap_set(), for the one table by
 * which the others are reached); the store itself is entry_store()'s.
 *
 * A table is addressed as (frame, index). Where the arena has no direct address, table_map() maps
 * the frame in this CPU's fixmap slot; one table at a time, interrupts off.
 */
#include "guest/mm/pt.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/mm/arena.h"
#include "guest/mm/ukva.h"
#include "guest/trace.h"

struct entry {
	volatile u64 raw; /* only this file looks inside */
};

struct mm init_mm = { .pt_lock = SPINLOCK("init_mm tables"),
		      .vma_lock = SPINLOCK("init_mm areas") };

static u16 entries_in_use[KVL_ARENA_BYTES / PAGE_BYTES]; /* meaningful for the guest's own tables */

/* --- reaching a table ---------------------------------------------------------------------- */

/* The fixmap's own table maps itself in its last slot (boot tables; docs/guest-abi.md). */
#define FIXMAP_TABLE_VA (GiB(4) - PAGE_BYTES)
#define FIXMAP_START_VA (GiB(4) - LARGE_BYTES)

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

static struct entry *fixmap_table_map(u64 table)
{
	u64 va = fixmap_va(cpu_id(), FIXMAP_TABLE);

	fixmap_set(va, arch_pte_leaf(table, PROT_WRITE), SITE("table.map"));
	return (struct entry *)va;
}

static void fixmap_table_unmap(void)
{
	u64 va = fixmap_va(cpu_id(), FIXMAP_TABLE);

	fixmap_set(va, 0, SITE("table.unmap"));
	tlb_cpu_page(va, 0, SITE("table.unmap"));
}

static u64 fixmap_pt_get(u64 table, u32 index)
{
	unsigned long irq = arch_irq_save();
	u64 value = fixmap_table_map(table)[index].raw;

	fixmap_table_unmap();
	arch_irq_restore(irq);
	return value;
}

static struct entry *direct_table(u64 table)
{
	return (struct entry *)(table + layout.page_offset);
}

static struct entry *table_map(u64 table)
{
	return arena_is_direct ? direct_table(table) : fixmap_table_map(table);
}

static void table_unmap(void)
{
	if (!arena_is_direct)
		fixmap_table_unmap();
}

static u64 pt_get(u64 table, u32 index)
{
	return arena_is_direct ? direct_table(table)[index].raw : fixmap_pt_get(table, index);
}

static void count_entry(u64 table, u64 old, u64 new)
{
	u16 *used = &entries_in_use[(table - layout.arena.start) / PAGE_BYTES];

	if (!old && new)
		++*used;
	else if (old && !new)
		--*used;
}

/*
 * Writes the entry of @level that translates @va; @mapped is @table as table_map() reaches it. Not
 * present to present needs no flush; after any other change the caller flushes.
 */
static void pt_set(struct mm *mm, u64 va, u64 table, struct entry *mapped, u32 level, u64 new,
		   u16 site)
{
	u32 index = arch_pt_index(va, level);
	u64 old;

	spin_assert_held(&mm->pt_lock);
	sched_point();
	old = entry_store(&mapped[index], trace_header(KVL_EV_PT_SET, site, index, level), va,
			  table, new, mm->id);
	count_entry(table, old, new);
}

static void pt_set_one(struct mm *mm, u64 va, u64 table, u32 level, u64 new, u16 site)
{
	pt_set(mm, va, table, table_map(table), level, new, site);
	table_unmap();
}

/* --- walking -------------------------------------------------------------------------------- */

static bool is_kernel(u64 va)
{
	return va >= layout.page_offset;
}

/* User and kernel share the top entry; below, each directory serves one of them. */
static bool serves_user(u64 va, u32 level)
{
	return level == ARCH_PT_LEVELS || !is_kernel(va);
}

/*
 * The table of @level on the way to @va. Missing tables are made if @create. 0: there is none, or a
 * larger leaf is in the way.
 */
static u64 walk(struct mm *mm, u64 va, u32 level, bool create, u16 site)
{
	u64 table = mm->root_gpa;

	for (u32 at = ARCH_PT_LEVELS; at > level; at--) {
		u64 entry = pt_get(table, arch_pt_index(va, at)), next;

		if (arch_pte_present(entry)) {
			if (arch_pte_is_leaf(entry, at))
				return 0;
			table = arch_pte_gpa(entry);
			continue;
		}
		if (!create)
			return 0;
		next = arena_alloc(at - 1, mm->id);
		pt_set_one(mm, va, table, at, arch_pte_table(next, serves_user(va, at)), site);
		table = next;
	}
	return table;
}

static u64 level_bytes(u32 level)
{
	return PAGE_BYTES << (9 * (level - 1));
}

/* First address behind the entry of @level that translates @va. */
static u64 level_end(u64 va, u32 level)
{
	return ALIGN_DOWN(va, level_bytes(level)) + level_bytes(level);
}

/* --- mapping ---------------------------------------------------------------------------------- */

/* Maps what of [va, end) one table translates; entries that are there stay. Returns how many were
 * made. */
static u32 map_in_table(struct mm *mm, u64 va, u64 end, u64 table, u32 level, u64 gpa, u32 prot,
			u16 site)
{
	struct entry *mapped = table_map(table);
	u64 step = level_bytes(level), leaf = arch_pte_leaf(gpa, prot);
	u32 made = 0;

	for (; va < end; va += step, leaf += step) {
		if (arch_pte_present(mapped[arch_pt_index(va, level)].raw))
			continue;
		pt_set(mm, va, table, mapped, level, leaf, site);
		made++;
	}
	table_unmap();
	return made;
}

u32 pt_map_range(struct mm *mm, u64 va, u64 gpa, u64 bytes, u32 prot, u16 site)
{
	u32 level = prot & PROT_LARGE ? 2 : 1, made = 0;
	u64 end = va + bytes;

	spin_lock(&mm->pt_lock);
	while (va < end) {
		u64 table = walk(mm, va, level, true, site);
		u64 stop = level_end(va, level + 1);

		stop = stop < end ? stop : end;
		if (table)
			made += map_in_table(mm, va, stop, table, level, gpa, prot, site);
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

/* A large leaf of init_mm is gone: so must be the copies in other spaces' directories. */
static void clear_copies(u64 va, u16 site)
{
	for (struct mm *mm = mm_list_lock(); mm; mm = mm->next) {
		u64 table;

		spin_lock(&mm->pt_lock);
		table = walk(mm, va, 2, false, site);
		if (table && pt_get(table, arch_pt_index(va, 2)))
			pt_set_one(mm, va, table, 2, 0, site);
		spin_unlock(&mm->pt_lock);
	}
	mm_list_unlock();
}

/* Removes the leaves of [va, end), which one level-1 table translates. */
static u32 unmap_in_table(struct mm *mm, u64 va, u64 end, u64 table, u16 site)
{
	struct entry *mapped = table_map(table);
	u32 removed = 0;

	for (; va < end; va += PAGE_BYTES) {
		if (!mapped[arch_pt_index(va, 1)].raw)
			continue;
		pt_set(mm, va, table, mapped, 1, 0, site);
		removed++;
	}
	table_unmap();
	return removed;
}

/* The same for what one level-2 entry translates: a large leaf, or a table of small ones. */
static u32 unmap_in_directory(struct mm *mm, u64 va, u64 end, u16 site, bool *large)
{
	u64 directory = walk(mm, va, 2, false, site), entry;

	entry = directory ? pt_get(directory, arch_pt_index(va, 2)) : 0;
	*large = arch_pte_present(entry) && arch_pte_is_leaf(entry, 2);
	if (!arch_pte_present(entry))
		return 0;
	if (!*large)
		return unmap_in_table(mm, va, end, arch_pte_gpa(entry), site);
	pt_set_one(mm, va, directory, 2, 0, site);
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
	u64 table = mm->root_gpa;

	for (*level = ARCH_PT_LEVELS;; --*level) {
		*entry = pt_get(table, arch_pt_index(va, *level));
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
	pt_set_one(mm, va, table, level, entry, site);
	spin_unlock(&mm->pt_lock);
	return old;
}

/* --- slots ------------------------------------------------------------------------------------ */

u64 pt_slot_table(struct mm *mm, u64 va, u16 site)
{
	u64 table;

	spin_lock(&mm->pt_lock);
	table = walk(mm, va, 1, true, site);
	spin_unlock(&mm->pt_lock);
	return table;
}

void pt_slot_set(struct mm *mm, u64 table, u64 va, u64 new, u16 site)
{
	u32 index = arch_pt_index(va, 1);
	unsigned long irq;

	sched_point();
	irq = arch_irq_save();
	entry_store(&table_map(table)[index], trace_header(KVL_EV_PT_SET, site, index, 1), va,
		    table, new, mm->id);
	table_unmap();
	arch_irq_restore(irq);
}

/* --- the direct map: what it allows, page by page --------------------------------------------- */

/* The large leaf of lowmem for @va becomes a table of small ones that say the same. Flushed by the
 * caller. */
static u64 split_lowmem(u64 va, u64 directory, u64 leaf, u16 site)
{
	u64 table = arena_alloc(1, init_mm.id), start = ALIGN_DOWN(va, LARGE_BYTES);

	map_in_table(&init_mm, start, start + LARGE_BYTES, table, 1, arch_pte_gpa(leaf), PROT_WRITE,
		     site);
	pt_set_one(&init_mm, va, directory, 2, arch_pte_table(table, false), site);
	return table;
}

/* The table of small leaves for @va, split off if there is a large one; @split: there was. */
static u64 small_table(u64 va, bool *split, u16 site)
{
	u64 directory = walk(&init_mm, va, 2, false, site);
	u64 entry = directory ? pt_get(directory, arch_pt_index(va, 2)) : 0;

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
	u64 table, index = arch_pt_index(va, 1);
	bool split;

	if (va - layout.core.start - layout.page_offset < layout.core.bytes)
		panic("bad protection", "%lx is the core's, which all spaces have from birth", va);
	spin_lock(&protect_lock);
	spin_lock(&init_mm.pt_lock);
	table = small_table(va, &split, site);
	pt_set_one(&init_mm, va, table, 1, arch_pte_leaf(arch_pte_gpa(pt_get(table, index)), prot),
		   site);
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

/* --- the kernel's part of a space ------------------------------------------------------------- */

/* init_mm's directory entry (level 2) for @va, if it leads to a translation; else 0. */
static u64 master_directory(u64 va)
{
	u64 table = init_mm.root_gpa, entry = 0, directory = 0;

	for (u32 level = ARCH_PT_LEVELS; level; level--) {
		entry = pt_get(table, arch_pt_index(va, level));
		if (!arch_pte_present(entry))
			return 0;
		if (level == 2)
			directory = entry;
		if (arch_pte_is_leaf(entry, level))
			return directory;
		table = arch_pte_gpa(entry);
	}
	return directory;
}

/* Under mm->pt_lock: what is removed from init_mm meanwhile is removed here after us. */
static enum pt_sync sync_locked(struct mm *mm, u64 va, u16 site)
{
	u64 directory = master_directory(va), table;

	if (!directory)
		return PT_MISSING;
	table = walk(mm, va, 2, true, site);
	if (pt_get(table, arch_pt_index(va, 2)) == directory)
		return PT_PRESENT;
	pt_set_one(mm, va, table, 2, directory, site);
	return PT_SYNCED;
}

enum pt_sync pt_sync_kernel(struct mm *mm, u64 va)
{
	enum pt_sync result;

	if (mm == &init_mm)
		return master_directory(va) ? PT_PRESENT : PT_MISSING;
	spin_lock(&mm->pt_lock);
	result = sync_locked(mm, va, SITE("fault.sync"));
	spin_unlock(&mm->pt_lock);
	return result;
}

static void copy_directories(struct mm *mm, u64 va, u64 end, u16 site)
{
	for (; va < end; va += LARGE_BYTES) {
		u64 from = walk(&init_mm, va, 2, false, site), to = walk(mm, va, 2, true, site);

		if (!pt_get(to, arch_pt_index(va, 2)))
			pt_set_one(mm, va, to, 2, pt_get(from, arch_pt_index(va, 2)), site);
	}
}

void pt_create(struct mm *mm)
{
	u16 site = SITE("mm.create");
	u64 core = layout.core.start + layout.page_offset, entry;

	spin_lock(&mm->pt_lock);
	mm->root_gpa = arena_alloc(ARCH_PT_LEVELS, mm->id);
	trace_event(KVL_EV_MM_CREATE, site, 0, 0, mm->id, mm->root_gpa, 0, 0, 0);
	entry = pt_get(init_mm.root_gpa, arch_pt_index(KVL_WINDOW_VA, ARCH_PT_LEVELS));
	pt_set_one(mm, KVL_WINDOW_VA, mm->root_gpa, ARCH_PT_LEVELS, entry, site);
	copy_directories(mm, core, core + layout.core.bytes, site);
	copy_directories(mm, FIXMAP_START_VA, GiB(4), site);
	spin_unlock(&mm->pt_lock);
}

/* True if the entry leads to what this space shares with the others. */
static bool is_shared(u64 va, u32 level)
{
	return va >= KVL_WINDOW_VA || (level == 2 && is_kernel(va) && !is_ukva(va));
}

/* The first entry in use from @from on; there is one. */
static u64 next_in_use(u64 table, u32 *from)
{
	struct entry *mapped = table_map(table);
	u64 entry;

	while (!mapped[*from].raw)
		++*from;
	entry = mapped[*from].raw;
	table_unmap();
	return entry;
}

static void free_tables(struct mm *mm, u64 table, u32 level, u64 start, u16 site)
{
	const u16 *used = &entries_in_use[(table - layout.arena.start) / PAGE_BYTES];

	for (u32 i = 0; *used; i++) {
		u64 entry = next_in_use(table, &i), va = start + i * level_bytes(level);

		if (level == 1)
			panic("mapping left", "%lx in space %u maps %lx", va, mm->id,
			      arch_pte_gpa(entry));
		if (!is_shared(va, level))
			free_tables(mm, arch_pte_gpa(entry), level - 1, va, site);
		pt_set_one(mm, va, table, level, 0, site);
	}
	arena_free(table, level, mm->id);
}

void pt_destroy(struct mm *mm)
{
	u16 site = SITE("mm.destroy");

	spin_lock(&mm->pt_lock);
	trace_event(KVL_EV_MM_DESTROY, site, 0, 0, mm->id, mm->root_gpa, 0, 0, 0);
	free_tables(mm, mm->root_gpa, ARCH_PT_LEVELS, 0, site);
	spin_unlock(&mm->pt_lock);
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
