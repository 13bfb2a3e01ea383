/* SPDX-License-Identifier: MIT */
/*
 * What must not happen, on purpose: "hello --set fail=…". Each has one answer (docs/debugging.md);
 * tests/cli checks them.
 */
#include "guest/arch.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/scenario/hello.h"
#include "guest/task/turnstile.h"
#include "guest/trace.h"

static void hang(void)
{
	arch_irq_save();
	for (;;)
		arch_relax();
}

static void wild_pointer(void)
{
	*(volatile u64 *)(layout.region[KVL_REGION_GAP].start + 8) = 1;
}

/* Overwrites this CPU's ring with garbage and says it holds records. */
static void garbage_ring(void)
{
	struct kvl_shared *shared = (struct kvl_shared *)KVL_SHARED_VA;

	/* First what is told of the ring, so that the garbage is not taken for a record before. */
	__atomic_fetch_add(&shared->cpu[0].head, 1000000, __ATOMIC_SEQ_CST);
	memset((u8 *)KVL_SHARED_VA + KVL_RINGS_OFFSET, 0xa5, KVL_PACKET_BYTES);
	for (;;)
		host_doorbell();
}

/* Addresses and numbers that the host never gave out. Reads of nothing answer all ones. */
static void wild_host_addresses(void)
{
	struct kvl_shared *shared = (struct kvl_shared *)KVL_SHARED_VA;
	volatile u32 *nowhere = ioremap(0xE0000000, PAGE_BYTES, SITE("hello.wild"));

	if (!host_answers())
		usage_failure("--set fail=wild needs a host that answers calls: --engine kvm");
	check_equal("wild.read", nowhere[1], 0xffffffff);
	nowhere[2] = 1;
	shared->cpu[0].arg = ~0ull;
	arch_call(KVL_CALL_WAKE);
	arch_call(0xdead);
}

static struct spinlock lock = SPINLOCK("hello");

static void wait_in_atomic(void)
{
	spin_lock(&lock);
	wait_begin(KVL_WAIT_TASK, 0, SITE("hello.fail"));
}

static void deadlock(void)
{
	spin_lock(&lock);
	spin_lock(&lock);
}

static void free_twice(size_t bytes)
{
	void *object = kalloc(bytes), *other = kalloc(bytes);

	kfree(object);
	kfree(other);
	kfree(object);
}

static void free_object_twice(void)
{
	free_twice(24);
}

static void free_run_twice(void)
{
	free_twice(2 * PAGE_BYTES);
}

static const struct vma_ops bare_ops FAULT_TABLE = { .name = "bare" };

/* Nothing is mapped in it, and nobody maps. */
static void touch_bare_area(void)
{
	struct vma *area = vma_map_kernel(PAGE_BYTES, PROT_WRITE, &bare_ops, NULL, 0);

	*(volatile u64 *)area->start = 1;
}

static void map_twice(void)
{
	struct vma *area = vma_map_kernel(PAGE_BYTES, PROT_WRITE, &bare_ops, NULL, 0);

	for (u32 i = 0; i < 2; i++)
		pt_map_new(&init_mm, area->start, page_gpa(page_alloc(ZONE_HIGHMEM, 0)), area->prot,
			   SITE("hello.twice"));
}

bool hello_fail(const char *how)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} failure[] = {
		{ "hang", hang },
		{ "fault", wild_pointer },
		{ "hole", layout_touch_hole },
		{ "triple", arch_triple_fault },
		{ "ring", garbage_ring },
		{ "wild", wild_host_addresses },
		{ "wait", wait_in_atomic },
		{ "deadlock", deadlock },
		{ "kfree", free_object_twice },
		{ "kfree-run", free_run_twice },
		{ "area", touch_bare_area },
		{ "map", map_twice },
		{ "segment", hello_write_to_segment },
	};

	for (u32 i = 0; i < ARRAY_LEN(failure); i++) {
		if (strcmp(how, failure[i].name) == 0) {
			failure[i].run();
			return true;
		}
	}
	return false;
}
