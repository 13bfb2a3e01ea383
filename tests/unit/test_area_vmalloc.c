/* SPDX-License-Identifier: MIT */
/*
 * vmalloc and its like on several layouts, against a model that has a byte for each page of kernel
 * space: where areas may lie, what is mapped, and all ways to ask is_vmalloc_addr(), of every page.
 */
#include "tests/unit/guest_shim.h"

#include "guest/mm/fault.h"
#include "guest/mm/is_vmalloc.h"
#include "guest/mm/vm.h"
#include "guest/mm/vmalloc.h"
#include "guest/trace.h"
#include "tests/unit/suite.h"

#define MAX_PAGES (GiB(3) / PAGE_BYTES)
#define AREAS 48

/* --- what the guest has elsewhere ------------------------------------------------------------- */
struct kvl_layout layout;
const struct layout_ops *layout_ops;
struct mm init_mm;
const struct site sites_start[2] = { { "test.a", "" }, { "test.b", "" } };
static struct task task;

struct task *arch_current(void)
{
	return &task;
}

void spin_lock(struct spinlock *lock)
{
	ck_assert_uint_eq(lock->owner, 0);
	lock->owner = 1;
	task.locks++;
}

void spin_unlock(struct spinlock *lock)
{
	ck_assert_uint_eq(lock->owner, 1);
	lock->owner = 0;
	task.locks--;
}

void fault_table_check(const void *table, const char *name)
{
	(void)table, (void)name;
}

u64 page_gpa(const struct page *page)
{
	return (u64)(uintptr_t)page & ~(PAGE_BYTES - 1);
}

struct page *gpa_page(u64 gpa)
{
	(void)gpa;
	return NULL;
}

u64 arch_pte_gpa(u64 entry)
{
	return entry;
}

/* --- the model -------------------------------------------------------------------------------- */
enum owner {
	FREE,
	OF_LOWMEM,
	OF_VMALLOC,
	FOREIGN
}; /* FOREIGN: no address of vmalloc's or lowmem's */

static u8 *owner; /* by page of kernel space */
static u64 *mapped;

static u64 pages(void)
{
	return (GiB(4) - layout.page_offset) / PAGE_BYTES;
}

static u64 page_of(u64 va)
{
	ck_assert(va >= layout.page_offset && va < GiB(4));
	return (va - layout.page_offset) / PAGE_BYTES;
}

static void mark(u64 start, u64 bytes, enum owner from, enum owner to)
{
	ck_assert(start % PAGE_BYTES == 0 && bytes % PAGE_BYTES == 0);
	for (u64 va = start; va < start + bytes; va += PAGE_BYTES) {
		ck_assert_uint_eq(owner[page_of(va)], from);
		owner[page_of(va)] = to;
	}
}

static u64 count_pages(enum owner of)
{
	u64 n = 0;

	for (u64 i = 0; i < pages(); i++)
		n += owner[i] == of;
	return n;
}

void pt_map_new(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site)
{
	ck_assert_ptr_eq(mm, &init_mm);
	ck_assert(prot == PROT_WRITE && site < 2);
	ck_assert_uint_eq(mapped[page_of(va)], 0);
	mapped[page_of(va)] = gpa;
}

u32 pt_map_range(struct mm *mm, u64 va, u64 gpa, u64 bytes, u32 prot, u16 site)
{
	u32 n = 0;

	(void)mm, (void)site;
	if (prot & PROT_LARGE)
		ck_assert((va | gpa | bytes) % LARGE_BYTES == 0);
	for (u64 at = 0; at < bytes; at += PAGE_BYTES) {
		if (mapped[page_of(va + at)])
			continue;
		mapped[page_of(va + at)] = gpa + at;
		n++;
	}
	return n;
}

u32 pt_unmap(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	u32 n = 0;

	(void)mm, (void)site;
	for (u64 at = 0; at < bytes; at += PAGE_BYTES) {
		n += mapped[page_of(va + at)] != 0;
		mapped[page_of(va + at)] = 0;
	}
	return n;
}

u64 pt_lookup(struct mm *mm, u64 va)
{
	(void)mm;
	return mapped[page_of(va)];
}

void tlb_flush_range(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	(void)mm, (void)va, (void)bytes, (void)site;
}

