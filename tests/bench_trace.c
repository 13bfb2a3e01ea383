/* SPDX-License-Identifier: MIT */
/*
 * How fast the host takes records: drained from the rings and written; the model alone; both.
 * Checks nothing and is no part of the tests:
 *
 *   cc -O2 -I. -pthread -o bench_trace tests/bench_trace.c $OUT/libhost.a -lxxhash
 *   ./bench_trace [DIR]     DIR/bench-trace: also a trace, which stays (default: not written)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arch/x86_64/vmm/pte.h"
#include "vmm/trace/model.h"
#include "vmm/trace/trace.h"

#define RECORDS 20000000ull
#define WRITTEN 4000000ull /* of these, into files: 256 MB */
#define NCPUS 2

static struct kvl_shared *shared;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A guest that maps, unmaps and flushes pages of flash, in turns of 64 records a CPU. */
static struct kvl_record make_record(u64 i)
{
	u64 page = i / 4 % 256, va = 0xf0000000 + page * PAGE_BYTES;
	u64 leaf = (0xd0000000 + page * PAGE_BYTES) | PTE_PRESENT;
	struct kvl_record record = { .site = 1 };

	switch (i % 4) {
	case 0:
	case 1:
		record.id = KVL_EV_PT_SET;
		record.h[0] = (u16)pte_index(va, 1);
		record.h[1] = 1;
		record.a[0] = va;
		record.a[1] = 0x5000;
		record.a[2] = i % 4 ? leaf : 0;
		record.a[3] = i % 4 ? 0 : leaf;
		break;
	default:
		record.id = i % 4 == 2 ? KVL_EV_TLB_FLUSH : KVL_EV_USE;
		record.h[0] = KVL_FLUSH_PAGE;
		record.a[0] = va;
	}
	return record;
}

static void put(u64 i)
{
	u32 cpu = i / 64 % NCPUS;
	struct kvl_cpu_shared *mine = &shared->cpu[cpu];
	u64 packet = cpu * KVL_RING_PACKETS + mine->head / KVL_PACKET_RECORDS % KVL_RING_PACKETS;
	u8 *start = (u8 *)shared + KVL_RINGS_OFFSET + packet * KVL_PACKET_BYTES + 64;
	struct kvl_record record = make_record(i);

	record.ticket = shared->ticket++;
	memcpy(start + mine->head % KVL_PACKET_RECORDS * sizeof(record), &record, sizeof(record));
	mine->head++;
}

static struct model *new_model(void)
{
	static const char *const sites[] = { "", "bench" };
	struct model_config config = {
		.ncpus = NCPUS, .site = sites, .nsites = 2, .flash = { 0xd0000000, MiB(16) }
	};

	return model_create(&config);
}

static void report(const char *what, u64 records, double seconds)
{
	printf("%-24s %6.2f million records/s\n", what, (double)records / seconds / 1e6);
}

static void fail(const struct err *err)
{
	fprintf(stderr, "bench_trace: %s\n", err->text);
	exit(1);
}

/* Fills the rings, then drains them, and counts only the time of the latter. */
static void bench_drain(const char *what, u64 records, const char *dir, struct model *model)
{
	struct trace_config config = { .dir = dir,
				       .ncpus = NCPUS,
				       .shared = (u8 *)shared,
				       .nsites = 2,
				       .site = (const char *const[]){ "", "bench" },
				       .model = model };
	struct err err = { 0 };
	struct trace *trace = trace_open(&config, &err);
	double spent = 0, start;

	if (!trace)
		fail(&err);
	trace_event(trace, KVL_EV_TABLE_ALLOC, 0, 1, 0x5000, 0, 0, 0, 0);
	for (u64 i = 0; i < records;) {
		for (u64 end = i + KVL_RING_RECORDS * NCPUS / 2; i < end; i++)
			put(i);
		start = now();
		if (trace_drain(trace, &err))
			fail(&err);
		spent += now() - start;
	}
	start = now();
	if (trace_finish(trace, &err))
		fail(&err);
	report(what, records, spent + now() - start);
	trace_close(trace);
}

static void bench_model(void)
{
	struct kvl_record table = { 1, KVL_EV_TABLE_ALLOC, 0, { 0, 1 }, 0, { 0x5000 } };
	struct model *model = new_model();
	double start;

	model_record(model, 0xffff, &table);
	start = now();
	for (u64 i = 0; i < RECORDS; i++) {
		struct kvl_record record = make_record(i);

		record.ticket = i + 2;
		model_record(model, i / 64 % NCPUS, &record);
	}
	report("model alone", RECORDS, now() - start);
	model_destroy(model);
}

static void reset_shared(void)
{
	memset(shared, 0, KVL_RINGS_OFFSET + NCPUS * KVL_RING_PACKETS * KVL_PACKET_BYTES);
}

int main(int argc, char **argv)
{
	char path[512];
	struct model *model = new_model();

	shared = aligned_alloc(PAGE_BYTES,
			       KVL_RINGS_OFFSET + NCPUS * KVL_RING_PACKETS * KVL_PACKET_BYTES);
	reset_shared();
	bench_drain("drain", RECORDS, NULL, NULL);
	if (argc > 1) {
		snprintf(path, sizeof(path), "%s/bench-trace", argv[1]);
		reset_shared();
		bench_drain("drain and write", WRITTEN, path, NULL);
	}
	bench_model();
	reset_shared();
	bench_drain("drain and model", RECORDS, NULL, model);
	model_destroy(model);
	free(shared);
	return 0;
}
