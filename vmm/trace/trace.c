/* SPDX-License-Identifier: MIT */
/*
 * The trace of one run: opening and closing it, the lock, the VMM's own events, when to drain, and
 * what happens once it is broken. Rings are ring.c's, files stream.c's, the order merge.c's.
 */
#include "vmm/trace/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "vmm/trace/directory.h"
#include "vmm/trace/model.h"

#define WAIT_FOR_TICKET_NS 200000000l

static int init_lock(struct trace *trace)
{
	pthread_condattr_t attr;

	if (pthread_mutex_init(&trace->lock, NULL))
		return -1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&trace->progress, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void new_uuid(u8 *uuid)
{
	if (getrandom(uuid, TRACE_UUID_BYTES, 0) != TRACE_UUID_BYTES)
		memset(uuid, 0, TRACE_UUID_BYTES);
	uuid[6] = (u8)((uuid[6] & 0x0f) | 0x40); /* RFC 4122: version 4 */
	uuid[8] = (u8)((uuid[8] & 0x3f) | 0x80); /* variant 1 */
}

static void init_streams(struct trace *trace, const u8 *uuid)
{
	for (u32 cpu = 0; cpu < trace->ncpus; cpu++)
		stream_init(&trace->stream[cpu], &trace->pool, &trace->dir, TRACE_STREAM_VCPU,
			    (u16)cpu, uuid);
	stream_init(trace_vmm_stream(trace), &trace->pool, &trace->dir, TRACE_STREAM_VMM,
		    TRACE_CPU_VMM, uuid);
}

static int open_dir(struct trace *trace, const struct trace_config *config, const u8 *uuid,
		    struct err *err)
{
	trace->dir_path = strdup(config->dir);
	if (!trace->dir_path)
		return err_set(err, EXIT_HOST, "trace: out of memory");
	trace->dir.path = trace->dir_path;
	trace->dir.fd = directory_create(config, uuid, err);
	return trace->dir.fd < 0 ? -1 : 0;
}

struct trace *trace_open(const struct trace_config *config, struct err *err)
{
	u8 uuid[TRACE_UUID_BYTES];
	struct trace *trace;

	if (!config->ncpus || config->ncpus > KVL_MAX_CPUS) {
		err_set(err, EXIT_VMM, "trace: %u CPUs, not 1 to %d", config->ncpus, KVL_MAX_CPUS);
		return NULL;
	}
	trace = calloc(1, sizeof(*trace));
	if (!trace || init_lock(trace)) {
		free(trace);
		err_set(err, EXIT_HOST, "trace: out of memory");
		return NULL;
	}
	trace->ncpus = config->ncpus;
	trace->nsites = config->nsites;
	trace->shared = (struct kvl_shared *)(void *)config->shared;
	trace->model = config->model;
	trace->dir.fd = -1;
	trace->own_ticket = trace->expected = trace->counter_seen = 1;
	if (trace->shared)
		__atomic_store_n(&trace->shared->ticket, 1, __ATOMIC_RELEASE);
	new_uuid(uuid);
	init_streams(trace, uuid);
	if (config->dir && open_dir(trace, config, uuid, err)) {
		trace_close(trace);
		return NULL;
	}
	return trace;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	for (u32 i = 0; i < trace_streams(trace); i++)
		stream_destroy(&trace->stream[i]);
	packet_pool_destroy(&trace->pool);
	if (trace->dir.fd >= 0)
		close(trace->dir.fd);
	free(trace->dir_path);
	pthread_cond_destroy(&trace->progress);
	pthread_mutex_destroy(&trace->lock);
	free(trace);
}

static u64 *counter_of(struct trace *trace)
{
	return trace->shared ? &trace->shared->ticket : &trace->own_ticket;
}

/* @counter is a value of the ticket counter that was just seen. */
static int counter_goes_on(struct trace *trace, u64 counter, struct err *err)
{
	if (counter < trace->counter_seen)
		return err_set(err, EXIT_VMM,
			       "trace: the ticket counter went back from %llu to %llu: the guest "
			       "writes to it",
			       (unsigned long long)trace->counter_seen,
			       (unsigned long long)counter);
	trace->counter_seen = counter;
	return 0;
}

int trace_counter(struct trace *trace, u64 *counter, struct err *err)
{
	*counter = __atomic_load_n(counter_of(trace), __ATOMIC_SEQ_CST);
	return counter_goes_on(trace, *counter, err);
}

/* Remembers the first failure; from then on the trace takes nothing more. */
static int break_trace(struct trace *trace, const struct err *err)
{
	if (trace->broken.status == EXIT_OK)
		trace->broken = *err;
	pthread_cond_broadcast(&trace->progress);
	return -1;
}

static int is_broken(const struct trace *trace, struct err *err)
{
	if (trace->broken.status == EXIT_OK)
		return 0;
	*err = trace->broken;
	return -1;
}

static u32 backlog(const struct trace *trace)
{
	u32 filling = trace_streams(trace);

	return trace->pool.in_use > filling ? trace->pool.in_use - filling : 0;
}

static int check_backlog(const struct trace *trace, struct err *err)
{
	if (backlog(trace) <= BACKLOG_HARD)
		return 0;
	return err_set(err, EXIT_VMM,
		       "trace: ticket %llu was given out, but no ring has its record, and %llu "
		       "records wait behind it: a CPU stopped between ticket and commit, or the "
		       "guest writes to the counter",
		       (unsigned long long)trace->expected,
		       (unsigned long long)backlog(trace) * KVL_PACKET_RECORDS);
}

/* One pass over all rings. With the lock held. */
static int drain_and_merge(struct trace *trace, struct err *err)
{
	bool waited = backlog(trace) > BACKLOG_SOFT;

	for (u32 cpu = 0; trace->shared && cpu < trace->ncpus; cpu++)
		if (ring_drain(trace, cpu, err))
			return -1;
	if (merge_ready(trace, err) || check_backlog(trace, err))
		return -1;
	if (waited && backlog(trace) <= BACKLOG_SOFT)
		pthread_cond_broadcast(&trace->progress);
	return 0;
}

/*
 * Holds the caller, a CPU with a full ring, back for a moment: another CPU, not running just now,
 * has the ticket that everybody waits for. Bounded, because that CPU may be on its way here.
 */
static void wait_for_ticket(struct trace *trace)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_FOR_TICKET_NS;
	if (until.tv_nsec >= 1000000000l) {
		until.tv_nsec -= 1000000000l;
		until.tv_sec++;
	}
	while (backlog(trace) > BACKLOG_SOFT && trace->broken.status == EXIT_OK)
		if (pthread_cond_timedwait(&trace->progress, &trace->lock, &until))
			return;
}