#include "guest/mm/area.c"
#include "guest/mm/is_vmalloc.c"
#include "guest/mm/vma.c"
#include "guest/mm/vmalloc.c"

/* --- layouts ---------------------------------------------------------------------------------- */
static const struct kvl_layout_request requests[] = {
	{ .kind = KVL_LAYOUT_LINEAR, .mem_bytes = GiB(1), .page_offset = GiB(3) },
	{ .kind = KVL_LAYOUT_SECTIONS,
	  .mem_bytes = GiB(1),
	  .page_offset = GiB(3),
	  .nholes = 1,
	  .hole = { { MiB(256), MiB(64) } } },
	/* Nothing is given back: the same addresses as without holes. */
	{ .kind = KVL_LAYOUT_INTERMIXED, .mem_bytes = GiB(1), .page_offset = GiB(3) },
	/* Holes that share 2 MiB with lowmem, one of a page, two that touch, one to where lowmem
	 * ends. */
	{ .kind = KVL_LAYOUT_INTERMIXED,
	  .mem_bytes = GiB(1),
	  .page_offset = GiB(3),
	  .vmalloc_upper_bytes = MiB(16),
	  .nholes = 5,
	  .hole = { { MiB(256) + PAGE_BYTES, MiB(9) },
		    { MiB(300), PAGE_BYTES },
		    { MiB(320), MiB(4) },
		    { MiB(324), MiB(4) + 3 * PAGE_BYTES },
		    { MiB(700), MiB(98) } } },
	{ .kind = KVL_LAYOUT_INTERMIXED,
	  .mem_bytes = GiB(3),
	  .page_offset = GiB(1),
	  .nholes = 2,
	  .hole = { { MiB(2), MiB(10) }, { GiB(2), MiB(32) } } },
};

static bool (*const ways[])(u64) = { is_vmalloc_range, is_vmalloc_walk, is_vmalloc_bitmap,
				     is_vmalloc_tree };
static struct layout_ops ops;

static void start(u32 which)
{
	struct kvl_layout_request request = requests[which];
	struct kvl_layout_failure why;

	request.ncpus = 1;
	ck_assert_int_eq(kvl_layout_plan(&request, &layout, &why), 0);
	ops.is_vmalloc_addr = is_vmalloc_bitmap;
	layout_ops = &ops;
	owner = realloc(owner, pages());
	mapped = realloc(mapped, pages() * sizeof(*mapped));
	ck_assert(owner && mapped);
	memset(owner, FOREIGN, pages());
	memset(mapped, 0, pages() * sizeof(*mapped));
	for (u32 i = 0; i < layout.nvmalloc; i++)
		mark(layout.vmalloc[i].start, layout.vmalloc[i].bytes, FOREIGN, FREE);
	for (u32 i = 0; i < layout.nlowmem; i++)
		mark(layout.lowmem[i].va, layout.lowmem[i].bytes, FOREIGN, OF_LOWMEM);
	vmalloc_init();
}

/* The space's own areas, and what the test has for each page. */
static void end(void)
{
	struct area *area;

	while ((area = area_first(&vmalloc_space))) {
		area_release(&vmalloc_space, area);
		kfree(area);
	}
	ck_assert_uint_eq(shim_pages, 0);
	free(owner);
	free(mapped);
	owner = NULL;
	mapped = NULL;
	shim_free();
}

/* --- all that can be asked -------------------------------------------------------------------- */
static void expect_ways(void)
{
	u64 first = layout.vmalloc[0].start, last = layout.region[KVL_REGION_KVA].start;

	for (u64 i = 0; i < pages(); i++) {
		u64 va = layout.page_offset + i * PAGE_BYTES + i % PAGE_BYTES;
		bool is = owner[i] == OF_VMALLOC;

		ck_assert_msg(is_vmalloc_bitmap(va) == is, "bitmap: %lx", (long)va);
		ck_assert_msg(is_vmalloc_tree(va) == is, "tree: %lx", (long)va);
		ck_assert_msg(is_vmalloc_walk(va) == is, "walk: %lx", (long)va);
		ck_assert_msg(is_vmalloc_range(va) == (va >= first && va < last), "range: %lx",
			      (long)va);
		ck_assert(!mapped[i] || is);
	}
	for (u32 i = 0; i < ARRAY_LEN(ways); i++) {
		ck_assert(!ways[i](0));
		ck_assert(!ways[i](layout.page_offset - 1));
		ck_assert(!ways[i](GiB(4)));
		ck_assert(!ways[i](~0ull));
	}
}

