/* SPDX-License-Identifier: MIT */
/* Owns the slices of tickets in which events are counted. */
#include "vmm/trace/report_bins.h"

#include <inttypes.h>
#include <stdlib.h>

u32 report_cpu(u32 stream_cpu)
{
	return stream_cpu < KVL_MAX_CPUS ? stream_cpu : KVL_MAX_CPUS;
}

struct report_bins *report_bins_create(u64 first, u64 last)
{
	struct report_bins *bins = calloc(1, sizeof(*bins));

	if (!bins)
		return NULL;
	bins->first = first;
	bins->width = (last - first) / REPORT_BINS + 1;
	return bins;
}

void report_bins_put(struct report_bins *bins, const struct kvl_record *record, u32 cpu)
{
	u64 bin = (record->ticket - bins->first) / bins->width;

	if (record->id < EVENT_IDS && record->ticket >= bins->first && bin < REPORT_BINS)
		bins->count[record->id][report_cpu(cpu)][bin]++;
}

static bool is_empty(const u32 *row)
{
	for (u32 i = 0; i < REPORT_BINS; i++)
		if (row[i])
			return false;
	return true;
}

static void write_row(FILE *out, const u32 *row)
{
	for (u32 i = 0; i < REPORT_BINS; i++)
		fprintf(out, "%s%u", i ? "," : "", row[i]);
}

void report_bins_write(const struct report_bins *bins, FILE *out)
{
	const char *comma = "";

	fprintf(out, "{\"first\":%" PRIu64 ",\"width\":%" PRIu64 ",\"rows\":[", bins->first,
		bins->width);
	for (u32 id = 0; id < EVENT_IDS; id++)
		for (u32 cpu = 0; cpu < REPORT_CPUS; cpu++) {
			if (is_empty(bins->count[id][cpu]))
				continue;
			fprintf(out, "%s[%u,%u,[", comma, id, cpu);
			write_row(out, bins->count[id][cpu]);
			fputs("]]", out);
			comma = ",";
		}
	fputs("]}", out);
}
