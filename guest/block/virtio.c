/* SPDX-License-Identifier: MIT */
/*
 * Owns the way to a virtio device: its registers, negotiation (VIRTIO 1.2, 3.1), the queue's memory
 * and both of its rings. What a chain means, and whether an answer can be true: virtio_blk.c.
 *
 * The queue lies in one page of lowmem, and in it what the requests share with the device:
 *
 *	0	descriptors	1 KiB	available ring	1.5 KiB	used ring	2 KiB	shared
 */
#include "guest/block/virtio.h"

#include "guest/block/regs.h"
#include "guest/kernel.h"
#include "guest/lib/string.h"
#include "guest/mm/vm.h"
#include "guest/trace.h"

#define AVAIL_AT KiB(1)
#define USED_AT (KiB(1) + 512)
#define SHARED_AT KiB(2)
#define CONFIG_TRIES 4

_Static_assert(VIRTQ_DESC_BYTES(VIRTIO_ENTRIES) <= AVAIL_AT, "descriptors");
_Static_assert(AVAIL_AT + VIRTQ_AVAIL_BYTES(VIRTIO_ENTRIES) <= USED_AT, "available ring");
_Static_assert(USED_AT + VIRTQ_USED_BYTES(VIRTIO_ENTRIES) <= SHARED_AT, "used ring");
_Static_assert(SHARED_AT + VIRTIO_SHARED_BYTES == PAGE_BYTES, "shared");

static u32 get(const struct virtio *v, u32 offset)
{
	return reg_read(v->window, offset);
}

static void put(const struct virtio *v, u32 offset, u32 value)
{
	reg_write(v->window, offset, value);
}

static void put_address(const struct virtio *v, u32 low, u64 gpa)
{
	put(v, low, (u32)gpa);
	put(v, low + 4, gpa >> 32);
}

static void add_status(const struct virtio *v, u32 bits)
{
	put(v, VIRTIO_STATUS, get(v, VIRTIO_STATUS) | bits);
}

