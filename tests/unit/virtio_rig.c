/* SPDX-License-Identifier: MIT */
/* The device's owner, and a driver of few words. */
#include "tests/unit/virtio_rig.h"

#include <string.h>

struct virtio_rig virtio_rig;
static u8 disk_before[sizeof(virtio_rig.disk)];

/* --- the owner -------------------------------------------------------------------------------- */
static void *lend(void *owner, u64 gpa, u64 bytes, bool write)
{
	(void)owner;
	(void)write;
	ck_assert(gpa + bytes <= virtio_rig.memory.limit);
	if (gpa < RIG_RAM || gpa + bytes > RIG_RAM + RIG_RAM_BYTES ||
	    (gpa < RIG_HIDDEN + PAGE_BYTES && gpa + bytes > RIG_HIDDEN))
		return NULL;
	return vrig_at(gpa);
}

static bool read_disk(void *owner, u64 offset, void *to, u64 bytes)
{
	(void)owner;
	ck_assert(offset + bytes <= sizeof(virtio_rig.disk));
	memcpy(to, virtio_rig.disk + offset, bytes);
	return !virtio_rig.storage_fails;
}

static bool write_disk(void *owner, u64 offset, const void *from, u64 bytes)
{
	(void)owner;
	ck_assert(offset + bytes <= sizeof(virtio_rig.disk));
	memcpy(virtio_rig.disk + offset, from, bytes);
	virtio_rig.is_dirty = true;
	return !virtio_rig.storage_fails;
}

static bool flush_disk(void *owner)
{
	(void)owner;
	virtio_rig.flushes++;
	if (virtio_rig.storage_fails || virtio_rig.flush_fails)
		return false;
	virtio_rig.is_dirty = false;
	return true;
}

/* When the driver does not know yet. */
static void on_told(void *owner, const struct virtio_blk_told *told)
{
	(void)owner;
	virtio_rig.told = *told;
	virtio_rig.was_dirty = virtio_rig.is_dirty;
	virtio_rig.ntold++;
}

void vrig_make(void)
{
	virtio_blk_init(&virtio_rig.blk, &virtio_rig.storage, &virtio_rig.memory);
}

void vrig_reset(void)
{
	memset(&virtio_rig, 0, sizeof(virtio_rig));
	virtio_rig.memory = (struct virtio_memory){ .at = lend, .limit = GiB(4) };
	virtio_rig.storage = (struct virtio_blk_storage){ .sectors = RIG_SECTORS,
							  .id = "rig",
							  .read = read_disk,
							  .write = write_disk,
							  .flush = flush_disk,
							  .told = on_told };
	memset(virtio_rig.ram, 0xA5, sizeof(virtio_rig.ram));
	for (u32 i = 0; i < sizeof(virtio_rig.disk); i++)
		virtio_rig.disk[i] = (u8)(i * 7 + i / VIRTIO_BLK_SECTOR);
	vrig_make();
}

/* --- registers -------------------------------------------------------------------------------- */
u32 vrig_get(u32 offset)
{
	return virtio_mmio_read(&virtio_rig.blk.mmio, offset, 4);
}

void vrig_put(u32 offset, u32 value)
{
	virtio_mmio_write(&virtio_rig.blk.mmio, offset, 4, value);
}

