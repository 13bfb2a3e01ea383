/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of options: name, meaning, default, help of each. How a command line is taken
 * apart: options.c. The syntax of single values: parse.c; that of --flash, --tlb, --disk, --segment
 * and --hole: flash_option.c, tlb_option.c, disk_option.c, segment_option.c, hole_option.c. What
 * --dtb-overlay names: overlay_option.c.
 */
#include "vmm/cli/option_table.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/cli/parse.h"

#define DEFAULT_TIMEOUT_S 120
/* An erase of a second takes 11 days, or a nanosecond. */
#define LEAST_FLASH_SPEED 1e-6
#define MOST_FLASH_SPEED 1e9

/* An option of one run that compare has too, and hands on. */
#define FOR_RUNS (FOR_RUN | FOR_COMPARE | PASSED_ON)

static int parse_arm(struct options *options, const char *value, struct err *err)
{
	(void)err;
	options->run.arm = value;
	return 0;
}

static int parse_set(struct options *options, const char *value, struct err *err)
{
	const char *equals = strchr(value, '=');
	struct run_param *param = &options->run.param[options->run.nparams];
	char *copy;

	if (!equals || equals == value)
		return err_set(err, EXIT_USAGE, "--set: \"%s\" is not KEY=VALUE", value);
	if (options->run.nparams == ARRAY_LEN(options->run.param))
		return err_set(err, EXIT_USAGE, "--set: more than %zu parameters",
			       ARRAY_LEN(options->run.param));
	copy = options_keep(options, value, err);
	if (!copy)
		return -1;
	copy[equals - value] = '\0';
	for (u32 i = 0; i < options->run.nparams; i++)
		if (strcmp(options->run.param[i].key, copy) == 0)
			return err_set(err, EXIT_USAGE, "--set: %s is given twice", copy);
	param->key = copy;
	param->value = copy + (equals - value) + 1;
	options->run.nparams++;
	return 0;
}

static int parse_seed(struct options *options, const char *value, struct err *err)
{
	/* What JSON can say of it: its integers are signed. */
	return parse_number("--seed", value, 0, INT64_MAX, &options->run.seed, err);
}

static int parse_schedule(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "seeded", "free" };

	return parse_choice("--schedule", value, names, 2, &options->run.schedule, err);
}

static int parse_timeout(struct options *options, const char *value, struct err *err)
{
	u64 seconds;

	if (parse_number("--timeout", value, 1, 1000000, &seconds, err))
		return -1;
	options->run.timeout_s = (u32)seconds;
	options->timeout_given = true;
	return 0;
}

static int parse_cpus(struct options *options, const char *value, struct err *err)
{
	u64 n;

	if (parse_number("--cpus", value, 1, KVL_MAX_CPUS, &n, err))
		return -1;
	options->run.layout.ncpus = (u32)n;
	return 0;
}

static int parse_mem(struct options *options, const char *value, struct err *err)
{
	return parse_size("--mem", value, &options->run.layout.mem_bytes, err);
}

static int parse_split(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "1G", "2G", "3G" };
	u32 chosen;

	if (parse_choice("--split", value, names, 3, &chosen, err))
		return -1;
	options->run.layout.page_offset = GiB(chosen + 1);
	return 0;
}

/* 0 is the planner's word for "default"; who writes it means something else. */
static int parse_window(const char *what, const char *value, u64 *out, struct err *err)
{
	if (parse_size(what, value, out, err))
		return -1;
	if (*out == 0)
		return err_set(err, EXIT_USAGE, "%s: must be at least 2M", what);
	return 0;
}

static int parse_vmalloc(struct options *options, const char *value, struct err *err)
{
	return parse_window("--vmalloc", value, &options->run.layout.vmalloc_bytes, err);
}

static int parse_vmalloc_upper(struct options *options, const char *value, struct err *err)
{
	return parse_size("--vmalloc-upper", value, &options->run.layout.vmalloc_upper_bytes, err);
}

static int parse_layout(struct options *options, const char *value, struct err *err)
{
	(void)err;
	options->run.layout_name = value;
	return 0;
}

static int parse_kva(struct options *options, const char *value, struct err *err)
{
	return parse_window("--kva", value, &options->run.layout.kva_bytes, err);
}

