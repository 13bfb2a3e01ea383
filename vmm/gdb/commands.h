/* SPDX-License-Identifier: MIT */
/*
 * The commands of gdb's remote serial protocol (the gdb manual's appendix E), over a machine that
 * stands still. Who reads the socket, and waits while the machine runs: server.c.
 */
#ifndef KVL_GDB_COMMANDS_H
#define KVL_GDB_COMMANDS_H

#include "devices/abi/platform.h"
#include "vmm/gdb/packet.h"
#include "vmm/gdb/target.h"

/* Signal numbers of the protocol. */
enum gdb_signal { GDB_SIGINT = 2, GDB_SIGTRAP = 5, GDB_SIGABRT = 6 };

/* Why the machine stands still. */
struct gdb_stop {
	u32 cpu;
	enum gdb_signal signal;
	bool at_break;
};

enum gdb_next {
	GDB_REPLY,  /* send session->reply */
	GDB_RUN,    /* do session->action; the reply comes when the machine stops again */
	GDB_DETACH, /* send the reply, let the machine go on without gdb */
	GDB_KILL,   /* end the run; no reply */
};

struct gdb_session {
	const struct gdb_target *target;
	struct gdb_stop stop;
	u32 cpu;	   /* whose registers and memory (Hg) */
	int run_cpu;	   /* which one c and s mean (Hc); -1: all */
	bool no_ack;	   /* no "+" any more */
	bool knows_breaks; /* gdb understands "swbreak" */
	enum gdb_action action[KVL_MAX_CPUS];
	size_t reply_bytes;
	char reply[GDB_PACKET_MAX + 1];
};

/* @stop: why the machine stands still as gdb comes. */
void gdb_session_init(struct gdb_session *session, const struct gdb_target *target,
		      struct gdb_stop stop);

/* @n bytes with a NUL behind them. */
enum gdb_next gdb_command(struct gdb_session *session, const char *text, size_t n);

/* Replies that come while no command is answered. */
void gdb_say_stop(struct gdb_session *session);
void gdb_say_exit(struct gdb_session *session, u32 status);
/* Text for gdb's user (packet O), cut where the packet ends. */
void gdb_say_text(struct gdb_session *session, const char *text);
/* E and a number: of errno, as gdb's users know them. */
void gdb_say_error(struct gdb_session *session, int number);

/* Packets q and T (queries.c); @text is all of a q, and what stands behind the T. */
void gdb_answer_query(struct gdb_session *session, const char *text);
void gdb_answer_alive(struct gdb_session *session, const char *text);

/* "c", "s", "C", "S" and "vCont;…" into session->action (resume.c). False: it is malformed. */
bool gdb_parse_resume(struct gdb_session *session, const char *text);
bool gdb_parse_vcont(struct gdb_session *session, const char *text);
/* A thread's number: 1 and above, or 0 for any, or -1 for all. False: none, or no such thread. */
bool gdb_parse_thread(const struct gdb_session *session, const char **text, int *thread);

#endif
