/* SPDX-License-Identifier: MIT */
/*
 * The guest's rings (devices/abi/trace_abi.h), read by a host that trusts nothing in them: each
 * value is read once, each record is copied first and checked in the copy. A drained slot is wiped,
 * so that what stands in the slot at head belongs to the record that comes next.
 */
#include "vmm/trace/internal.h"

#include <string.h>

#include "vmm/trace/schema.h"

static struct kvl_cpu_shared *cpu_shared(const struct trace *trace, u32 cpu)
{
	return &trace->shared->cpu[cpu];
}

static struct kvl_record *ring_slot(const struct trace *trace, u32 cpu, u64 number)
{
	u64 packet = cpu * KVL_RING_PACKETS + number / KVL_PACKET_RECORDS % KVL_RING_PACKETS;
	u8 *start = (u8 *)trace->shared + KVL_RINGS_OFFSET + packet * KVL_PACKET_BYTES;

	return (struct kvl_record *)(void *)(start + sizeof(struct packet_header)) +
	       number % KVL_PACKET_RECORDS;
}

static int check_record(const struct trace *trace, u32 cpu, u64 number,
			const struct kvl_record *record, u64 counter, struct err *err)
{
	u64 last = trace->stream[cpu].last_ticket;

	if (record->ticket <= last)
		return err_set(err, EXIT_VMM,
			       "trace: CPU %u, record %llu: ticket %llu does not follow %llu", cpu,
			       (unsigned long long)number, (unsigned long long)record->ticket,
			       (unsigned long long)last);
	if (record->ticket >= counter)
		return err_set(err, EXIT_VMM,
			       "trace: CPU %u, record %llu: ticket %llu was never given out "
			       "(the counter stands at %llu)",
			       cpu, (unsigned long long)number, (unsigned long long)record->ticket,
			       (unsigned long long)counter);
	if (!event_from_guest(record->id))
		return err_set(err, EXIT_VMM,
			       "trace: CPU %u, record %llu: the guest has no event %u", cpu,
			       (unsigned long long)number, record->id);
	if (record->site && record->site >= trace->nsites)
		return err_set(err, EXIT_VMM,
			       "trace: CPU %u, record %llu: site %u, but the image has %u sites",
			       cpu, (unsigned long long)number, record->site, trace->nsites);
	return 0;
}

/* Copies, checks and wipes record @number. */
static int take_record(struct trace *trace, u32 cpu, u64 number, u64 counter, struct err *err)
{
	struct stream *stream = &trace->stream[cpu];
	struct kvl_record *from = ring_slot(trace, cpu, number);
	struct kvl_record *to = stream_room(stream);

	if (!to)
		return err_set(err, EXIT_HOST, "trace: out of memory for CPU %u's records", cpu);
	memcpy(to, from, sizeof(*to));
	if (check_record(trace, cpu, number, to, counter, err))
		return -1;
	from->ticket = 0;
	from->id = 0;
	return stream_commit(stream, err);
}

int ring_drain(struct trace *trace, u32 cpu, struct err *err)
{
	struct kvl_cpu_shared *shared = cpu_shared(trace, cpu);
	struct ring *ring = &trace->ring[cpu];
	u64 head = __atomic_load_n(&shared->head, __ATOMIC_ACQUIRE);
	u64 dropped = __atomic_load_n(&shared->dropped, __ATOMIC_RELAXED);
	u64 counter;
	int result = 0;

	if (head - ring->tail > KVL_RING_RECORDS)
		return err_set(
			err, EXIT_VMM,
			"trace: CPU %u: head is %llu with %llu records taken out, but a ring "
			"holds %llu",
			cpu, (unsigned long long)head, (unsigned long long)ring->tail,
			(unsigned long long)KVL_RING_RECORDS);
	if (dropped > trace->stream[cpu].discarded)
		trace->stream[cpu].discarded = dropped > UINT32_MAX ? UINT32_MAX : (u32)dropped;
	if (head == ring->tail)
		return 0;
	if (trace_counter(trace, &counter, err))
		return -1;
	while (!result && ring->tail != head) {
		result = take_record(trace, cpu, ring->tail, counter, err);
		ring->tail++;
	}
	__atomic_store_n(&shared->tail, ring->tail, __ATOMIC_RELEASE);
	return result;
}

enum ring_pending ring_pending(const struct trace *trace, u32 cpu, struct kvl_record *out)
{
	memcpy(out, ring_slot(trace, cpu, trace->ring[cpu].tail), sizeof(*out));
	if (trace->ring[cpu].at_rest || !event_from_guest(out->id))
		return RING_IDLE;
	if (!out->ticket)
		return RING_FILLING;
	return out->ticket > trace->stream[cpu].last_ticket ? RING_TAKEN : RING_IDLE;
}

u64 ring_dropped(const struct trace *trace)
{
	u64 sum = 0;

	for (u32 cpu = 0; trace->shared && cpu < trace->ncpus; cpu++) {
		u64 dropped = __atomic_load_n(&cpu_shared(trace, cpu)->dropped, __ATOMIC_RELAXED);

		sum = dropped > UINT64_MAX - sum ? UINT64_MAX : sum + dropped;
	}
	return sum;
}