static int parse_arena(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "lowmem", "highmem" };
	char *zone = options_keep(options, value, err), *comma = zone ? strchr(zone, ',') : NULL;
	struct run_config *run = &options->run;
	u32 chosen;

	if (!zone)
		return -1;
	if (*zone >= '0' && *zone <= '9')
		return parse_window("--arena", zone, &run->layout.arena_bytes, err);
	if (comma)
		*comma++ = '\0';
	if (parse_choice("--arena", zone, names, 2, &chosen, err) ||
	    (comma && parse_window("--arena", comma, &run->layout.arena_bytes, err)))
		return -1;
	run->layout.arena_highmem = chosen == 1;
	run->arena_zone_given = true;
	return 0;
}

static int parse_flash_clock(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "virtual", "real" };

	options->flash_clock_given = true;
	return parse_choice("--flash-clock", value, names, 2, &options->run.flash.clock, err);
}

static int parse_flash_speed(struct options *options, const char *value, struct err *err)
{
	char *rest;
	double speed = strtod(value, &rest);

	if (rest == value || *rest != '\0' ||
	    !(speed >= LEAST_FLASH_SPEED && speed <= MOST_FLASH_SPEED))
		return err_set(err, EXIT_USAGE,
			       "--flash-speed: \"%s\" is not a number between %g and %g (chip "
			       "seconds for one second of the host)",
			       value, LEAST_FLASH_SPEED, MOST_FLASH_SPEED);
	options->flash_speed_given = true;
	options->run.flash.speed = speed;
	return 0;
}

static int parse_flash_reads(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "slot", "trap" };
	u32 chosen;

	if (parse_choice("--flash-reads", value, names, 2, &chosen, err))
		return -1;
	options->flash_reads_given = true;
	options->run.flash.trap_reads = chosen == 1;
	return 0;
}

static int parse_fault(struct options *options, const char *value, struct err *err)
{
	options->flash_fault_given = true;
	return parse_flash_fault(options, value, err);
}

static int parse_flash_cut(struct options *options, const char *value, struct err *err)
{
	options->flash_cut_given = true;
	return parse_number("--flash-cut", value, 1, INT64_MAX, &options->run.flash.bank.cut_at,
			    err);
}

static int parse_tier(struct options *options, const char *value, struct err *err)
{
	return parse_choice("--tier", value, run_tier_names, TIER_AUTO + 1, &options->run.tier,
			    err);
}

static int parse_trace(struct options *options, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EXIT_USAGE, "--trace: the directory's name is empty");
	options->run.trace_dir = value;
	return 0;
}

static int parse_lossy(struct options *options, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	options->run.lossy = true;
	return 0;
}

static int parse_strict_io(struct options *options, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	options->run.strict_io = true;
	return 0;
}

static int parse_event(struct options *options, const char *value, struct err *err)
{
	char *name = options_keep(options, value, err), *next;

	if (!name)
		return -1;
	for (; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = '\0';
		if (options->nevents == ARRAY_LEN(options->event))
			return err_set(err, EXIT_USAGE, "--event: at most %zu names",
				       ARRAY_LEN(options->event));
		options->event[options->nevents++] = name;
	}
	return 0;
}

static int parse_cpu(struct options *options, const char *value, struct err *err)
{
	u64 cpu = TRACE_CPU_VMM;

	if (strcmp(value, "vmm") && parse_number("--cpu", value, 0, KVL_MAX_CPUS - 1, &cpu, err))
		return -1;
	options->print.one_cpu = true;
	options->print.cpu = (u32)cpu;
	return 0;
}

static int parse_limit(struct options *options, const char *value, struct err *err)
{
	return parse_number("--limit", value, 1, UINT64_MAX, &options->print.limit, err);
}

static int parse_tsc(struct options *options, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	options->print.tsc = true;
	return 0;
}

static int parse_format(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "ndjson", "perfetto" };

	options->format_given = true;
	return parse_choice("--format", value, names, 2, &options->format, err);
}

static int parse_output(struct options *options, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EXIT_USAGE, "-o: the file's name is empty");
	options->output = value;
	return 0;
}

static int parse_engine(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "kvm", "qemu", "auto" };

	return parse_choice("--engine", value, names, 3, &options->engine, err);
}

static int parse_icount(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "off", "on" };
	u32 chosen;

	if (parse_choice("--icount", value, names, 2, &chosen, err))
		return -1;
	options->icount_given = true;
	options->run.icount = chosen == 1;
	return 0;
}

static int parse_gdb(struct options *options, const char *value, struct err *err)
{
	u64 port;

	if (parse_number("--gdb", value, 0, UINT16_MAX, &port, err))
		return -1;
	options->gdb_port = (u32)port;
	options->run.gdb = true;
	return 0;
}

static int parse_json(struct options *options, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EXIT_USAGE, "--json: the file's name is empty");
	options->json = value;
	return 0;
}

