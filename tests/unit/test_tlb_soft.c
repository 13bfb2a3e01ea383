/* SPDX-License-Identifier: MIT */
/*
 * The soft TLB against a list: random changes of the modelled tables, faults and flushes; after
 * each the tables that a processor would walk hold what the list does under the loaded tag, and
 * nothing else.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kernel.h"
#include "guest/mm/tlb_soft.h"
#include "guest/trace.h"
#include "tests/unit/suite.h"

/* The window is here; what the guest reaches in it, the test made. */
#undef KVL_ARENA_VA
#undef KVL_SOFT_VA
#define KVL_ARENA_VA ((u64)(uintptr_t)arena)
#define KVL_SOFT_VA ((u64)(uintptr_t)soft)

#define ARENA_PAGES 64
#define ENTRIES 8
#define GLOBAL (1ull << 8)

static u64 arena[ARENA_PAGES][512] __attribute__((aligned(4096)));
static u8 *soft;

/* --- what the guest has elsewhere ------------------------------------------------------------- */
struct boot_options boot_options;
struct kvl_layout layout;
struct mm init_mm;
u64 counters[KVL_MAX_CPUS][COUNTERS];
static struct task task;

struct task *arch_current(void)
{
	return &task;
}

unsigned long arch_irq_save(void)
{
	return 0;
}

void arch_irq_restore(unsigned long state)
{
	(void)state;
}

u32 arch_pt_index(u64 va, u32 level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

bool arch_pte_present(u64 entry)
{
	return entry & 1;
}

bool arch_pte_is_leaf(u64 entry, u32 level)
{
	return level == 1 || (entry & 1 << 7);
}

u64 arch_pte_gpa(u64 entry)
{
	return entry & 0x000ffffffffff000ull;
}

#include "arch/x86_64/guest/pte.c"
#include "guest/mm/tlb_soft.c"

/* --- the list: what the reports say ----------------------------------------------------------- */
struct held {
	u64 va, leaf;
	u32 level, tag;
};

static struct held held[ENTRIES];     /* the oldest first */
static u32 nheld, evicted[5], loaded; /* loaded: the tag */
static u32 outdated;		      /* how often other tags were said to be */
static bool changing_tags;
static u64 filling; /* the slot of the leaf that is being filled, if that is large */

static u64 span(u32 level)
{
	return level == 2 ? LARGE_BYTES : PAGE_BYTES;
}

static bool is_usable(const struct held *h)
{
	return h->tag == loaded || h->leaf & GLOBAL;
}

static const struct held *find_held(u64 va)
{
	for (u32 i = 0; i < nheld; i++)
		if (is_usable(&held[i]) && va - held[i].va < span(held[i].level))
			return &held[i];
	return NULL;
}

static const struct held *find_under(u64 va, u64 leaf, u32 tag)
{
	for (u32 i = 0; i < nheld; i++)
		if (held[i].va == va && held[i].leaf == leaf && held[i].tag == tag)
			return &held[i];
	return NULL;
}

void tlb_tags_outdate_others(void)
{
	outdated++;
}

void trace_record(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	ck_assert_uint_eq(header & 0xffff, KVL_EV_TLB_FILL);
	ck_assert_uint_lt(nheld, ENTRIES);
	ck_assert_ptr_null(find_held(a0));
	ck_assert_uint_eq(a2 | a4, 0);
	ck_assert_uint_eq(a3, loaded);
	held[nheld++] = (struct held){ a0, a1, header >> 32 & 0xffff, loaded };
}

/* The leaf by which a processor translates @va; 0: none. */
static u64 walk(u64 va)
{
	u64 table = layout.soft.start;

	for (u32 level = 4;; level--) {
		u64 entry;

		memcpy(&entry,
		       soft + (table - layout.soft.start) +
			       arch_pt_index(va, level) * sizeof(entry),
		       sizeof(entry));
		if (!arch_pte_present(entry) || arch_pte_is_leaf(entry, level))
			return entry;
		ck_assert_uint_lt(arch_pte_gpa(entry) - layout.soft.start, layout.soft.bytes);
		table = arch_pte_gpa(entry);
	}
}

/*
 * No longer in the tables when it is reported; only an old one, or one in the way, makes room. When
 * tags change, one that stands where a global one does is in the way.
 */
void tlb_cpu_evict(u64 va, u64 entry, u32 mm, const struct tlb_eviction *how)
{
	const struct held *h = find_under(va, entry, how->tag);
	bool in_the_way = changing_tags || ALIGN_DOWN(va, LARGE_BYTES) == filling;

	ck_assert_ptr_nonnull(h);
	ck_assert(h->level == how->level && mm == 0);
	ck_assert(walk(va) == 0 || !is_usable(h));
	ck_assert(how->reason != KVL_EVICT_CAPACITY || in_the_way || boot_options.tlb_random ||
		  (h == held && nheld == ENTRIES));
	evicted[how->reason]++;
	nheld--;
	memmove(&held[h - held], h + 1, (size_t)(held + nheld - h) * sizeof(*h));
}

void tlb_cpu_load_private(u64 private_gpa, u64 root_gpa, u32 mm, struct tlb_tag tag, u16 site)
{
	(void)site;
	ck_assert_uint_eq(private_gpa, layout.soft.start);
	ck_assert(root_gpa == layout.arena.start && mm == 0);
	loaded = tag.number;
}

/* --- the modelled tables ---------------------------------------------------------------------- */
static u32 used; /* tables of the arena, the root first */

static u64 gpa_of(u32 table)
{
	return layout.arena.start + table * PAGE_BYTES;
}

static u64 *entry_of(u64 va, u32 level)
{
	u64 *entry = &arena[0][arch_pt_index(va, 4)];

	for (u32 at = 3; at >= level; at--) {
		if (!*entry || (at == 1 && arch_pte_is_leaf(*entry, 2)))
			*entry = arch_pte_table(gpa_of(used++), true);
		ck_assert_uint_lt(used, ARENA_PAGES);
		entry = &arena[(arch_pte_gpa(*entry) - layout.arena.start) / PAGE_BYTES]
			      [arch_pt_index(va, at)];
	}
	return entry;
}

/* The leaf of the tables for @va, and its level; 0: none. */
static u64 leaf_of(u64 va, u32 *level)
{
	u64 directory = *entry_of(va, 2);

	*level = 2;
	if (!directory || arch_pte_is_leaf(directory, 2))
		return directory;
	*level = 1;
	return *entry_of(va, 1);
}

/* --- steps ------------------------------------------------------------------------------------ */
static u64 state;

static u32 below(u32 bound)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % bound;
}

