/* SPDX-License-Identifier: MIT */
/*
 * A QEMU of a test's own: its machine stands still, and the test makes bus cycles in its place
 * (QEMU's qtest protocol). Whatever fails ends the test, with QEMU's last words.
 */
#ifndef KVL_TEST_QTEST_H
#define KVL_TEST_QTEST_H

#include <sys/types.h>

#include "devices/abi/types.h"
#include "vmm/qemu/qmp.h"

struct qtest {
	pid_t pid;
	int fd; /* the protocol */
	struct qmp qmp;
	int stderr_fd; /* a memory file */
	char in[32 * 1024];
	size_t start, end; /* what of @in has not been read yet */
};

#define QTEST_FLASH "/proc/self/fd/3" /* @flash, for QEMU's command line */

/*
 * Starts @program with @argv (NULL-terminated, without what speaks the protocol), and with a file
 * of so many bytes. QEMU ends when this process does.
 */
void qtest_start(struct qtest *qtest, const char *program, const char *const *argv, const u8 *flash,
		 size_t flash_bytes);
void qtest_end(struct qtest *qtest);

/* Lets the machine run, and its clock with it: "cont"; "stop". */
void qtest_do(struct qtest *qtest, const char *command);

/* Bus accesses of 1, 2 or 4 bytes, as the machine's CPU would make them. */
u64 qtest_read(struct qtest *qtest, u64 gpa, u32 bytes);
void qtest_write(struct qtest *qtest, u64 gpa, u32 bytes, u64 value);
/* Any number of bytes; QEMU chooses the accesses. */
void qtest_read_bytes(struct qtest *qtest, u64 gpa, u8 *to, size_t bytes);

/* Ends the test. */
_Noreturn void qtest_fail(const struct qtest *qtest, const char *what);

#endif
