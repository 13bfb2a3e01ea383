/* SPDX-License-Identifier: MIT */
/* Stores to page tables that have left the guest, as made-up exits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "tests/unit/suite.h"
#include "vmm/pt_trap.h"
#include "vmm_rig.h"

#define ARENA MiB(24)
#define ARENA_BYTES KiB(64)
#define PRESENT (0x123000 | PTE_PRESENT)

static struct vmm_rig *rig;
static u8 *tables;
static u32 ndrops; /* slots that came and went */
static bool refuse;

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	const struct kvm_userspace_memory_region *region = arg;

	(void)fd;
	ck_assert_uint_eq(request, KVM_SET_USER_MEMORY_REGION);
	ndrops += region->memory_size == 0;
	errno = ENOSPC;
	return refuse ? -1 : 0;
}

static void setup(void)
{
	struct trace_config trace = { .ncpus = 2 };
	struct err err;

	rig = vmm_rig_new();
	ndrops = 0;
	refuse = false;
	tables = aligned_alloc(PAGE_BYTES, ARENA_BYTES);
	ck_assert_ptr_nonnull(tables);
	memset(tables, 0, ARENA_BYTES);
	ck_assert(gmem_add(&rig->vm.mem, gpa(ARENA), ARENA_BYTES, tables));
	rig->vm.layout.arena = (struct kvl_range){ ARENA, ARENA_BYTES };
	slots_init(&rig->vm.slots, -1, fake_ioctl);
	rig->vm.trace = trace_open(&trace, &err);
	ck_assert_ptr_nonnull(rig->vm.trace);
	ck_assert_int_eq(pt_trap_open(&rig->vm, &err), 0);
}

static void teardown(void)
{
	trace_close(rig->vm.trace);
	vmm_rig_free(rig);
	free(tables);
}

static u64 entry(u32 index)
{
	u64 value;

	memcpy(&value, tables + index * sizeof(value), sizeof(value));
	return value;
}

static u64 stores_reported(void)
{
	struct trace_totals totals;
	struct err err;

	ck_assert_int_eq(trace_drain(rig->vm.trace, &err), 0);
	trace_totals(rig->vm.trace, &totals);
	return totals.by_id[KVL_EV_PT_STORE];
}

START_TEST(a_store_is_reported_and_applied)
{
	ck_assert_int_eq(rig_store(rig, 1, ARENA + 8 * 5, 8, PRESENT), EXIT_ACTION_CONTINUE);
	ck_assert_uint_eq(entry(5), PRESENT);
	ck_assert_uint_eq(entry(4) | entry(6), 0);
	ck_assert_uint_eq(stores_reported(), 1);
	ck_assert_uint_eq(rig->nlog, 0);
}
END_TEST

/* What was not present KVM has not derived anything from. */
START_TEST(shadows_are_dropped_when_an_entry_was_present)
{
	rig_store(rig, 0, ARENA, 8, PRESENT);
	ck_assert_uint_eq(ndrops, 0);
	rig_store(rig, 0, ARENA, 8, PRESENT | PTE_WRITABLE);
	ck_assert_uint_eq(ndrops, 1);
	rig_store(rig, 0, ARENA, 8, 0);
	ck_assert_uint_eq(ndrops, 2);
	rig_store(rig, 0, ARENA, 8, PRESENT);
	ck_assert_uint_eq(ndrops, 2);
	ck_assert_uint_eq(entry(0), PRESENT);
	ck_assert_uint_eq(stores_reported(), 4);
}
END_TEST

START_TEST(the_last_entry_of_the_arena)
{
	rig_store(rig, 0, ARENA + ARENA_BYTES - 8, 8, PRESENT);
	ck_assert_uint_eq(entry(ARENA_BYTES / 8 - 1), PRESENT);
}
END_TEST

/* Half an entry, or two halves of two. */
START_TEST(entries_are_written_whole)
{
	static const struct {
		u64 at;
		u32 bytes;
	} wrong[] = { { 0, 4 }, { 4, 4 }, { 0, 1 }, { 4, 8 }, { 1, 8 } };

	ck_assert_int_eq(rig_store(rig, 1, ARENA + wrong[_i].at, wrong[_i].bytes, UINT64_MAX),
			 EXIT_ACTION_STOP);
	ck_assert_int_eq(rig->vm.end.status, EXIT_GUEST);
	ck_assert_msg(strstr(rig->vm.end.reason, "entries are written whole"), "%s",
		      rig->vm.end.reason);
	ck_assert_uint_eq(entry(0) | entry(1), 0);
	ck_assert_uint_eq(stores_reported(), 0);
}
END_TEST

START_TEST(shadows_that_stay_end_the_run)
{
	rig_store(rig, 0, ARENA, 8, PRESENT);
	refuse = true;
	ck_assert_int_eq(rig_store(rig, 0, ARENA, 8, 0), EXIT_ACTION_STOP);
	ck_assert_int_eq(rig->vm.end.status, EXIT_HOST);
	ck_assert_msg(strstr(rig->vm.end.reason, "KVM refuses memory slot"), "%s",
		      rig->vm.end.reason);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pt_trap");
	TCase *tcase = tcase_create("stores");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_store_is_reported_and_applied);
	tcase_add_test(tcase, shadows_are_dropped_when_an_entry_was_present);
	tcase_add_test(tcase, the_last_entry_of_the_arena);
	tcase_add_loop_test(tcase, entries_are_written_whole, 0, 5);
	tcase_add_test(tcase, shadows_that_stay_end_the_run);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
