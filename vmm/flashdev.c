/* SPDX-License-Identifier: MIT */
/*
 * The chip in the machine: one lock around the model, the flash clock, and the memory slot that
 * lets the guest read the array without leaving it. What a command does: devices/flash. The file:
 * flashfile.c.
 *
 * The slot is there exactly while the chip is in array mode. A write always leaves the guest,
 * because the slot is read-only; when it takes the chip out of array mode, the slot is gone before
 * the writing vCPU goes on, and the array changes only later (flash_advance()).
 */
#include "vmm/flashdev.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/flashfile.h"
#include "vmm/vm.h"

struct flashdev {
	struct vm *vm;
	const struct run_flash *config;
	u64 gpa;
	struct flashfile file;
	pthread_mutex_t lock; /* all below */
	struct flash_chip *chip;
	u64 virtual_ns;
	struct timespec start; /* real clock: when it showed 0 */
	int slot;	       /* -1: not shown */
	u32 cpu;	       /* on whose behalf the model runs now */
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

/* --- the slot --------------------------------------------------------------------------------- */
static void slot_event(struct flashdev *dev, int slot, bool present)
{
	dev->counts.slot_changes++;
	vm_event(dev->vm, KVL_EV_SLOT_CHANGE, (u16)slot, present, dev->gpa, dev->file.bytes, 1, 0,
		 0);
}

static int show_array(struct flashdev *dev, struct err *err)
{
	dev->slot = slots_add(&dev->vm->slots, "flash", dev->gpa, dev->file.bytes, dev->file.array,
			      true, err);
	if (dev->slot < 0)
		return -1;
	slot_event(dev, dev->slot, true);
	return 0;
}

static int hide_array(struct flashdev *dev, struct err *err)
{
	int slot = dev->slot;

	slot_event(dev, slot, false);
	dev->slot = -1;
	return slots_remove(&dev->vm->slots, slot, err);
}

/* Makes the slot follow the chip's mode. */
static int sync_slot(struct flashdev *dev, struct err *err)
{
	bool want = flash_is_array(dev->chip) && !dev->config->trap_reads && dev->vm->fd >= 0;

	if (want && dev->slot < 0)
		return show_array(dev, err);
	if (!want && dev->slot >= 0)
		return hide_array(dev, err);
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
	u64 room = (UINT64_MAX - dev->virtual_ns) / dev->config->part->read_ns;

	if (words > room)
		words = room;
	dev->virtual_ns += words * dev->config->part->read_ns;
}

u64 flashdev_now(struct flashdev *dev)
{
	u64 now;

	pthread_mutex_lock(&dev->lock);
	now = now_locked(dev);
	pthread_mutex_unlock(&dev->lock);
	return now;
}

/* Sleeps until the clock may show @ns; a kick (vcpus_stop()) ends each sleep early. */
static void wait_real(struct flashdev *dev, u64 ns)
{
	u64 now;

	while (!atomic_load(&dev->vm->stopping) && (now = flashdev_now(dev)) < ns) {
		double left = (double)(ns - now) / dev->config->speed;
		double slice = left < 5e7 ? left : 5e7;
		struct timespec pause = { .tv_nsec = (long)slice + 1 };

		nanosleep(&pause, NULL);
	}
}

void flashdev_until(struct flashdev *dev, u32 cpu, u64 ns)
{
	if (dev->config->clock == CLOCK_REAL)
		wait_real(dev, ns);
	pthread_mutex_lock(&dev->lock);
	dev->cpu = cpu;
	if (dev->config->clock == CLOCK_VIRTUAL && ns > dev->virtual_ns)
		dev->virtual_ns = ns;
	flash_advance(dev->chip, now_locked(dev));
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
	flash_advance(dev->chip, now_locked(dev));
	sync_slot_running(dev);
	pthread_mutex_unlock(&dev->lock);
}

/* --- the bus ---------------------------------------------------------------------------------- */
static void flash_access(void *owner, struct bus_access *access)
{
	struct flashdev *dev = owner;
	u32 width = dev->config->part->bus_bytes;

	pthread_mutex_lock(&dev->lock);
	dev->cpu = access->cpu;
	spend(dev, (access->bytes + width - 1) / width);
	if (access->write) {
		dev->counts.writes++;
		flash_write(dev->chip, access->offset, access->bytes, access->data,
			    now_locked(dev));
	} else {
		dev->counts.reads++;
		access->data =
			flash_read(dev->chip, access->offset, access->bytes, now_locked(dev));
	}
	sync_slot_running(dev);
	pthread_mutex_unlock(&dev->lock);
}

/* --- life ------------------------------------------------------------------------------------- */
static int make_chip(struct flashdev *dev, struct err *err)
{
	struct flash_observer observer = {
		.owner = dev, .command = on_command, .state = on_state, .mode = on_mode
	};

	dev->chip = flash_create(dev->config->part, dev->file.array, &observer);
	if (!dev->chip)
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
	dev->gpa = flashdev_gpa(dev->config->part);
	dev->slot = -1;
	pthread_mutex_init(&dev->lock, NULL);
	clock_gettime(CLOCK_MONOTONIC, &dev->start);
	return dev;
}

struct flashdev *flashdev_open(struct vm *vm, struct err *err)
{
	const struct run_flash *config = &vm->config->flash;
	struct flashdev *dev = make_dev(vm);

	if (!dev) {
		err_set(err, EXIT_HOST, "no memory for the flash chip");
		return NULL;
	}
	if (flashfile_open(&dev->file, config->file, config->part->chip_bytes, config->part->name,
			   err))
		goto out_free;
	if (dev->file.appended)
		vm_log(vm, LOG_INFO, "flash file %s: %llu bytes of FFh appended to fill the chip",
		       config->file, (unsigned long long)dev->file.appended);
	if (make_chip(dev, err))
		goto out_chip;
	return dev;

out_chip:
	flash_destroy(dev->chip);
	flashfile_close(&dev->file);
out_free:
	pthread_mutex_destroy(&dev->lock);
	free(dev);
	return NULL;
}

void flashdev_close(struct flashdev *dev)
{
	if (!dev)
		return;
	flash_destroy(dev->chip);
	flashfile_close(&dev->file);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

bool flashdev_is_busy(struct flashdev *dev)
{
	bool busy;

	pthread_mutex_lock(&dev->lock);
	flash_advance(dev->chip, now_locked(dev));
	busy = flash_busy_until(dev->chip) != UINT64_MAX;
	pthread_mutex_unlock(&dev->lock);
	return busy;
}

struct flashdev_counts flashdev_counts(struct flashdev *dev)
{
	struct flashdev_counts counts;

	pthread_mutex_lock(&dev->lock);
	counts = dev->counts;
	pthread_mutex_unlock(&dev->lock);
	return counts;
}
