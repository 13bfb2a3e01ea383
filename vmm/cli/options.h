/* SPDX-License-Identifier: MIT */
/*
 * The options of all commands: one table, from which parsing, help and the nearest valid name all
 * come. What a scenario, arm or parameter is called is not known here (run.c asks the catalog).
 */
#ifndef KVL_CLI_OPTIONS_H
#define KVL_CLI_OPTIONS_H

#include <stdio.h>

#include "vmm/run.h"
#include "vmm/trace/check.h"
#include "vmm/trace/export.h"
#include "vmm/trace/print.h"

/* Commands, as bits: which of them an option belongs to. */
enum option_command {
	FOR_RUN = 1 << 0,
	FOR_LAYOUT = 1 << 1,
	FOR_PROBE = 1 << 2,
	FOR_PRINT = 1 << 3, /* trace print; repair has no option of its own */
	FOR_REPAIR = 1 << 7,
	FOR_OTHER = 1 << 4, /* list, flash: only --help */
	FOR_COMPARE = 1 << 5,
	PASSED_ON = 1 << 6, /* no command: compare hands the option to each of its runs */
	FOR_EXPORT = 1 << 8,
	FOR_DIFF = 1 << 9,
	FOR_CHECK = 1 << 10,
	FOR_REPORT = 1 << 11,
	FOR_TRACE = FOR_PRINT | FOR_CHECK | FOR_REPAIR | FOR_EXPORT | FOR_DIFF,
};

#define OPTIONS_MAX_WORDS 33 /* trace repair and directories */

/* One --set or --hole each, and all others once. */
#define OPTIONS_MAX_PASSED 64

/* What runs a column of compare: this machine's engines, or KVM in a box (scripts/kvmbox). */
enum compare_host { HOST_KVM, HOST_AMD_NPT, HOST_AMD_SHADOW, HOST_QEMU, HOST_AUTO };
#define HOSTS_NAMED HOST_AUTO /* those that --hosts can name */

enum engine_choice { ENGINE_KVM, ENGINE_QEMU, ENGINE_AUTO };

struct options {
	struct run_config run;
	const char *json; /* NULL: not wanted; "-": stdout */
	enum log_level log;
	enum engine_choice engine;
	bool help;
	bool flash_clock_given, flash_speed_given, flash_reads_given, flash_fault_given;
	bool flash_cut_given, icount_given, timeout_given;
	u32 gdb_port; /* with run.gdb; 0: any that is free */
	/* of compare; none given: all arms, 2 vCPUs, HOST_AUTO, the processor's TLB */
	u32 narms, ncpus, nhosts, ntlbs;
	const char *arms[32];
	const char *report; /* file of the page; NULL: not wanted; "-": stdout */
	const char *base;   /* the arm that factors are of; NULL: no factors are shown */
	u32 cpus[KVL_MAX_CPUS];
	enum compare_host hosts[HOSTS_NAMED];
	struct run_tlb tlbs[8];
	bool all_hosts; /* one that cannot be had is no failure */
	u32 npassed;
	struct {
		const char *name, *value; /* value NULL: a switch */
	} passed[OPTIONS_MAX_PASSED];
	u32 npolicies; /* of trace check */
	struct flush_policy policy[CHECK_MAX_POLICIES];
	const char *policy_name[CHECK_MAX_POLICIES];
	struct trace_print_options print; /* but for its names of events: */
	u32 nevents;
	const char *event[16];
	enum export_format format;
	bool format_given;
	const char *output; /* of trace export, report; NULL: not given, "-": stdout */
	u32 nwords;	    /* what is not an option: the scenario, a directory, … */
	const char *word[OPTIONS_MAX_WORDS];

	u64 given;  /* bit per row of the table: which were given */
	u32 nowned; /* copies of arguments that were cut in pieces, names of holes */
	char *owned[64];
};

/* The defaults that --help states. */
void options_init(struct options *options);

/*
 * Parses @argv (without program and command name) for @command. EXIT_USAGE: unknown option (names
 * the nearest), a value that is missing or wrong, an option given twice, options that exclude each
 * other. Strings of @argv must outlive @options.
 */
int options_parse(struct options *options, enum option_command command, int argc,
		  const char *const *argv, struct err *err);

/*
 * Of what was parsed for several commands (FOR_TRACE): EXIT_USAGE if an option is not @command's,
 * which is called @name.
 */
int options_only(const struct options *options, enum option_command command, const char *name,
		 struct err *err);

/* The first option given that says something of --flash's chip; NULL: none was. */
const char *options_of_chip(const struct options *options);

/* Prints the table's rows for @command, grouped, at most 80 columns wide. */
void options_help(FILE *out, enum option_command command);

void options_free(struct options *options);

/* "file=…,chip=…,partition=…" into options->run.flash (flash_option.c). */
int parse_flash(struct options *options, const char *value, struct err *err);
/* "16M", or "file=…,readonly", into options->run.disk (disk_option.c) */
int parse_disk(struct options *options, const char *value, struct err *err);
/* "FILE,size=16M" into options->run.segment, and layout.segment_bytes (segment_option.c) */
int parse_segment(struct options *options, const char *value, struct err *err);
/* "256M:16M" into options->run.layout (hole_option.c) */
int parse_hole(struct options *options, const char *value, struct err *err);
/* Adds the holes of a board's device tree to options->run.layout (overlay_option.c). */
int parse_dtb_overlay(struct options *options, const char *value, struct err *err);
/* When all options are known: takes away what of them is no RAM, here or on the board. */
void overlay_fit_ram(struct options *options);
/* "stuck=3", "vpp", … into options->run.flash.bank.faults */
int parse_flash_fault(struct options *options, const char *value, struct err *err);
/* "eager", "batch=64", "lazy=4M", "mask" or "seq" into options->policy (policy_option.c) */
int parse_policy(struct options *options, const char *value, struct err *err);
/* "hw", "soft,entries=8,…" into options->run; several of them into options->tlbs (tlb_option.c). */
int parse_tlb(struct options *options, const char *value, struct err *err);
int parse_tlb_list(struct options *options, const char *value, struct err *err);
void options_use_tlb(struct run_config *config, struct run_tlb tlb);
/* What times= of --flash takes, by enum flash_timing; ends with NULL. */
extern const char *const flash_times_names[];

/* Keeps a copy of @text until options_free(); NULL and EXIT_USAGE if there are too many. */
char *options_keep(struct options *options, const char *text, struct err *err);

#endif
