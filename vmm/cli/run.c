/* SPDX-License-Identifier: MIT */
/*
 * kvalab run: checks names against the catalog, runs the guest, shows what came of it. How a guest
 * is run: vmm/run.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/catalog.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/json.h"
#include "vmm/cli/outlet.h"
#include "vmm/cli/parse.h"
#include "vmm/cli/summary.h"
#include "vmm/plan.h"
#include "vmm/rate.h"

/* --- names: scenario, arm, parameters ------------------------------------------------------------- */
static const char *name_of_scenario(const void *list, size_t i)
{
	const struct catalog *catalog = list;

	return i < catalog->nscenarios ? catalog->scenarios[i].name : NULL;
}

static const char *name_of_arm(const void *list, size_t i)
{
	const struct catalog_scenario *scenario = list;

	return i < scenario->narms ? scenario->arms[i].name : NULL;
}

static const char *name_of_param(const void *list, size_t i)
{
	const struct catalog_scenario *scenario = list;

	return i < scenario->nparams ? scenario->params[i].key : NULL;
}

static int check_arm(const struct catalog_scenario *scenario, const char *arm, struct err *err)
{
	char all[256] = "";

	if (!scenario->narms)
		return arm ? err_set(err, EXIT_USAGE, "--arm: %s has no arms", scenario->name) : 0;
	if (arm && !catalog_find_arm(scenario, arm))
		return err_set(err, EXIT_USAGE, "--arm: %s has no arm \"%s\"; did you mean %s?",
			       scenario->name, arm, nearest_name(arm, name_of_arm, scenario));
	if (arm)
		return 0;
	for (u32 i = 0; i < scenario->narms; i++) {
		strncat(all, i ? ", " : "", sizeof(all) - strlen(all) - 1);
		strncat(all, scenario->arms[i].name, sizeof(all) - strlen(all) - 1);
	}
	return err_set(err, EXIT_USAGE, "%s needs --arm: one of %s", scenario->name, all);
}

/* Is @value one of "off|erase|program"? */
static bool among(const char *values, const char *value)
{
	size_t n = strlen(value);

	for (;; values++) {
		size_t name_bytes = strcspn(values, "|");

		if (name_bytes == n && memcmp(values, value, n) == 0)
			return true;
		values += name_bytes;
		if (!*values)
			return false;
	}
}

static int check_value(const struct catalog_param *param, const char *value, struct err *err)
{
	char what[80];
	u64 number;

	snprintf(what, sizeof(what), "--set %s", param->key);
	if (!strcmp(param->values, "number") || !strcmp(param->values, "bytes"))
		return parse_size(what, value, &number, err);
	if (!strchr(param->values, '|') || among(param->values, value) ||
	    !strcmp(value, param->fallback))
		return 0;
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is not one of %s (default %s)", what, value,
		       param->values, param->fallback);
}

static int check_param(const struct catalog_scenario *scenario, const struct run_param *given,
		       struct err *err)
{
	if (!scenario->nparams)
		return err_set(err, EXIT_USAGE, "--set: %s has no parameters", scenario->name);
	for (u32 i = 0; i < scenario->nparams; i++)
		if (strcmp(scenario->params[i].key, given->key) == 0)
			return check_value(&scenario->params[i], given->value, err);
	return err_set(err, EXIT_USAGE, "--set: %s has no parameter \"%s\"; did you mean %s?",
		       scenario->name, given->key,
		       nearest_name(given->key, name_of_param, scenario));
}

static int check_names(const struct catalog *catalog, const struct run_config *config,
		       struct err *err)
{
	const struct catalog_scenario *scenario = catalog_find(catalog, config->scenario);

	if (!scenario)
		return err_set(err, EXIT_USAGE,
			       "unknown scenario \"%s\"; did you mean %s? (kvalab list)",
			       config->scenario,
			       nearest_name(config->scenario, name_of_scenario, catalog));
	if (check_arm(scenario, config->arm, err))
		return -1;
	for (u32 i = 0; i < config->nparams; i++)
		if (check_param(scenario, &config->param[i], err))
			return -1;
	if (scenario->needs_flash && !config->flash.file)
		return err_set(err, EXIT_USAGE,
			       "%s needs a chip: --flash file=PATH,chip=NAME (kvalab flash parts)",
			       scenario->name);
	return 0;
}

/* All that can be said to be wrong before /dev/kvm is opened. */
static int check_config(const struct run_config *config, struct err *err)
{
	const struct catalog *catalog = catalog_load(err);
	struct kvl_layout plan;
	int failed;

	if (!catalog)
		return -1;
	failed = check_names(catalog, config, err) || layout_plan(&config->layout, &plan, err);
	catalog_free(catalog);
	return failed ? -1 : 0;
}

/* --- sinks ---------------------------------------------------------------------------------------- */
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

/* What a reader was too slow for comes before the summary. A log that nobody takes is no failure. */
static void end_sinks(struct sink *sink)
{
	outlet_end(&sink->log);
	outlet_end(&sink->console);
	if (sink->console.error && sink->console.fd == STDOUT_FILENO)
		cli_output_lost(sink->console.error);
}

/* --- signals: the first ends the run, the second the process ----------------------------------- */
static volatile int stop_wanted;

static void on_signal(int number)
{
	(void)number;
	stop_wanted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESETHAND | SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A reader of our output that has gone, or a limit on the size of files, is an error of the
	 * write, not a death. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
}

/* Only a result that is kept says how fast the host is: it costs a machine of its own. 0: unknown. */
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

static int report(const struct options *options, const struct run_result *result)
{
	const struct run_config *config = &options->run;
	bool json_on_stdout = options->json && strcmp(options->json, "-") == 0;
	struct err err;

	summary_print(json_on_stdout ? stderr : stdout, config, result);
	if (options->json &&
	    json_write(result_json(config, result, host_rate()), options->json, &err)) {
		int status = cli_fail(&err);

		return result->status ? (int)result->status : status;
	}
	return result->status;
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

	config->scenario = options->word[0];
	config->owner = &sink;
	config->console = console_out;
	config->log = log_out;
	config->stop = &stop_wanted;
	if (options->json && strcmp(options->json, "-") == 0)
		sink.console.fd = STDERR_FILENO;
	if (!result)
		err_set(&err, EXIT_HOST, "no memory for the result");
	if (!result || check_config(config, &err)) {
		free(result);
		return cli_fail(&err);
	}
	if (options->engine_auto)
		fprintf(stderr, "kvalab: engine: kvm, the only one that this version has\n");
	catch_signals();
	status = run_guest(config, result, &err) ? cli_fail(&err) : EXIT_OK;
	end_sinks(&sink);
	if (status == EXIT_OK)
		status = report(options, result);
	run_result_free(result);
	free(result);
	return status;
}
