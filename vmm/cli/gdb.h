/* SPDX-License-Identifier: MIT */
/* --gdb PORT: where gdb finds the run, and what its user is told. */
#ifndef KVL_CLI_GDB_H
#define KVL_CLI_GDB_H

#include "devices/abi/types.h"
#include "vmm/err.h"

/*
 * Listens on 127.0.0.1 at @port, 0 for a free one, and says on stderr which command to type. -1:
 * EXIT_HOST, the port is in use or not ours.
 */
int cli_gdb_listen(u32 port, struct err *err);

#endif
