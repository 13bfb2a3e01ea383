/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: bytes become an option set (tests/unit/layout_options.h), and what the
 * planner makes of it is held against the model (tests/unit/layout_model.h). FUZZ_TRACE=1 prints
 * the options.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/layout_model.h"
#include "tests/unit/layout_options.h"

static bool verbose;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	verbose = getenv("FUZZ_TRACE");
	return 0;
}

_Noreturn void layout_violated(const char *text, u64 a, u64 b)
{
	fprintf(stderr, "VIOLATED: %s (%#llx, %#llx)\n", text, (unsigned long long)a,
		(unsigned long long)b);
	abort();
}

static void print_options(const struct kvl_layout_request *request)
{
	fprintf(stderr,
		"kind %u, RAM %#llx, split %#llx, vmalloc %#llx, upper %#llx, kva %#llx, arena %s, "
		"soft %u, CPUs %u\n",
		request->kind, (unsigned long long)request->mem_bytes,
		(unsigned long long)request->page_offset,
		(unsigned long long)request->vmalloc_bytes,
		(unsigned long long)request->vmalloc_upper_bytes,
		(unsigned long long)request->kva_bytes, request->arena_highmem ? "high" : "low",
		request->soft_entries, request->ncpus);
	for (u32 i = 0; i < request->nholes && i < KVL_MAX_HOLES; i++)
		fprintf(stderr, "hole %#llx:%#llx\n", (unsigned long long)request->hole[i].start,
			(unsigned long long)request->hole[i].bytes);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };
	struct kvl_layout_request request = layout_options(&input);
	struct kvl_layout plan;

	if (verbose)
		print_options(&request);
	layout_judge(&request, &plan);
	return 0;
}
