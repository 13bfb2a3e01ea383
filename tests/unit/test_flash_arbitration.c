/* SPDX-License-Identifier: MIT */
/*
 * The arbitration of the guest's flash driver between readers, mappings and writers, under thousands
 * of interleavings: they never meet, and nobody waits for ever.
 */
#include "tests/unit/flash_driver_rig.h"
#include "tests/unit/suite.h"

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

/* The second map_reader keeps no account of its waits. */
static struct flash_waits waits[ARRAY_LEN(bodies) - 1];

static void *run_task(void *arg)
{
	struct task task = { .id = *(u32 *)arg };

	if (task.id < ARRAY_LEN(waits))
		task.flash_waits = &waits[task.id];

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
	u64 accounted = 0;

	memset(waits, 0, sizeof(waits));
	memcpy(original, bus_model_array(), sizeof(original));
	for (u32 round = 0; round < 40; round++) {
		random_state = round + 1;
		touches = copies = sessions = yields = 0;
		ck_assert_int_eq(flash_map(&part, &mapped), FLASH_OK);
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
	ck_assert_uint_eq(s->out_of_order, 0);
	for (u32 id = 0; id < ARRAY_LEN(waits); id++) {
		ck_assert_uint_eq(!waits[id].n, bodies[id] == writer);
		ck_assert_uint_eq(!waits[id].max_ticks, bodies[id] == writer);
		ck_assert_uint_le(waits[id].max_ticks, waits[id].ticks);
		accounted += waits[id].n;
	}
	ck_assert_uint_lt(accounted, counters[0][COUNT_CHIP_WAITS]); /* others have waited too */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash arbitration");
	TCase *tcase = tcase_create("arbitration");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup_open, teardown_open);
	tcase_add_test(tcase, readers_and_writers_never_meet_and_never_starve);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
