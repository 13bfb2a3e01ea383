/* SPDX-License-Identifier: MIT */
/*
 * The guest's disk driver on the host, over the model of the device, with a kernel around it. Tasks
 * are threads of which one at a time runs; task_yield() lets another. Between the two stands who
 * lies: registers that read otherwise, and answers that are changed before the driver sees them.
 * Holds the driver's sources: one file of a test program includes it.
 */
#ifndef TEST_BLOCK_DRIVER_RIG_H
#define TEST_BLOCK_DRIVER_RIG_H

#include "tests/unit/guest_shim.h"

#include <pthread.h>

#include "devices/virtio/blk.h"
#include "tests/unit/suite.h"

/* --- who lies --------------------------------------------------------------------------------- */
enum lie {
	TRUTH,
	LIE_NO_ANSWER,	 /* notifies are lost */
	LIE_MANY,	 /* more answers than requests */
	LIE_ID_FAR,	 /* an answer to no chain of the queue */
	LIE_ID_INSIDE,	 /* to a descriptor in the midst of one */
	LIE_ID_OTHER,	 /* to a chain that was not offered */
	LIE_TWICE,	 /* the same answer again */
	LIE_SHORT,	 /* one byte less */
	LIE_LONG,	 /* one more */
	LIE_NO_STATUS,	 /* done, and no status written */
	LIE_STATUS,	 /* a status that there is not */
	LIE_NEEDS_RESET, /* instead of an answer */
	LIE_NO_RESET,	 /* the same, and it cannot be reset */
};

static enum lie lie;
static struct {
	u32 offset, value; /* a register reads as this; offset ~0: none does */
} lying = { .offset = ~0u };

static struct virtio_blk model;
static bool polls; /* it looks at the queue whenever others run, and says that it needs no notify */
static u32 notifies;
static void change_answer(void);

/* In place of guest/block/regs.h. */
#define GUEST_BLOCK_REGS_H

static u32 config_at; /* goes on by as much at each look */
static u32 config_step;

static inline u32 reg_read(volatile u8 *window, u32 offset)
{
	u32 value = virtio_mmio_read(&model.mmio, offset, 4);

	(void)window;
	if (offset == VIRTIO_CONFIG_GENERATION)
		return config_at += config_step;
	if (offset == VIRTIO_STATUS && !value && lie == LIE_NO_RESET)
		return VIRTIO_NEEDS_RESET;
	return offset == lying.offset ? lying.value : value;
}

static inline void reg_write(volatile u8 *window, u32 offset, u32 value)
{
	(void)window;
	notifies += offset == VIRTIO_QUEUE_NOTIFY;
	if (offset == VIRTIO_QUEUE_NOTIFY && lie == LIE_NO_ANSWER)
		return;
	if (offset == VIRTIO_QUEUE_NOTIFY && (lie == LIE_NEEDS_RESET || lie == LIE_NO_RESET)) {
		virtio_mmio_read(&model.mmio, offset, 4); /* what is not allowed */
		return;
	}
	virtio_mmio_write(&model.mmio, offset, 4, value);
	if (offset == VIRTIO_QUEUE_NOTIFY)
		change_answer();
}

#include "guest/block/virtio.c"
#include "guest/block/virtio_blk.c"

static struct block_device *disk; /* under test */

static void change_answer(void)
{
	struct virtq_used *used = disk->virtio.used;
	struct virtq_used_elem *last = &used->ring[(u16)(used->idx - 1) % disk->virtio.num];

	switch (lie) {
	case LIE_MANY: used->idx += 2; break;
	case LIE_ID_FAR: last->id = ~0u; break;
	case LIE_ID_INSIDE: last->id++; break;
	case LIE_ID_OTHER: last->id += VIRTIO_CHAIN; break;
	case LIE_TWICE:
		used->ring[used->idx % disk->virtio.num] = *last;
		used->idx++;
		disk->offered++; /* or it would be one answer too many */
		break;
	case LIE_SHORT: last->len--; break;
	case LIE_LONG: last->len++; break;
	case LIE_NO_STATUS: shared(disk, last->id / VIRTIO_CHAIN)->status = NO_STATUS; break;
	case LIE_STATUS: shared(disk, last->id / VIRTIO_CHAIN)->status = 3; break;
	default: break;
	}
}

/* ---- the kernel around the driver ------------------------------------------------------------ */
#define DISK_GPA 0xCF000000ull
#define FIRST_GPA MiB(256)
#define MAX_PAGES 64
#define SECTORS 1024u
#define MAX_TASKS 16

u64 counters[KVL_MAX_CPUS][COUNTERS];
static struct task main_task;
static _Thread_local struct task *me;
static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came[MAX_TASKS] = { [0 ... MAX_TASKS - 1] = PTHREAD_COND_INITIALIZER };
static void (*task_body)(void);
static u32 holder, ntasks; /* who runs; of how many */
static bool ended[MAX_TASKS];
static u64 random_state;
static u32 waits_open, windows_open;
static u64 yields;
bool turnstile_on;

struct task *arch_current(void)
{
	return me;
}

void turnstile_point(void)
{
}

void trace_record(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	(void)header, (void)a0, (void)a1, (void)a2, (void)a3, (void)a4;
}

const struct site sites_start[1];

/* Who runs next is drawn; main has the baton while there are no tasks. */
static void give_baton(void)
{
	u32 left = 0;

	for (u32 i = 0; i < ntasks; i++)
		left += !ended[i];
	if (!left)
		return;
	do {
		random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
		holder = (u32)(random_state >> 33) % ntasks;
	} while (ended[holder]);
	pthread_cond_signal(&came[holder]);
}