static int parse_report(struct options *options, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, EXIT_USAGE, "--report: the file's name is empty");
	options->report = value;
	return 0;
}

static int parse_log(struct options *options, const char *value, struct err *err)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	return parse_choice("--log", value, names, 4, &options->log, err);
}

static int parse_help(struct options *options, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	options->help = true;
	return 0;
}

/*
 * Calls @add for each piece of "a,b,c". Pieces live as long as @options.
 */
static int parse_list(struct options *options, const char *what, const char *value,
		      int (*add)(struct options *options, const char *piece, struct err *err),
		      struct err *err)
{
	char *piece = options_keep(options, value, err), *next;

	if (!piece)
		return -1;
	for (; piece; piece = next) {
		next = strchr(piece, ',');
		if (next)
			*next++ = '\0';
		if (!*piece)
			return err_set(err, EXIT_USAGE, "%s: a name is missing in \"%s\"", what,
				       value);
		if (add(options, piece, err))
			return -1;
	}
	return 0;
}

static int add_arm(struct options *options, const char *arm, struct err *err)
{
	for (u32 i = 0; i < options->narms; i++)
		if (strcmp(options->arms[i], arm) == 0)
			return err_set(err, EXIT_USAGE, "--arms: %s is named twice", arm);
	if (options->narms == ARRAY_LEN(options->arms))
		return err_set(err, EXIT_USAGE, "--arms: at most %zu", ARRAY_LEN(options->arms));
	options->arms[options->narms++] = arm;
	return 0;
}

static int parse_arms(struct options *options, const char *value, struct err *err)
{
	return parse_list(options, "--arms", value, add_arm, err);
}

static int parse_base(struct options *options, const char *value, struct err *err)
{
	(void)err;
	options->base = value;
	return 0;
}

static int add_cpus(struct options *options, const char *text, struct err *err)
{
	u64 n;

	if (parse_number("--cpus", text, 1, KVL_MAX_CPUS, &n, err))
		return -1;
	for (u32 i = 0; i < options->ncpus; i++)
		if (options->cpus[i] == n)
			return err_set(err, EXIT_USAGE, "--cpus: %s is named twice", text);
	options->cpus[options->ncpus++] = (u32)n;
	return 0;
}

static int parse_cpu_list(struct options *options, const char *value, struct err *err)
{
	return parse_list(options, "--cpus", value, add_cpus, err);
}

static int add_host(struct options *options, const char *name, struct err *err)
{
	static const char *const names[] = { "kvm", "amd-npt", "amd-shadow", "qemu", "all" };
	u32 chosen;

	if (parse_choice("--hosts", name, names, ARRAY_LEN(names), &chosen, err))
		return -1;
	if (options->all_hosts || (chosen == HOSTS_NAMED && options->nhosts))
		return err_set(err, EXIT_USAGE, "--hosts: all stands alone");
	options->all_hosts = chosen == HOSTS_NAMED;
	for (u32 host = 0; options->all_hosts && host < HOSTS_NAMED; host++)
		options->hosts[options->nhosts++] = host;
	if (options->all_hosts)
		return 0;
	for (u32 i = 0; i < options->nhosts; i++)
		if (options->hosts[i] == chosen)
			return err_set(err, EXIT_USAGE, "--hosts: %s is named twice", name);
	options->hosts[options->nhosts++] = chosen;
	return 0;
}

static int parse_hosts(struct options *options, const char *value, struct err *err)
{
	return parse_list(options, "--hosts", value, add_host, err);
}

