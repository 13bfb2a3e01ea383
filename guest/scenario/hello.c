/* SPDX-License-Identifier: MIT */
/*
 * hello: the core that all proposals stand on, each part once, with its closed form.
 *
 *   remap      after a flush no CPU reads through the old translation (hello_remap.c)
 *   highmem    a page without an address, through a short-lived local mapping (seeds T, B)
 *   sync       the ordinary vmalloc fault: a space's directory filled from init_mm (W2)
 *   tables     what one mapping costs where tables have an address, and where each must be mapped
 *              to be reached (--arena highmem; B3)
 *   swbit      a software bit in an entry, through the architecture's accessor (L3)
 *   wait       a kernel VMA whose fault function waits (W1, W9)
 *   lazy       a kernel VMA over RAM: lazily populated vmalloc (W18; hello_lazy.c)
 *   storm      maps, uses and flushes by all CPUs, drawn from the seed (hello_storm.c)
 *   disk       pages to a disk and back, if --disk gives one (hello_disk.c; T11)
 *   segment    memory that is no RAM, if --segment gives it (hello_segment.c; L7)
 *   move       a task that goes round the CPUs (hello_move.c)
 *   ukva       the kernel addresses that are each space's own (hello_ukva.c; B1, B2)
 *   family     processes that fork, if processes= asks for them (hello_process.c; B13)
 *   ioremap    device memory over tables that earlier mappings left, while spaces come and go
 */
#include "guest/scenario/hello.h"

#include "guest/lib/string.h"
#include "guest/mm/pt.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

const struct scenario_param hello_params[] = {
	{ "fail", "hang|fault|hole|triple|ring|wild|wait|deadlock|kfree|kfree-run|area|map|segment",
	  "none", "do what must not happen, to see what is made of it" },
	{ "lazy_tlb", "on|off", "on",
	  "kernel tasks run on the root that is loaded, or on init_mm's" },
	{ "carve", "kernel|user", "kernel",
	  "the side that the per-task kernel space is taken from" },
	{ "processes", "number", "0", "children that a process forks, each with an errand" },
	{ "storm", "number", "1", "rounds of random maps, uses and flushes by all CPUs" },
	{ NULL, NULL, NULL, NULL },
};

struct page *hello_page(u64 word)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 *address = kmap_local(page);

	*address = word;
	kunmap_local(address);
	return page;
}

/* --- highmem ---------------------------------------------------------------------------------- */

static void highmem(void)
{
	u64 sets = count_total(COUNT_PT_SET), flushes = count_total(COUNT_FLUSH_PAGE);
	u64 ipis = count_total(COUNT_IPIS);
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	bool high = !page_address(page);
	volatile u64 *word = kmap_local(page);

	*word = 0x68656c6c6f;
	kunmap_local((void *)(u64)word);
	word = kmap_local(page);
	check_equal("highmem.word", *word, 0x68656c6c6f);
	kunmap_local((void *)(u64)word);
	page_free(page);
	/* kmap-local's closed form (section T): 2M entries, M flushes of a page, no IPI */
	check_count("highmem.entries", COUNT_PT_SET, sets, high ? 4 : 0);
	check_count("highmem.flushes", COUNT_FLUSH_PAGE, flushes, high ? 2 : 0);
	check_count("highmem.ipis", COUNT_IPIS, ipis, 0);
}

/* --- sync ------------------------------------------------------------------------------------- */

struct sync {
	u8 *area;
	u64 first, second; /* directory fills at the first and at the second touch */
};

static void touch_area(void *arg)
{
	struct sync *s = arg;
	u64 before = count_total(COUNT_FAULT_SYNCS);

	*(volatile u8 *)s->area = 1;
	s->first = count_total(COUNT_FAULT_SYNCS) - before;
	*(volatile u8 *)(s->area + PAGE_BYTES) = 2;
	s->second = count_total(COUNT_FAULT_SYNCS) - before - s->first;
}

