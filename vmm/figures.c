/* SPDX-License-Identifier: MIT */
/*
 * Owns the way from bench's cycles to time. How long a cycle of the guest's TSC is, the host finds
 * out by its own clock, on every engine in the same way: it looks at the clock when the two lines
 * come that stand around what bench_tsc_ticks counts.
 */
#define _GNU_SOURCE /* memfd_create() */
#include "vmm/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/clock.h"

const struct figure_row figure_table[FIGURES] = {
#define X(id, key, words) { key, words, FIGURE_##id <= FIGURE_USER_INSN },
	FIGURES_TABLE(X)
#undef X
};

/* Which metrics a figure is made of; bench's parameters and results are in docs/scenarios.md. */
static const struct {
	const char *ticks, *events; /* NULL: one */
} source[FIGURES] = {
	[FIGURE_INSN] = { "loop_tsc_ticks", "loop_insns" },
	[FIGURE_USER_INSN] = { "user_loop_tsc_ticks", "user_loop_insns" },
	[FIGURE_SYSCALL] = { "syscall_tsc_ticks", "rounds" },
	[FIGURE_PAGE_FAULT] = { "page_fault_tsc_ticks", "rounds" },
	[FIGURE_PORT_EXIT] = { "port_exit_tsc_ticks", "rounds" },
	[FIGURE_MMIO_EXIT] = { "mmio_exit_tsc_ticks", "rounds" },
	[FIGURE_IPI_USER] = { "ipi_user_tsc_ticks", NULL },
	[FIGURE_IPI_KERNEL] = { "ipi_kernel_tsc_ticks", NULL },
	[FIGURE_FLASH_SWITCH] = { "flash_switch_tsc_ticks", "rounds" },
};

/* 0: there is none, or it cannot be a duration or a number of events. */
static double metric_of(const struct run_result *result, const char *name)
{
	for (u32 i = 0; i < result->nmetrics; i++)
		if (strcmp(result->metric[i].name, name) == 0)
			return result->metric[i].value > 0 ? (double)result->metric[i].value : 0;
	return 0;
}

int figures_from_bench(const struct run_result *result, u64 ns, struct figures *figures,
		       struct err *err)
{
	double all = metric_of(result, "bench_tsc_ticks"), ns_per_tick;

	if (!ns || all <= 0)
		return err_set(err, EXIT_GUEST, "bench has not said how long it took");
	ns_per_tick = (double)ns / all;
	for (u32 i = 0; i < FIGURES; i++) {
		double ticks, events;

		if (!source[i].ticks)
			continue;
		ticks = metric_of(result, source[i].ticks);
		events = source[i].events ? metric_of(result, source[i].events) : 1;
		if (ticks > all)
			return err_set(err, EXIT_GUEST, "bench says that %s was longer than all",
				       source[i].ticks);
		if (ticks <= 0 || events <= 0)
			continue;
		figures->value[i] = figure_table[i].per_s ? events / (ticks * ns_per_tick) * 1e9
							  : ticks * ns_per_tick / events;
	}
	return 0;
}

/* --- the run ---------------------------------------------------------------------------------- */
struct watch {
	u64 begins_ns, ends_ns;
};

static void console_line(void *owner, const char *bytes, size_t n)
{
	static const char begins[] = "bench: begins\n", ends[] = "bench: ends\n";
	struct watch *watch = owner;

	if (n == strlen(begins) && !memcmp(bytes, begins, n))
		watch->begins_ns = monotonic_ns();
	else if (n == strlen(ends) && !memcmp(bytes, ends, n))
		watch->ends_ns = monotonic_ns();
}

static void ask_for_more(struct run_config *config)
{
	static const struct run_param more[] = {
		{ "rounds", "50" },
		{ "loops", "1000000" },
	};

	memcpy(config->param, more, sizeof(more));
	config->nparams = ARRAY_LEN(more);
}

static int run_bench(struct run_config *config, struct figures *figures, struct err *err)
{
	struct run_result *result = calloc(1, sizeof(*result));
	struct watch watch = { 0, 0 };
	int ret;

	if (!result)
		return err_set(err, EXIT_HOST, "no memory for a result");
	config->owner = &watch;
	config->console = console_line;
	ret = run_guest(config, result, err);
	if (!ret && result->status != EXIT_OK)
		ret = err_set(err, result->status, "the scenario bench: %s", result->reason);
	if (!ret)
		ret = figures_from_bench(result, watch.ends_ns - watch.begins_ns, figures, err);
	run_result_free(result);
	free(result);
	return ret;
}

int figures_measure(struct run_config *config, bool fast, struct figures *figures, struct err *err)
{
	int fd = memfd_create("chip", MFD_CLOEXEC), ret;
	char path[64];

	if (fd < 0)
		return err_errno(err, EXIT_HOST, "no memory file for a chip");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config->scenario = "bench";
	config->schedule = SCHEDULE_FREE;
	config->tier = TIER_OFF;
	config->icount = false; /* with it QEMU's time is not the host's */
	config->flash.file = path;
	config->flash.forgets = true;
	config->flash.bank.part = flash_part_find("qemu-x8"); /* the one that every engine has */
	if (fast)
		ask_for_more(config);
	ret = run_bench(config, figures, err);
	close(fd);
	return ret;
}