/* Ten pages in each of four slots: two of user space, two of vmalloc. */
static u64 some_va(void)
{
	u64 start = below(2) ? MiB(4) : layout.region[KVL_REGION_VMALLOC].start;

	return start + below(2) * LARGE_BYTES + below(10) * PAGE_BYTES;
}

/* A small leaf, a large one in the second slots, or none. Nobody is told. */
static void change_tables(void)
{
	u64 va = some_va(), leaf = arch_pte_leaf(below(999) * LARGE_BYTES, below(8));
	bool large = va / LARGE_BYTES % 2 && below(4) == 0;

	leaf |= below(8) ? 0 : GLOBAL;
	if (large)
		*entry_of(va, 2) = below(2) ? leaf | 1 << 7 : 0;
	else if (*entry_of(va, 2) && !arch_pte_is_leaf(*entry_of(va, 2), 2))
		*entry_of(va, 1) = below(3) ? leaf : 0;
	else if (used + 1 < ARENA_PAGES)
		*entry_of(va, 1) = leaf;
}

static void access_some(void)
{
	struct fault fault = { .va = some_va() + below(4096),
			       .write = below(2),
			       .exec = below(4) == 0,
			       .user = below(2) };
	u32 level;
	u64 leaf = leaf_of(fault.va, &level);
	const struct held *before = find_held(fault.va);
	bool stands = before && before->leaf == leaf;
	bool allowed = leaf && arch_pte_allows(leaf, fault.write, fault.exec, fault.user);

	filling = level == 2 ? ALIGN_DOWN(fault.va, LARGE_BYTES) : ~0ull;
	ck_assert(tlb_soft_fault(&fault) == (allowed && !stands));
	ck_assert(fault.present == (leaf != 0));
	filling = ~0ull;
	if (!allowed || stands)
		return;
	ck_assert(find_held(fault.va)->leaf == leaf && find_held(fault.va)->level == level);
}