/* A task with a space of its own touches a vmalloc area that was made after the space. */
static void sync_from_init_mm(void)
{
	struct mm *mm = mm_create();
	struct sync s = { .area = vmalloc(2 * PAGE_BYTES, SITE("hello.vmalloc")) };

	task_join(task_start("sync", boot_options.ncpus - 1, mm, touch_area, &s));
	check_equal("sync.first_touch", s.first, 1);
	check_equal("sync.second_touch", s.second, 0);
	check_equal("sync.bytes", s.area[0] + s.area[PAGE_BYTES], 3);
	vfree(s.area);
}

/* --- tables ----------------------------------------------------------------------------------- */

/*
 * A page is mapped where all tables exist: its directory is read, its leaf table written. Where
 * tables are in highmem, to reach one costs two entries of the fixmap and one flush of a page.
 */
static void reach_tables(void)
{
	u8 *area = vmalloc(PAGE_BYTES, SITE("hello.vmalloc"));
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);
	u64 beside = (u64)area + PAGE_BYTES; /* its guard page */
	bool mapped_tables = layout.arena.start >= layout.lowmem_end_gpa;
	u64 sets = count_total(COUNT_PT_SET), flushes = count_total(COUNT_FLUSH_PAGE);

	pt_map_new(&init_mm, beside, page_gpa(page), PROT_READ, SITE("hello.tables"));
	check_count("tables.entries", COUNT_PT_SET, sets, mapped_tables ? 1 + 2 * 2 : 1);
	check_count("tables.flushes", COUNT_FLUSH_PAGE, flushes, mapped_tables ? 2 : 0);
	check_equal("tables.as_asked", mapped_tables, boot_options.request.arena_highmem);
	pt_unmap(&init_mm, beside, PAGE_BYTES, SITE("hello.tables"));
	tlb_flush_range(&init_mm, beside, PAGE_BYTES, SITE("hello.tables"));
	page_free(page);
	vfree(area);
}

/* --- swbit ------------------------------------------------------------------------------------ */

static void software_bit(void)
{
	u64 *area = vmalloc(PAGE_BYTES, SITE("hello.vmalloc"));
	u64 entry = pt_lookup(&init_mm, (u64)area);

	*area = 42;
	check_true("swbit.there_is_one", arch_pte_has_sw_bits());
	pt_replace(&init_mm, (u64)area, arch_pte_set_sw(entry, true), SITE("hello.swbit"));
	tlb_flush_range(&init_mm, (u64)area, PAGE_BYTES, SITE("hello.swbit"));
	entry = pt_lookup(&init_mm, (u64)area);
	check_true("swbit.set", arch_pte_sw(entry));
	check_equal("swbit.word", *area, 42);
	check_true("swbit.cleared", !arch_pte_sw(arch_pte_set_sw(entry, false)));
	vfree(area);
}

/* --- wait ------------------------------------------------------------------------------------- */

struct latch {
	volatile bool reached, open;
	struct page *page;
};

static enum fault_result latch_fault(struct vma *vma, const struct fault *fault)
{
	struct latch *latch = vma->private;

	latch->reached = true;
	wait_begin(KVL_WAIT_TASK, (u64)latch, SITE("hello.latch"));
	while (!latch->open)
		task_yield();
	wait_end(KVL_WAIT_TASK, (u64)latch, SITE("hello.latch"));
	pt_map_new(&init_mm, ALIGN_DOWN(fault->va, PAGE_BYTES), page_gpa(latch->page), vma->prot,
		   SITE("hello.latch"));
	return FAULT_DONE;
}

static const struct vma_ops latch_ops FAULT_TABLE = { .name = "latch", .fault = latch_fault };

static void open_latch(void *arg)
{
	struct latch *latch = arg;

	while (!latch->reached)
		task_yield();
	latch->open = true;
}

