/* SPDX-License-Identifier: MIT */
/* What gdb sees, and changes, of a machine that stands still. */
#ifndef KVL_GDB_VIEW_H
#define KVL_GDB_VIEW_H

struct gdb_machine;

/* Fills machine->target. */
void gdb_view_init(struct gdb_machine *machine);

#endif
