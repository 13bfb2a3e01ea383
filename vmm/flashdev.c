/* SPDX-License-Identifier: MIT */
/*
 * The chips in the machine: one lock around the model, the flash clock, and the memory slots that
 * let the guest read the array without leaving it. What a command does: devices/flash. The files:
 * flashfile.c, sidecar.c.
 *
 * There is a slot for each run of blocks that reads as the array (flash_next_shown()): one while
 * the chip is in array mode, none while it is busy; beside a busy hardware partition, or around a
 * block whose erase is suspended, up to two. A write always leaves the guest, because slots are
 * read-only; when it takes blocks out of array mode, their slot is gone before the writing vCPU
 * goes on, and the array changes only later (flash_advance()).
 */
#include "vmm/flashdev.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/flashfile.h"
#include "vmm/sidecar.h"
#include "vmm/vm.h"

/* More runs than this are read through the model; only a worn chip or many partitions have them. */
#define MAX_SHOWN (SLOTS_MAX / 2)

struct shown { /* a run of the array that is memory now */
	struct flash_range range;
	int slot;
};

struct flashdev {
	struct vm *vm;
	const struct run_flash *config;
	u64 gpa;
	struct flashfile file;
	struct sidecar sidecar;
	pthread_mutex_t lock; /* all below */
	struct flash_bank *bank;
	u64 virtual_ns;
	struct timespec start; /* real clock: when it showed 0 */
	u32 nshown;
	struct shown shown[MAX_SHOWN];
	u64 shown_generation; /* of the bank, when they were made */
	u32 cpu;	      /* on whose behalf the model runs now */
	struct flashdev_counts counts;
};

u64 flashdev_gpa(const struct flash_part *part)
{
	if (strcmp(part->name, FLASHDEV_QEMU_PART) == 0)
		return KVL_QEMU_FLASH_END_GPA - part->chip_bytes;
	return KVL_FLASH_GPA;
}

/* --- what the chip tells ---------------------------------------------------------------------- */
static void on_command(void *owner, u32 partition, u64 offset, u8 command, u64 data, u64 now_ns)
{
	struct flashdev *dev = owner;

	vm_event(dev->vm, KVL_EV_FLASH_COMMAND, (u16)dev->cpu, (u16)partition, dev->gpa + offset,
		 command, data, now_ns, 0);
}

static void on_state(void *owner, u32 partition, enum kvl_flash_state state, u8 status, u64 now_ns)
{
	struct flashdev *dev = owner;

	vm_event(dev->vm, KVL_EV_FLASH_STATE, (u16)partition, 0, dev->gpa, state, status, now_ns,
		 0);
}

static void on_mode(void *owner, u32 partition, enum kvl_flash_mode mode, u64 now_ns)
{
	struct flashdev *dev = owner;

	vm_event(dev->vm, KVL_EV_FLASH_MODE, (u16)partition, 0, dev->gpa, mode, 0, now_ns, 0);
}

static void on_power_lost(void *owner, u64 steps, u64 now_ns)
{
	struct flashdev *dev = owner;

	(void)now_ns;
	vm_end(dev->vm, EXIT_OK, false, dev->cpu, "flash power was cut after step %llu, as asked",
	       (unsigned long long)steps);
}

/* --- the slots -------------------------------------------------------------------------------- */
static void slot_event(struct flashdev *dev, const struct shown *shown, bool present)
{
	dev->counts.slot_changes++;
	vm_event(dev->vm, KVL_EV_SLOT_CHANGE, (u16)shown->slot, present,
		 dev->gpa + shown->range.start, shown->range.bytes, 1, 0, 0);
}

static int show(struct flashdev *dev, const struct flash_range *range, struct err *err)
{
	struct shown *shown = &dev->shown[dev->nshown];

	shown->range = *range;
	shown->slot = slots_add(&dev->vm->slots, "flash", dev->gpa + range->start, range->bytes,
				dev->file.array + range->start, true, err);
	if (shown->slot < 0)
		return -1;
	dev->nshown++;
	slot_event(dev, shown, true);
	return 0;
}

static int hide(struct flashdev *dev, u32 nth, struct err *err)
{
	struct shown shown = dev->shown[nth];

	slot_event(dev, &shown, false);
	dev->shown[nth] = dev->shown[--dev->nshown];
	return slots_remove(&dev->vm->slots, shown.slot, err);
}

static u32 runs_wanted(const struct flashdev *dev, struct flash_range *range)
{
	u32 n = 0;
	u64 at = 0;

	if (dev->config->trap_reads || dev->vm->fd < 0)
		return 0;
	for (; n < MAX_SHOWN && flash_next_shown(dev->bank, at, &range[n]); n++)
		at = range[n].start + range[n].bytes;
	return n;
}

static bool same(const struct flash_range *a, const struct flash_range *b)
{
	return a->start == b->start && a->bytes == b->bytes;
}

