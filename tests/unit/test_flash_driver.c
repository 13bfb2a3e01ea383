/* SPDX-License-Identifier: MIT */
/*
 * The guest's flash driver against the chip model: probe, program, erase, each failure, and the
 * arbitration between readers, mappings and writers under thousands of interleavings. Tasks are
 * threads of which one at a time holds a baton; every point at which the guest's turnstile could
 * change hands passes it on at random. At each command no page may be mapped and no copy run; at
 * each read through a mapping the chip must be an array.
 */
#include "tests/unit/guest_shim.h"
#include "tests/unit/suite.h"

#include <check.h>
#include <pthread.h>

#include "tests/unit/bus_model.h"

static void check_command(void);
static void pass_baton(void);

/* In place of guest/flash/bus.h. */
#define GUEST_FLASH_BUS_H

static inline u32 bus_read(volatile u8 *window, u32 width, u64 offset)
{
	(void)window;
	return bus_model_read(offset, width);
}

static inline void bus_write(volatile u8 *window, u32 width, u64 offset, u32 value)
{
	(void)window;
	check_command();
	bus_model_write(offset, width, value);
}

static void bus_copy(void *to, volatile u8 *window, u64 offset, u64 bytes)
{
	u8 *out = to;

	(void)window;
	for (u64 i = 0; i < bytes; i++) {
		if (i % 64 == 0)
			pass_baton();
		ck_assert(bus_model_is_array());
		out[i] = bus_model_array()[offset + i];
	}
}

/* Where the driver publishes something without dropping its lock, others may look at once. */
#define __atomic_store_n(where, value, order)          \
	do {                                           \
		__atomic_store_n(where, value, order); \
		pass_baton();                          \
	} while (0)

#include "guest/flash/cfi.c"
#undef CMD_READ_ARRAY
#include "guest/flash/chip.c"
#include "guest/flash/intel.c"
#include "guest/flash/mapping.c"
#include "guest/flash/partition.c"

/* ---- the kernel around the driver --------------------------------------------------------------- */

#define MAX_TASKS 6
#define CHIP_GPA 0xD0000000ull
#define AREA_VA 0x40000000ull
#define PAGES 32

static _Thread_local struct task *me;
static struct task main_task;
static bool present[PAGES]; /* entries, by page of the chip */
u64 counters[KVL_MAX_CPUS][COUNTERS];
static bool probing;

struct mm init_mm;

struct task *arch_current(void)
{
	return me;
}

void trace_record(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	(void)a1, (void)a2, (void)a3, (void)a4;
	ck_assert_uint_eq(header & 0xffff, KVL_EV_FLASH_MARK);
	ck_assert_uint_eq(a0, CHIP_GPA);
	ck_assert(bus_model_is_array());
	if ((u16)(header >> 32) == KVL_FLASH_WRITING)
		for (u32 i = 0; i < PAGES; i++)
			ck_assert(!present[i]);
}

const char sites_start[1][SITE_NAME_BYTES];

/* --- the baton --- */
static pthread_mutex_t baton_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t baton_moved = PTHREAD_COND_INITIALIZER;
static u32 holder, ntasks;
static bool done[MAX_TASKS];
static u64 random_state = 1;

static u32 draw(u32 below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % below;
}

static void give_baton(void)
{
	u32 left = 0;

	for (u32 i = 0; i < ntasks; i++)
		left += !done[i];
	if (!left)
		return;
	do
		holder = draw(ntasks);
	while (done[holder]);
	pthread_cond_broadcast(&baton_moved);
}

static void await_baton(u32 id)
{
	while (holder != id)
		pthread_cond_wait(&baton_moved, &baton_lock);
}

static void pass_baton(void)
{
	if (!ntasks || draw(3))
		return;
	pthread_mutex_lock(&baton_lock);
	give_baton();
	await_baton(me->id);
	pthread_mutex_unlock(&baton_lock);
}

bool turnstile_on = true;

void turnstile_point(void)
{
	pass_baton();
}

static u64 yields;

void task_yield(void)
{
	ck_assert_uint_eq(me->locks, 0);
	ck_assert_msg(yields++ < 10000000, "somebody waits for ever");
	pass_baton();
}