static void waiting_fault(void)
{
	struct latch latch = { .page = hello_page(7) };
	struct vma *vma = vma_map_kernel(PAGE_BYTES, PROT_READ, &latch_ops, &latch, 0);
	u64 waits = count_total(COUNT_FAULT_WAITS);
	struct task *opener =
		task_start("opener", boot_options.ncpus - 1, NULL, open_latch, &latch);

	check_equal("wait.word", *(volatile u64 *)vma->start, 7);
	check_count("wait.fault_waits", COUNT_FAULT_WAITS, waits, 1);
	task_join(opener);
	vma_unmap(vma);
	page_free(latch.page);
}

/* --- ioremap --------------------------------------------------------------------------------- */

static void come_and_go(void *unused)
{
	(void)unused;
	for (u32 i = 0; i < 2; i++) {
		struct mm *mm = mm_create();

		mm_get(mm);
		mm_put(mm);
		task_yield();
	}
}

struct look {
	const u32 *at;
	u32 word;
};

static void look_at_device(void *arg)
{
	struct look *look = arg;

	look->word = *look->at;
}

/* By a task of @mm, which takes a copy of the large leaf into its own directory. */
static u32 word_in_space(struct mm *mm, const u32 *at)
{
	struct look look = { .at = at };

	task_join(task_start("look", boot_options.ncpus - 1, mm, look_at_device, &look));
	return look.word;
}

/*
 * 2 MiB of addresses where a vmalloc() has left its table behind, and a large leaf beside, mapped
 * and unmapped while another task makes and ends spaces, and one that stays holds a copy of the
 * leaf. What shows in the large leaf changes; a translation that stays shows what was there before.
 */
static void remap_devices(void)
{
	const struct {
		u64 gpa;
		u32 word; /* the first there */
	} device[] = { { layout.shared.start, KVL_ABI_VERSION }, { KVL_BOOT_GPA, KVL_BOOT_MAGIC } };
	struct mm *mm = mm_create();
	struct task *spaces;

	mm_get(mm);
	vfree(vmalloc(PAGE_BYTES, SITE("hello.vmalloc")));
	spaces = task_start("spaces", boot_options.ncpus - 1, NULL, come_and_go, NULL);
	for (u32 i = 0; i < ARRAY_LEN(device); i++) {
		u8 *seen = ioremap(device[i].gpa - LARGE_BYTES, 2 * LARGE_BYTES,
				   SITE("hello.ioremap"));

		if (!seen)
			usage_failure("hello maps 4 MiB of devices in one piece of vmalloc: give "
				      "more --vmalloc, or --vmalloc-upper");
		check_equal("ioremap.word", *(const u32 *)(seen + LARGE_BYTES), device[i].word);
		check_equal("ioremap.word_in_a_space",
			    word_in_space(mm, (const u32 *)(seen + LARGE_BYTES)), device[i].word);
		iounmap(seen);
		task_yield();
	}
	task_join(spaces);
	mm_put(mm);
}

void hello_run(const struct arm *arm)
{
	const char *fail = param_text("fail", "none");
	u32 processes = param_number("processes", 0, 0, 255);

	(void)arm;
	if (strcmp(fail, "none") && !hello_fail(fail))
		usage_failure("--set fail=%s: no such failure", fail);
	printk("hello from %u CPUs: %lu MiB of lowmem, %s arena, kernel space from %lx\n",
	       boot_options.ncpus, (layout.lowmem_end_gpa - KVL_RAM_START_GPA) >> 20,
	       layout.arena.start < layout.lowmem_end_gpa ? "lowmem" : "highmem",
	       layout.page_offset);
	task_set_lazy_tlb(!param_choice("lazy_tlb", "on", "off"));
	hello_remap();
	highmem();
	sync_from_init_mm();
	reach_tables();
	software_bit();
	waiting_fault();
	hello_lazy();
	hello_user();
	hello_ukva();
	hello_storm(param_u64("storm", 1));
	host_checkpoint();
	remap_devices();
	hello_disk();
	hello_segment();
	hello_move();
	if (processes)
		hello_process(processes);
}