int trace_drain(struct trace *trace, struct err *err)
{
	int result;

	pthread_mutex_lock(&trace->lock);
	result = is_broken(trace, err);
	if (!result && drain_and_merge(trace, err))
		result = break_trace(trace, err);
	if (!result && backlog(trace) > BACKLOG_SOFT) {
		wait_for_ticket(trace);
		result = is_broken(trace, err);
	}
	pthread_mutex_unlock(&trace->lock);
	return result;
}

/* Stands in the tsc field of the VMM's own records. */
static u64 host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

static int append_event(struct trace *trace, struct kvl_record *event, struct err *err)
{
	struct stream *stream = trace_vmm_stream(trace);
	struct kvl_record *room = stream_room(stream);

	if (!room)
		return err_set(err, EXIT_HOST, "trace: out of memory for an event of the VMM");
	event->ticket = __atomic_fetch_add(counter_of(trace), 1, __ATOMIC_SEQ_CST);
	if (counter_goes_on(trace, event->ticket + 1, err))
		return -1;
	*room = *event;
	if (stream_commit(stream, err))
		return -1;
	/* The VMM may report for long without any CPU ringing: its packets must not pile up. */
	return stream->last->sealed ? drain_and_merge(trace, err) : 0;
}

void trace_event(struct trace *trace, enum kvl_event_id id, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2,
		 u64 a3, u64 a4)
{
	struct kvl_record event = {
		.id = (u16)id, .h = { h0, h1 }, .tsc = host_ns(), .a = { a0, a1, a2, a3, a4 }
	};
	struct err err = { 0 };

	pthread_mutex_lock(&trace->lock);
	if (!is_broken(trace, &err) && append_event(trace, &event, &err))
		break_trace(trace, &err);
	pthread_mutex_unlock(&trace->lock);
}

void trace_at_rest(struct trace *trace, u32 cpu)
{
	pthread_mutex_lock(&trace->lock);
	if (cpu < trace->ncpus)
		trace->ring[cpu].at_rest = true;
	pthread_mutex_unlock(&trace->lock);
}

/* The last packets go out even if the trace is broken, as far as the disk takes them. */
static int write_rest(struct trace *trace, struct err *err)
{
	int result = 0;

	for (u32 i = 0; i < trace_streams(trace); i++) {
		struct err now = { 0 };

		if (stream_finish(&trace->stream[i], &now) && !result) {
			*err = now;
			result = -1;
		}
	}
	return result;
}

int trace_finish(struct trace *trace, struct err *err)
{
	struct err now = { 0 };
	u64 counter = 0;

	pthread_mutex_lock(&trace->lock);
	if (!is_broken(trace, &now) &&
	    (drain_and_merge(trace, &now) || trace_counter(trace, &counter, &now) ||
	     merge_rest(trace, counter, &now)))
		break_trace(trace, &now);
	if (write_rest(trace, &now))
		break_trace(trace, &now);
	if (trace->model && (ring_dropped(trace) || trace->broken.status != EXIT_OK)) {
		model_incomplete(trace->model);
		trace->model = NULL;
	}
	is_broken(trace, err);
	pthread_mutex_unlock(&trace->lock);
	return trace->broken.status == EXIT_OK ? 0 : -1;
}

bool trace_pending(struct trace *trace, u32 cpu, struct kvl_record *out)
{
	bool pending;

	pthread_mutex_lock(&trace->lock);
	pending = trace->shared && cpu < trace->ncpus && ring_pending(trace, cpu, out) != RING_IDLE;
	pthread_mutex_unlock(&trace->lock);
	return pending;
}

bool trace_is_whole(struct trace *trace)
{
	u64 counter;
	bool whole;

	pthread_mutex_lock(&trace->lock);
	counter = __atomic_load_n(counter_of(trace), __ATOMIC_SEQ_CST);
	whole = trace->broken.status == EXIT_OK && counter == trace->expected &&
		!ring_dropped(trace);
	pthread_mutex_unlock(&trace->lock);
	return whole;
}

void trace_totals(struct trace *trace, struct trace_totals *out)
{
	u64 dropped;

	pthread_mutex_lock(&trace->lock);
	*out = trace->totals;
	dropped = ring_dropped(trace);
	out->lost = dropped > UINT64_MAX - out->lost ? UINT64_MAX : out->lost + dropped;
	pthread_mutex_unlock(&trace->lock);
}
