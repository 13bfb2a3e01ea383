/* SPDX-License-Identifier: MIT */
/*
 * Owns which of gdb's commands there are, and what each answers. One that is not known gets an empty
 * reply, which is gdb's word for "not supported". Commands that let the machine go on: resume.c.
 */
#include "vmm/gdb/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/gdb/description.h"

#define BAD_ADDRESS 14	/* EFAULT */
#define BAD_ARGUMENT 22 /* EINVAL */
#define MAX_MEMORY_BYTES (GDB_PACKET_MAX / 2)

/* --- replies ------------------------------------------------------------------------------------ */
__attribute__((format(printf, 2, 3))) static void say(struct gdb_session *session,
						      const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(session->reply, sizeof(session->reply), format, args);
	va_end(args);
	session->reply_bytes = (size_t)n < sizeof(session->reply) ? (size_t)n : GDB_PACKET_MAX;
}

void gdb_say_error(struct gdb_session *session, int number)
{
	say(session, "E%02x", number & 0xFF);
}

static void say_done(struct gdb_session *session, bool done, int error)
{
	if (done)
		say(session, "OK");
	else
		gdb_say_error(session, error);
}

static void say_bytes(struct gdb_session *session, const u8 *bytes, size_t n)
{
	hex_put(session->reply, bytes, n);
	session->reply_bytes = 2 * n;
}

void gdb_say_stop(struct gdb_session *session)
{
	const struct gdb_stop *stop = &session->stop;

	session->cpu = stop->cpu;
	say(session, "T%02xthread:%x;%s", stop->signal, stop->cpu + 1,
	    stop->at_break && session->knows_breaks ? "swbreak:;" : "");
}

void gdb_say_exit(struct gdb_session *session, u32 status)
{
	say(session, "W%02x", status & 0xFF);
}

void gdb_say_text(struct gdb_session *session, const char *text)
{
	size_t n = strnlen(text, MAX_MEMORY_BYTES - 1);

	session->reply[0] = 'O';
	hex_put(session->reply + 1, (const u8 *)text, n);
	session->reply_bytes = 1 + 2 * n;
}

/* --- registers ---------------------------------------------------------------------------------- */
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
		gdb_say_error(session, BAD_ARGUMENT);
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
	say_done(session, done, BAD_ARGUMENT);
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
		gdb_say_error(session, BAD_ARGUMENT);
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

	say_done(session, done, BAD_ARGUMENT);
}

/* --- memory ------------------------------------------------------------------------------------- */
/* "address,length" and then @end. */
static bool parse_range(const char **text, char end, u64 *address, u64 *bytes)
{
	return hex_number(text, address) && *(*text)++ == ',' && hex_number(text, bytes) &&
	       *(*text)++ == end;
}

/* Less than what is asked for may be answered. */
static void read_memory(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	u8 bytes[MAX_MEMORY_BYTES];
	u64 address, length;
	size_t n;

	if (!parse_range(&text, '\0', &address, &length)) {
		gdb_say_error(session, BAD_ARGUMENT);
		return;
	}
	n = length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
	n = target->read_memory(target->owner, session->cpu, address, bytes, n);
	if (n || !length)
		say_bytes(session, bytes, n);
	else
		gdb_say_error(session, BAD_ADDRESS);
}

static void write_bytes(struct gdb_session *session, u64 address, const u8 *bytes, size_t n)
{
	const struct gdb_target *target = session->target;

	say_done(session,
		 !n || target->write_memory(target->owner, session->cpu, address, bytes, n),
		 BAD_ADDRESS);
}

static void write_memory(struct gdb_session *session, const char *text)
{
	u8 bytes[MAX_MEMORY_BYTES];
	u64 address, length;

	if (!parse_range(&text, ':', &address, &length) || length > sizeof(bytes) ||
	    strlen(text) != 2 * length || !hex_take(text, bytes, (size_t)length))
		gdb_say_error(session, BAD_ARGUMENT);
	else
		write_bytes(session, address, bytes, (size_t)length);
}

/* @end: behind the packet's last byte; what is written may hold any. */
static void write_binary(struct gdb_session *session, const char *text, const char *end)
{
	u64 address, length;

	if (!parse_range(&text, ':', &address, &length) || length != (u64)(end - text))
		gdb_say_error(session, BAD_ARGUMENT);
	else
		write_bytes(session, address, (const u8 *)text, (size_t)length);
}

/* --- breakpoints -------------------------------------------------------------------------------- */
/* Z0 and z0: a breakpoint in memory. All other kinds are not there. */
static void change_break(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	bool insert = *text++ == 'Z';
	u64 address, kind;

	if (*text++ != '0') {
		say(session, "%s", "");
		return;
	}
	if (*text++ != ',' || !parse_range(&text, '\0', &address, &kind)) {
		gdb_say_error(session, BAD_ARGUMENT);
		return;
	}
	if (!insert)
		target->remove_break(target->owner, address);
	say_done(session, !insert || target->insert_break(target->owner, session->cpu, address),
		 BAD_ADDRESS);
}

