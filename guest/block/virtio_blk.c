/* SPDX-License-Identifier: MIT */
/*
 * Owns the disk: its requests, who waits for which, and whether what the device answers can be
 * true. The queue and the registers are virtio.c's.
 *
 * A request is a chain: header, page, status. Its slot is taken, offered, answered, and free again;
 * any task that looks takes all answers that are there. The device works while it is notified,
 * others run in between nevertheless: what waits lets them.
 */
#include "guest/block/block.h"

#include "guest/block/virtio.h"
#include "guest/kernel.h"
#include "guest/trace.h"

/* Looks at the queue; a device that has not answered by then never will. */
#define MOST_ROUNDS 10000
#define NO_STATUS 0xFF /* no device writes that */

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_OFFERED, SLOT_ANSWERED };

struct slot {
	enum slot_state state;
	u32 len;   /* bytes that the device says it has written */
	u8 status; /* enum virtio_blk_status, as it says */
};

/* What a request shares with the device, one for each chain. */
struct shared_request {
	struct virtio_blk_header header;
	u8 status;
	u8 unused[15];
};

_Static_assert(VIRTIO_CHAINS * sizeof(struct shared_request) <= VIRTIO_SHARED_BYTES, "requests");

struct block_device {
	struct virtio virtio;
	u64 sectors;
	struct spinlock lock; /* all below, and virtio's queue */
	u32 offered;	      /* slots */
	struct slot slot[VIRTIO_CHAINS];
	const char *broken; /* why nothing works any more; NULL: it does */
};

static bool is_open; /* who opens it resets it: one at a time */

struct request {
	u32 type;
	u64 sector;
	const struct page *page; /* NULL: no data */
};

/* --- life ------------------------------------------------------------------------------------- */
static const char *read_capacity(struct block_device *dev)
{
	u32 words[2];

	if (!virtio_config(&dev->virtio, words, ARRAY_LEN(words)))
		return "its configuration changes all the time";
	dev->sectors = words[0] | (u64)words[1] << 32;
	return dev->sectors > UINT64_MAX / BLOCK_SECTOR_BYTES ? "its capacity cannot be" : NULL;
}

static const char *open_device(struct block_device *dev)
{
	const char *why = virtio_open(&dev->virtio, boot_options.disk_gpa, boot_options.disk_bytes,
				      VIRTIO_ID_BLOCK, VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH);

	if (why)
		return why;
	why = read_capacity(dev);
	if (why) {
		virtio_give_up(&dev->virtio);
		virtio_close(&dev->virtio);
	}
	return why;
}

struct block_device *block_open(void)
{
	struct block_device *dev;
	const char *why;

	if (!boot_options.disk_bytes) {
		printk("disk: there is none (--disk)\n");
		return NULL;
	}
	if (__atomic_exchange_n(&is_open, true, __ATOMIC_ACQUIRE)) {
		printk("disk: it is open already\n");
		return NULL;
	}
	dev = kalloc(sizeof(*dev));
	dev->lock.name = "disk";
	why = open_device(dev);
	if (!why)
		return dev;
	printk("disk: the device at %lx cannot be used: %s\n", boot_options.disk_gpa, why);
	kfree(dev);
	__atomic_store_n(&is_open, false, __ATOMIC_RELEASE);
	return NULL;
}

void block_close(struct block_device *dev)
{
	for (u32 i = 0; i < VIRTIO_CHAINS; i++)
		if (dev->slot[i].state)
			panic("disk in use", "request %u of the disk is still under way", i);
	virtio_close(&dev->virtio);
	kfree(dev);
	__atomic_store_n(&is_open, false, __ATOMIC_RELEASE);
}

u64 block_sectors(const struct block_device *dev)
{
	return dev->sectors;
}

bool block_is_readonly(const struct block_device *dev)
{
	return dev->virtio.features & VIRTIO_BLK_F_RO;
}

u64 block_dma_end(const struct block_device *dev)
{
	(void)dev;
	return boot_options.dma_end_gpa;
}

/* --- answers, under the lock ------------------------------------------------------------------ */
/* The device has no memory of ours any more; who waits finds out. */
static void give_up(struct block_device *dev, const char *why)
{
	if (dev->broken)
		return;
	dev->broken = why;
	printk("disk: %s: the device is reset and not used any more\n", why);
	virtio_give_up(&dev->virtio);
}

static struct shared_request *shared(const struct block_device *dev, u32 nth)
{
	return (struct shared_request *)dev->virtio.shared + nth;
}

/* NULL: it was asked for that. */
static const char *take_answer(struct block_device *dev, u32 id, u32 len)
{
	u32 nth = id / VIRTIO_CHAIN;

	if (id % VIRTIO_CHAIN || nth >= dev->virtio.chains || dev->slot[nth].state != SLOT_OFFERED)
		return "it answers what it was not asked";
	dev->slot[nth].state = SLOT_ANSWERED;
	dev->slot[nth].len = len;
	dev->slot[nth].status = __atomic_load_n(&shared(dev, nth)->status, __ATOMIC_RELAXED);
	dev->offered--;
	return NULL;
}

static void look(struct block_device *dev)
{
	const char *why = NULL;
	u32 id, len;

	if (dev->broken)
		return;
	if (virtio_waiting(&dev->virtio) > dev->offered)
		why = "it answers more than it was asked";
	else if (!virtio_waiting(&dev->virtio) && virtio_needs_reset(&dev->virtio))
		why = "it says that it needs a reset";
	while (!why && virtio_take(&dev->virtio, &id, &len))
		why = take_answer(dev, id, len);
	if (why)
		give_up(dev, why);
}

