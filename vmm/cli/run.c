/* SPDX-License-Identifier: MIT */
/*
 * kvalab run: runs the guest, shows what came of it. How a guest is run: vmm/run.c. Which names
 * there are: names.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/engine.h"
#include "vmm/cli/gdb.h"
#include "vmm/cli/json.h"
#include "vmm/cli/names.h"
#include "vmm/cli/outlet.h"
#include "vmm/cli/refusal.h"
#include "vmm/cli/summary.h"
#include "vmm/rate.h"

/* All that can be said to be wrong before /dev/kvm is opened. */
static int check_config(struct options *options, struct err *err)
{
	const struct catalog *catalog = catalog_load(err);
	struct run_config *config = &options->run;
	struct kvl_layout plan;
	int failed;

	if (!catalog)
		return -1;
	failed = names_check(catalog, config, "--arm", err) ||
		 cli_plan(&config->layout, &config->board, &plan, err);
	if (!failed)
		config->layout_name = options_keep(options, config->layout_name, err);
	catalog_free(catalog);
	return failed || !config->layout_name ? -1 : 0;
}

/* --- sinks ------------------------------------------------------------------------------------ */
struct sink {
	struct outlet console, log;
	enum log_level level;
};

static void console_out(void *owner, const char *bytes, size_t n)
{
	struct sink *sink = owner;

	outlet_write(&sink->console, bytes, n);
}

static void log_out(void *owner, enum log_level level, const char *line)
{
	static const char *const name[] = { "error", "warning", "info", "debug" };
	struct sink *sink = owner;
	char text[1100];
	int n;

	if (level > sink->level)
		return;
	n = snprintf(text, sizeof(text), "kvalab: %s: %s\n", name[level], line);
	outlet_write(&sink->log, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* What a reader was too slow for comes before the summary. A log that nobody takes is no
 * failure. */
static void end_sinks(struct sink *sink)
{
	outlet_end(&sink->log);
	outlet_end(&sink->console);
	if (sink->console.error && sink->console.fd == STDOUT_FILENO)
		cli_output_lost(sink->console.error);
}

/* --- signals: the first ends the run, the second the process ---------------------------------- */
static volatile int stop_wanted;

static void on_signal(int number)
{
	(void)number;
	stop_wanted = 1;
}

static volatile int audit_wanted;

static void on_audit_signal(int number)
{
	(void)number;
	audit_wanted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESETHAND | SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = on_audit_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	/* A reader of our output that has gone, or a limit on the size of files, is an error of the
	 * write, not a death. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
}

/* Only a result that is kept says how fast the host is: it costs a machine of its own. 0:
 * unknown. */
static u64 host_rate(void)
{
	struct kvm_host host;
	struct err err;
	u64 rate = 0;

	if (kvm_open(&host, &kvm_this_host, &err))
		return 0;
	if (rate_measure(&host, &rate, &err))
		rate = 0;
	kvm_close(&host);
	return rate;
}

static int report(const struct options *options, struct run_result *result,
		  struct replacement *file)
{
	const struct run_config *config = &options->run;
	bool json_on_stdout = options->json && strcmp(options->json, "-") == 0;
	struct err err;

	if (options->json && config->engine == &engine_kvm)
		result->insn_per_s = host_rate();
	summary_print(json_on_stdout ? stderr : stdout, config, result);
	if (options->json && json_end(file, result_json(config, result), &err)) {
		int status = cli_fail(&err);

		return result->status ? (int)result->status : status;
	}
	return result->status;
}

/* All that is begun before the guest: the engine, the place for gdb, the result's file. */
static int prepare(struct options *options, struct replacement *file, struct err *err)
{
	struct run_config *config = &options->run;

	if (json_begin(file, options->json, err))
		return -1;
	config->engine = cli_engine(options, err);
	if (config->engine && config->gdb)
		config->gdb_fd = cli_gdb_listen(options->gdb_port, err);
	if (config->engine && config->gdb_fd >= 0)
		return 0;
	json_drop(file, options->json);
	return -1;
}

/* The exit status. */
static int run(struct options *options, struct sink *sink, struct run_result *result)
{
	struct run_config *config = &options->run;
	struct replacement file;
	struct err err;
	int failed;

	if (check_config(options, &err))
		return cli_fail(&err);
	catch_signals();
	if (prepare(options, &file, &err))
		return cli_fail(&err);
	failed = run_guest(config, result, &err) ? cli_fail(&err) : EXIT_OK;
	if (config->gdb)
		close(config->gdb_fd);
	end_sinks(sink);
	if (!failed)
		return report(options, result, &file);
	json_drop(&file, options->json);
	return failed;
}

int cmd_run(struct options *options)
{
	struct run_result *result = calloc(1, sizeof(*result));
	struct sink sink = { .level = options->log,
			     .console.fd = STDOUT_FILENO,
			     .log.fd = STDERR_FILENO };
	struct run_config *config = &options->run;
	struct err err;
	int status;

	if (!result) {
		err_set(&err, EXIT_HOST, "no memory for the result");
		return cli_fail(&err);
	}
	config->scenario = options->word[0];
	config->owner = &sink;
	config->console = console_out;
	config->log = log_out;
	config->stop = &stop_wanted;
	config->audit = &audit_wanted;
	if (options->json && strcmp(options->json, "-") == 0)
		sink.console.fd = STDERR_FILENO;
	status = run(options, &sink, result);
	run_result_free(result);
	free(result);
	return status;
}