const struct option_row option_table[] = {
	{ SCENARIO, "--arm", "NAME", FOR_RUN, false, parse_arm,
	  "implementation of the mechanism (kvalab list)" },
	{ SCENARIO, "--arms", "NAME,…", FOR_COMPARE, false, parse_arms,
	  "arms to set side by side (default: all)" },
	{ SCENARIO, "--base", "NAME", FOR_COMPARE, false, parse_base,
	  "one of the arms: all others also as its multiples" },
	{ SCENARIO, "--set", "KEY=VALUE", FOR_RUNS, true, parse_set,
	  "parameter of the scenario (kvalab list); repeat" },
	{ MACHINE, "--set", "carve=SIDE", FOR_LAYOUT, false, parse_set,
	  "per-task kernel space: the end of user space (user),\nor part of the kernel's (kernel, default)" },
	{ SCENARIO, "--seed", "N", FOR_RUNS, false, parse_seed,
	  "interleaving and contents (default 1)" },
	{ SCENARIO, "--schedule", "MODE", FOR_RUNS, false, parse_schedule,
	  "seeded: one vCPU at a time, drawn from the seed\n(default); free: as the host runs them" },
	{ SCENARIO, "--timeout", "SECONDS", FOR_RUNS, false, parse_timeout,
	  "end the run after this long (default 120)" },
	{ MACHINE, "--cpus", "N", FOR_RUN | FOR_LAYOUT, false, parse_cpus,
	  "vCPUs, 1 to 16 (default 2)" },
	{ MACHINE, "--cpus", "N,…", FOR_COMPARE, false, parse_cpu_list,
	  "numbers of vCPUs, 1 to 16 each (default 2)" },
	{ MACHINE, "--mem", "SIZE", FOR_RUNS | FOR_LAYOUT, false, parse_mem,
	  "RAM, 64M to 64G (default 1G)" },
	{ MACHINE, "--hole", "START:SIZE", FOR_RUNS | FOR_LAYOUT, true, parse_hole,
	  "RAM that the kernel may not touch, in pages; repeat" },
	{ MACHINE, "--dtb-overlay", "FILE", FOR_RUNS | FOR_LAYOUT, false, parse_dtb_overlay,
	  "more holes: what has no-map in /reserved-memory of a\nboard's device tree (compiled), and gaps in its RAM" },
	{ MACHINE, "--split", "SIZE", FOR_RUNS | FOR_LAYOUT, false, parse_split,
	  "user space: 1G, 2G or 3G (default), kernel above" },
	{ MACHINE, "--layout", "NAME", FOR_RUNS | FOR_LAYOUT, false, parse_layout,
	  "lowmem and vmalloc around holes (kvalab list layout):\nclassic (default), translate, table, intermix" },
	{ MACHINE, "--vmalloc", "SIZE", FOR_RUNS | FOR_LAYOUT, false, parse_vmalloc,
	  "vmalloc in all (default 112M); with little RAM it\ntakes the rest, what lowmem leaves" },
	{ MACHINE, "--vmalloc-upper", "SIZE", FOR_RUNS | FOR_LAYOUT, false, parse_vmalloc_upper,
	  "of these, at least so many behind lowmem (default 0)" },
	{ MACHINE, "--kva", "SIZE", FOR_RUNS | FOR_LAYOUT, false, parse_kva,
	  "window of dynamic addresses (default 100M)" },
	{ MACHINE, "--arena", "[ZONE][,][SIZE]", FOR_RUNS | FOR_LAYOUT, false, parse_arena,
	  "page tables in lowmem or highmem (default lowmem, or\nas the arm has it); room for them in all (8M)" },
	{ MACHINE, "--tlb", "KIND", FOR_RUN, false, parse_tlb,
	  "hw (default): the processor's; or filled by faults:\nsoft[,entries=8…1024][,policy=fifo|random]\n[,pcid=on|off] (default 64 entries, fifo, off)" },
	{ MACHINE, "--tlb", "KIND,…", FOR_COMPARE, false, parse_tlb_list,
	  "hw (default), soft[,entries=N][,policy=fifo|random]\n[,pcid=on|off]" },
	{ MACHINE, "--disk", "SPEC", FOR_RUN | FOR_COMPARE, false, parse_disk,
	  "a virtio disk: SIZE of zeros that go with the run, or\nfile=PATH[,readonly]: the file is the disk" },
	{ MACHINE, "--segment", "SPEC", FOR_RUNS, false, parse_segment,
	  "memory that many guests share read-only:\nFILE[,size=SIZE], made if it is not there; or\nsize=SIZE: one that goes with the run" },
	{ MACHINE, "--segment", "SPEC", FOR_LAYOUT, false, parse_segment,
	  "FILE, or size=SIZE: memory that guests share" },
	{ FLASH, "--flash", "SPEC", FOR_RUN | FOR_COMPARE, false, parse_flash,
	  "file=PATH,chip=NAME[,bus=BITS][,chips=N]\n[,times=typical|slowest|seeded]\n[,partition=LABEL:START:SIZE…]\nchips: kvalab flash parts; FILE.nv: what they keep\nbeside the array" },
	{ FLASH, "--flash-clock", "CLOCK", FOR_RUNS, false, parse_flash_clock,
	  "virtual (default): bus accesses advance it; real" },
	{ FLASH, "--flash-speed", "X", FOR_RUNS, false, parse_flash_speed,
	  "real clock: chip seconds a second, 1e-6 to 1e9\n(default 1)" },
	{ FLASH, "--flash-reads", "HOW", FOR_RUNS, false, parse_flash_reads,
	  "slot (default): the array is memory; trap: every\nread goes through the model" },
	{ FLASH, "--flash-fault", "FAULT", FOR_RUNS, true, parse_fault,
	  "slow, stuck, program or erase[=N]: the Nth operation\nis slow, never ends, fails; weak=N: one word in N\nkeeps a bit; endurance=N: erases; vpp; repeat" },
	{ FLASH, "--flash-cut", "N", FOR_RUN, false, parse_flash_cut,
	  "cut the power after N steps of programs and erases" },
	{ RECORD, "--tier", "TIER", FOR_RUNS, false, parse_tier,
	  "ring (default): the guest reports; trap: the VMM sees\nevery store, too; auto: trap if it works; off: nothing" },
	{ RECORD, "--trace", "DIR", FOR_RUN, false, parse_trace,
	  "keep the trace (CTF 1.8) in a new directory" },
	{ RECORD, "--lossy", NULL, FOR_RUNS, false, parse_lossy,
	  "a full ring drops and counts, instead of waiting" },
	{ RECORD, "--event", "NAME,…", FOR_PRINT | FOR_DIFF, true, parse_event,
	  "print, diff: only events of these names; repeat" },
	{ RECORD, "--cpu", "N", FOR_PRINT, false, parse_cpu,
	  "print: only this vCPU's events; vmm: the VMM's" },
	{ RECORD, "--limit", "N", FOR_PRINT, false, parse_limit, "print: at most so many lines" },
	{ RECORD, "--policy", "POLICY,…", FOR_CHECK, true, parse_policy,
	  "check: and if flushes were made so: eager, broadcast,\nbatch=N, lazy=BYTES, mask or seq; repeat" },
	{ RECORD, "--limit", "N", FOR_REPORT, false, parse_limit,
	  "of traces with more events (default 1000000) only\ntheir numbers in slices" },
	{ RECORD, "--format", "FORMAT", FOR_EXPORT, false, parse_format,
	  "export: ndjson or perfetto" },
	{ RECORD, "-o", "FILE", FOR_EXPORT | FOR_REPORT, false, parse_output,
	  "where to (export, report); - is stdout" },
	{ RECORD, "--tsc", NULL, FOR_PRINT | FOR_EXPORT, false, parse_tsc,
	  "show the time-stamp counter (print, export)" },
	{ OUTPUT, "--hosts", "NAME,…", FOR_COMPARE, false, parse_hosts,
	  "kvm, qemu, amd-npt, amd-shadow (those in a box);\nall: those that can be had (default: this machine)" },
	{ OUTPUT, "--engine", "NAME", FOR_RUN | FOR_PROBE, false, parse_engine,
	  "kvm (default), qemu, or auto, which says what it\nchose and why" },
	{ OUTPUT, "--icount", "STATE", FOR_RUNS, false, parse_icount,
	  "on (default): QEMU counts instructions; off: faster" },
	{ OUTPUT, "--gdb", "PORT", FOR_RUN, false, parse_gdb,
	  "wait for gdb on 127.0.0.1 before the first\ninstruction; 0: any port that is free" },
	{ OUTPUT, "--strict-io", NULL, FOR_RUNS, false, parse_strict_io,
	  "an access that no device claims ends the run" },
	{ OUTPUT, "--json", "FILE", FOR_RUN | FOR_LAYOUT | FOR_PROBE | FOR_COMPARE, false,
	  parse_json,
	  "the result as JSON; - is stdout, and all other output\nthen goes to stderr" },
	{ OUTPUT, "--report", "FILE", FOR_COMPARE, false, parse_report,
	  "one page for a browser: table and curves; - is stdout,\nand all other output then goes to stderr" },
	{ OUTPUT, "--log", "LEVEL", FOR_RUN, false, parse_log,
	  "error, warn (default), info, debug" },
	{ OUTPUT, "--help", NULL,
	  FOR_RUN | FOR_LAYOUT | FOR_PROBE | FOR_TRACE | FOR_REPORT | FOR_OTHER | FOR_COMPARE, true,
	  parse_help, "this text" },
};

const size_t option_rows = ARRAY_LEN(option_table);

_Static_assert(ARRAY_LEN(option_table) <= 64, "struct options has one bit per row");

void options_init(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->run.seed = 1;
	options->run.timeout_s = DEFAULT_TIMEOUT_S;
	options->run.icount = true;
	options->run.layout.ncpus = 2;
	options->run.layout.mem_bytes = GiB(1);
	options->run.layout.page_offset = GiB(3);
	options->run.flash.speed = 1;
	options->log = LOG_WARN;
}