static void expect_stats(u32 areas)
{
	struct vmalloc_stats stats = vmalloc_stats();
	u64 largest = 0;

	for (u64 i = 0, run = 0; i < pages(); i++) {
		run = owner[i] == FREE ? run + 1 : 0;
		largest = run > largest ? run : largest;
	}
	ck_assert_uint_eq(stats.areas, areas);
	ck_assert_uint_eq(stats.used, count_pages(OF_VMALLOC) * PAGE_BYTES);
	ck_assert_uint_eq(stats.total, stats.used + count_pages(FREE) * PAGE_BYTES);
	ck_assert_uint_eq(stats.largest_free, largest * PAGE_BYTES);
}

/* --- random areas of all kinds ---------------------------------------------------------------- */
struct held {
	u64 start, bytes; /* guard page not included */
	enum area_kind kind;
	struct page *page[8]; /* AREA_VMAP: mapped, and the test's own */
	struct vma *vma;
};

static struct held held[AREAS];
static u32 nheld;
static u64 state;

static u32 below(u32 bound)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(state >> 33) % bound;
}

static u64 map_pages(struct held *h)
{
	u32 n = h->bytes / PAGE_BYTES;
	u64 start;

	for (u32 i = 0; i < n; i++)
		h->page[i] = page_alloc(ZONE_HIGHMEM, 0);
	start = (u64)vmap(h->page, n, PROT_WRITE, 1);
	for (u32 i = 0; i < n; i++)
		ck_assert_uint_eq(mapped[page_of(start) + i], page_gpa(h->page[i]));
	return start;
}

static u64 map_device(struct held *h)
{
	bool large = below(2);
	u64 gpa = GiB(3) + MiB(2) + (large ? 0 : PAGE_BYTES), start;

	h->bytes = large ? LARGE_BYTES : h->bytes;
	start = (u64)ioremap(gpa, h->bytes, 0);
	ck_assert(!large || start % LARGE_BYTES == 0);
	for (u64 at = 0; at < h->bytes; at += PAGE_BYTES)
		ck_assert_uint_eq(mapped[page_of(start + at)], gpa + at);
	return start;
}

static u64 map_vma(struct held *h)
{
	static const struct vma_ops vma_ops = { .name = "test area" };

	h->vma = vma_map_kernel(h->bytes, PROT_WRITE, &vma_ops, NULL, 0);
	ck_assert_ptr_nonnull(h->vma);
	return h->vma->start;
}

static void reserve_some(void)
{
	struct held *h = &held[nheld];

	if (nheld == AREAS)
		return;
	nheld++;
	*h = (struct held){ .kind = AREA_VMALLOC + below(4), .bytes = (1 + below(8)) * PAGE_BYTES };
	switch (h->kind) {
	case AREA_VMAP: h->start = map_pages(h); break;
	case AREA_IOREMAP: h->start = map_device(h); break;
	case AREA_VMA: h->start = map_vma(h); break;
	default: h->start = (u64)vmalloc(h->bytes - below(4096), 0); break;
	}
	mark(h->start, h->bytes + PAGE_BYTES, FREE, OF_VMALLOC);
	if (h->kind != AREA_VMA)
		for (u64 at = 0; at < h->bytes; at += PAGE_BYTES)
			ck_assert_uint_ne(mapped[page_of(h->start + at)], 0);
	ck_assert_uint_eq(mapped[page_of(h->start + h->bytes)], 0);
}

static void give_back(u32 i)
{
	struct held *h = &held[i];

	switch (h->kind) {
	case AREA_VMAP:
		vunmap((void *)h->start);
		for (u64 n = 0; n < h->bytes / PAGE_BYTES; n++)
			page_free(h->page[n]);
		break;
	case AREA_IOREMAP: iounmap((void *)h->start); break;
	case AREA_VMA: vma_unmap(h->vma); break;
	default: vfree((void *)h->start); break;
	}
	mark(h->start, h->bytes + PAGE_BYTES, OF_VMALLOC, FREE);
	*h = held[--nheld];
}

