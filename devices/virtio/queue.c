/* SPDX-License-Identifier: MIT */
/*
 * Owns the walk of a virtqueue: rings, descriptors, chains. What a chain says, and when it is
 * walked: blk.c, mmio.c. Each part of the queue is asked for again at each use, so that what its
 * owner takes back is not touched.
 */
#include "devices/virtio/queue.h"

#include <string.h>

const char *virtio_fault_text(enum virtio_fault fault)
{
	static const char *const text[VIRTIO_FAULTS] = {
		[VIRTIO_OK] = "nothing",
		[VIRTIO_FAULT_REGISTER] = "there is no such register",
		[VIRTIO_FAULT_WIDTH] = "a register takes aligned accesses of 32 bits alone",
		[VIRTIO_FAULT_DIRECTION] = "that register cannot be accessed in this direction",
		[VIRTIO_FAULT_NO_QUEUE] = "there is no queue of that number",
		[VIRTIO_FAULT_QUEUE_READY] = "a queue is changed while it is ready",
		[VIRTIO_FAULT_LATE_FEATURES] = "features are written after FEATURES_OK",
		[VIRTIO_FAULT_EARLY_NOTIFY] = "a notify before DRIVER_OK, or of a queue not ready",
		[VIRTIO_FAULT_SIZE] = "a queue's size is no power of two, or above QueueNumMax",
		[VIRTIO_FAULT_ALIGN] = "a part of a queue is not aligned",
		[VIRTIO_FAULT_RING] = "a part of a queue lies where the device may not reach",
		[VIRTIO_FAULT_INDEX] = "more chains are available than the queue has entries",
		[VIRTIO_FAULT_HEAD] = "the head of a chain is no descriptor of the queue",
		[VIRTIO_FAULT_NEXT] = "a chain goes on with no descriptor of the queue",
		[VIRTIO_FAULT_LOOP] = "a chain has a loop",
		[VIRTIO_FAULT_INDIRECT] = "an indirect descriptor, which was not negotiated",
		[VIRTIO_FAULT_EMPTY] = "a descriptor of no bytes",
		[VIRTIO_FAULT_ORDER] = "what the device reads stands behind what it writes",
		[VIRTIO_FAULT_TOTAL] = "a chain of more than 4 GiB",
		[VIRTIO_FAULT_ADDRESS] = "a descriptor of memory that the device may not touch",
		[VIRTIO_FAULT_HEADER] = "a request without its header",
		[VIRTIO_FAULT_STATUS] = "a request without a byte for its status",
	};

	return text[fault];
}

/* --- memory ----------------------------------------------------------------------------------- */
/* Below the limit, to the last byte. */
static bool reached(const struct virtio_memory *memory, u64 gpa, u64 bytes)
{
	return gpa < memory->limit && bytes <= memory->limit - gpa;
}

static void *part(const struct virtio_memory *memory, u64 gpa, u64 bytes, bool write)
{
	return reached(memory, gpa, bytes) ? memory->at(memory->owner, gpa, bytes, write) : NULL;
}

static struct virtq_avail *avail_of(const struct virtqueue *queue,
				    const struct virtio_memory *memory)
{
	return part(memory, queue->avail, VIRTQ_AVAIL_BYTES(queue->num), false);
}

/* --- life ------------------------------------------------------------------------------------- */
enum virtio_fault virtqueue_start(struct virtqueue *queue, const struct virtio_memory *memory)
{
	u32 num = queue->num;

	if (!num || num > VIRTQUEUE_MAX || num & (num - 1))
		return VIRTIO_FAULT_SIZE;
	if (queue->desc % VIRTQ_DESC_ALIGN || queue->avail % VIRTQ_AVAIL_ALIGN ||
	    queue->used % VIRTQ_USED_ALIGN)
		return VIRTIO_FAULT_ALIGN;
	if (!part(memory, queue->desc, VIRTQ_DESC_BYTES(num), false) ||
	    !part(memory, queue->avail, VIRTQ_AVAIL_BYTES(num), false) ||
	    !part(memory, queue->used, VIRTQ_USED_BYTES(num), true))
		return VIRTIO_FAULT_RING;
	queue->ready = true;
	queue->next_avail = queue->next_used = 0;
	return VIRTIO_OK;
}

