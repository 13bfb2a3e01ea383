/* SPDX-License-Identifier: MIT */
/* A guest made by hand for the tests of the trace: a shared region, and records put into its
 * rings. */
#ifndef TRACE_RIG_H
#define TRACE_RIG_H

#include "devices/abi/shared.h"
#include "vmm/trace/model.h"
#include "vmm/trace/trace.h"

struct rig {
	u32 ncpus;
	struct kvl_shared *shared;
	struct trace *trace;
	struct model *model; /* NULL unless the test makes one before rig_open() */
	char dir[64];	     /* a directory of the test's own; the trace's is dir/trace */
	char trace_dir[80];
	struct err err;
};

extern const char *const rig_sites[];
extern const u32 rig_nsites;

void rig_init(struct rig *rig, u32 ncpus);
/* Opens the trace, written to rig->trace_dir if @files. Fails the test if that does not work. */
void rig_open(struct rig *rig, bool files);
/* Closes all, removes the test's directory. */
void rig_done(struct rig *rig);

/* What a guest does: the slot at head, the ticket, the commit. */
struct kvl_record *rig_slot(struct rig *rig, u32 cpu, u64 number);
u64 rig_ticket(struct rig *rig);
void rig_commit(struct rig *rig, u32 cpu, const struct kvl_record *record);
/* A whole event; returns its ticket. */
u64 rig_event(struct rig *rig, u32 cpu, u16 id, u16 site, u16 h0, u16 h1, u64 a0, u64 a1, u64 a2,
	      u64 a3, u64 a4);
/* An event of no consequence. */
u64 rig_use(struct rig *rig, u32 cpu);
/* The ring of @cpu is full. */
bool rig_full(const struct rig *rig, u32 cpu);

/* The bytes of a file of the trace; *bytes its size. NULL: there is none. Free it. */
u8 *rig_read(const struct rig *rig, const char *name, size_t *bytes);
void rig_write(const struct rig *rig, const char *name, const void *data, size_t bytes);

#endif
