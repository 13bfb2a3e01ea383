/* SPDX-License-Identifier: MIT */
/*
 * Owns the registers: negotiation, the queue's set-up, notifies, interrupt status, and the state
 * "needs a reset". What is in a queue: queue.c; what a request means: the device (blk.c).
 */
#include "devices/virtio/mmio.h"

#include <string.h>

/*
 * 6.2: a device that reaches only some memory says so, or Linux would take its bus for one that
 * reaches all. Who does not take it may know the limit nevertheless.
 */
static u64 offered(const struct virtio_mmio *mmio)
{
	return mmio->kind->features | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM;
}

static void reset(struct virtio_mmio *mmio)
{
	mmio->status = mmio->interrupts = 0;
	mmio->device_features_sel = mmio->driver_features_sel = mmio->queue_sel = 0;
	mmio->driver_features = 0;
	mmio->fault = VIRTIO_OK;
	memset(&mmio->queue, 0, sizeof(mmio->queue));
}

void virtio_mmio_init(struct virtio_mmio *mmio, const struct virtio_kind *kind, void *device,
		      const struct virtio_memory *memory)
{
	mmio->kind = kind;
	mmio->device = device;
	mmio->memory = *memory;
	reset(mmio);
}

/* 2.1.2: a driver that has begun is told by a change of the configuration. */
static void broken(struct virtio_mmio *mmio, enum virtio_fault fault)
{
	if (!mmio->fault)
		mmio->fault = fault;
	mmio->status |= VIRTIO_NEEDS_RESET;
	if (mmio->status & VIRTIO_DRIVER_OK)
		mmio->interrupts |= VIRTIO_INTERRUPT_CHANGED;
}

/* --- reads ------------------------------------------------------------------------------------ */
static u32 half(u64 value, u32 which)
{
	return which < 2 ? (u32)(value >> (32 * which)) : 0;
}

/* The queue that the driver has selected, if there is one. */
static bool has_queue(const struct virtio_mmio *mmio)
{
	return mmio->queue_sel == 0;
}

static u32 config_read(struct virtio_mmio *mmio, u64 offset, u32 bytes)
{
	u32 value = 0;

	if (bytes > sizeof(value) || offset % bytes) {
		broken(mmio, VIRTIO_FAULT_WIDTH);
		return 0;
	}
	if (offset + bytes > mmio->kind->config_bytes) {
		broken(mmio, VIRTIO_FAULT_REGISTER);
		return 0;
	}
	memcpy(&value, (const u8 *)mmio->kind->config + offset, bytes);
	return value;
}

static u32 register_read(struct virtio_mmio *mmio, u64 offset)
{
	switch (offset) {
	case VIRTIO_MAGIC_VALUE: return VIRTIO_MMIO_MAGIC;
	case VIRTIO_VERSION: return VIRTIO_MMIO_VERSION;
	case VIRTIO_DEVICE_ID: return mmio->kind->id;
	case VIRTIO_VENDOR_ID: return mmio->kind->vendor;
	case VIRTIO_DEVICE_FEATURES: return half(offered(mmio), mmio->device_features_sel);
	case VIRTIO_QUEUE_NUM_MAX: return has_queue(mmio) ? VIRTQUEUE_MAX : 0;
	case VIRTIO_QUEUE_READY: return has_queue(mmio) && mmio->queue.ready;
	case VIRTIO_INTERRUPT_STATUS: return mmio->interrupts;
	case VIRTIO_STATUS: return mmio->status;
	case VIRTIO_SHM_LEN_LOW: /* no such region: all ones (4.2.2) */
	case VIRTIO_SHM_LEN_HIGH:
	case VIRTIO_SHM_BASE_LOW:
	case VIRTIO_SHM_BASE_HIGH: return ~0u;
	case VIRTIO_CONFIG_GENERATION: return 0; /* it never changes */
	case VIRTIO_DEVICE_FEATURES_SEL:
	case VIRTIO_DRIVER_FEATURES:
	case VIRTIO_DRIVER_FEATURES_SEL:
	case VIRTIO_QUEUE_SEL:
	case VIRTIO_QUEUE_NUM:
	case VIRTIO_QUEUE_NOTIFY:
	case VIRTIO_INTERRUPT_ACK:
	case VIRTIO_QUEUE_DESC_LOW:
	case VIRTIO_QUEUE_DESC_HIGH:
	case VIRTIO_QUEUE_DRIVER_LOW:
	case VIRTIO_QUEUE_DRIVER_HIGH:
	case VIRTIO_QUEUE_DEVICE_LOW:
	case VIRTIO_QUEUE_DEVICE_HIGH:
	case VIRTIO_SHM_SEL: broken(mmio, VIRTIO_FAULT_DIRECTION); return 0;
	default: broken(mmio, VIRTIO_FAULT_REGISTER); return 0;
	}
}

