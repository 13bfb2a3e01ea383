/* SPDX-License-Identifier: MIT */
/* Where console and log leave the process while vCPUs run: a descriptor whose reader may be
 * slow. */
#ifndef KVL_CLI_OUTLET_H
#define KVL_CLI_OUTLET_H

#include <stddef.h>

struct outlet {
	int fd;
	int error;  /* errno of the first write that failed; 0: none did */
	char *late; /* what outlet_end() has still to write */
	size_t late_bytes;
};

/*
 * Writes all @n bytes, waiting for the reader. A signal ends the wait, not the output: what is left
 * then is kept for the next call, or outlet_end(), so that a vCPU that is told to stop does. After
 * an error nothing more is written. One call at a time.
 */
void outlet_write(struct outlet *outlet, const char *bytes, size_t n);

/* Writes what was kept, however long the reader takes. The outlet can be used again. */
void outlet_end(struct outlet *outlet);

#endif
