/* SPDX-License-Identifier: MIT */
/*
 * Reports events into this CPU's ring. One writer per ring: interrupts stay off from reserving the
 * record to committing it. The ticket is stored last, so a record behind the last committed one
 * whose ticket is newer is whole, though pending.
 *
 * Room is looked for once per packet: a packet is entered when all of it has been drained.
 */
#include "guest/trace.h"

#include "guest/arch.h"
#include "guest/kernel.h"
#include "guest/task/sched.h"

struct ring {
	struct kvl_record *next, *packet_end;
	u8 *base;
	u32 packet;
};

static struct ring rings[KVL_MAX_CPUS];
bool trace_on;

static struct kvl_shared *shared(void)
{
	return (struct kvl_shared *)KVL_SHARED_VA;
}

static void ring_enter_packet(struct ring *ring, u32 packet)
{
	ring->packet = packet;
	ring->next = (struct kvl_record *)(ring->base + packet * KVL_PACKET_BYTES + 64);
	ring->packet_end = ring->next + KVL_PACKET_RECORDS;
}

static bool packet_is_free(const struct kvl_cpu_shared *mine)
{
	u64 undrained = mine->head - __atomic_load_n(&mine->tail, __ATOMIC_ACQUIRE);

	return undrained + KVL_PACKET_RECORDS <= KVL_RING_RECORDS;
}

/* A full ring waits for the host, or drops the record (--lossy: false). */
static __attribute__((noinline)) bool ring_next_packet(struct ring *ring, struct kvl_cpu_shared *mine)
{
	while (!packet_is_free(mine)) {
		if (shared()->lossy) {
			mine->dropped++;
			return false;
		}
		arch_call(KVL_CALL_DOORBELL);
	}
	ring_enter_packet(ring, (ring->packet + 1) % KVL_RING_PACKETS);
	return true;
}

static inline __attribute__((always_inline)) void
emit(u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4,
     volatile u64 *where, u64 value)
{
	unsigned long irq = arch_irq_save();
	u32 cpu = cpu_id();
	struct kvl_cpu_shared *mine = &shared()->cpu[cpu];
	struct ring *ring = &rings[cpu];
	struct kvl_record *record = ring->next;

	if (record == ring->packet_end) {
		if (!ring_next_packet(ring, mine)) {
			if (where)
				*where = value;
			goto out;
		}
		record = ring->next;
	}
	record->tsc = arch_cycles();
	record->id = id;
	record->site = site;
	record->h[0] = h0;
	record->h[1] = h1;
	record->a[0] = a0;
	record->a[1] = a1;
	record->a[2] = a2;
	record->a[3] = a3;
	record->a[4] = a4;
	__atomic_store_n(&record->ticket, __atomic_fetch_add(&shared()->ticket, 1, __ATOMIC_SEQ_CST),
			 __ATOMIC_RELEASE);
	if (where)
		*where = value;
	ring->next = record + 1;
	__atomic_store_n(&mine->head, mine->head + 1, __ATOMIC_RELEASE);
out:
	arch_irq_restore(irq);
}

void trace_event(u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	if (trace_on)
		emit(id, site, h0, h1, a0, a1, a2, a3, a4, NULL, 0);
}

void trace_store(u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4,
		 volatile u64 *where, u64 value)
{
	if (trace_on)
		emit(id, site, h0, h1, a0, a1, a2, a3, a4, where, value);
	else
		*where = value;
}

void trace_init(void)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS && cpu < shared()->ncpus; cpu++) {
		rings[cpu].base = (u8 *)KVL_SHARED_VA + KVL_RINGS_OFFSET +
				  (u64)cpu * KVL_RING_PACKETS * KVL_PACKET_BYTES;
		ring_enter_packet(&rings[cpu], 0);
	}
	trace_on = shared()->record;
}