static u32 held_under(u32 tag)
{
	u32 n = 0;

	for (u32 i = 0; i < nheld; i++)
		n += held[i].tag == tag && !(held[i].leaf & GLOBAL);
	return n;
}

/* Only a translation where a global one stands does not come back. */
static void load_some_root(void)
{
	struct tlb_tag tag = { boot_options.tlb_pcid ? below(3) : 0,
			       boot_options.tlb_pcid && below(2) };
	u32 before[3] = { held_under(0), held_under(1), held_under(2) };
	u32 in_the_way = evicted[KVL_EVICT_CAPACITY];

	changing_tags = true;
	tlb_soft_load_root(gpa_of(0), 0, tag, 0);
	changing_tags = false;
	in_the_way = evicted[KVL_EVICT_CAPACITY] - in_the_way;
	for (u32 i = 0; i < 3; i++)
		ck_assert_uint_eq(held_under(i) + (i == tag.number ? in_the_way : 0),
				  i != tag.number || tag.keeps ? before[i] : 0);
}

static void flush_some(void)
{
	u32 what = below(16), told = outdated, others = nheld - held_under(loaded);
	u64 va = some_va();

	if (what > 2) {
		tlb_soft_flush_page(va, 0);
		ck_assert_ptr_null(find_held(va));
		ck_assert_uint_eq(outdated - told, va >= GiB(3)); /* a kernel address */
	} else if (what > 1) {
		tlb_soft_flush_all(0);
		ck_assert_uint_eq(nheld, 0);
		ck_assert_uint_eq(outdated, told);
	} else if (what) {
		tlb_soft_flush_space(below(2), 0);
		ck_assert_uint_eq(held_under(loaded), 0);
		ck_assert_uint_eq(nheld, others);
	} else {
		load_some_root();
	}
}

/* Soft slots of all directories: as many leaves as are held, and those. */
static void tables_hold_the_list(void)
{
	u32 n = 0;

	for (u32 slot = 0; slot < 2048; slot++) {
		u64 va = slot * LARGE_BYTES, entry;

		memcpy(&entry, soft + 2 * PAGE_BYTES + slot * sizeof(entry), sizeof(entry));
		if (!kvl_is_soft(&layout, va) || !entry)
			continue;
		if (arch_pte_is_leaf(entry, 2)) {
			n++;
			continue;
		}
		for (u32 i = 0; i < 512; i++)
			n += walk(va + i * PAGE_BYTES) != 0;
	}
	for (u32 i = 0; i < nheld; i++) {
		if (!is_usable(&held[i]))
			continue;
		ck_assert_uint_eq(walk(held[i].va), held[i].leaf);
		n--;
	}
	ck_assert_uint_eq(n, 0);
}

static void setup(void)
{
	struct kvl_layout_failure why;

	boot_options.request = (struct kvl_layout_request){
		.mem_bytes = GiB(1), .page_offset = GiB(3), .soft_entries = ENTRIES, .ncpus = 1
	};
	ck_assert_int_eq(kvl_layout_plan(&boot_options.request, &layout, &why), 0);
	soft = aligned_alloc(PAGE_BYTES, layout.soft.bytes);
	ck_assert_ptr_nonnull(soft);
	memset(soft, 0, layout.soft.bytes);
	memset(arena, 0, sizeof(arena));
	layout.arena.bytes = sizeof(arena);
	used = 1;
	nheld = loaded = 0;
	arena[0][1] = 0x123063; /* the window */
	for (u64 at = 0; at < layout.core.bytes; at += LARGE_BYTES)
		*entry_of(GiB(3) + layout.core.start + at, 2) = (layout.core.start + at) | 0xe3;
	entry_of(GiB(4) - PAGE_BYTES, 1);
	tlb_soft_start(0, gpa_of(0), 0);
}

