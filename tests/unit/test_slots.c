/* SPDX-License-Identifier: MIT */
/* Memory slots and bus ranges: what overlaps is refused with both names, and KVM never hears of
 * it. */
#include <errno.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/bus.h"
#include "vmm/slots.h"

static struct kvm_userspace_memory_region told;
static u32 ntold;
static int refuse_with; /* errno; 0: accept */

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	ck_assert_int_eq(fd, 7);
	ck_assert_uint_eq(request, KVM_SET_USER_MEMORY_REGION);
	memcpy(&told, arg, sizeof(told));
	ntold++;
	errno = refuse_with;
	return refuse_with ? -1 : 0;
}

static struct slots slots;
static struct err err;
static u8 *const host = (u8 *)(uintptr_t)0x10000000;

static void setup(void)
{
	slots_init(&slots, 7, fake_ioctl);
	ntold = 0;
	refuse_with = 0;
	ck_assert_int_eq(slots_add(&slots, "ram-high", 0xD0800000, MiB(16), host, false, &err), 0);
	ck_assert_uint_eq(ntold, 1);
}

#define REFUSED(gpa_, bytes_, text_)                                                              \
	do {                                                                                      \
		ck_assert_int_eq(slots_add(&slots, "flash", gpa_, bytes_, host, true, &err), -1); \
		ck_assert_msg(strstr(err.text, text_), "%s", err.text);                           \
		ck_assert_uint_eq(ntold, 1);                                                      \
	} while (0)

START_TEST(overlaps_are_refused_by_name)
{
	REFUSED(0xD0000000, MiB(16),
		"slot 'flash' 0xd0000000-0xd1000000 overlaps 'ram-high' 0xd0800000-0xd1800000");
	REFUSED(0xD0800000, MiB(16), "overlaps 'ram-high'");
	REFUSED(0xD17FF000, KiB(4), "overlaps 'ram-high'");
	REFUSED(0, GiB(8), "overlaps 'ram-high'");
}
END_TEST

START_TEST(what_is_no_range_is_refused)
{
	REFUSED(0x1000, 0, "not whole pages");
	REFUSED(0x1800, KiB(4), "not whole pages");
	REFUSED(0x1000, 100, "not whole pages");
	REFUSED(0xFFFFFFFFFFFFF000, KiB(8), "not whole pages");
}
END_TEST

START_TEST(neighbours_are_accepted)
{
	ck_assert_int_eq(slots_add(&slots, "below", 0xD07FF000, KiB(4), host, false, &err), 1);
	ck_assert_int_eq(slots_add(&slots, "above", 0xD1800000, KiB(4), host, true, &err), 2);
	ck_assert_uint_eq(told.slot, 2);
	ck_assert_uint_eq(told.flags, KVM_MEM_READONLY);
	ck_assert_uint_eq(told.guest_phys_addr, 0xD1800000);
	ck_assert_str_eq(slots_at(&slots, 0xD1800FFF)->name, "above");
	ck_assert_ptr_null(slots_at(&slots, 0xD1801000));
}
END_TEST

START_TEST(a_removed_slot_is_free_again)
{
	ck_assert_int_eq(slots_remove(&slots, 0, &err), 0);
	ck_assert_uint_eq(told.memory_size, 0);
	ck_assert_ptr_null(slots_at(&slots, 0xD0800000));
	ck_assert_int_eq(slots_add(&slots, "flash", 0xD0000000, MiB(16), host, true, &err), 0);
	ck_assert_int_eq(slots_remove(&slots, 5, &err), -1);
	ck_assert_int_eq(slots_remove(&slots, -1, &err), -1);
	ck_assert_int_eq(slots_remove(&slots, SLOTS_MAX, &err), -1);
}
END_TEST

START_TEST(what_kvm_refuses_is_not_in_the_table)
{
	refuse_with = ENOSPC;
	ck_assert_int_eq(slots_add(&slots, "flash", 0, KiB(4), host, true, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "KVM refuses memory slot 1 'flash' 0x0-0x1000"));
	ck_assert_int_eq(err.status, EXIT_HOST);
	ck_assert_ptr_null(slots_at(&slots, 0));
	ck_assert_int_eq(slots_remove(&slots, 0, &err), -1);
	ck_assert_ptr_nonnull(slots_at(&slots, 0xD0800000));
}
END_TEST