static bool is_wanted(const struct flash_range *range, u32 n, const struct flash_range *shown)
{
	while (n && !same(&range[n - 1], shown))
		n--;
	return n;
}

static bool is_shown(const struct flashdev *dev, const struct flash_range *range)
{
	u32 n = dev->nshown;

	while (n && !same(&dev->shown[n - 1].range, range))
		n--;
	return n;
}

/* Makes the slots follow the chips' modes; those that stay right are not touched. */
static int sync_slot(struct flashdev *dev, struct err *err)
{
	struct flash_range wanted[MAX_SHOWN];
	u32 n;

	if (dev->shown_generation == flash_shown_generation(dev->bank))
		return 0;
	dev->shown_generation = flash_shown_generation(dev->bank);
	n = runs_wanted(dev, wanted);
	for (u32 i = dev->nshown; i-- > 0;)
		if (!is_wanted(wanted, n, &dev->shown[i].range) && hide(dev, i, err))
			return -1;
	for (u32 i = 0; i < n; i++)
		if (!is_shown(dev, &wanted[i]) && show(dev, &wanted[i], err))
			return -1;
	return 0;
}

static void sync_slot_running(struct flashdev *dev)
{
	struct err err;

	if (sync_slot(dev, &err))
		vm_end(dev->vm, EXIT_VMM, false, dev->cpu, "flash: %s", err.text);
}

/* --- the clock -------------------------------------------------------------------------------- */
/* Doubles from here on up need not fit into 64 bits; at any speed this is centuries of the chip. */
#define REAL_END_NS (1ull << 63)

static u64 real_now(const struct flashdev *dev)
{
	struct timespec now;
	double ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (double)(now.tv_sec - dev->start.tv_sec) * 1e9 +
	     (double)(now.tv_nsec - dev->start.tv_nsec);
	ns *= dev->config->speed;
	return ns < (double)REAL_END_NS ? (u64)ns : REAL_END_NS;
}

static u64 now_locked(const struct flashdev *dev)
{
	return dev->config->clock == CLOCK_REAL ? real_now(dev) : dev->virtual_ns;
}

/* The virtual clock counts what a bus would have taken; it stops at its end instead of wrapping. */
static void spend(struct flashdev *dev, u64 words)
{
	u64 room = (UINT64_MAX - dev->virtual_ns) / dev->config->bank.part->read_ns;

	if (words > room)
		words = room;
	dev->virtual_ns += words * dev->config->bank.part->read_ns;
}

u64 flashdev_now(struct flashdev *dev)
{
	u64 now;

	pthread_mutex_lock(&dev->lock);
	now = now_locked(dev);
	pthread_mutex_unlock(&dev->lock);
	return now;
}

/*
 * Sleeps until the clock may show @ns; a kick (vcpus_stop(), vcpus_pause()) ends each sleep early.
 * The guest asks for any time it likes, so an audit must not have to wait for its end.
 */
static void wait_real(struct flashdev *dev, u32 cpu, u64 ns)
{
	u64 now;

	while (!atomic_load(&dev->vm->stopping) && (now = flashdev_now(dev)) < ns) {
		double left = (double)(ns - now) / dev->config->speed;
		double slice = left < 5e7 ? left : 5e7;
		struct timespec pause = { .tv_nsec = (long)slice + 1 };

		nanosleep(&pause, NULL);
		vcpu_give_way(&dev->vm->cpu[cpu]);
	}
}

void flashdev_until(struct flashdev *dev, u32 cpu, u64 ns)
{
	if (dev->config->clock == CLOCK_REAL)
		wait_real(dev, cpu, ns);
	pthread_mutex_lock(&dev->lock);
	dev->cpu = cpu;
	if (dev->config->clock == CLOCK_VIRTUAL && ns > dev->virtual_ns)
		dev->virtual_ns = ns;
	flash_advance(dev->bank, now_locked(dev));
	sync_slot_running(dev);
	pthread_mutex_unlock(&dev->lock);
}

void flashdev_words(struct flashdev *dev, u32 cpu, u64 words)
{
	pthread_mutex_lock(&dev->lock);
	dev->cpu = cpu;
	dev->counts.words += words;
	if (!dev->config->trap_reads) /* else the bus has counted them already */
		spend(dev, words);
	flash_advance(dev->bank, now_locked(dev));
	sync_slot_running(dev);
	pthread_mutex_unlock(&dev->lock);
}

/* --- the bus ---------------------------------------------------------------------------------- */
static void flash_access(void *owner, struct bus_access *access)
{
	struct flashdev *dev = owner;
	u32 width = flash_bus_bytes(&dev->config->bank);

	pthread_mutex_lock(&dev->lock);
	dev->cpu = access->cpu;
	spend(dev, (access->bytes + width - 1) / width);
	if (access->write) {
		dev->counts.writes++;
		flash_write(dev->bank, access->offset, access->bytes, access->data,
			    now_locked(dev));
	} else {
		dev->counts.reads++;
		access->data =
			flash_read(dev->bank, access->offset, access->bytes, now_locked(dev));
	}
	sync_slot_running(dev);
	pthread_mutex_unlock(&dev->lock);
}

