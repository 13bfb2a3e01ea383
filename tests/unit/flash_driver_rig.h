/* SPDX-License-Identifier: MIT */
/*
 * The guest's flash driver on the host, over the chip model, with a kernel around it. Tasks are
 * threads of which one at a time holds a baton; every point at which the guest's turnstile could
 * change hands passes it on at random. At each command no page may be mapped and no copy run; at
 * each read through a mapping, or of a copy, the chip must show its array there. Holds the driver's
 * sources: one file of a test program includes it.
 */
#ifndef TEST_FLASH_DRIVER_RIG_H
#define TEST_FLASH_DRIVER_RIG_H

#include "tests/unit/guest_shim.h"

#include <pthread.h>

#include "tests/unit/bus_model.h"
#include "tests/unit/suite.h"

static void check_cleared(void);
static void check_command(void);
static void check_hidden(void);
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
		ck_assert(bus_model_shows(offset + i, 1));
		out[i] = bus_model_array()[offset + i];
	}
}

/* Where the driver publishes something without dropping its lock, others may look at once. */
#define __atomic_store_n(where, value, order)          \
	do {                                           \
		__atomic_store_n(where, value, order); \
		pass_baton();                          \
	} while (0)

#include "guest/flash/amd.c"
#include "guest/flash/amd_query.c"
#include "guest/flash/amd_status.c"
#undef PRI_MINOR
#include "guest/flash/cfi.c"
#include "guest/flash/chip.c"
#include "guest/flash/frames.c"
#include "guest/flash/intel.c"
#include "guest/flash/intel_query.c"
#include "guest/flash/mapping.c"
#include "guest/flash/open.c"
#include "guest/flash/operate.c"
#include "guest/flash/partition.c"
#include "guest/flash/wait.c"

/* ---- the kernel around the driver ------------------------------------------------------------ */

#define MAX_TASKS 6
#define CHIP_GPA 0xD0000000ull
#define AREA_VA 0x40000000ull
#define PAGES 64 /* of two chips */

static struct flash_chip *chip; /* under test */
static struct flash_partition part;
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
	check_hidden();
	if ((u16)(header >> 32) == KVL_FLASH_WRITING)
		check_cleared();
}

const struct site sites_start[1];

/* --- the baton --- */
static pthread_mutex_t baton_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t baton_came[MAX_TASKS] = { [0 ... MAX_TASKS - 1] = PTHREAD_COND_INITIALIZER };
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
	pthread_cond_signal(&baton_came[holder]);
}

static void await_baton(u32 id)
{
	while (holder != id)
		pthread_cond_wait(&baton_came[id], &baton_lock);
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

bool in_atomic(void)
{
	return me->locks;
}

bool arch_irqs_on(void)
{
	return true;
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
	while (lock->owner)
		sched_point();
	lock->owner = cpu_id() + 1;
	me->locks++;
}

void spin_unlock(struct spinlock *lock)
{
	ck_assert(lock->owner);
	lock->owner = 0;
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

struct vma *vma_map_kernel_at(u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			      void *private, u64 offset)
{
	(void)start, (void)bytes, (void)prot, (void)ops, (void)private, (void)offset;
	ck_abort_msg("no code of the kernel here");
}

struct vma *vma_map_user(struct mm *mm, u64 start, u64 bytes, u32 prot, const struct vma_ops *ops,
			 void *private, u64 offset)
{
	(void)mm, (void)start, (void)bytes, (void)prot, (void)ops, (void)private, (void)offset;
	ck_abort_msg("no user space here");
}

void vma_unmap(struct vma *vma)
{
	if (vma->ops->close)
		vma->ops->close(vma);
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
	ck_assert(bus_model_shows(page * PAGE_BYTES, PAGE_BYTES));
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

/* --- raw frames: one mapping, of all of the source that a test may open --- */
static struct pfn_source *frames;
static u32 frame_revocations; /* that were asked for */

void pfn_source_add(struct pfn_source *source)
{
	ck_assert_ptr_null(frames);
	frames = source;
}

void pfn_source_remove(struct pfn_source *source)
{
	ck_assert_ptr_eq(frames, source);
	frames = NULL;
}

u32 pfn_revoke(struct pfn_source *source)
{
	u32 n = 0;

	ck_assert_ptr_eq(frames, source);
	ck_assert_uint_eq(me->locks, 0);
	frame_revocations++;
	for (u32 page = 0; page < PAGES; page++) {
		pass_baton();
		n += present[page];
		present[page] = false;
	}
	return n;
}

static void check_command(void)
{
	ck_assert(probing || me->in_driver);
	for (u32 i = 0; i < PAGES; i++)
		ck_assert(!present[i]);
}

static u32 nested; /* sessions that began while an operation rested */

static void check_cleared(void)
{
	for (u32 i = 0; i < PAGES; i++)
		ck_assert(!present[i]);
	nested += chip->resting != NULL;
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static struct bus_setup bus;

/* All reads return the array, but of one block where an operation may rest. */
static void check_hidden(void)
{
	u64 most = chip && chip->policy.suspend ? KiB(32) * chip->interleave : 0;

	ck_assert_uint_le(bus_model_hidden_bytes(), most);
}

static void options(u64 offset, u64 bytes)
{
	boot_options.flash_gpa = CHIP_GPA;
	boot_options.flash_bytes = bus_model_bytes();
	boot_options.flash_bank_width = bus.bus_bytes;
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

static void setup_bus(const struct bus_setup *what)
{
	bus = *what;
	me = &main_task;
	memset(&main_task, 0, sizeof(main_task));
	memset(counters, 0, sizeof(counters));
	shim_ns = 1000;
	shim_clear();
	yields = nested = 0;
	chip = NULL;
	bus_model_start(&shim_ns, what);
	options(0, bus_model_bytes());
}

static void setup(void)
{
	static const struct bus_setup j3 = { .part = BUS_J3, .bus_bytes = 2 };

	setup_bus(&j3);
}

/* Programs words, unless a test wants otherwise. */
static void open_part(void)
{
	open_chip();
	ck_assert_msg(chip, "%s", shim_text);
	ck_assert(flash_partition_find(chip, "part", &part));
	flash_set_policy(chip, (struct flash_policy){ .word_by_word = true });
}

static inline void setup_open(void)
{
	setup();
	open_part();
}

static void teardown(void)
{
	bus_model_stop();
	shim_free();
}

static inline void teardown_open(void)
{
	flash_chip_close(chip);
	teardown();
}

static void require_readable(void)
{
	ck_assert(bus_model_is_array());
	ck_assert(!me->in_driver);
	if (chip->command_set != 2)
		ck_assert_uint_eq(bus_model_status(), 0x80);
	ck_assert_int_eq(chip->state, CHIP_READY);
}

/* A fault of the mapping under test. */
static struct flash_mapping *mapped;

static inline enum fault_result touch(u64 offset)
{
	struct fault fault = { .va = AREA_VA + offset };

	return mapped->vma->ops->fault(mapped->vma, &fault);
}

#endif
