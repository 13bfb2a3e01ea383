/* SPDX-License-Identifier: MIT */
/*
 * Tasks of the guest in a test of its flash driver, as threads that pass the baton of
 * flash_driver_rig.h. Static, like that: one file of a test program includes it.
 */
#ifndef TEST_FLASH_TASKS_H
#define TEST_FLASH_TASKS_H

#include "tests/unit/flash_driver_rig.h"

typedef void (*task_body)(void);

static const task_body *bodies;			  /* of this run */
static struct flash_waits *task_waits[MAX_TASKS]; /* NULL: that task keeps no account */

static void *run_task(void *arg)
{
	struct task task = { .id = *(u32 *)arg };

	task.flash_waits = task_waits[task.id];
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

/* All of them, until each has returned. */
static void run_tasks(const task_body *what, u32 n)
{
	pthread_t thread[MAX_TASKS];
	u32 id[MAX_TASKS];

	bodies = what;
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

#endif
