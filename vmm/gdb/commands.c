/* SPDX-License-Identifier: MIT */
/*
 * Owns which of gdb's commands there are, and what each answers. One that is not known gets an
 * empty reply, which is gdb's word for "not supported". Questions: queries.c; what lets the machine
 * go on: resume.c.
 */
#include "vmm/gdb/commands.h"

#include <string.h>

#include "vmm/gdb/reply.h"

#define MAX_MEMORY_BYTES (GDB_PACKET_MAX / 2)

/* --- registers -------------------------------------------------------------------------------- */
static void put_register(char *out, u32 n, const u8 *value)
{
	if (gdb_register[n].unknown)
		memset(out, 'x', 2 * gdb_register[n].bytes);
	else
		hex_put(out, value, gdb_register[n].bytes);
}

static bool read_all(struct gdb_session *session, u8 *values)
{
	const struct gdb_target *target = session->target;

	return target->read_registers(target->owner, session->cpu, values);
}

static void read_registers(struct gdb_session *session)
{
	u8 values[GDB_REGISTER_BYTES];

	if (!read_all(session, values)) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	for (u32 i = 0, at = 0; i < GDB_REGISTERS; at += gdb_register[i++].bytes)
		put_register(session->reply + 2 * at, i, values + at);
	session->reply_bytes = 2 * GDB_REGISTER_BYTES;
}

static void write_registers(struct gdb_session *session, const char *text, size_t n)
{
	const struct gdb_target *target = session->target;
	u8 values[GDB_REGISTER_BYTES];
	bool done = n == 2 * sizeof(values) && read_all(session, values);

	for (u32 i = 0, at = 0; i < GDB_REGISTERS && done; at += gdb_register[i++].bytes)
		done = gdb_register[i].unknown ||
		       hex_take(text + 2 * at, values + at, gdb_register[i].bytes);
	done = done && target->write_registers(target->owner, session->cpu, values);
	gdb_say_done(session, done, GDB_BAD_ARGUMENT);
}

static bool parse_register(const char **text, u32 *n)
{
	u64 number;

	if (!hex_number(text, &number) || number >= GDB_REGISTERS)
		return false;
	*n = (u32)number;
	return true;
}

static void read_register(struct gdb_session *session, const char *text)
{
	u8 values[GDB_REGISTER_BYTES];
	u32 n;

	if (!parse_register(&text, &n) || *text || !read_all(session, values)) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	put_register(session->reply, n, values + gdb_register_offset(n));
	session->reply_bytes = 2 * gdb_register[n].bytes;
}

static void write_register(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	u8 values[GDB_REGISTER_BYTES];
	u32 n;
	bool done = parse_register(&text, &n) && *text++ == '=' && !gdb_register[n].unknown &&
		    strlen(text) == 2 * gdb_register[n].bytes && read_all(session, values) &&
		    hex_take(text, values + gdb_register_offset(n), gdb_register[n].bytes) &&
		    target->write_registers(target->owner, session->cpu, values);

	gdb_say_done(session, done, GDB_BAD_ARGUMENT);
}

/* --- memory ----------------------------------------------------------------------------------- */
/* Less than what is asked for may be answered. */
static void read_memory(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	u8 bytes[MAX_MEMORY_BYTES];
	u64 address, length;
	size_t n;

	if (!hex_range(&text, '\0', &address, &length)) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	n = length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
	n = target->read_memory(target->owner, session->cpu, address, bytes, n);
	if (n || !length)
		gdb_say_bytes(session, bytes, n);
	else
		gdb_say_error(session, GDB_BAD_ADDRESS);
}

static void write_bytes(struct gdb_session *session, u64 address, const u8 *bytes, size_t n)
{
	const struct gdb_target *target = session->target;

	gdb_say_done(session,
		     !n || target->write_memory(target->owner, session->cpu, address, bytes, n),
		     GDB_BAD_ADDRESS);
}

static void write_memory(struct gdb_session *session, const char *text)
{
	u8 bytes[MAX_MEMORY_BYTES];
	u64 address, length;

	if (!hex_range(&text, ':', &address, &length) || length > sizeof(bytes) ||
	    strlen(text) != 2 * length || !hex_take(text, bytes, (size_t)length))
		gdb_say_error(session, GDB_BAD_ARGUMENT);
	else
		write_bytes(session, address, bytes, (size_t)length);
}