u32 virtio_mmio_read(struct virtio_mmio *mmio, u64 offset, u32 bytes)
{
	if (offset >= VIRTIO_CONFIG)
		return config_read(mmio, offset - VIRTIO_CONFIG, bytes);
	if (bytes == 4 && offset % 4 == 0)
		return register_read(mmio, offset);
	broken(mmio, VIRTIO_FAULT_WIDTH);
	return 0;
}

/* --- writes ----------------------------------------------------------------------------------- */
/* 2.2.2: accepted are features that were offered, and VERSION_1 is among them (6.2). */
static bool accepts(const struct virtio_mmio *mmio)
{
	return mmio->driver_features & VIRTIO_F_VERSION_1 &&
	       !(mmio->driver_features & ~offered(mmio));
}

/* Bits are set, one after the other; a driver takes none back but all by a reset (2.1.1). */
static void write_status(struct virtio_mmio *mmio, u32 value)
{
	if (!value) {
		reset(mmio);
		return;
	}
	value &= VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK |
		 VIRTIO_FAILED;
	if (!accepts(mmio))
		value &= ~(u32)VIRTIO_FEATURES_OK;
	if (!((mmio->status | value) & VIRTIO_FEATURES_OK))
		value &= ~(u32)VIRTIO_DRIVER_OK;
	mmio->status |= value;
}

static void write_features(struct virtio_mmio *mmio, u32 value)
{
	u32 shift = 32 * mmio->driver_features_sel;

	if (mmio->status & VIRTIO_FEATURES_OK)
		broken(mmio, VIRTIO_FAULT_LATE_FEATURES);
	else if (mmio->driver_features_sel < 2)
		mmio->driver_features = (mmio->driver_features & ~(0xFFFFFFFFull << shift)) |
					(u64)value << shift;
	else if (value) /* bits from 64 on: nothing was offered there */
		broken(mmio, VIRTIO_FAULT_REGISTER);
}

static void set_half(u64 *address, u32 value, bool high)
{
	*address = high ? (*address & 0xFFFFFFFF) | (u64)value << 32
			: (*address & ~0xFFFFFFFFull) | value;
}

static void write_ready(struct virtio_mmio *mmio, u32 value)
{
	enum virtio_fault fault;

	if (!value) {
		mmio->queue.ready = false;
		return;
	}
	if (mmio->queue.ready)
		return;
	fault = virtqueue_start(&mmio->queue, &mmio->memory);
	if (fault)
		broken(mmio, fault);
}

/* Registers of the selected queue. */
static void write_queue(struct virtio_mmio *mmio, u64 offset, u32 value)
{
	struct virtqueue *queue = &mmio->queue;

	if (!has_queue(mmio)) {
		broken(mmio, VIRTIO_FAULT_NO_QUEUE);
		return;
	}
	if (offset == VIRTIO_QUEUE_READY) {
		write_ready(mmio, value);
		return;
	}
	if (queue->ready) {
		broken(mmio, VIRTIO_FAULT_QUEUE_READY);
		return;
	}
	switch (offset) {
	case VIRTIO_QUEUE_NUM: queue->num = value; break;
	case VIRTIO_QUEUE_DESC_LOW: set_half(&queue->desc, value, false); break;
	case VIRTIO_QUEUE_DESC_HIGH: set_half(&queue->desc, value, true); break;
	case VIRTIO_QUEUE_DRIVER_LOW: set_half(&queue->avail, value, false); break;
	case VIRTIO_QUEUE_DRIVER_HIGH: set_half(&queue->avail, value, true); break;
	case VIRTIO_QUEUE_DEVICE_LOW: set_half(&queue->used, value, false); break;
	case VIRTIO_QUEUE_DEVICE_HIGH: set_half(&queue->used, value, true); break;
	}
}