/* --- one request ------------------------------------------------------------------------------ */
/* False: none is free. */
static bool take_slot(struct block_device *dev, u32 *nth)
{
	bool taken = false;

	spin_lock(&dev->lock);
	for (u32 i = 0; i < dev->virtio.chains && !taken; i++) {
		taken = dev->slot[i].state == SLOT_FREE;
		*nth = i;
	}
	if (taken)
		dev->slot[*nth].state = SLOT_TAKEN;
	spin_unlock(&dev->lock);
	return taken;
}

static void free_slot(struct block_device *dev, u32 nth)
{
	spin_lock(&dev->lock);
	dev->slot[nth].state = SLOT_FREE;
	spin_unlock(&dev->lock);
}

static void fill(struct block_device *dev, u32 nth, const struct request *r)
{
	struct virtio *v = &dev->virtio;
	struct shared_request *to = shared(dev, nth);
	u64 at = v->shared_gpa + nth * sizeof(*to);

	to->header = (struct virtio_blk_header){ .type = r->type, .sector = r->sector };
	to->status = NO_STATUS;
	virtio_buffer(v, nth, 0, at, sizeof(to->header), false, r->page ? 1 : 2);
	if (r->page)
		virtio_buffer(v, nth, 1, page_gpa(r->page), PAGE_BYTES, r->type == VIRTIO_BLK_T_IN,
			      2);
	virtio_buffer(v, nth, 2, at + offsetof(struct shared_request, status), 1, true, 0);
}

static void offer(struct block_device *dev, u32 nth)
{
	spin_lock(&dev->lock);
	if (!dev->broken) {
		dev->slot[nth].state = SLOT_OFFERED;
		dev->offered++;
		virtio_offer(&dev->virtio, nth);
	}
	spin_unlock(&dev->lock);
}

/*
 * Others run between the offer and the first look, whatever the device. True: there is an answer.
 */
static bool await(struct block_device *dev, u32 nth, struct slot *answer)
{
	bool ended = false;

	for (u32 round = 0; !ended; round++) {
		task_yield();
		spin_lock(&dev->lock);
		look(dev);
		if (round == MOST_ROUNDS && dev->slot[nth].state == SLOT_OFFERED)
			give_up(dev, "it does not answer");
		*answer = dev->slot[nth];
		ended = answer->state == SLOT_ANSWERED || dev->broken;
		spin_unlock(&dev->lock);
	}
	return answer->state == SLOT_ANSWERED;
}

/* What is wrong with an answer; NULL: nothing. */
static const char *wrong(const struct request *r, const struct slot *answer)
{
	u32 bytes = 1 + (r->type == VIRTIO_BLK_T_IN ? PAGE_BYTES : 0);

	switch (answer->status) {
	case VIRTIO_BLK_S_OK:
		return answer->len == bytes ? NULL : "it says done, but not of the whole page";
	case VIRTIO_BLK_S_IOERR:
		if (r->page && page_gpa(r->page) + PAGE_BYTES > boot_options.dma_end_gpa)
			return "refused, the page is above what it reaches";
		return "the device has failed";
	case VIRTIO_BLK_S_UNSUPP: return "the device cannot do that";
	default: return "the answer has no status";
	}
}

/* NULL: it is done. */
static const char *execute(struct block_device *dev, const struct request *r)
{
	const char *why = "the device is out of use";
	struct slot answer;
	u32 nth;

	wait_begin(KVL_WAIT_DISK, dev->virtio.gpa, SITE("disk.request"));
	while (!take_slot(dev, &nth))
		task_yield();
	fill(dev, nth, r);
	offer(dev, nth);
	if (await(dev, nth, &answer))
		why = wrong(r, &answer);
	free_slot(dev, nth);
	wait_end(KVL_WAIT_DISK, dev->virtio.gpa, SITE("disk.request"));
	return why;
}

static bool done(struct block_device *dev, const struct request *r, const char *verb,
		 enum counter counter, const char *why)
{
	if (!why)
		why = execute(dev, r);
	count(why ? COUNT_DISK_ERRORS : counter);
	if (why)
		printk("disk: %s of sector %lu, page at %lx: %s\n", verb, r->sector,
		       r->page ? page_gpa(r->page) : 0, why);
	return !why;
}

static const char *beyond(const struct block_device *dev, u64 sector)
{
	if (dev->sectors >= BLOCK_PAGE_SECTORS && sector <= dev->sectors - BLOCK_PAGE_SECTORS)
		return NULL;
	return "the disk ends before";
}

bool block_read(struct block_device *dev, u64 sector, struct page *page)
{
	struct request r = { VIRTIO_BLK_T_IN, sector, page };

	return done(dev, &r, "read", COUNT_DISK_READS, beyond(dev, sector));
}

bool block_write(struct block_device *dev, u64 sector, struct page *page)
{
	struct request r = { VIRTIO_BLK_T_OUT, sector, page };
	const char *why = block_is_readonly(dev) ? "the disk is read-only" : beyond(dev, sector);

	return done(dev, &r, "write", COUNT_DISK_WRITES, why);
}

/* 5.2.6: a device without the feature keeps nothing back. */
bool block_flush(struct block_device *dev)
{
	struct request r = { VIRTIO_BLK_T_FLUSH, 0, NULL };

	if (!(dev->virtio.features & VIRTIO_BLK_F_FLUSH))
		return true;
	return done(dev, &r, "flush", COUNT_DISK_FLUSHES, NULL);
}
