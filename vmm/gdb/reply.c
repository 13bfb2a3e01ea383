/* SPDX-License-Identifier: MIT */
/* Owns how replies are written into a session. */
#include "vmm/gdb/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void gdb_say(struct gdb_session *session, const char *format, ...)
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
	gdb_say(session, "E%02x", number & 0xFF);
}

void gdb_say_done(struct gdb_session *session, bool done, int error)
{
	if (done)
		gdb_say(session, "OK");
	else
		gdb_say_error(session, error);
}

void gdb_say_bytes(struct gdb_session *session, const u8 *bytes, size_t n)
{
	hex_put(session->reply, bytes, n);
	session->reply_bytes = 2 * n;
}

void gdb_say_stop(struct gdb_session *session)
{
	const struct gdb_stop *stop = &session->stop;

	session->cpu = stop->cpu;
	gdb_say(session, "T%02xthread:%x;%s", stop->signal, stop->cpu + 1,
		stop->at_break && session->knows_breaks ? "swbreak:;" : "");
}

void gdb_say_exit(struct gdb_session *session, u32 status)
{
	gdb_say(session, "W%02x", status & 0xFF);
}

void gdb_say_text(struct gdb_session *session, const char *text)
{
	size_t n = strnlen(text, GDB_PACKET_MAX / 2 - 1);

	session->reply[0] = 'O';
	hex_put(session->reply + 1, (const u8 *)text, n);
	session->reply_bytes = 1 + 2 * n;
}

const char *gdb_behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? NULL : text + n;
}