/* @end: behind the packet's last byte; what is written may hold any. */
static void write_binary(struct gdb_session *session, const char *text, const char *end)
{
	u64 address, length;

	if (!hex_range(&text, ':', &address, &length) || length != (u64)(end - text))
		gdb_say_error(session, GDB_BAD_ARGUMENT);
	else
		write_bytes(session, address, (const u8 *)text, (size_t)length);
}

/* --- breakpoints ------------------------------------------------------------------------------ */
/* Z0 and z0: a breakpoint in memory. All other kinds are not there. */
static void change_break(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	bool insert = *text++ == 'Z';
	u64 address, kind;

	if (*text++ != '0') {
		gdb_say(session, "%s", "");
		return;
	}
	if (*text++ != ',' || !hex_range(&text, '\0', &address, &kind)) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	if (!insert)
		target->remove_break(target->owner, address);
	gdb_say_done(session, !insert || target->insert_break(target->owner, session->cpu, address),
		     GDB_BAD_ADDRESS);
}

/* --- threads ---------------------------------------------------------------------------------- */
/* Hg: whose registers and memory; Hc: who goes on with c and s. */
static void choose_thread(struct gdb_session *session, const char *text)
{
	char what = *text;
	int thread;

	if ((what != 'g' && what != 'c') || (text++, !gdb_parse_thread(session, &text, &thread)) ||
	    *text) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	if (what == 'g')
		session->cpu = thread > 0 ? (u32)thread - 1 : session->stop.cpu;
	else
		session->run_cpu = thread - 1 < 0 ? -1 : thread - 1;
	gdb_say(session, "OK");
}

static void set_no_ack(struct gdb_session *session, const char *text)
{
	if (strcmp(text, "QStartNoAckMode"))
		return;
	session->no_ack = true;
	gdb_say(session, "OK");
}

/* --- all of them ------------------------------------------------------------------------------ */
static enum gdb_next go_on(struct gdb_session *session, bool parsed)
{
	if (parsed)
		return GDB_RUN;
	gdb_say_error(session, GDB_BAD_ARGUMENT);
	return GDB_REPLY;
}

static enum gdb_next detach(struct gdb_session *session)
{
	gdb_say(session, "OK");
	return GDB_DETACH;
}

static enum gdb_next verbose(struct gdb_session *session, const char *text)
{
	if (!strcmp(text, "vCont?"))
		gdb_say(session, "vCont;c;C;s;S");
	else if (gdb_behind(text, "vCont"))
		return go_on(session, gdb_parse_vcont(session, text + strlen("vCont")));
	else if (gdb_behind(text, "vKill"))
		return GDB_KILL;
	return GDB_REPLY;
}

enum gdb_next gdb_command(struct gdb_session *session, const char *text, size_t n)
{
	session->reply_bytes = 0;
	switch (text[0]) {
	case '?': gdb_say_stop(session); break;
	case 'g': read_registers(session); break;
	case 'G': write_registers(session, text + 1, n - 1); break;
	case 'p': read_register(session, text + 1); break;
	case 'P': write_register(session, text + 1); break;
	case 'm': read_memory(session, text + 1); break;
	case 'M': write_memory(session, text + 1); break;
	case 'X': write_binary(session, text + 1, text + n); break;
	case 'Z':
	case 'z': change_break(session, text); break;
	case 'H': choose_thread(session, text + 1); break;
	case 'T': gdb_answer_alive(session, text + 1); break;
	case 'q': gdb_answer_query(session, text); break;
	case 'Q': set_no_ack(session, text); break;
	case 'c':
	case 'C':
	case 's':
	case 'S': return go_on(session, gdb_parse_resume(session, text));
	case 'v': return verbose(session, text);
	case 'D': return detach(session);
	case 'k': return GDB_KILL;
	}
	return GDB_REPLY;
}

void gdb_session_init(struct gdb_session *session, const struct gdb_target *target,
		      struct gdb_stop stop)
{
	memset(session, 0, sizeof(*session));
	session->target = target;
	session->stop = stop;
	session->cpu = stop.cpu;
	session->run_cpu = -1;
}
