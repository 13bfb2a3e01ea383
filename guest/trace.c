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

bool trace_on;

static struct kvl_shared *shared(void)
{
	return (struct kvl_shared *)KVL_SHARED_VA;
}

static u64 ring_start(const struct kvl_cpu_shared *mine)
{
	u64 cpu = mine - shared()->cpu;

	return KVL_SHARED_VA + KVL_RINGS_OFFSET + cpu * KVL_RING_PACKETS * KVL_PACKET_BYTES;
}

static void enter_packet(struct kvl_cpu_shared *mine, u32 packet)
{
	mine->packet = packet;
	mine->packet_end = ring_start(mine) + (packet + 1) * KVL_PACKET_BYTES;
	mine->next = mine->packet_end - KVL_PACKET_RECORDS * sizeof(struct kvl_record);
}

static bool packet_is_free(const struct kvl_cpu_shared *mine)
{
	u64 undrained = mine->head - __atomic_load_n(&mine->tail, __ATOMIC_ACQUIRE);

	return undrained + KVL_PACKET_RECORDS <= KVL_RING_RECORDS;
}

/* A full ring waits for the host, or drops the record (--lossy: false). */
static bool next_packet(struct kvl_cpu_shared *mine)
{
	while (!packet_is_free(mine)) {
		if (shared()->lossy) {
			mine->dropped++;
			return false;
		}
		host_doorbell();
	}
	enter_packet(mine, (mine->packet + 1) % KVL_RING_PACKETS);
	return true;
}

static bool packet_is_full(const struct kvl_cpu_shared *mine)
{
	return __builtin_expect(mine->next == mine->packet_end, false);
}

static inline void fill(struct kvl_record *record, u64 header, u64 a0, u64 a1, u64 a2, u64 a3,
			u64 a4)
{
	((u64 *)record)[1] = header;
	record->a[0] = a0;
	record->a[1] = a1;
	record->a[2] = a2;
	record->a[3] = a3;
	record->a[4] = a4;
	record->tsc = arch_cycles();
	__atomic_store_n(&record->ticket,
			 __atomic_fetch_add(&shared()->ticket, 1, __ATOMIC_SEQ_CST),
			 __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* what is reported comes after */
}

static inline void commit(struct kvl_cpu_shared *mine)
{
	mine->next += sizeof(struct kvl_record);
	__atomic_store_n(&mine->head, mine->head + 1, __ATOMIC_RELEASE);
}

/*
 * Out of line, so that the ordinary case keeps its arguments in registers. An interrupt that came
 * before may have gone on to the next packet already.
 */
static __attribute__((noinline)) void record_in_next_packet(u64 header, u64 a0, u64 a1, u64 a2,
							    u64 a3, u64 a4)
{
	struct kvl_cpu_shared *mine = current()->trace;
	unsigned long irq = arch_irq_save();
	bool room = !packet_is_full(mine) || next_packet(mine);

	arch_irq_restore(irq);
	if (room)
		trace_record(header, a0, a1, a2, a3, a4);
}

void trace_record(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_cpu_shared *mine = current()->trace;
	unsigned long irq;

	if (!trace_on)
		return;
	irq = arch_irq_save();
	if (packet_is_full(mine)) {
		arch_irq_restore(irq);
		record_in_next_packet(header, a0, a1, a2, a3, a4);
		return;
	}
	fill((struct kvl_record *)mine->next, header, a0, a1, a2, a3, a4);
	commit(mine);
	arch_irq_restore(irq);
}

bool trace_begin(u64 header, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_cpu_shared *mine = current()->trace;

	if (!trace_on || (packet_is_full(mine) && !next_packet(mine)))
		return false;
	fill((struct kvl_record *)mine->next, header, a0, a1, a2, a3, a4);
	return true;
}

void trace_commit(void)
{
	commit(current()->trace);
}

void trace_init(void)
{
	for (u32 cpu = 0; cpu < KVL_MAX_CPUS && cpu < shared()->ncpus; cpu++)
		enter_packet(&shared()->cpu[cpu], 0);
	trace_on = shared()->record;
}