void spin_lock(struct spinlock *lock)
{
	sched_point();
	while (lock->held)
		sched_point();
	lock->held = 1;
	me->locks++;
}

void spin_unlock(struct spinlock *lock)
{
	ck_assert(lock->held);
	lock->held = 0;
	me->locks--;
}

void wait_begin(u32 what, u64 object, u16 site)
{
	(void)what, (void)site;
	ck_assert_uint_eq(object, CHIP_GPA);
	ck_assert_uint_eq(me->locks, 0);
}

void wait_end(u32 what, u64 object, u16 site)
{
	(void)what, (void)object, (void)site;
}

/* --- memory --- */
void *ioremap(u64 gpa, u64 bytes, u16 site)
{
	(void)site;
	ck_assert_uint_eq(gpa, CHIP_GPA);
	return malloc(bytes);
}

void iounmap(void *address)
{
	free(address);
}

struct vma *vma_map_kernel(u64 bytes, u32 prot, const struct vma_ops *ops, void *private,
			   u64 offset)
{
	struct vma *vma = kalloc(sizeof(*vma));

	ck_assert_uint_eq(prot, PROT_READ);
	*vma = (struct vma){ .start = AREA_VA, .end = AREA_VA + bytes, .prot = prot, .ops = ops };
	vma->private = private;
	vma->offset = offset;
	return vma;
}

void vma_unmap(struct vma *vma)
{
	memset(present, 0, sizeof(present));
	kfree(vma);
}

static u64 area_offset; /* in the chip, of what lies at AREA_VA */

bool pt_map(struct mm *mm, u64 va, u64 gpa, u32 prot, u16 site)
{
	u64 page = (va - AREA_VA + area_offset) / PAGE_BYTES;
	bool fresh;

	(void)mm, (void)prot, (void)site;
	ck_assert_uint_eq(gpa, CHIP_GPA + page * PAGE_BYTES);
	pass_baton();
	fresh = !present[page];
	ck_assert(bus_model_is_array());
	present[page] = true;
	return fresh;
}

u32 pt_unmap(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	u32 n = 0;

	(void)mm, (void)site;
	for (u64 page = (va - AREA_VA + area_offset) / PAGE_BYTES, i = 0; i < bytes / PAGE_BYTES;
	     i++) {
		pass_baton();
		n += present[page + i];
		present[page + i] = false;
	}
	return n;
}

void tlb_flush_range(struct mm *mm, u64 va, u64 bytes, u16 site)
{
	(void)mm, (void)va, (void)bytes, (void)site;
	ck_assert_uint_eq(me->locks, 0);
	pass_baton();
}

static void check_command(void)
{
	ck_assert(probing || me->in_driver);
	for (u32 i = 0; i < PAGES; i++)
		ck_assert(!present[i]);
}

/* ---- set-up ----------------------------------------------------------------------------------------- */

static struct flash_chip *chip;
static struct flash_partition part;

static void options(u64 offset, u64 bytes)
{
	boot_options.flash_gpa = CHIP_GPA;
	boot_options.flash_bytes = bus_model_bytes();
	boot_options.flash_bank_width = 2;
	boot_options.flash_npartitions = 1;
	snprintf(boot_options.flash_partition[0].label, 24, "part");
	boot_options.flash_partition[0].offset = offset;
	boot_options.flash_partition[0].bytes = bytes;
}

static void open_chip(void)
{
	probing = true;
	chip = flash_chip_open();
	probing = false;
}

static void setup(void)
{
	me = &main_task;
	memset(&main_task, 0, sizeof(main_task));
	memset(counters, 0, sizeof(counters));
	shim_ns = 1000;
	shim_clear();
	yields = 0;
	bus_model_start(&shim_ns);
	options(0, bus_model_bytes());
}

static void setup_open(void)
{
	setup();
	open_chip();
	ck_assert_ptr_nonnull(chip);
	ck_assert(flash_partition_find(chip, "part", &part));
}

static void teardown(void)
{
	bus_model_stop();
	shim_free();
}

static void teardown_open(void)
{
	flash_chip_close(chip);
	teardown();
}

static void require_readable(void)
{
	ck_assert(bus_model_is_array());
	ck_assert(!me->in_driver);
	ck_assert_uint_eq(bus_model_status(), 0x80);
	ck_assert_int_eq(chip->state, CHIP_READY);
}

