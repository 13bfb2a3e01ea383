/* SPDX-License-Identifier: MIT */
/*
 * What a virtio-mmio block device and its driver agree on: registers, status, the split virtqueue
 * in memory, requests. Source: VIRTIO 1.2, the sections named below. All is little-endian. Names
 * are the text's.
 */
#ifndef KVL_ABI_VIRTIO_H
#define KVL_ABI_VIRTIO_H

#include "types.h"

/* --- registers: 4.2.2 ------------------------------------------------------------------------- */
#define VIRTIO_MMIO_MAGIC 0x74726976u /* "virt" */
#define VIRTIO_MMIO_VERSION 2u

enum virtio_mmio_register {
	VIRTIO_MAGIC_VALUE = 0x000,
	VIRTIO_VERSION = 0x004,
	VIRTIO_DEVICE_ID = 0x008,
	VIRTIO_VENDOR_ID = 0x00c,
	VIRTIO_DEVICE_FEATURES = 0x010,
	VIRTIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_DRIVER_FEATURES = 0x020,
	VIRTIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_QUEUE_SEL = 0x030,
	VIRTIO_QUEUE_NUM_MAX = 0x034,
	VIRTIO_QUEUE_NUM = 0x038,
	VIRTIO_QUEUE_READY = 0x044,
	VIRTIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_INTERRUPT_ACK = 0x064,
	VIRTIO_STATUS = 0x070,
	VIRTIO_QUEUE_DESC_LOW = 0x080, /* descriptor area: the descriptor table */
	VIRTIO_QUEUE_DESC_HIGH = 0x084,
	VIRTIO_QUEUE_DRIVER_LOW = 0x090, /* driver area: the available ring */
	VIRTIO_QUEUE_DRIVER_HIGH = 0x094,
	VIRTIO_QUEUE_DEVICE_LOW = 0x0a0, /* device area: the used ring */
	VIRTIO_QUEUE_DEVICE_HIGH = 0x0a4,
	VIRTIO_SHM_SEL = 0x0ac,
	VIRTIO_SHM_LEN_LOW = 0x0b0,
	VIRTIO_SHM_LEN_HIGH = 0x0b4,
	VIRTIO_SHM_BASE_LOW = 0x0b8,
	VIRTIO_SHM_BASE_HIGH = 0x0bc,
	VIRTIO_CONFIG_GENERATION = 0x0fc,
	VIRTIO_CONFIG = 0x100, /* the device's own, from here on */
};

/* Device status: 2.1. */
enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1 << 0,
	VIRTIO_DRIVER = 1 << 1,
	VIRTIO_DRIVER_OK = 1 << 2,
	VIRTIO_FEATURES_OK = 1 << 3,
	VIRTIO_NEEDS_RESET = 1 << 6,
	VIRTIO_FAILED = 1 << 7,
};

enum virtio_interrupt {
	VIRTIO_INTERRUPT_USED = 1 << 0,
	VIRTIO_INTERRUPT_CHANGED = 1 << 1,
};

/* Section 6. */
#define VIRTIO_F_VERSION_1 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33) /* memory as the platform says: dma-ranges */

/* --- split virtqueue: 2.7 --------------------------------------------------------------------- */
struct virtq_desc {
	u64 addr; /* guest-physical */
	u32 len;
	u16 flags;
	u16 next;
};

#define VIRTQ_DESC_F_NEXT 1u
#define VIRTQ_DESC_F_WRITE 2u /* the device writes, else it reads */
#define VIRTQ_DESC_F_INDIRECT 4u

struct virtq_avail {
	u16 flags;
	u16 idx;
	u16 ring[]; /* heads of chains; used_event, behind it, is not in use here */
};

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u

struct virtq_used_elem {
	u32 id;	 /* head of the chain */
	u32 len; /* bytes that the device has written */
};

#define VIRTQ_USED_F_NO_NOTIFY 1u

struct virtq_used {
	u16 flags;
	u16 idx;
	struct virtq_used_elem ring[];
};

/* 2.7: bytes of each part, with the field behind the ring. */
#define VIRTQ_DESC_BYTES(size) (16ull * (size))
#define VIRTQ_AVAIL_BYTES(size) (6 + 2ull * (size))
#define VIRTQ_USED_BYTES(size) (6 + 8ull * (size))
#define VIRTQ_DESC_ALIGN 16
#define VIRTQ_AVAIL_ALIGN 2
#define VIRTQ_USED_ALIGN 4

_Static_assert(sizeof(struct virtq_desc) == 16, "2.7.5");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "2.7.8");

/* --- block device: 5.2 ------------------------------------------------------------------------ */
#define VIRTIO_ID_BLOCK 2u
#define VIRTIO_BLK_QUEUE 0u /* its one queue */
#define VIRTIO_BLK_SECTOR 512u

#define VIRTIO_BLK_F_SIZE_MAX (1ull << 1) /* size_max holds */
#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)  /* seg_max holds */
#define VIRTIO_BLK_F_RO (1ull << 5)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)

struct virtio_blk_config { /* as far as those features need it */
	u64 capacity;	   /* sectors */
	u32 size_max;	   /* bytes of a segment */
	u32 seg_max;	   /* segments of data in a request */
};

enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
};

struct virtio_blk_header { /* of a request; data and a status byte follow */
	u32 type;
	u32 reserved;
	u64 sector;
};

enum virtio_blk_status {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
};

#define VIRTIO_BLK_ID_BYTES 20

#endif