/* --- life ------------------------------------------------------------------------------------- */
static int make_bank(struct flashdev *dev, struct err *err)
{
	struct flash_observer observer = { .owner = dev,
					   .command = on_command,
					   .state = on_state,
					   .mode = on_mode,
					   .power_lost = on_power_lost };

	dev->bank = flash_create(&dev->config->bank, dev->file.array, dev->sidecar.nv, &observer);
	if (!dev->bank)
		return err_set(err, EXIT_HOST, "no memory for the flash chip");
	if (bus_add(&dev->vm->memory_bus, "flash", dev->gpa, dev->file.bytes, flash_access, dev,
		    err))
		return -1;
	return sync_slot(dev, err);
}

static struct flashdev *make_dev(struct vm *vm)
{
	struct flashdev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->vm = vm;
	dev->config = &vm->config->flash;
	dev->gpa = flashdev_gpa(dev->config->bank.part);
	pthread_mutex_init(&dev->lock, NULL);
	clock_gettime(CLOCK_MONOTONIC, &dev->start);
	return dev;
}

static void log_files(const struct flashdev *dev)
{
	const char *file = dev->config->file;

	if (dev->sidecar.made)
		vm_log(dev->vm, LOG_INFO, "flash file %s: sidecar %s.nv made, of a new chip", file,
		       file);
	if (dev->file.appended)
		vm_log(dev->vm, LOG_INFO,
		       "flash file %s: %llu bytes of FFh appended to fill the chip", file,
		       (unsigned long long)dev->file.appended);
	if (dev->sidecar.replaced)
		vm_log(dev->vm, LOG_WARN,
		       "flash file %s was rewritten since its last run: its sidecar's interrupted "
		       "erases are forgotten",
		       file);
}

static int open_files(struct flashdev *dev, struct err *err)
{
	const struct flash_config *bank = &dev->config->bank;

	if (!dev->config->forgets && sidecar_check(dev->config->file, bank, err))
		return -1;
	if (flashfile_open(&dev->file, dev->config->file, flash_bank_bytes(bank), bank->part->name,
			   err))
		return -1;
	if (!dev->config->forgets &&
	    sidecar_open(&dev->sidecar, dev->config->file, bank, dev->file.array, err)) {
		flashfile_close(&dev->file);
		return -1;
	}
	log_files(dev);
	return 0;
}

struct flashdev *flashdev_open(struct vm *vm, struct err *err)
{
	struct flashdev *dev = make_dev(vm);

	if (!dev) {
		err_set(err, EXIT_HOST, "no memory for the flash chip");
		return NULL;
	}
	if (open_files(dev, err)) {
		pthread_mutex_destroy(&dev->lock);
		free(dev);
		return NULL;
	}
	if (!make_bank(dev, err))
		return dev;
	flashdev_close(dev);
	return NULL;
}

void flashdev_close(struct flashdev *dev)
{
	if (!dev)
		return;
	flash_destroy(dev->bank);
	sidecar_close(&dev->sidecar, dev->file.array, dev->file.bytes);
	flashfile_close(&dev->file);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

const char *flashdev_place(struct flashdev *dev, u64 gpa)
{
	static const char *const text[] = {
		[FLASH_VIEW_ARRAY] = "flash whose reads are trapped",
		[FLASH_VIEW_BUSY] = "busy flash",
		[FLASH_VIEW_RESTS] = "a flash block whose operation is suspended",
		[FLASH_VIEW_MODE] = "flash that does not show its array",
		[FLASH_VIEW_UNSTABLE] = "a flash block whose erase was interrupted",
		[FLASH_VIEW_OFF] = "flash without power",
	};
	enum flash_view view;

	if (gpa - dev->gpa >= dev->file.bytes)
		return NULL;
	pthread_mutex_lock(&dev->lock);
	flash_advance(dev->bank, now_locked(dev));
	view = flash_view_at(dev->bank, gpa - dev->gpa);
	pthread_mutex_unlock(&dev->lock);
	return view != FLASH_VIEW_BUSY && dev->config->trap_reads ? text[FLASH_VIEW_ARRAY]
								  : text[view];
}

bool flashdev_was_cut(struct flashdev *dev, u64 *steps)
{
	*steps = flash_steps(dev->bank);
	return !flash_has_power(dev->bank);
}

const char *flashdev_missed_fault(const struct flashdev *dev, u32 *n)
{
	return flash_missed_fault(dev->bank, n);
}

struct flashdev_counts flashdev_counts(struct flashdev *dev)
{
	struct flashdev_counts counts;

	pthread_mutex_lock(&dev->lock);
	counts = dev->counts;
	counts.steps = flash_steps(dev->bank);
	pthread_mutex_unlock(&dev->lock);
	return counts;
}
