/* SPDX-License-Identifier: MIT */
/*
 * Owns the choice of the command, the general help and the way errors are shown. What the commands
 * do: one file each.
 */
#include "vmm/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/parse.h"

static const struct command {
	const char *name, *words, *about;
	enum option_command options;
	int (*run)(struct options *options);
	u32 least_words, most_words;
	const char *more; /* lines below its help; may be NULL */
} commands[] = {
	{ "run", "SCENARIO", "run one guest", FOR_RUN, cmd_run, 1, 1,
	  "Guest console and summary on stdout, log on stderr. Ctrl-C ends a run cleanly.\n"
	  "Sizes take K, M, G." },
	{ "compare", "SCENARIO", "one scenario on several arms, vCPUs, hosts", FOR_COMPARE,
	  cmd_compare, 1, 1,
	  "Each run is a process of its own, and has its own copy of the chip's file.\n"
	  "Status 1: a count differs between hosts, and the scenario does not say why.\n"
	  "Sizes take K, M, G." },
	{ "list", "[SCENARIO]", "scenarios, their arms and parameters", FOR_OTHER, cmd_list, 0, 1,
	  "With SCENARIO also what may differ where QEMU's flash is the chip." },
	{ "layout", "", "draw the address map of these options", FOR_LAYOUT, cmd_layout, 0, 0,
	  "Needs no /dev/kvm. Sizes take K, M, G." },
	{ "probe", "", "what this host can do", FOR_PROBE, cmd_probe, 0, 0, NULL },
	{ "trace", "ACTION DIR", "print, check, repair, export, compare", FOR_TRACE, cmd_trace, 1,
	  OPTIONS_MAX_WORDS,
	  "Actions:\n"
	  "  print DIR     a line for each event, in their order\n"
	  "  check DIR…    the rules that judge a run, once more; status 1: one does not hold\n"
	  "  repair DIR…   cut files back to their last whole packet, so that all readers\n"
	  "                open the trace; 5: something else is damaged, and was left\n"
	  "  export DIR    all events as lines of JSON, or for ui.perfetto.dev\n"
	  "  diff A B      what differs between two traces, or two results (--json of run):\n"
	  "                never times; status 1: something does" },
	{ "report", "DIR -o FILE", "a trace, or several, as one page for a browser", FOR_REPORT,
	  cmd_report, 1, OPTIONS_MAX_WORDS,
	  "One self-contained file, which needs no network: maps, timeline, shootdowns,\n"
	  "findings (docs/report.md). Status 5: a trace is damaged; the page says how." },
	{ "flash", "parts | info FILE", "known chips; what a chip's file holds", FOR_OTHER,
	  cmd_flash, 1, 2,
	  "What chips do, how to add one: docs/flash-model.md. --flash: kvalab help run." },
};

static const char *name_of_command(const void *list, size_t i)
{
	(void)list;
	return i < ARRAY_LEN(commands) ? commands[i].name : NULL;
}

int cli_fail(const struct err *err)
{
	fprintf(stderr, "kvalab: %s\n", err->text);
	return err->status;
}

static int output_error; /* errno of the first output that was lost; 0: none */

void cli_output_lost(int error)
{
	if (!output_error)
		output_error = error;
}

int cli_end(int status)
{
	struct err err;

	errno = EIO; /* for a failure before this one, whose reason stdio has not kept */
	if (fflush(stdout) || ferror(stdout))
		cli_output_lost(errno);
	if (!output_error)
		return status;
	errno = output_error;
	err_errno(&err, EXIT_HOST, "writing to stdout");
	cli_fail(&err);
	return status == EXIT_OK ? EXIT_HOST : status;
}

static void general_help(FILE *out)
{
	fprintf(out, "kvalab: a testbed for kernel memory layout. Usage:\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].words);
		fprintf(out, "  kvalab %-24s %s\n", left, commands[i].about);
	}
	fprintf(out,
		"\n"
		"  kvalab help COMMAND             options of a command, as COMMAND --help\n"
		"  kvalab --version\n\n"
		"Exit status: 0 all checks hold; 1 a check or a finding; 2 usage; 3 this host\n"
		"cannot; 4 the guest crashed; 5 the VMM or the trace is wrong; 77 skipped:\n"
		"this machine cannot show it; 124 time limit.\n");
}

static void command_help(FILE *out, const struct command *command)
{
	fprintf(out, "kvalab %s %s%s[options]: %s\n", command->name, command->words,
		*command->words ? " " : "", command->about);
	options_help(out, command->options);
	if (command->more)
		fprintf(out, "%s\n", command->more);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int check_words(const struct command *command, const struct options *options,
		       struct err *err)
{
	if (options->nwords > command->most_words)
		return err_set(err, EXIT_USAGE, "%s: one argument too many: \"%s\"", command->name,
			       options->word[command->most_words]);
	if (options->nwords < command->least_words)
		return err_set(err, EXIT_USAGE, "something is missing: kvalab %s %s", command->name,
			       command->words);
	return 0;
}

static int run_command(const struct command *command, int argc, const char *const *argv)
{
	struct options options;
	struct err err;
	int status;

	options_init(&options);
	if (options_parse(&options, command->options, argc, argv, &err)) {
		status = cli_fail(&err);
	} else if (options.help) {
		command_help(stdout, command);
		status = EXIT_OK;
	} else if (check_words(command, &options, &err)) {
		status = cli_fail(&err);
	} else {
		status = command->run(&options);
	}
	options_free(&options);
	return cli_end(status);
}

/*
 * A standard descriptor that is closed would be the next file's: what is printed would go into a
 * chip or guest memory. A directory takes its place: it is always there, and fails each write.
 */
static int hold_standard_descriptors(struct err *err)
{
	int fd;

	do
		fd = open("/", O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return err_errno(err, EXIT_HOST, "the standard descriptors cannot be checked");
	close(fd);
	return 0;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static const struct command *need_command(const char *name, struct err *err)
{
	const struct command *command = find_command(name);
	char hint[HINT_BYTES];

	if (!command)
		err_set(err, EXIT_USAGE, "unknown command \"%s\"; %s", name,
			name_hint(name, name_of_command, NULL, hint));
	return command;
}

/* help [COMMAND]: @argv is what follows it. */
static int show_help(int argc, char **argv)
{
	const struct command *command;
	struct err err;

	if (argc > 1) {
		err_set(&err, EXIT_USAGE, "help: one argument too many: \"%s\"", argv[1]);
		return cli_fail(&err);
	}
	if (argc == 0) {
		general_help(stdout);
	} else {
		command = need_command(argv[0], &err);
		if (!command)
			return cli_fail(&err);
		command_help(stdout, command);
	}
	return cli_end(EXIT_OK);
}

int cli_main(int argc, char **argv)
{
	const struct command *command;
	struct err err;

	if (hold_standard_descriptors(&err))
		return cli_fail(&err);
	if (argc < 2) {
		general_help(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]))
		return show_help(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version")) {
		printf("kvalab %s\n", KVALAB_VERSION);
		return cli_end(EXIT_OK);
	}
	command = need_command(argv[1], &err);
	if (!command)
		return cli_fail(&err);
	return run_command(command, argc - 2, (const char *const *)argv + 2);
}
