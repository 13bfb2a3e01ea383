/* SPDX-License-Identifier: MIT */
/* What commands.c and queries.c write their replies with. */
#ifndef KVL_GDB_REPLY_H
#define KVL_GDB_REPLY_H

#include "vmm/gdb/commands.h"

#define GDB_BAD_ADDRESS 14  /* EFAULT */
#define GDB_BAD_ARGUMENT 22 /* EINVAL */

/* Cut where the packet ends. */
void gdb_say(struct gdb_session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* OK, or the error. */
void gdb_say_done(struct gdb_session *session, bool done, int error);
/* At most half a packet of them, as digits. */
void gdb_say_bytes(struct gdb_session *session, const u8 *bytes, size_t n);

/* The text behind @prefix; NULL: it does not begin so. */
const char *gdb_behind(const char *text, const char *prefix);

#endif