START_TEST(every_page_every_way)
{
	start(_i);
	state = 815 + (u64)_i;
	nheld = 0;
	expect_ways();
	for (u32 round = 0; round < 4; round++) {
		vmalloc_set_fit(round % 2 ? AREA_BEST_FIT : AREA_FIRST_FIT);
		for (u32 step = 0; step < 200; step++) {
			ops.is_vmalloc_addr = ways[below(ARRAY_LEN(ways))];
			if (!nheld || below(5) > 1)
				reserve_some();
			else
				give_back(below(nheld));
		}
		expect_ways();
		expect_stats(nheld);
	}
	while (nheld)
		give_back(nheld - 1);
	expect_ways();
	expect_stats(0);
	end();
}
END_TEST

/* --- lowmem among them ------------------------------------------------------------------------ */

/* The lowest address is the first hole's, and what does not fit there goes on behind it (row
 * A6). */
START_TEST(holes_are_taken_first)
{
	u64 hole = GiB(3) + MiB(256) + PAGE_BYTES, first, second;

	start(3);
	first = vmalloc_reserve(MiB(9) - PAGE_BYTES, PAGE_BYTES, "all of it");
	second = vmalloc_reserve(PAGE_BYTES, PAGE_BYTES, "too large for a page with its guard");
	ck_assert_uint_eq(first, hole);
	ck_assert_uint_eq(second, GiB(3) + MiB(320));
	vmalloc_release(first);
	vmalloc_release(second);
	end();
}
END_TEST

/* As many as there are; then no more, nor a large one where all that is free is in pieces (row
 * A9). */
START_TEST(starved)
{
	u64 n = 0, first[1 << 16];

	start(_i);
	for (u64 at; (at = vmalloc_reserve(PAGE_BYTES, 1, "starve")); n++)
		first[n] = at;
	ck_assert_uint_lt(vmalloc_stats().largest_free, 2 * PAGE_BYTES);
	ck_assert_uint_eq(vmalloc_stats().areas, n);
	ck_assert_uint_ge(vmalloc_stats().used + layout.nvmalloc * PAGE_BYTES,
			  vmalloc_stats().total);
	for (u64 i = 0; i < n; i += 2)
		vmalloc_release(first[i]);
	ck_assert_uint_ge(vmalloc_stats().total - vmalloc_stats().used, vmalloc_stats().total / 2);
	ck_assert_ptr_null(ioremap(GiB(3), LARGE_BYTES, 0));
	ck_assert_uint_eq(vmalloc_reserve(0, 1, "nothing"), 0);
	ck_assert_uint_eq(vmalloc_reserve(vmalloc_stats().total, 1, "all"), 0);
	ck_assert_uint_eq(vmalloc_reserve(~0ull, 1, "more than all"), 0);
	for (u64 i = 1; i < n; i += 2)
		vmalloc_release(first[i]);
	expect_stats(0);
	end();
}
END_TEST

/* With the guard page, or not at all: over lowmem, somebody's guard page, the end of the space. */
START_TEST(a_fixed_place)
{
	u64 end_of_space, first;

	start(3);
	end_of_space = layout.region[KVL_REGION_KVA].start;
	first = layout.vmalloc[0].start;
	ck_assert(vmalloc_reserve_at(end_of_space - 3 * PAGE_BYTES, 2 * PAGE_BYTES, "last"));
	mark(end_of_space - 3 * PAGE_BYTES, 3 * PAGE_BYTES, FREE, OF_VMALLOC);
	ck_assert(vmalloc_reserve_at(first, PAGE_BYTES, "first"));
	mark(first, 2 * PAGE_BYTES, FREE, OF_VMALLOC);
	ck_assert(!vmalloc_reserve_at(first + PAGE_BYTES, PAGE_BYTES, "guard page"));
	ck_assert(!vmalloc_reserve_at(first - PAGE_BYTES, PAGE_BYTES, "lowmem"));
	ck_assert(!vmalloc_reserve_at(end_of_space - 5 * PAGE_BYTES, 2 * PAGE_BYTES, "its guard"));
	ck_assert(!vmalloc_reserve_at(end_of_space, PAGE_BYTES, "outside"));
	expect_ways();
	expect_stats(2);
	vmalloc_release(end_of_space - 3 * PAGE_BYTES);
	vmalloc_release(first);
	end();
}
END_TEST

