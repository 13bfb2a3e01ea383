/* SPDX-License-Identifier: MIT */
/*
 * QEMU's machine protocol (docs/interop/qmp-spec there): one JSON object a line, over a socket. One
 * thread uses it.
 */
#ifndef KVL_QMP_H
#define KVL_QMP_H

#include <jansson.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

struct qmp {
	int fd;
	void *owner;
	/* An event has come; no command may be given from here. */
	void (*event)(void *owner, const char *name, const json_t *data);
	bool closed; /* QEMU has gone */
	bool silent; /* it owes an answer: whatever it says from now on could be that one */
	size_t bytes;
	char buffer[64 * 1024]; /* what has come of a line that is not complete */
};

/*
 * Takes all messages that have come, waiting for the first one at most @timeout_ms. *@answer: the
 * last answer to a command among them (a new reference), else NULL. False: nothing came.
 */
bool qmp_receive(struct qmp *qmp, int timeout_ms, json_t **answer);

/*
 * Gives a command and waits for its answer: the member "return" (a new reference). NULL: an error,
 * no answer (then no command is given any more), or QEMU has gone. @arguments may be NULL; its
 * reference is taken over.
 */
json_t *qmp_command(struct qmp *qmp, const char *name, json_t *arguments, struct err *err);

/* The same where only success counts. */
int qmp_do(struct qmp *qmp, const char *name, struct err *err);

#endif
