/* SPDX-License-Identifier: MIT */
/*
 * Errors of the host program. Functions below the command line return 0 or -1 and describe the
 * failure in a struct err: what failed, on which object, why, and what to do. Nothing below
 * vmm/cli/ prints to the user or exits.
 */
#ifndef KVL_ERR_H
#define KVL_ERR_H

/* Exit statuses of kvalab (README: "Exit status"). */
enum exit_status {
	EXIT_OK = 0,
	EXIT_CHECK = 1, /* a guest check, a finding or an expectation does not hold */
	EXIT_USAGE = 2,
	EXIT_HOST = 3,	   /* this host cannot */
	EXIT_GUEST = 4,	   /* the guest crashed */
	EXIT_VMM = 5,	   /* the VMM or the trace is wrong */
	EXIT_SKIPPED = 77, /* what was asked for cannot be shown here; the text says why */
	EXIT_TIMEOUT = 124,
};

struct err {
	enum exit_status status; /* EXIT_OK: no error */
	char text[1024];
};

/* Describes a failure; always returns -1, so that callers can "return err_set(…)". */
int err_set(struct err *err, enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set(), with ": " and strerror(errno) behind the text. */
int err_errno(struct err *err, enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "text: " in front of what @err says already. Returns -1. */
int err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