/* Half of it cannot be had: nothing stays reserved or mapped. */
START_TEST(out_of_pages)
{
	start(0);
	shim_page_limit = 4;
	ck_assert_ptr_null(vmalloc(5 * PAGE_BYTES, 0));
	shim_page_limit = 0;
	expect_ways();
	expect_stats(0);
	end();
}
END_TEST

START_TEST(listing)
{
	static const char *const want =
		"0xc0200000-0xd0001000  266342400 lowmem phys=0x200000\n"
		"0xd0001000-0xd0004000      12288 test.b pages=2 vmalloc\n"
		"0xd0004000-0xd0006000       8192 test.a phys=0xe0000000 ioremap\n"
		"0xd0006000-0xd0008000       8192 test area vma\n"
		"0xd0008000-0xd000a000       8192 test.b pages=1 vmap\n"
		"0xd0901000-0xd2c00000   36696064 lowmem phys=0x10901000\n"
		"0xd2c01000-0xd4000000   20967424 lowmem phys=0x12c01000\n"
		"0xd4803000-0xebc00000  390057984 lowmem phys=0x14803000\n"
		"0xf1e00000-0xf8000000  102760448 lowmem phys=0x31e00000\n"
		"0xf8000000-0xf8200000    2097152 gap\n";
	struct held vma = { .bytes = PAGE_BYTES };
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	void *allocated, *device, *pages_of_mine;

	start(3);
	allocated = vmalloc(2 * PAGE_BYTES, 1);
	device = ioremap(0xe0000000, 64, 0);
	map_vma(&vma);
	pages_of_mine = vmap(&page, 1, PROT_WRITE, 1);
	shim_clear();
	vmallocinfo_print();
	ck_assert_str_eq(shim_text, want);
	vunmap(pages_of_mine);
	page_free(page);
	vma_unmap(vma.vma);
	iounmap(device);
	vfree(allocated);
	end();
}
END_TEST

/* --- mistakes --------------------------------------------------------------------------------- */
enum { INSIDE, GUARD, FREE_ADDRESS, LOWMEM, DEVICE, TWICE, RELEASED, UNMAPPED, MISTAKES };

static void make_mistake(u32 which, u8 *allocated, u8 *device)
{
	switch (which) {
	case INSIDE: vfree(allocated + PAGE_BYTES); break;
	case GUARD: vfree(allocated + 2 * PAGE_BYTES); break;
	case FREE_ADDRESS: vfree((void *)(layout.region[KVL_REGION_KVA].start - PAGE_BYTES)); break;
	case LOWMEM: vfree((void *)layout.lowmem[0].va); break;
	case DEVICE: vfree(device); break;
	case TWICE: vfree(allocated), vfree(allocated); break;
	case RELEASED: vmalloc_release((u64)allocated); break;
	case UNMAPPED: iounmap(allocated); break;
	}
}

START_TEST(mistakes_have_a_name)
{
	u8 *volatile allocated, *volatile device;

	start(3);
	allocated = vmalloc(2 * PAGE_BYTES, 0);
	device = ioremap(GiB(3), PAGE_BYTES, 0);
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		make_mistake(_i, allocated, device);
		ck_abort_msg("nobody minds");
	}
	ck_assert_str_eq(shim_panic_name, "bad vfree");
	ck_assert_uint_eq(task.locks, 0);
	if (_i != TWICE)
		vfree(allocated);
	iounmap(device);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vmalloc");
	TCase *tcase = tcase_create("vmalloc");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_page_every_way, 0, ARRAY_LEN(requests));
	tcase_add_test(tcase, holes_are_taken_first);
	tcase_add_loop_test(tcase, starved, 0, 4);
	tcase_add_test(tcase, a_fixed_place);
	tcase_add_test(tcase, out_of_pages);
	tcase_add_test(tcase, listing);
	tcase_add_loop_test(tcase, mistakes_have_a_name, 0, MISTAKES);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