START_TEST(a_full_table_is_refused)
{
	for (int i = 1; i < SLOTS_MAX; i++)
		ck_assert_int_eq(
			slots_add(&slots, "page", KiB(4) * (u64)i, KiB(4), host, false, &err), i);
	ck_assert_int_eq(slots_add(&slots, "one more", 0, KiB(4), host, false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "'one more'"));
}
END_TEST

/* --- buses ------------------------------------------------------------------------------------ */
static struct bus_access seen;

static void handler(void *owner, struct bus_access *access)
{
	*(int *)owner += 1;
	seen = *access;
	access->data = UINT64_MAX;
}

static int calls;
static struct bus bus;

static void bus_setup(void)
{
	bus = (struct bus){ .name = "memory" };
	calls = 0;
	ck_assert_int_eq(bus_add(&bus, "uart", 0x100, 8, handler, &calls, &err), 0);
}

START_TEST(devices_that_overlap_are_refused_by_name)
{
	ck_assert_int_eq(bus_add(&bus, "flash", 0x107, 1, handler, &calls, &err), -1);
	ck_assert_str_eq(err.text, "memory device 'flash' 0x107-0x107 overlaps 'uart' 0x100-0x107");
	ck_assert_int_eq(bus_add(&bus, "flash", 0, UINT64_MAX, handler, &calls, &err), -1);
	ck_assert_int_eq(bus_add(&bus, "flash", 0x108, 0, handler, &calls, &err), -1);
	ck_assert_int_eq(bus_add(&bus, "flash", UINT64_MAX, 2, handler, &calls, &err), -1);
	ck_assert_int_eq(bus_add(&bus, "flash", 0x108, 1, handler, &calls, &err), 0);
	ck_assert_int_eq(bus_add(&bus, "low", 0xFF, 1, handler, &calls, &err), 0);
	ck_assert_int_eq(bus_add(&bus, "top", UINT64_MAX, 1, handler, &calls, &err), 0);
}
END_TEST

START_TEST(an_access_goes_to_the_device_that_has_all_of_it)
{
	struct bus_access access = { .address = 0x104, .bytes = 4 };

	ck_assert(bus_access(&bus, &access));
	ck_assert_uint_eq(seen.offset, 4);
	ck_assert_uint_eq(access.data, 0xFFFFFFFF);
	access = (struct bus_access){ .address = 0x105, .bytes = 4 };
	ck_assert(!bus_access(&bus, &access));
	ck_assert_uint_eq(access.data, 0xFFFFFFFF);
	access = (struct bus_access){ .address = 0xFF, .bytes = 2 };
	ck_assert(!bus_access(&bus, &access));
	ck_assert_uint_eq(access.data, 0xFFFF);
	access = (struct bus_access){ .address = UINT64_MAX, .bytes = 8 };
	ck_assert(!bus_access(&bus, &access));
	ck_assert_uint_eq(access.data, UINT64_MAX);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_full_bus_is_refused)
{
	for (u64 i = 1; i < BUS_MAX_RANGES; i++)
		ck_assert_int_eq(bus_add(&bus, "x", 0x1000 + i, 1, handler, &calls, &err), 0);
	ck_assert_int_eq(bus_add(&bus, "x", 0x2000, 1, handler, &calls, &err), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slots");
	TCase *slot_case = tcase_create("slots"), *bus_case = tcase_create("buses");

	tcase_add_checked_fixture(slot_case, setup, NULL);
	tcase_add_test(slot_case, overlaps_are_refused_by_name);
	tcase_add_test(slot_case, what_is_no_range_is_refused);
	tcase_add_test(slot_case, neighbours_are_accepted);
	tcase_add_test(slot_case, a_removed_slot_is_free_again);
	tcase_add_test(slot_case, what_kvm_refuses_is_not_in_the_table);
	tcase_add_test(slot_case, a_full_table_is_refused);
	tcase_add_checked_fixture(bus_case, bus_setup, NULL);
	tcase_add_test(bus_case, devices_that_overlap_are_refused_by_name);
	tcase_add_test(bus_case, an_access_goes_to_the_device_that_has_all_of_it);
	tcase_add_test(bus_case, a_full_bus_is_refused);
	suite_add_tcase(suite, slot_case);
	suite_add_tcase(suite, bus_case);
	return run_suite(suite);
}
