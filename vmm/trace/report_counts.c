/* SPDX-License-Identifier: MIT */
/* Owns what the page says in numbers, which hold for all events, however few of them it shows. */
#include "vmm/trace/report_counts.h"

#include <inttypes.h>

/* --- curves: each second point goes when there are too many --------------------------------- */
static void thin_out(struct report_counts *counts)
{
	for (u32 i = 0; i < CURVE_POINTS / 2; i++)
		counts->point[i] = counts->point[2 * i + 1];
	counts->npoints = CURVE_POINTS / 2;
	counts->stride *= 2;
}

/* Entries of the guest: the first tables are the VMM's, and no run counts them. */
static void move_curves(struct curve_point *now, const struct kvl_record *record, u32 cpu)
{
	u64 pages = record->h[0] < 32 ? 1ull << record->h[0] : 0;

	switch (record->id) {
	case KVL_EV_PAGE_ALLOC: now->pages += pages; break;
	case KVL_EV_PAGE_FREE: now->pages -= now->pages < pages ? now->pages : pages; break;
	case KVL_EV_TABLE_ALLOC: now->tables++; break;
	case KVL_EV_TABLE_FREE: now->tables -= now->tables > 0; break;
	case KVL_EV_PT_SET: now->entries += cpu < KVL_MAX_CPUS; break;
	case KVL_EV_IPI_SEND: now->ipis++; break;
	}
}

static void put_curves(struct report_counts *counts, const struct kvl_record *record, u32 cpu)
{
	move_curves(&counts->now, record, cpu);
	counts->now.ticket = record->ticket;
	if (!counts->stride)
		counts->stride = 1;
	if (counts->events % counts->stride)
		return;
	if (counts->npoints == CURVE_POINTS) {
		thin_out(counts);
		if (counts->events % counts->stride)
			return;
	}
	counts->point[counts->npoints++] = counts->now;
}

/* --- shootdowns ------------------------------------------------------------------------------- */
static void put_shootdown(struct report_counts *counts, const struct kvl_record *record, u32 cpu)
{
	u16 other = record->h[0];

	if (record->id == KVL_EV_SHOOTDOWN_BEGIN)
		for (u32 i = 0; i < KVL_MAX_CPUS; i++)
			counts->asked[cpu][i] += record->a[3] >> i & 1;
	if (other >= KVL_MAX_CPUS || record->h[1])
		return;
	if (record->id == KVL_EV_IPI_SEND)
		counts->sent[cpu][other]++;
	if (record->id == KVL_EV_IPI_ACK)
		counts->acked[other][cpu]++;
}

void report_counts_put(struct report_counts *counts, const struct kvl_record *record, u32 cpu)
{
	u32 id = record->id < EVENT_IDS ? record->id : EVENT_IDS;

	if (!counts->events++)
		counts->first = record->ticket;
	counts->last = record->ticket;
	counts->count[id][report_cpu(cpu)]++;
	if (cpu < KVL_MAX_CPUS)
		put_shootdown(counts, record, cpu);
	put_curves(counts, record, cpu);
}

/* --- as JSON ---------------------------------------------------------------------------------- */
static void write_kinds(const struct report_counts *counts, FILE *out)
{
	const char *comma = "";

	fputs("\"counts\":[", out);
	for (u32 id = 0; id <= EVENT_IDS; id++)
		for (u32 cpu = 0; cpu < REPORT_CPUS; cpu++) {
			if (!counts->count[id][cpu])
				continue;
			fprintf(out, "%s[%u,%u,%" PRIu64 "]", comma, id, cpu,
				counts->count[id][cpu]);
			comma = ",";
		}
	fputs("],", out);
}

static void write_matrix(FILE *out, const char *name, const u64 *matrix, u32 ncpus)
{
	fprintf(out, "\"%s\":[", name);
	for (u32 i = 0; i < ncpus * ncpus; i++)
		fprintf(out, "%s%" PRIu64, i ? "," : "",
			matrix[i / ncpus * KVL_MAX_CPUS + i % ncpus]);
	fputs("]", out);
}

static void write_point(FILE *out, const char *comma, const struct curve_point *point)
{
	fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma,
		point->ticket, point->pages, point->tables, point->entries, point->ipis);
}

void report_counts_write(const struct report_counts *counts, u32 ncpus, FILE *out)
{
	fprintf(out, "\"events\":%" PRIu64 ",\"first\":%" PRIu64 ",\"last\":%" PRIu64 ",",
		counts->events, counts->first, counts->last);
	write_kinds(counts, out);
	fputs("\"shootdowns\":{", out);
	write_matrix(out, "asked", counts->asked[0], ncpus);
	fputc(',', out);
	write_matrix(out, "sent", counts->sent[0], ncpus);
	fputc(',', out);
	write_matrix(out, "acked", counts->acked[0], ncpus);
	fputs("},\"curves\":[", out);
	for (u32 i = 0; i < counts->npoints; i++)
		write_point(out, i ? "," : "", &counts->point[i]);
	if (counts->npoints && counts->point[counts->npoints - 1].ticket != counts->last)
		write_point(out, ",", &counts->now);
	fputs("]", out);
}