static void await_baton(u32 id)
{
	while (holder != id)
		pthread_cond_wait(&came[id], &baton);
}

static void pass_baton(void)
{
	if (!ntasks)
		return;
	give_baton();
	await_baton(me->id);
}

static void *run_task(void *arg)
{
	struct task task = { .id = *(const u32 *)arg };

	pthread_mutex_lock(&baton);
	me = &task;
	await_baton(task.id);
	task_body();
	ended[task.id] = true;
	give_baton();
	pthread_mutex_unlock(&baton);
	return NULL;
}

/* All of them, until each has returned. */
static void run_tasks(void (*body)(void), u32 n)
{
	pthread_t thread[MAX_TASKS];
	u32 id[MAX_TASKS];

	task_body = body;
	memset(ended, 0, sizeof(ended));
	holder = n;
	ntasks = n;
	for (u32 i = 0; i < n; i++) {
		id[i] = i;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, run_task, &id[i]), 0);
	}
	give_baton();
	pthread_mutex_unlock(&baton);
	for (u32 i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	pthread_mutex_lock(&baton);
	ntasks = 0;
}

void task_yield(void)
{
	ck_assert_uint_eq(me->locks, 0);
	yields++;
	if (polls)
		virtio_mmio_write(&model.mmio, VIRTIO_QUEUE_NOTIFY, 4, 0);
	pass_baton();
}

/* Others may come before; nobody waits for one: a task that has it keeps the baton. */
void spin_lock(struct spinlock *lock)
{
	pass_baton();
	ck_assert_uint_eq(lock->owner, 0);
	lock->owner = 1;
	me->locks++;
}

void spin_unlock(struct spinlock *lock)
{
	lock->owner = 0;
	me->locks--;
}

void wait_begin(u32 what, u64 object, u16 site)
{
	(void)site;
	ck_assert_uint_eq(what, KVL_WAIT_DISK);
	ck_assert_uint_eq(object, DISK_GPA);
	waits_open++;
}

void wait_end(u32 what, u64 object, u16 site)
{
	(void)what, (void)object, (void)site;
	waits_open--;
}

void *ioremap(u64 gpa, u64 bytes, u16 site)
{
	(void)site;
	ck_assert_uint_eq(gpa, DISK_GPA);
	windows_open++;
	return malloc(bytes);
}

void iounmap(void *address)
{
	windows_open--;
	free(address);
}

/* --- pages: one after the other, in the order in which their addresses are asked for ---------- */
static const struct page *page_of[MAX_PAGES];
static u32 npages;

u64 page_gpa(const struct page *page)
{
	for (u32 i = 0; i < npages; i++)
		if (page_of[i] == page)
			return FIRST_GPA + i * PAGE_BYTES;
	ck_assert_uint_lt(npages, MAX_PAGES);
	page_of[npages++] = page;
	return FIRST_GPA + (npages - 1) * PAGE_BYTES;
}

static void *lend(void *owner, u64 gpa, u64 bytes, bool write)
{
	u64 nth = (gpa - FIRST_GPA) / PAGE_BYTES;

	(void)owner, (void)write;
	if (gpa < FIRST_GPA || nth >= npages || gpa % PAGE_BYTES + bytes > PAGE_BYTES)
		return NULL;
	return (u8 *)page_address(page_of[nth]) + gpa % PAGE_BYTES;
}

/* --- the device's owner ----------------------------------------------------------------------- */
static u8 sectors[SECTORS * 512];
static u32 told;

static bool read_sectors(void *owner, u64 offset, void *to, u64 bytes)
{
	(void)owner;
	memcpy(to, sectors + offset, bytes);
	return true;
}

static bool write_sectors(void *owner, u64 offset, const void *from, u64 bytes)
{
	(void)owner;
	memcpy(sectors + offset, from, bytes);
	return true;
}

static bool flush_sectors(void *owner)
{
	(void)owner;
	return true;
}

static void on_told(void *owner, const struct virtio_blk_told *what)
{
	(void)owner, (void)what;
	told++;
}

static void make_model(bool readonly)
{
	struct virtio_memory memory = { .at = lend, .limit = GiB(4) };
	struct virtio_blk_storage storage = { .sectors = SECTORS,
					      .readonly = readonly,
					      .read = read_sectors,
					      .write = write_sectors,
					      .flush = flush_sectors,
					      .told = on_told };

	virtio_blk_init(&model, &storage, &memory);
}

/* --- set-up ----------------------------------------------------------------------------------- */
static void setup(void)
{
	lie = TRUTH;
	lying.offset = ~0u;
	polls = false;
	notifies = 0;
	config_at = config_step = 0;
	me = &main_task;
	memset(&main_task, 0, sizeof(main_task));
	memset(counters, 0, sizeof(counters));
	memset(sectors, 0, sizeof(sectors));
	npages = told = 0;
	yields = 0;
	random_state = 1;
	shim_clear();
	boot_options.disk_gpa = DISK_GPA;
	boot_options.disk_bytes = 512;
	boot_options.dma_end_gpa = GiB(4);
	make_model(false);
	pthread_mutex_lock(&baton);
}

static void setup_open(void)
{
	setup();
	disk = block_open();
	ck_assert_msg(disk, "%s", shim_text);
}

/* All that was taken is given back, whatever happened. */
static void teardown(void)
{
	ck_assert_uint_eq(main_task.locks, 0);
	ck_assert_uint_eq(windows_open, 0);
	ck_assert_uint_eq(waits_open, 0);
	ck_assert_uint_eq(shim_pages, 0);
	pthread_mutex_unlock(&baton);
	shim_free();
}

#endif
