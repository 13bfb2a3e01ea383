/* SPDX-License-Identifier: MIT */
/*
 * Owns the disk in the machine: one lock around the model, what memory is lent to it, its events
 * and counts. What a request does: devices/virtio. The file: diskfile.c.
 *
 * A request is done in the store that notifies the device, on the vCPU that makes it. So a run
 * counts what it counted before, and no data is under way while the guest stands still.
 */
#include "vmm/diskdev.h"

#include <stdlib.h>

#include "devices/virtio/blk.h"
#include "vmm/diskfile.h"
#include "vmm/vm.h"

struct diskdev {
	struct vm *vm;
	struct diskfile file;
	pthread_mutex_t lock; /* all below */
	struct virtio_blk blk;
	u32 cpu; /* on whose behalf the model runs now */
	struct diskdev_counts counts;
};

/* --- memory ----------------------------------------------------------------------------------- */
static bool overlaps(const struct kvl_range *range, u64 start, u64 bytes)
{
	return start < range->start + range->bytes && range->start < start + bytes;
}

/*
 * RAM that the guest's kernel uses, but for its page tables: a device that wrote one would change
 * entries that nobody reports. The shared region and soft TLBs are the testbed's, not RAM.
 */
static void *lend(void *owner, u64 at, u64 bytes, bool write)
{
	const struct diskdev *dev = owner;
	const struct kvl_layout *layout = &dev->vm->layout;
	void *host = gmem_at(&dev->vm->mem, gpa(at), bytes);

	(void)write;
	if (!host || at < KVL_RAM_START_GPA || overlaps(&layout->arena, at, bytes) ||
	    overlaps(&layout->shared, at, bytes) || overlaps(&layout->soft, at, bytes))
		return NULL;
	return host;
}

/* --- sectors ---------------------------------------------------------------------------------- */
static bool read_sectors(void *owner, u64 offset, void *to, u64 bytes)
{
	const struct diskdev *dev = owner;

	return diskfile_read(&dev->file, offset, to, bytes);
}

static bool write_sectors(void *owner, u64 offset, const void *from, u64 bytes)
{
	const struct diskdev *dev = owner;

	return diskfile_write(&dev->file, offset, from, bytes);
}

static bool flush_sectors(void *owner)
{
	const struct diskdev *dev = owner;

	return diskfile_flush(&dev->file);
}

/* --- what the device tells -------------------------------------------------------------------- */
static enum kvl_disk_what what_of(u32 type)
{
	switch (type) {
	case VIRTIO_BLK_T_IN: return KVL_DISK_READ;
	case VIRTIO_BLK_T_OUT: return KVL_DISK_WRITE;
	case VIRTIO_BLK_T_FLUSH: return KVL_DISK_FLUSH;
	case VIRTIO_BLK_T_GET_ID: return KVL_DISK_GET_ID;
	default: return KVL_DISK_OTHER;
	}
}

static enum kvl_disk_outcome outcome_of(enum virtio_blk_outcome outcome)
{
	static const enum kvl_disk_outcome told[] = {
		[VIRTIO_BLK_DONE] = KVL_DISK_DONE,
		[VIRTIO_BLK_UNSUPPORTED] = KVL_DISK_UNSUPPORTED,
		[VIRTIO_BLK_READ_ONLY] = KVL_DISK_READ_ONLY,
		[VIRTIO_BLK_SHAPE] = KVL_DISK_SHAPE,
		[VIRTIO_BLK_RANGE] = KVL_DISK_RANGE,
		[VIRTIO_BLK_UNREACHABLE] = KVL_DISK_UNREACHABLE,
		[VIRTIO_BLK_STORAGE] = KVL_DISK_STORAGE,
	};

	return told[outcome];
}

static void on_request(void *owner, const struct virtio_blk_told *told)
{
	struct diskdev *dev = owner;
	enum kvl_disk_what what = what_of(told->type);

	vm_event(dev->vm, KVL_EV_DISK_REQUEST, (u16)what, (u16)outcome_of(told->outcome), told->gpa,
		 told->bytes, told->sector, dev->cpu, 0);
	if (told->outcome == VIRTIO_BLK_STORAGE)
		vm_log(dev->vm, LOG_WARN, "disk: the host cannot %s sector %llu and behind",
		       what == KVL_DISK_READ ? "read" : "write", (unsigned long long)told->sector);
	if (told->outcome)
		return;
	dev->counts.reads += what == KVL_DISK_READ;
	dev->counts.writes += what == KVL_DISK_WRITE;
	if (what == KVL_DISK_READ || what == KVL_DISK_WRITE)
		dev->counts.bytes += told->bytes;
}

/* --- the bus ---------------------------------------------------------------------------------- */
static void access_locked(struct diskdev *dev, struct bus_access *access)
{
	struct virtio_mmio *mmio = &dev->blk.mmio;
	enum virtio_fault before = mmio->fault;

	dev->cpu = access->cpu;
	if (access->write)
		virtio_mmio_write(mmio, access->offset, access->bytes, (u32)access->data);
	else
		access->data = virtio_mmio_read(mmio, access->offset, access->bytes);
	if (mmio->fault && !before)
		vm_log(dev->vm, LOG_WARN,
		       "disk: vCPU %u, %s of register 0x%llx: %s; the disk needs a reset",
		       access->cpu, access->write ? "write" : "read",
		       (unsigned long long)access->offset, virtio_fault_text(mmio->fault));
}

static void disk_access(void *owner, struct bus_access *access)
{
	struct diskdev *dev = owner;

	pthread_mutex_lock(&dev->lock);
	access_locked(dev, access);
	pthread_mutex_unlock(&dev->lock);
}

/* --- life ------------------------------------------------------------------------------------- */
static void make_device(struct diskdev *dev)
{
	struct virtio_memory memory = { .owner = dev, .at = lend, .limit = KVL_DMA_END_GPA };
	struct virtio_blk_storage storage = {
		.owner = dev,
		.sectors = dev->file.bytes / VIRTIO_BLK_SECTOR,
		.readonly = dev->vm->config->disk.readonly,
		.id = "kvalab",
		.read = read_sectors,
		.write = write_sectors,
		.flush = flush_sectors,
		.told = on_request,
	};

	virtio_blk_init(&dev->blk, &storage, &memory);
}

struct diskdev *diskdev_open(struct vm *vm, struct err *err)
{
	struct diskdev *dev = calloc(1, sizeof(*dev));

	if (!dev) {
		err_set(err, EXIT_HOST, "no memory for the disk");
		return NULL;
	}
	dev->vm = vm;
	if (diskfile_open(&dev->file, &vm->config->disk, err))
		goto out_free;
	pthread_mutex_init(&dev->lock, NULL);
	make_device(dev);
	if (!bus_add(&vm->memory_bus, "disk", KVL_DISK_GPA, KVL_DISK_BYTES, disk_access, dev, err))
		return dev;
	diskdev_close(dev);
	return NULL;

out_free:
	free(dev);
	return NULL;
}

void diskdev_close(struct diskdev *dev)
{
	if (!dev)
		return;
	diskfile_close(&dev->file);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

struct diskdev_counts diskdev_counts(struct diskdev *dev)
{
	struct diskdev_counts counts;

	pthread_mutex_lock(&dev->lock);
	counts = dev->counts;
	pthread_mutex_unlock(&dev->lock);
	return counts;
}