static void teardown(void)
{
	free(soft);
}

START_TEST(random_steps)
{
	boot_options.tlb_random = _i % 2;
	boot_options.tlb_pcid = _i / 2 % 2;
	state = 4711 + (u64)_i;
	for (u32 step = 0; step < 4000; step++) {
		u32 what = below(8);

		if (what < 2)
			change_tables();
		else if (what < 7)
			access_some();
		else
			flush_some();
		tables_hold_the_list();
	}
	for (u32 reason = KVL_EVICT_CAPACITY; reason <= KVL_EVICT_FAULT; reason++)
		ck_assert_uint_gt(evicted[reason], 0); /* each has happened */
}
END_TEST

START_TEST(core_fixmap_and_window_are_there_from_the_start)
{
	u64 core = GiB(3) + layout.core.start;

	for (u64 at = 0; at < layout.core.bytes; at += LARGE_BYTES)
		ck_assert_uint_eq(walk(core + at), *entry_of(core + at, 2));
	ck_assert_uint_eq(((u64 *)(void *)soft)[1], arena[0][1]);
	tlb_soft_flush_page(core, 0);
	tlb_soft_flush_space(0, 0);
	tlb_soft_flush_all(0);
	ck_assert_uint_eq(walk(core), *entry_of(core, 2));
}
END_TEST

/* Mirrored at the first touch, without a report; gone with a flush; not made where the space has
 * none. */
START_TEST(lowmem_is_mirrored)
{
	u64 va = GiB(3) + MiB(200), entry = MiB(200) | 0xe3;
	struct fault fault = { .va = va + 5 };

	ck_assert(!tlb_soft_fault(&fault));
	*entry_of(va, 2) = entry;
	ck_assert(tlb_soft_fault(&fault) && walk(va) == entry);
	ck_assert(!tlb_soft_fault(&fault)); /* it is there: not for want of it */
	*entry_of(va, 2) = 0;
	ck_assert(!tlb_soft_fault(&fault) && walk(va) == entry);
	for (u32 i = 0; i < 3000; i++) { /* listed once, however often it comes back */
		if (_i == 0)
			tlb_soft_flush_page(va, 0);
		else if (_i == 1)
			tlb_soft_flush_space(0, 0);
		else
			tlb_soft_flush_all(0);
		ck_assert_uint_eq(walk(va), 0);
		*entry_of(va, 2) = entry;
		ck_assert(tlb_soft_fault(&fault) && walk(va) == entry);
	}
	ck_assert_uint_eq(nheld, 0);
	for (u64 at = 0; at < ENTRIES * PAGE_BYTES; at++) /* the leaf tables lie behind the list */
		ck_assert_msg(!soft[KVL_SOFT_FIXED_PAGES * PAGE_BYTES + at], "byte %llu",
			      (unsigned long long)at);
}
END_TEST

/* Addresses beyond the modelled space, tables outside the arena: as if nothing were there. */
START_TEST(nothing_else_is_translated)
{
	static const u64 va[] = { GiB(4), KVL_WINDOW_VA, ~0ull };
	struct fault fault = { .va = MiB(4) };

	for (u32 i = 0; i < ARRAY_LEN(va); i++) {
		struct fault far = { .va = va[i] };

		ck_assert(!tlb_soft_fault(&far));
		tlb_soft_flush_page(va[i], 0);
	}
	*entry_of(MiB(4), 2) = arch_pte_table(layout.arena.start + sizeof(arena), true);
	ck_assert(!tlb_soft_fault(&fault) && !fault.present);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("soft TLB");
	TCase *tcase = tcase_create("soft TLB");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, random_steps, 0, 8);
	tcase_add_test(tcase, core_fixmap_and_window_are_there_from_the_start);
	tcase_add_loop_test(tcase, lowmem_is_mirrored, 0, 3);
	tcase_add_test(tcase, nothing_else_is_translated);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