void vrig_negotiate(u64 features)
{
	vrig_put(VIRTIO_STATUS, 0);
	vrig_put(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
	vrig_put(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	vrig_put(VIRTIO_DRIVER_FEATURES_SEL, 0);
	vrig_put(VIRTIO_DRIVER_FEATURES, (u32)features);
	vrig_put(VIRTIO_DRIVER_FEATURES_SEL, 1);
	vrig_put(VIRTIO_DRIVER_FEATURES, (u32)(features >> 32));
	vrig_put(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
}

static void put_address(u32 low, u64 gpa)
{
	vrig_put(low, (u32)gpa);
	vrig_put(low + 4, (u32)(gpa >> 32));
}

void vrig_queue(u32 num, u64 desc, u64 avail, u64 used)
{
	vrig_put(VIRTIO_QUEUE_SEL, 0);
	vrig_put(VIRTIO_QUEUE_NUM, num);
	put_address(VIRTIO_QUEUE_DESC_LOW, desc);
	put_address(VIRTIO_QUEUE_DRIVER_LOW, avail);
	put_address(VIRTIO_QUEUE_DEVICE_LOW, used);
	vrig_put(VIRTIO_QUEUE_READY, 1);
}

void vrig_start(void)
{
	vrig_start_with(0, RIG_NUM);
}

void vrig_start_with(u64 features, u32 num)
{
	vrig_negotiate(features | VIRTIO_F_VERSION_1);
	memset(vrig_at(RIG_DESC), 0, KiB(12));
	vrig_queue(num, RIG_DESC, RIG_AVAIL, RIG_USED);
	vrig_put(VIRTIO_STATUS, vrig_get(VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
	ck_assert_uint_eq(vrig_get(VIRTIO_STATUS), VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
							   VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	virtio_rig.next_avail = 0;
}

/* --- memory ----------------------------------------------------------------------------------- */
u8 *vrig_at(u64 gpa)
{
	return virtio_rig.ram + (gpa - RIG_RAM);
}

void vrig_desc(u16 nth, u64 gpa, u32 bytes, u16 flags, u16 next)
{
	struct virtq_desc desc = { gpa, bytes, flags, next };

	memcpy(vrig_at(RIG_DESC + nth * sizeof(desc)), &desc, sizeof(desc));
}

static struct virtq_avail *avail(void)
{
	return (struct virtq_avail *)(void *)vrig_at(RIG_AVAIL);
}

void vrig_offer(u16 head)
{
	avail()->ring[virtio_rig.next_avail++ % RIG_NUM] = head;
	avail()->idx = virtio_rig.next_avail;
}

void vrig_notify(void)
{
	vrig_put(VIRTIO_QUEUE_NOTIFY, 0);
}

static const struct virtq_used *used(void)
{
	return (const struct virtq_used *)(const void *)vrig_at(RIG_USED);
}

u16 vrig_used_idx(void)
{
	return used()->idx;
}

struct virtq_used_elem vrig_used(u16 nth)
{
	return used()->ring[nth % RIG_NUM];
}

void vrig_header(u32 type, u64 sector)
{
	struct virtio_blk_header header = { .type = type, .sector = sector };

	memcpy(vrig_at(RIG_HEADER), &header, sizeof(header));
	*vrig_at(RIG_STATUS) = RIG_NO_STATUS;
}

u8 vrig_request(u32 type, u64 sector, u64 gpa, u32 bytes)
{
	vrig_header(type, sector);
	vrig_desc(0, RIG_HEADER, sizeof(struct virtio_blk_header), VIRTQ_DESC_F_NEXT,
		  bytes ? 1 : 2);
	vrig_desc(1, gpa, bytes,
		  VIRTQ_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_DESC_F_WRITE), 2);
	vrig_desc(2, RIG_STATUS, 1, VIRTQ_DESC_F_WRITE, 0);
	vrig_offer(0);
	vrig_notify();
	return *vrig_at(RIG_STATUS);
}

/* --- what must not change --------------------------------------------------------------------- */
void vrig_remember(void)
{
	memcpy(virtio_rig.before, virtio_rig.ram, sizeof(virtio_rig.ram));
	memcpy(disk_before, virtio_rig.disk, sizeof(disk_before));
}

void vrig_broken(enum virtio_fault fault)
{
	ck_assert_msg(virtio_rig.blk.mmio.fault == fault, "\"%s\", not \"%s\"",
		      virtio_fault_text(virtio_rig.blk.mmio.fault), virtio_fault_text(fault));
	ck_assert_uint_ne(vrig_get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, 0);
	ck_assert_mem_eq(virtio_rig.ram, virtio_rig.before, sizeof(virtio_rig.ram));
	ck_assert_mem_eq(virtio_rig.disk, disk_before, sizeof(disk_before));
}
