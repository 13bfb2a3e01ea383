/* SPDX-License-Identifier: MIT */
/*
 * write_trace DIR EVENTS: a trace for tests of the report, which need no KVM then: events of each
 * kind with values of all sizes, names that are markup, findings, faults, waits, a chip, a soft
 * TLB, a layout with holes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/board.h"
#include "vmm/trace/schema.h"
#include "vmm/trace/trace.h"

#define CPUS 3u
#define CHIP 0xd0000000ull

static const char *const sites[] = { "",
				     "pt.map",
				     "<script>alert(1)</script>",
				     "</script>\"'&<img src=x onerror=alert(2)>",
				     "flash.fault",
				     "many.a",
				     "many.b",
				     "many.c",
				     "many.d",
				     "many.e",
				     "many.f",
				     "many.g",
				     "many.h",
				     "many.i",
				     "many.j",
				     "many.k",
				     "many.l",
				     "many.m",
				     "many.n" };

/* The options are report.sh's for kvalab layout, too; and the name, which no option gives. */
static const struct kvl_layout_request layout = {
	.kind = KVL_LAYOUT_INTERMIXED,
	.mem_bytes = GiB(2),
	.page_offset = GiB(3),
	.ncpus = CPUS,
	.nholes = 3,
	.hole = { { MiB(256), MiB(100) }, { MiB(600), KiB(3076) }, { MiB(1500), MiB(40) } },
};

static const struct board board = { .hole_name = { "<i>mpss</i>@10000000" } };

#define NOISE_SITES 5u /* the first ones, which set an entry at most */
#define UNKNOWN_MARK 0x6d7574

static struct trace *trace;
static struct kvl_shared *shared;
static struct err err;

static void check(int result)
{
	if (!result)
		return;
	fprintf(stderr, "write_trace: %s\n", err.text);
	exit(1);
}

/* As a guest does, but for the lock. */
static void event(u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	struct kvl_cpu_shared *mine = &shared->cpu[cpu];
	u64 packet = cpu * KVL_RING_PACKETS + mine->head / KVL_PACKET_RECORDS % KVL_RING_PACKETS;
	u8 *start = (u8 *)shared + KVL_RINGS_OFFSET + packet * KVL_PACKET_BYTES + 64;
	struct kvl_record *record =
		(struct kvl_record *)(void *)start + mine->head % KVL_PACKET_RECORDS;

	*record = (struct kvl_record){ shared->ticket++, id, site,
				       { h0, h1 },	 1,  { a0, a1, a2, a3, a4 } };
	mine->head++;
	if (mine->head % 1000 == 0)
		check(trace_drain(trace, &err));
}

static void first_tables(void)
{
	for (u16 level = 4; level; level--)
		trace_event(trace, KVL_EV_TABLE_ALLOC, 0, level, level * 0x1000u, 0, 0, 0, 0);
	trace_event(trace, KVL_EV_MM_CREATE, 0, 0, 0, 0x4000, 0, 0, 0);
	for (u16 level = 4; level > 1; level--)
		trace_event(trace, KVL_EV_PT_SET, level == 3 ? 3 : 0, level,
			    level == 4 ? 0 : 0xc0000000, level * 0x1000u, 0,
			    (level - 1) * 0x1000u | 0x63, 0);
	event(0, KVL_EV_MARK, 0, 0, 0, KVL_MARK_SCENARIO, 0, 0, 0, 0);
}

/* More sites than have a colour, and each sets more than those that findings name. */
static void many_sites(void)
{
	for (u16 i = 0; i < 3 * (ARRAY_LEN(sites) - NOISE_SITES); i++)
		event(2, KVL_EV_PT_SET, (u16)(NOISE_SITES + i / 3), (u16)(100 + i), 1,
		      0xc0000000 + (100u + i) * 4096, 0x1000, 0,
		      0x8000000000000163 | (0x100000 + i * 4096u), 0);
	for (u32 i = 0; i < 3; i++)
		event(0, KVL_EV_MARK, 0, 0, 0, UNKNOWN_MARK, i, 0, 0, 0);
}

