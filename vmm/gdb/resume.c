/* SPDX-License-Identifier: MIT */
/* Owns what gdb's words for going on mean: which CPU steps, continues or stands. */
#include <string.h>

#include "vmm/gdb/commands.h"

bool gdb_parse_thread(const struct gdb_session *session, const char **text, int *thread)
{
	u64 number;

	if (strncmp(*text, "-1", 2) == 0) {
		*text += 2;
		*thread = -1;
		return true;
	}
	if (!hex_number(text, &number) || number > session->target->ncpus)
		return false;
	*thread = (int)number;
	return true;
}

static void set_all(struct gdb_session *session, enum gdb_action action)
{
	for (u32 i = 0; i < session->target->ncpus; i++)
		session->action[i] = action;
}

/* A signal's number has no meaning for a machine: it is checked and dropped. */
static bool skip_signal(const char **text, char command)
{
	u64 number;

	return command == 'c' || command == 's' || hex_number(text, &number);
}

static bool action_of(char command, enum gdb_action *action)
{
	switch (command) {
	case 'c':
	case 'C': *action = GDB_CONTINUE; return true;
	case 's':
	case 'S': *action = GDB_STEP; return true;
	}
	return false;
}

/* A step of all CPUs at once would be no step: without Hc it is that of the one that has
 * stopped. */
bool gdb_parse_resume(struct gdb_session *session, const char *text)
{
	char command = *text++;
	enum gdb_action action;
	int cpu = session->run_cpu;

	if (!action_of(command, &action) || !skip_signal(&text, command) || *text)
		return false;
	if (action == GDB_STEP && cpu < 0)
		cpu = (int)session->stop.cpu;
	set_all(session, cpu < 0 ? action : GDB_STAND);
	if (cpu >= 0)
		session->action[cpu] = action;
	return true;
}

/* The first action that names a thread counts. */
static void apply(struct gdb_session *session, int thread, enum gdb_action action, bool *decided)
{
	for (u32 i = 0; i < session->target->ncpus; i++) {
		if (decided[i] || (thread > 0 && i != (u32)thread - 1))
			continue;
		session->action[i] = action;
		decided[i] = true;
		if (thread == 0)
			return;
	}
}

bool gdb_parse_vcont(struct gdb_session *session, const char *text)
{
	bool decided[KVL_MAX_CPUS] = { false };

	set_all(session, GDB_STAND);
	while (*text == ';') {
		char command = text[1];
		enum gdb_action action;
		int thread = -1;

		if (!action_of(command, &action))
			return false;
		text += 2;
		if (!skip_signal(&text, command))
			return false;
		if (*text == ':') {
			text++;
			if (!gdb_parse_thread(session, &text, &thread))
				return false;
		}
		apply(session, thread, action, decided);
	}
	for (u32 i = 0; i < session->target->ncpus; i++)
		if (session->action[i] != GDB_STAND)
			return *text == '\0';
	return false;
}