/* ---- probe -------------------------------------------------------------------------------------------- */

START_TEST(probe_finds_what_the_chip_says)
{
	ck_assert_uint_eq(chip->manufacturer, 0x89);
	ck_assert_uint_eq(chip->device, 0x4321);
	ck_assert_uint_eq(chip->interleave, 1);
	ck_assert_uint_eq(chip->commands->id, 1);
	ck_assert_uint_eq(chip->nregions, 2);
	ck_assert_uint_eq(chip->region[1].start, KiB(32));
	ck_assert_uint_eq(chip->region[1].block_bytes, KiB(32));
	ck_assert_uint_eq(part.block_bytes, KiB(32));
	ck_assert_uint_le(chip->erase_block.typical, chip->erase_block.max);
	require_readable();
}
END_TEST

START_TEST(probe_finds_x8_x16_parts_in_x8_spacing)
{
	bus_faults.query_scale = 2;
	open_chip();
	ck_assert_ptr_nonnull(chip);
	ck_assert_uint_eq(chip->query_scale, 2);
	flash_chip_close(chip);
}
END_TEST

/* Query byte, value, what the console must say. */
static const struct {
	u32 at, value;
	const char *says;
} wrong_query[] = {
	{ 0x27, 0x1f, "size" },	       { 0x27, 0xff, "size" },
	{ 0x27, 0x10, "device tree" }, { 0x2c, 0, "regions" },
	{ 0x2c, 5, "regions" },	       { 0x2d, 0x77, "all erase regions" },
	{ 0x2f, 0x21, "block bytes" }, { 0x1f, 0x20, "typical" },
	{ 0x21, 0xff, "typical" },     { 0x23, 0x40, "longest" },
	{ 0x25, 0x20, "longest" },     { 0x13, 0x02, "command set 0002" },
	{ 0x11, 'X', "nothing at" },
};

START_TEST(probe_believes_nothing_that_cannot_be)
{
	bus_faults.query_at = wrong_query[_i].at;
	bus_faults.query_value = wrong_query[_i].value;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert_msg(strstr(shim_text, wrong_query[_i].says), "%s", shim_text);
	ck_assert(bus_model_is_array());
}
END_TEST

START_TEST(probe_refuses_an_empty_bus_and_odd_widths)
{
	bus_faults.silent = 1;
	open_chip();
	ck_assert_ptr_null(chip);
	bus_faults.silent = 0;
	boot_options.flash_bank_width = 3;
	open_chip();
	ck_assert_ptr_null(chip);
	ck_assert(strstr(shim_text, "no bus is 3 bytes wide"));
}
END_TEST

START_TEST(partitions_must_fit_the_blocks)
{
	struct flash_partition p;

	ck_assert(!flash_partition_find(chip, "other", &p));
	options(KiB(4), KiB(4));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(0, KiB(36));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(KiB(32), bus_model_bytes());
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(UINT64_MAX - 4095, KiB(8));
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(0, 0);
	ck_assert(!flash_partition_find(chip, "part", &p));
	options(KiB(8), KiB(24));
	ck_assert(flash_partition_find(chip, "part", &p));
	ck_assert_uint_eq(p.block_bytes, KiB(8));
	ck_assert_int_eq(flash_partition_erase(&p, KiB(24)), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_erase(&p, KiB(4)), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, 1, "ab", 2), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, 0, "abc", 3), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_program(&p, KiB(24) - 2, "abcd", 4), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_read(&p, KiB(24), &p, 1), FLASH_RANGE);
	ck_assert_int_eq(flash_partition_read(&p, UINT64_MAX, &p, 2), FLASH_RANGE);
	ck_assert_uint_eq(flash_partition_block_bytes(&p, KiB(24)), 0);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_ERASES] + counters[0][COUNT_FLASH_PROGRAMS], 0);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------------------------ */