/* --- threads ------------------------------------------------------------------------------------ */
/* Hg: whose registers and memory; Hc: who goes on with c and s. */
static void choose_thread(struct gdb_session *session, const char *text)
{
	char what = *text;
	int thread;

	if ((what != 'g' && what != 'c') || (text++, !gdb_parse_thread(session, &text, &thread)) ||
	    *text) {
		gdb_say_error(session, BAD_ARGUMENT);
		return;
	}
	if (what == 'g')
		session->cpu = thread > 0 ? (u32)thread - 1 : session->stop.cpu;
	else
		session->run_cpu = thread - 1 < 0 ? -1 : thread - 1;
	say(session, "OK");
}

static bool parse_cpu(struct gdb_session *session, const char *text, u32 *cpu)
{
	int thread;

	if (!gdb_parse_thread(session, &text, &thread) || *text || thread < 1)
		return false;
	*cpu = (u32)thread - 1;
	return true;
}

static void list_threads(struct gdb_session *session)
{
	char text[KVL_MAX_CPUS * 4 + 1] = "";
	size_t n = 0;

	for (u32 i = 0; i < session->target->ncpus; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%c%x", i ? ',' : 'm', i + 1);
	say(session, "%s", text);
}

static void describe_thread(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	char line[160];
	u32 cpu;

	if (!parse_cpu(session, text, &cpu)) {
		gdb_say_error(session, BAD_ARGUMENT);
		return;
	}
	target->describe(target->owner, cpu, line, sizeof(line));
	say_bytes(session, (const u8 *)line, strlen(line));
}

static void ask_alive(struct gdb_session *session, const char *text)
{
	u32 cpu;

	say_done(session, parse_cpu(session, text, &cpu), BAD_ARGUMENT);
}

/* --- queries ------------------------------------------------------------------------------------ */
static void answer_supported(struct gdb_session *session, const char *text)
{
	session->knows_breaks = strstr(text, "swbreak+");
	say(session, "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+",
	    GDB_PACKET_MAX);
}

/* A piece of the target description: "m" and there is more, "l" and this was the last. */
static void answer_description(struct gdb_session *session, const char *text)
{
	char xml[GDB_DESCRIPTION_MAX];
	size_t all = gdb_describe_registers(xml), n;
	u64 offset, length;

	if (!parse_range(&text, '\0', &offset, &length) || offset > all) {
		gdb_say_error(session, BAD_ARGUMENT);
		return;
	}
	n = all - (size_t)offset;
	if (n > length)
		n = (size_t)length;
	if (n > GDB_PACKET_MAX - 1)
		n = GDB_PACKET_MAX - 1;
	session->reply[0] = offset + n < all ? 'm' : 'l';
	memcpy(session->reply + 1, xml + offset, n);
	session->reply_bytes = n + 1;
}

static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? NULL : text + n;
}

static void answer_query(struct gdb_session *session, const char *text)
{
	const char *rest;

	if (behind(text, "qSupported"))
		answer_supported(session, text);
	else if ((rest = behind(text, "qXfer:features:read:target.xml:")))
		answer_description(session, rest);
	else if ((rest = behind(text, "qThreadExtraInfo,")))
		describe_thread(session, rest);
	else if (!strcmp(text, "qfThreadInfo"))
		list_threads(session);
	else if (!strcmp(text, "qsThreadInfo"))
		say(session, "l");
	else if (!strcmp(text, "qC"))
		say(session, "QC%x", session->cpu + 1);
	else if (behind(text, "qAttached"))
		say(session, "1"); /* when it leaves, gdb detaches and does not kill */
	else if (!strcmp(text, "qOffsets"))
		say(session, "TextSeg=%llx", (unsigned long long)session->target->image_va);
}

static void set_no_ack(struct gdb_session *session, const char *text)
{
	if (strcmp(text, "QStartNoAckMode"))
		return;
	session->no_ack = true;
	say(session, "OK");
}

/* --- all of them -------------------------------------------------------------------------------- */
static enum gdb_next go_on(struct gdb_session *session, bool parsed)
{
	if (parsed)
		return GDB_RUN;
	gdb_say_error(session, BAD_ARGUMENT);
	return GDB_REPLY;
}

static enum gdb_next detach(struct gdb_session *session)
{
	say(session, "OK");
	return GDB_DETACH;
}

static enum gdb_next verbose(struct gdb_session *session, const char *text)
{
	if (!strcmp(text, "vCont?"))
		say(session, "vCont;c;C;s;S");
	else if (behind(text, "vCont"))
		return go_on(session, gdb_parse_vcont(session, text + strlen("vCont")));
	else if (behind(text, "vKill"))
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
	case 'T': ask_alive(session, text + 1); break;
	case 'q': answer_query(session, text); break;
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
