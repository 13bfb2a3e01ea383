/* SPDX-License-Identifier: MIT */
/* kvalab trace: which action, and whether it gets what it needs. */
#include <string.h>

#include "vmm/cli/cli.h"
#include "vmm/cli/parse.h"
#include "vmm/cli/trace.h"
#include "vmm/trace/print.h"

static const struct action {
	const char *name, *words;
	enum option_command options;
	u32 least_words, most_words; /* its name included */
	int (*run)(struct options *options);
} actions[] = {
	{ "print", "DIR", FOR_PRINT, 2, 2, trace_print_command },
	{ "check", "DIR…", FOR_CHECK, 2, OPTIONS_MAX_WORDS, trace_check_command },
	{ "repair", "DIR…", FOR_REPAIR, 2, OPTIONS_MAX_WORDS, trace_repair_command },
	{ "export", "DIR --format FORMAT -o FILE", FOR_EXPORT, 2, 2, trace_export_command },
	{ "diff", "A B", FOR_DIFF, 3, 3, trace_diff_command },
};

static const char *name_of_action(const void *list, size_t i)
{
	(void)list;
	return i < ARRAY_LEN(actions) ? actions[i].name : NULL;
}

static const struct action *find_action(const char *name, struct err *err)
{
	const char *meant = near_name(name, name_of_action, NULL);
	char hint[HINT_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	if (meant)
		err_set(err, EXIT_USAGE, "trace: unknown \"%s\"; did you mean \"trace %s\"?", name,
			meant);
	else
		err_set(err, EXIT_USAGE, "trace: unknown \"%s\"; %s", name,
			name_hint(name, name_of_action, NULL, hint));
	return NULL;
}

static int check_words(const struct action *action, const struct options *options, struct err *err)
{
	if (options->nwords < action->least_words)
		return err_set(err, EXIT_USAGE, "something is missing: kvalab trace %s %s",
			       action->name, action->words);
	if (options->nwords > action->most_words)
		return err_set(err, EXIT_USAGE, "trace %s: one argument too many: \"%s\"",
			       action->name, options->word[action->most_words]);
	return 0;
}

int cmd_trace(struct options *options)
{
	struct err err;
	const struct action *action = find_action(options->word[0], &err);
	char name[32];

	if (!action)
		return cli_fail(&err);
	snprintf(name, sizeof(name), "trace %s", action->name);
	if (check_words(action, options, &err) ||
	    options_only(options, action->options, name, &err))
		return cli_fail(&err);
	return action->run(options);
}

int trace_print_command(struct options *options)
{
	struct err err;

	options->print.event = options->event;
	options->print.nevents = options->nevents;
	if (trace_print(options->word[1], stdout, &options->print, &err))
		return cli_fail(&err);
	return EXIT_OK;
}