START_TEST(erase_and_program_change_the_array)
{
	u8 word[4] = { 0x12, 0x34, 0x56, 0x78 }, got[4];
	u64 start = shim_ns;

	ck_assert_int_eq(flash_partition_erase(&part, KiB(64)), FLASH_OK);
	for (u32 i = 0; i < KiB(32); i++)
		ck_assert_uint_eq(bus_model_array()[KiB(64) + i], 0xff);
	ck_assert_uint_ne(bus_model_array()[KiB(64) - 1], 0xff);
	ck_assert_uint_ge(shim_ns - start, chip->erase_block.typical / 2);
	require_readable();
	ck_assert_int_eq(flash_partition_program(&part, KiB(64) + 6, word, 4), FLASH_OK);
	ck_assert_int_eq(flash_partition_read(&part, KiB(64) + 6, got, 4), FLASH_OK);
	ck_assert_mem_eq(got, word, 4);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_ERASES], 1);
	ck_assert_uint_eq(counters[0][COUNT_FLASH_PROGRAMS], 2);
	require_readable();
}
END_TEST

static const struct {
	u32 bits;
	enum flash_error error;
} failures[] = {
	{ 0x10, FLASH_PROGRAM }, { 0x20, FLASH_ERASE },	 { 0x30, FLASH_SEQUENCE },
	{ 0x12, FLASH_LOCKED },	 { 0x22, FLASH_LOCKED }, { 0x18, FLASH_VPP },
};

/* The failure is named, and the chip is usable afterwards: array mode, no error bit left. */
START_TEST(failures_are_named_and_leave_the_chip_readable)
{
	bus_faults.status_errors = failures[_i].bits;
	ck_assert_int_eq(flash_partition_erase(&part, 0), failures[_i].error);
	ck_assert(strstr(shim_text, flash_error_text(failures[_i].error)));
	require_readable();
	bus_faults.status_errors = failures[_i].bits;
	ck_assert_int_eq(flash_partition_program(&part, 0, "ab", 2), failures[_i].error);
	require_readable();
	ck_assert_int_eq(flash_partition_program(&part, 2, "ab", 2), FLASH_OK);
}
END_TEST

START_TEST(a_chip_that_stays_busy_is_taken_out_of_service)
{
	u64 start = shim_ns;
	u8 byte;

	bus_faults.never_ready = true;
	ck_assert_int_eq(flash_partition_program(&part, 0, "ab", 2), FLASH_TIMEOUT);
	ck_assert_uint_ge(shim_ns - start, chip->program_word.max);
	ck_assert_uint_le(shim_ns - start, 2 * chip->program_word.max);
	ck_assert_int_eq(flash_partition_read(&part, 0, &byte, 1), FLASH_STUCK);
	ck_assert_int_eq(flash_partition_erase(&part, 0), FLASH_STUCK);
	ck_assert_ptr_null(flash_map(&part));
}
END_TEST

static struct flash_mapping *mapped;

static enum fault_result touch(u64 offset)
{
	struct fault fault = { .va = AREA_VA + offset };

	return mapped->vma->ops->fault(mapped->vma, &fault);
}

START_TEST(a_fault_inside_the_driver_is_named)
{
	mapped = flash_map(&part);
	ck_assert_int_eq(flash_write_begin(chip), FLASH_OK);
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		touch(0);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "fault in the flash driver");
	if (!setjmp(shim_panic_to)) {
		flash_partition_erase(&part, 0);
		ck_abort_msg("not noticed");
	}
	ck_assert_str_eq(shim_panic_name, "flash driver entered twice");
	shim_panic_expected = false;
	flash_write_end(chip, FLASH_OK);
	flash_unmap(mapped);
}
END_TEST

/* ---- arbitration --------------------------------------------------------------------------------------- */

static u8 original[KiB(128)];
static u32 touches, copies, sessions;

/* A read through the mapping, as the processor does it: a fault first if there is no entry. */
static void read_mapped(u64 offset)
{
	while (!present[offset / PAGE_BYTES])
		ck_assert_int_eq(touch(offset), FAULT_DONE);
	ck_assert(bus_model_is_array());
	ck_assert_uint_eq(bus_model_array()[offset], original[offset]);
	touches++;
}

static void map_reader(void)
{
	for (u32 i = 0; i < 60; i++) {
		read_mapped(draw(KiB(64)));
		pass_baton();
	}
}

static void copy_reader(void)
{
	u8 data[300];

	for (u32 i = 0; i < 20; i++) {
		u32 offset = draw(KiB(64) - sizeof(data));

		ck_assert_int_eq(flash_partition_read(&part, offset, data, sizeof(data)), FLASH_OK);
		ck_assert_mem_eq(data, original + offset, sizeof(data));
		copies++;
	}
}