/* --- from the driver -------------------------------------------------------------------------- */
enum virtio_fault virtqueue_look(struct virtqueue *queue, const struct virtio_memory *memory,
				 u16 *n)
{
	const struct virtq_avail *avail = avail_of(queue, memory);

	if (!avail)
		return VIRTIO_FAULT_RING;
	/* What was stored before the index is seen after it. */
	*n = (u16)(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - queue->next_avail);
	return *n > queue->num ? VIRTIO_FAULT_INDEX : VIRTIO_OK;
}

static enum virtio_fault read_desc(const struct virtqueue *queue,
				   const struct virtio_memory *memory, u16 number,
				   struct virtq_desc *desc)
{
	const u8 *table = part(memory, queue->desc, VIRTQ_DESC_BYTES(queue->num), false);

	if (!table)
		return VIRTIO_FAULT_RING;
	memcpy(desc, table + number * sizeof(*desc), sizeof(*desc));
	if (desc->flags & VIRTQ_DESC_F_INDIRECT)
		return VIRTIO_FAULT_INDIRECT;
	return desc->len ? VIRTIO_OK : VIRTIO_FAULT_EMPTY;
}

/*
 * Memory that nobody lends breaks the queue; memory beyond the bus is for the request to fail of.
 */
static enum virtio_fault add_segment(struct virtio_chain *chain, const struct virtio_memory *memory,
				     const struct virtq_desc *desc)
{
	struct virtio_segment *segment = &chain->segment[chain->nread + chain->nwrite];
	bool write = desc->flags & VIRTQ_DESC_F_WRITE;

	if (!write && chain->nwrite)
		return VIRTIO_FAULT_ORDER;
	if (chain->read_bytes + chain->write_bytes + desc->len > UINT32_MAX)
		return VIRTIO_FAULT_TOTAL;
	*segment = (struct virtio_segment){ .gpa = desc->addr, .bytes = desc->len };
	if (reached(memory, desc->addr, desc->len)) {
		segment->at = memory->at(memory->owner, desc->addr, desc->len, write);
		if (!segment->at)
			return VIRTIO_FAULT_ADDRESS;
	}
	chain->nread += !write;
	chain->nwrite += write;
	*(write ? &chain->write_bytes : &chain->read_bytes) += desc->len;
	return VIRTIO_OK;
}

/* A chain of more descriptors than the queue has comes by one of them twice. */
static enum virtio_fault walk(const struct virtqueue *queue, const struct virtio_memory *memory,
			      struct virtio_chain *chain)
{
	struct virtq_desc desc = { .flags = VIRTQ_DESC_F_NEXT, .next = chain->head };
	enum virtio_fault fault;

	for (u32 n = 0; desc.flags & VIRTQ_DESC_F_NEXT; n++) {
		if (n == queue->num)
			return VIRTIO_FAULT_LOOP;
		if (desc.next >= queue->num)
			return n ? VIRTIO_FAULT_NEXT : VIRTIO_FAULT_HEAD;
		fault = read_desc(queue, memory, desc.next, &desc);
		if (!fault)
			fault = add_segment(chain, memory, &desc);
		if (fault)
			return fault;
	}
	return VIRTIO_OK;
}

enum virtio_fault virtqueue_take(struct virtqueue *queue, const struct virtio_memory *memory,
				 struct virtio_chain *chain)
{
	const struct virtq_avail *avail = avail_of(queue, memory);

	if (!avail)
		return VIRTIO_FAULT_RING;
	memset(chain, 0, sizeof(*chain));
	chain->head =
		__atomic_load_n(&avail->ring[queue->next_avail % queue->num], __ATOMIC_RELAXED);
	queue->next_avail++;
	return walk(queue, memory, chain);
}

/* --- to the driver ---------------------------------------------------------------------------- */
enum virtio_fault virtqueue_give(struct virtqueue *queue, const struct virtio_memory *memory,
				 u16 head, u32 written, bool *wants_interrupt)
{
	const struct virtq_avail *avail = avail_of(queue, memory);
	struct virtq_used *used = part(memory, queue->used, VIRTQ_USED_BYTES(queue->num), true);

	if (!avail || !used)
		return VIRTIO_FAULT_RING;
	used->ring[queue->next_used % queue->num] =
		(struct virtq_used_elem){ .id = head, .len = written };
	queue->next_used++;
	__atomic_store_n(&used->idx, queue->next_used, __ATOMIC_RELEASE);
	*wants_interrupt =
		!(__atomic_load_n(&avail->flags, __ATOMIC_RELAXED) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	return VIRTIO_OK;
}
