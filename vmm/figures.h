/* SPDX-License-Identifier: MIT */
/* What a host's events cost, in time: the scenario bench on an engine, seen from outside. */
#ifndef KVL_FIGURES_H
#define KVL_FIGURES_H

#include "vmm/run.h"

/* X(id, key, words): the keys of JSON say the unit. Those up to FLASH_SWITCH come from bench. */
#define FIGURES_TABLE(X)                                                   \
	X(INSN, "insn_per_s", "instructions at CPL 0")                     \
	X(USER_INSN, "user_insn_per_s", "instructions at CPL 3")           \
	X(SYSCALL, "syscall_ns", "system call")                            \
	X(PAGE_FAULT, "page_fault_ns", "page fault that sets an entry")    \
	X(PORT_EXIT, "port_exit_ns", "port access")                        \
	X(MMIO_EXIT, "mmio_exit_ns", "read of a chip's status")            \
	X(IPI_USER, "ipi_user_ns", "IPI to CPL 3 and back")                \
	X(IPI_KERNEL, "ipi_kernel_ns", "IPI to a spin at CPL 0 and back")  \
	X(FLASH_SWITCH, "flash_switch_ns", "chip to status mode and back") \
	X(SLOT_IDLE, "slot_switch_idle_ns", "slot away and back, idle")    \
	X(SLOT_BUSY, "slot_switch_busy_ns", "the same while a vCPU runs")  \
	X(REMAP_IDLE, "remap_idle_ns", "memory behind a slot, idle")       \
	X(REMAP_BUSY, "remap_busy_ns", "the same while a vCPU runs")

enum figure {
#define X(id, key, words) FIGURE_##id,
	FIGURES_TABLE(X)
#undef X
		FIGURES,
};

struct figure_row {
	const char *key, *words;
	bool per_s; /* else: ns */
};
extern const struct figure_row figure_table[FIGURES];

struct figures {
	double value[FIGURES]; /* 0: not measured */
};

/*
 * Runs bench on @config's engine (the rest of @config is as options_init() leaves it and is changed
 * here). @fast: a host that runs supervisor code itself, where more events make better figures.
 * EXIT_HOST and others: no figures.
 */
int figures_measure(struct run_config *config, bool fast, struct figures *figures, struct err *err);

/*
 * The figures of bench's metrics, if its part between the two lines on its console took @ns. The
 * guest says how many cycles that were; what it says that cannot be is an error.
 */
int figures_from_bench(const struct run_result *result, u64 ns, struct figures *figures,
		       struct err *err);

#endif