static void writer(void)
{
	u8 zero[8] = { 0 };

	for (u32 i = 0; i < 6; i++, sessions++)
		ck_assert_int_eq(draw(3) ? flash_partition_program(&part, KiB(64) + draw(1000) * 2,
								   zero, 2 + 2 * draw(4))
					 : flash_partition_erase(&part, KiB(64)),
				 FLASH_OK);
}

static void (*const bodies[])(void) = { map_reader, writer, copy_reader, writer, map_reader };

static void *run_task(void *arg)
{
	struct task task = { .id = *(u32 *)arg };

	me = &task;
	pthread_mutex_lock(&baton_lock);
	await_baton(task.id);
	pthread_mutex_unlock(&baton_lock);
	bodies[task.id]();
	ck_assert(!task.in_driver && !task.locks);
	pthread_mutex_lock(&baton_lock);
	done[task.id] = true;
	give_baton();
	pthread_mutex_unlock(&baton_lock);
	return NULL;
}

static void run_tasks(void)
{
	pthread_t thread[MAX_TASKS];
	u32 id[MAX_TASKS];
	const u32 n = ARRAY_LEN(bodies);

	memset(done, 0, sizeof(done));
	pthread_mutex_lock(&baton_lock);
	holder = n;
	for (u32 i = 0; i < n; i++) {
		id[i] = i;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, run_task, &id[i]), 0);
	}
	ntasks = n;
	give_baton();
	pthread_mutex_unlock(&baton_lock);
	for (u32 i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	ntasks = 0;
}

START_TEST(readers_and_writers_never_meet_and_never_starve)
{
	const struct flash_stats *s = flash_stats(chip);
	struct flash_mapping_stats ms;
	u64 waits = 0;

	memcpy(original, bus_model_array(), sizeof(original));
	for (u32 round = 0; round < 40; round++) {
		random_state = round + 1;
		touches = copies = sessions = yields = 0;
		mapped = flash_map(&part);
		run_tasks();
		ms = flash_mapping_stats(mapped);
		ck_assert_uint_eq(ms.faults, ms.pages_mapped + ms.pages_revoked);
		ck_assert_uint_eq(touches, 120);
		ck_assert_uint_eq(copies, 20);
		ck_assert_uint_eq(sessions, 12);
		flash_unmap(mapped);
		require_readable();
	}
	ck_assert_uint_eq(s->sessions, 40 * 12);
	ck_assert_uint_eq(s->reader_waits, counters[0][COUNT_CHIP_WAITS]);
	for (u32 i = 0; i < FLASH_WAIT_SAMPLES; i++)
		waits += !!s->wait_ticks[i];
	ck_assert_uint_gt(waits, 0); /* they did get in each other's way */
	ck_assert_uint_le(s->writer_queue_max, ARRAY_LEN(bodies));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash driver");
	TCase *bare = tcase_create("probe"), *open = tcase_create("driver");

	tcase_add_checked_fixture(bare, setup, teardown);
	tcase_add_test(bare, probe_finds_x8_x16_parts_in_x8_spacing);
	tcase_add_loop_test(bare, probe_believes_nothing_that_cannot_be, 0, ARRAY_LEN(wrong_query));
	tcase_add_test(bare, probe_refuses_an_empty_bus_and_odd_widths);
	suite_add_tcase(suite, bare);
	tcase_set_timeout(open, 60);
	tcase_add_checked_fixture(open, setup_open, teardown_open);
	tcase_add_test(open, probe_finds_what_the_chip_says);
	tcase_add_test(open, partitions_must_fit_the_blocks);
	tcase_add_test(open, erase_and_program_change_the_array);
	tcase_add_loop_test(open, failures_are_named_and_leave_the_chip_readable, 0,
			    ARRAY_LEN(failures));
	tcase_add_test(open, a_chip_that_stays_busy_is_taken_out_of_service);
	tcase_add_test(open, a_fault_inside_the_driver_is_named);
	tcase_add_test(open, readers_and_writers_never_meet_and_never_starve);
	suite_add_tcase(suite, open);
	return run_suite(suite);
}
