/* SPDX-License-Identifier: MIT */
/* Owns what gdb can ask (packets q and T) about the session, the threads and the registers. */
#include <stdio.h>
#include <string.h>

#include "vmm/gdb/commands.h"
#include "vmm/gdb/description.h"
#include "vmm/gdb/reply.h"

/* --- threads ---------------------------------------------------------------------------------- */
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
	gdb_say(session, "%s", text);
}

static void describe_thread(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	char line[160];
	u32 cpu;

	if (!parse_cpu(session, text, &cpu)) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
		return;
	}
	target->describe(target->owner, cpu, line, sizeof(line));
	gdb_say_bytes(session, (const u8 *)line, strlen(line));
}

void gdb_answer_alive(struct gdb_session *session, const char *text)
{
	u32 cpu;

	gdb_say_done(session, parse_cpu(session, text, &cpu), GDB_BAD_ARGUMENT);
}

/* --- queries ---------------------------------------------------------------------------------- */
static void answer_supported(struct gdb_session *session, const char *text)
{
	session->knows_breaks = strstr(text, "swbreak+");
	gdb_say(session,
		"PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+",
		GDB_PACKET_MAX);
}

/* A piece of the target description: "m" and there is more, "l" and this was the last. */
static void answer_description(struct gdb_session *session, const char *text)
{
	char xml[GDB_DESCRIPTION_MAX];
	size_t all = gdb_describe_registers(xml), n;
	u64 offset, length;

	if (!hex_range(&text, '\0', &offset, &length) || offset > all) {
		gdb_say_error(session, GDB_BAD_ARGUMENT);
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

void gdb_answer_query(struct gdb_session *session, const char *text)
{
	const char *rest;

	if (gdb_behind(text, "qSupported"))
		answer_supported(session, text);
	else if ((rest = gdb_behind(text, "qXfer:features:read:target.xml:")))
		answer_description(session, rest);
	else if ((rest = gdb_behind(text, "qThreadExtraInfo,")))
		describe_thread(session, rest);
	else if (!strcmp(text, "qfThreadInfo"))
		list_threads(session);
	else if (!strcmp(text, "qsThreadInfo"))
		gdb_say(session, "l");
	else if (!strcmp(text, "qC"))
		gdb_say(session, "QC%x", session->cpu + 1);
	else if (gdb_behind(text, "qAttached"))
		gdb_say(session, "1"); /* when it leaves, gdb detaches and does not kill */
	else if (!strcmp(text, "qOffsets"))
		gdb_say(session, "TextSeg=%llx", (unsigned long long)session->target->image_va);
}