static enum virtio_fault use_one(struct virtio_mmio *mmio)
{
	enum virtio_fault fault = virtqueue_take(&mmio->queue, &mmio->memory, &mmio->chain);
	bool interrupt = false;
	u32 written = 0;

	if (!fault)
		fault = mmio->kind->use(mmio->device, &mmio->chain, &written);
	if (!fault)
		fault = virtqueue_give(&mmio->queue, &mmio->memory, mmio->chain.head, written,
				       &interrupt);
	if (interrupt)
		mmio->interrupts |= VIRTIO_INTERRUPT_USED;
	return fault;
}

/* Chains that come meanwhile have a notify of their own. */
static void notify(struct virtio_mmio *mmio, u32 queue)
{
	enum virtio_fault fault = VIRTIO_OK;
	u16 n;

	if (mmio->status & VIRTIO_NEEDS_RESET)
		return;
	if (queue)
		fault = VIRTIO_FAULT_NO_QUEUE;
	else if (!(mmio->status & VIRTIO_DRIVER_OK) || !mmio->queue.ready)
		fault = VIRTIO_FAULT_EARLY_NOTIFY;
	else
		fault = virtqueue_look(&mmio->queue, &mmio->memory, &n);
	for (; !fault && n; n--)
		fault = use_one(mmio);
	if (fault)
		broken(mmio, fault);
}

static void register_write(struct virtio_mmio *mmio, u64 offset, u32 value)
{
	switch (offset) {
	case VIRTIO_DEVICE_FEATURES_SEL: mmio->device_features_sel = value; break;
	case VIRTIO_DRIVER_FEATURES: write_features(mmio, value); break;
	case VIRTIO_DRIVER_FEATURES_SEL: mmio->driver_features_sel = value; break;
	case VIRTIO_QUEUE_SEL: mmio->queue_sel = value; break;
	case VIRTIO_QUEUE_NOTIFY: notify(mmio, value); break;
	case VIRTIO_INTERRUPT_ACK: mmio->interrupts &= ~value; break;
	case VIRTIO_STATUS: write_status(mmio, value); break;
	case VIRTIO_SHM_SEL: break; /* whichever: there is none */
	case VIRTIO_QUEUE_NUM:
	case VIRTIO_QUEUE_READY:
	case VIRTIO_QUEUE_DESC_LOW:
	case VIRTIO_QUEUE_DESC_HIGH:
	case VIRTIO_QUEUE_DRIVER_LOW:
	case VIRTIO_QUEUE_DRIVER_HIGH:
	case VIRTIO_QUEUE_DEVICE_LOW:
	case VIRTIO_QUEUE_DEVICE_HIGH: write_queue(mmio, offset, value); break;
	case VIRTIO_MAGIC_VALUE:
	case VIRTIO_VERSION:
	case VIRTIO_DEVICE_ID:
	case VIRTIO_VENDOR_ID:
	case VIRTIO_DEVICE_FEATURES:
	case VIRTIO_QUEUE_NUM_MAX:
	case VIRTIO_INTERRUPT_STATUS:
	case VIRTIO_SHM_LEN_LOW:
	case VIRTIO_SHM_LEN_HIGH:
	case VIRTIO_SHM_BASE_LOW:
	case VIRTIO_SHM_BASE_HIGH:
	case VIRTIO_CONFIG_GENERATION: broken(mmio, VIRTIO_FAULT_DIRECTION); break;
	default: broken(mmio, VIRTIO_FAULT_REGISTER);
	}
}

void virtio_mmio_write(struct virtio_mmio *mmio, u64 offset, u32 bytes, u32 value)
{
	if (offset >= VIRTIO_CONFIG) /* no device here has a field that a driver writes */
		broken(mmio, VIRTIO_FAULT_DIRECTION);
	else if (bytes == 4 && offset % 4 == 0)
		register_write(mmio, offset, value);
	else
		broken(mmio, VIRTIO_FAULT_WIDTH);
}