/* --- negotiation ------------------------------------------------------------------------------ */
static const char *identify(const struct virtio *v, u32 id)
{
	if (get(v, VIRTIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC)
		return "no virtio device answers";
	if (get(v, VIRTIO_VERSION) != VIRTIO_MMIO_VERSION)
		return "its registers are of another version";
	return get(v, VIRTIO_DEVICE_ID) == id ? NULL : "it is another kind of device";
}

static u64 read_features(const struct virtio *v)
{
	u64 low;

	put(v, VIRTIO_DEVICE_FEATURES_SEL, 0);
	low = get(v, VIRTIO_DEVICE_FEATURES);
	put(v, VIRTIO_DEVICE_FEATURES_SEL, 1);
	return low | (u64)get(v, VIRTIO_DEVICE_FEATURES) << 32;
}

static const char *negotiate(struct virtio *v, u64 features)
{
	u64 offered;

	put(v, VIRTIO_STATUS, 0);
	if (get(v, VIRTIO_STATUS))
		return "it does not reset";
	add_status(v, VIRTIO_ACKNOWLEDGE);
	add_status(v, VIRTIO_DRIVER);
	offered = read_features(v);
	if (!(offered & VIRTIO_F_VERSION_1))
		return "it is not of VIRTIO 1";
	/* ACCESS_PLATFORM: its bus has guest-physical addresses, up to an end (options.c). */
	v->features = offered & (features | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
	for (u32 half = 0; half < 2; half++) {
		put(v, VIRTIO_DRIVER_FEATURES_SEL, half);
		put(v, VIRTIO_DRIVER_FEATURES, (u32)(v->features >> (32 * half)));
	}
	add_status(v, VIRTIO_FEATURES_OK);
	return get(v, VIRTIO_STATUS) & VIRTIO_FEATURES_OK ? NULL : "it wants other features";
}

/* --- the queue -------------------------------------------------------------------------------- */
/* The largest that both can have, a power of two. */
static u32 queue_size(const struct virtio *v)
{
	u32 most = get(v, VIRTIO_QUEUE_NUM_MAX), num = VIRTIO_ENTRIES;

	while (num > most)
		num /= 2;
	return num;
}

static void make_rings(struct virtio *v)
{
	u8 *base = page_address(v->page);

	memset(base, 0, PAGE_BYTES);
	v->desc = (struct virtq_desc *)base;
	v->avail = (struct virtq_avail *)(base + AVAIL_AT);
	v->used = (struct virtq_used *)(base + USED_AT);
	v->shared = base + SHARED_AT;
	v->shared_gpa = page_gpa(v->page) + SHARED_AT;
	v->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT; /* it is polled */
	v->next_avail = v->next_used = 0;
}

static const char *make_queue(struct virtio *v)
{
	u64 gpa = page_gpa(v->page);

	put(v, VIRTIO_QUEUE_SEL, 0);
	if (get(v, VIRTIO_QUEUE_READY))
		return "its queue is in use after a reset";
	v->num = queue_size(v);
	v->chains = v->num / VIRTIO_CHAIN;
	if (!v->chains)
		return "its queue is too short";
	put(v, VIRTIO_QUEUE_NUM, v->num);
	put_address(v, VIRTIO_QUEUE_DESC_LOW, gpa);
	put_address(v, VIRTIO_QUEUE_DRIVER_LOW, gpa + AVAIL_AT);
	put_address(v, VIRTIO_QUEUE_DEVICE_LOW, gpa + USED_AT);
	put(v, VIRTIO_QUEUE_READY, 1);
	if (!get(v, VIRTIO_QUEUE_READY) || virtio_needs_reset(v))
		return "it does not take the queue";
	add_status(v, VIRTIO_DRIVER_OK);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */
/*
 * The device lets go of all memory. If it does not, nothing can be trusted any more: a named
 * failure, "disk out of control".
 */
static void reset(const struct virtio *v)
{
	put(v, VIRTIO_STATUS, 0);
	if (get(v, VIRTIO_STATUS))
		panic("disk out of control",
		      "the device at %lx does not reset, and may write to "
		      "memory that it was lent",
		      v->gpa);
}

void virtio_give_up(struct virtio *v)
{
	reset(v);
	add_status(v, VIRTIO_FAILED);
	v->given_up = true;
}

/* What is no device of ours is left alone. */
static const char *start(struct virtio *v, u32 id, u64 features)
{
	const char *why = identify(v, id);

	if (why)
		return why;
	why = negotiate(v, features);
	if (why) { /* it knows of no memory yet */
		add_status(v, VIRTIO_FAILED);
		return why;
	}
	why = make_queue(v);
	if (why) /* it may have taken the page already */
		virtio_give_up(v);
	return why;
}

const char *virtio_open(struct virtio *v, u64 gpa, u64 bytes, u32 id, u64 features)
{
	const char *why = "no memory";

	v->gpa = gpa;
	v->window = ioremap(gpa, bytes, SITE("virtio.window"));
	if (!v->window)
		return "no kernel address space for its registers";
	v->page = page_alloc(ZONE_LOWMEM, 0);
	if (v->page) {
		make_rings(v);
		why = start(v, id, features);
		if (!why)
			return NULL;
		page_free(v->page);
	}
	iounmap((void *)(uintptr_t)v->window);
	return why;
}

void virtio_close(struct virtio *v)
{
	if (!v->given_up)
		reset(v);
	page_free(v->page);
	iounmap((void *)(uintptr_t)v->window);
}

bool virtio_config(const struct virtio *v, u32 *to, u32 words)
{
	for (u32 tries = 0; tries < CONFIG_TRIES; tries++) {
		u32 generation = get(v, VIRTIO_CONFIG_GENERATION);

		for (u32 i = 0; i < words; i++)
			to[i] = get(v, VIRTIO_CONFIG + 4 * i);
		if (get(v, VIRTIO_CONFIG_GENERATION) == generation)
			return true;
	}
	return false;
}

bool virtio_needs_reset(const struct virtio *v)
{
	return get(v, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET;
}

/* --- requests --------------------------------------------------------------------------------- */
void virtio_buffer(struct virtio *v, u32 chain, u32 nth, u64 gpa, u32 bytes, bool device_writes,
		   u32 next)
{
	u32 first = chain * VIRTIO_CHAIN;

	v->desc[first + nth] = (struct virtq_desc){
		.addr = gpa,
		.len = bytes,
		.flags = (device_writes ? VIRTQ_DESC_F_WRITE : 0) | (next ? VIRTQ_DESC_F_NEXT : 0),
		.next = next ? first + next : 0,
	};
}

void virtio_offer(struct virtio *v, u32 chain)
{
	v->avail->ring[v->next_avail++ % v->num] = chain * VIRTIO_CHAIN;
	__atomic_store_n(&v->avail->idx, v->next_avail, __ATOMIC_RELEASE);
	/* 2.7.13.4: the index is seen before the flag is read, or each waits for the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&v->used->flags, __ATOMIC_RELAXED) & VIRTQ_USED_F_NO_NOTIFY))
		put(v, VIRTIO_QUEUE_NOTIFY, 0);
}

u32 virtio_waiting(const struct virtio *v)
{
	return (u16)(__atomic_load_n(&v->used->idx, __ATOMIC_ACQUIRE) - v->next_used);
}

bool virtio_take(struct virtio *v, u32 *id, u32 *len)
{
	const struct virtq_used_elem *elem = &v->used->ring[v->next_used % v->num];

	if (!virtio_waiting(v))
		return false;
	*id = __atomic_load_n(&elem->id, __ATOMIC_RELAXED);
	*len = __atomic_load_n(&elem->len, __ATOMIC_RELAXED);
	v->next_used++;
	return true;
}