/* A page of the chip is mapped, taken away without a flush, and the chip commanded. */
static void story(u64 va)
{
	u16 index = (u16)(va >> 12 & 511);
	u64 entry = CHIP | 0x8000000000000161;

	event(0, KVL_EV_FAULT_ENTER, 0, 0, 0, va, 0, 0xc1000010, 2, 0);
	event(0, KVL_EV_PT_SET, 4, index, 1, va, 0x1000, 0, entry, 0);
	event(0, KVL_EV_FAULT_EXIT, 0, KVL_FAULT_KERNEL_VMA, 0, va, 0, 0, 0, 0);
	event(1, KVL_EV_WAIT_BEGIN, 4, KVL_WAIT_CHIP_WRITE, 1, CHIP, 0, 3, 0, 0);
	event(1, KVL_EV_PT_SET, 3, index, 1, va, 0x1000, entry, 0, 0);
	event(1, KVL_EV_WAIT_END, 4, KVL_WAIT_CHIP_WRITE, 0, CHIP, 0, 3, 0, 0);
	trace_event(trace, KVL_EV_FLASH_MODE, 0, 0, CHIP, KVL_FLASH_READ_STATUS, 0, 10, 0);
	trace_event(trace, KVL_EV_FLASH_COMMAND, 1, 0, CHIP, 0x40, 0x1234, 11, 0);
	trace_event(trace, KVL_EV_FLASH_STATE, 0, 0, CHIP, KVL_FLASH_PROGRAM, 0, 12, 0);
}

static void shootdown(u64 number)
{
	event(1, KVL_EV_SHOOTDOWN_BEGIN, 1, 0, 0, 0xc0000000, 4096, 0, 1 << 0 | 1 << 2, number);
	for (u32 cpu = 0; cpu < CPUS; cpu += 2)
		event(1, KVL_EV_IPI_SEND, 1, (u16)cpu, 0, number, 0, 0, 0, 0);
	for (u32 cpu = 0; cpu < CPUS; cpu += 2) {
		event(cpu, KVL_EV_TLB_FLUSH, 1, KVL_FLUSH_ALL, 0, 0, 0, 0, 0, 0);
		event(cpu, KVL_EV_IPI_ACK, 1, 1, 0, number, 0, 0, 0, 0);
	}
	event(1, KVL_EV_SHOOTDOWN_END, 1, 0, 0, number, 0, 0, 0, 0);
}

static u64 any(void)
{
	u64 bits = (u64)random() << 62 ^ (u64)random() << 31 ^ (u64)random();

	return random() % 4 ? bits >> random() % 64 : bits | 1ull << 63;
}

/* Events that no rule looks at, with any values in them. */
static void noise(u32 n)
{
	static const u16 id[] = { KVL_EV_PAGE_ALLOC, KVL_EV_PAGE_FREE, KVL_EV_KVA_GET,
				  KVL_EV_KVA_PUT,    KVL_EV_USE,       KVL_EV_TLB_FILL,
				  KVL_EV_TLB_EVICT,  KVL_EV_TLB_FLUSH };

	for (u32 i = 0; i < n; i++)
		event((u32)random() % CPUS, id[(u32)random() % ARRAY_LEN(id)],
		      (u16)(random() % NOISE_SITES), (u16)(random() % 5), (u16)(random() % 5),
		      any(), any(), any(), any(), any());
	for (u32 i = 0; i < 8; i++)
		trace_event(trace, KVL_EV_VM_EXIT, 1, (u16)(random() % 20), any(), any(), any(),
			    any(), 0);
}

int main(int argc, char **argv)
{
	size_t bytes = KVL_RINGS_OFFSET + (size_t)CPUS * KVL_RING_PACKETS * KVL_PACKET_BYTES;
	struct trace_config config = { .ncpus = CPUS,
				       .site = sites,
				       .nsites = ARRAY_LEN(sites),
				       .scenario = "made <b>by hand</b>",
				       .arm = "</script>",
				       .host_class = "none",
				       .seed = 1,
				       .flash_gpa = CHIP,
				       .flash_bytes = MiB(16),
				       .layout = &layout,
				       .layout_name = "<i>intermix</i>",
				       .board = &board,
				       .places_text = "1 pt.c:12\n4 mapping.c:45\n" };

	if (argc != 3)
		return 2;
	config.dir = argv[1];
	config.shared = calloc(1, bytes);
	if (!config.shared)
		return 1;
	shared = (struct kvl_shared *)(void *)config.shared;
	trace = trace_open(&config, &err);
	check(trace ? 0 : -1);
	first_tables();
	noise((u32)strtoul(argv[2], NULL, 10));
	shootdown(1);
	story(0xc0005000);
	shootdown(2);
	many_sites();
	event(0, KVL_EV_MARK, 0, 0, 0, KVL_MARK_DONE, 0, 0, 0, 0);
	check(trace_finish(trace, &err));
	trace_close(trace);
	free(config.shared);
	return 0;
}
