/* SPDX-License-Identifier: MIT */
/*
 * Two chips that get the same bus cycles: QEMU's and the model. What they do differently is a row
 * of a table, or a failure.
 *
 * They are kept in the same state. A rule for a write says that it leaves them in different ones:
 * its settle() demands what the row says of both, and brings QEMU's chip into the state of the
 * model. A rule for a read, or for a byte of the array, says that two values differ for that
 * reason. Each difference must be that of one rule, and each rule must be needed.
 */
#ifndef KVL_TEST_TWINS_H
#define KVL_TEST_TWINS_H

#include "devices/flash/flash.h"
#include "tests/qemu/qtest.h"

struct cycle {
	bool write;
	u32 offset, bytes, value; /* of a read: what the model returned */
	u32 qemus;		  /* of a read: what QEMU returned */
};

struct rule {
	const char *what, *qemu, *kvalab, *sheet; /* the row */
	/* One of these; the cycle of the second has the two values, that of the third a byte's. */
	bool (*write)(const struct cycle *cycle);
	bool (*read)(const struct cycle *cycle);
	bool (*byte)(const struct cycle *cycle);
	void (*settle)(const struct cycle *cycle); /* of a write */
	u32 seen;
};

#define TWINS_HISTORY 32

struct twins {
	struct qtest qemu;
	u64 gpa; /* of QEMU's chip */
	struct flash_bank *bank;
	const struct flash_config *config;
	u8 *array;
	u64 now_ns;
	enum kvl_flash_mode mode; /* of the model, as it told */
	bool busy;		  /* it is */
	/* The two values of a read are alike. NULL: equal. */
	bool (*alike)(const struct cycle *cycle);
	struct rule *rules;
	size_t nrules;
	u32 cycles;	/* made on both */
	u32 qemu_reads; /* of QEMU's chip, all of them */
	struct cycle history[TWINS_HISTORY];
	u64 random;
};

extern struct twins twins;

/* A model of @config over @array, whose content QEMU's chip has too. @rules are counted from 0. */
void twins_start(const struct flash_config *config, u8 *array, struct rule *rules, size_t nrules);
void twins_end(void);

/* Ends the test, with the last cycles. */
_Noreturn void twins_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- cycles on both --------------------------------------------------------------------------- */
/* A read; its value. If they differ, by one rule. */
u32 twins_read(u32 offset, u32 bytes);
/* A write. The rule by which it leaves them in different states, if there is one, has settled
 * that. */
void twins_write(u32 offset, u32 bytes, u32 value);
/* A row in which there is none of the three functions: the caller has seen the difference. */
void twins_saw(struct rule *rule);

/* --- cycles on QEMU's alone, for rules -------------------------------------------------------- */
u32 qemus_read(u32 offset, u32 bytes);
void qemus_write(u32 offset, u32 bytes, u32 value);

/* --- arrays ----------------------------------------------------------------------------------- */
/*
 * Compares @bytes of the arrays; QEMU's chip is in read array mode. Bytes that differ do so by one
 * rule each. The model's are then as QEMU's.
 */
void twins_compare_array(u32 offset, u32 bytes);

/* Lets the model's operations end. */
void twins_finish(void);

/* At the end of a long run: each rule was needed. Prints what was. */
void twins_require_all_rules(void);

/* The table as Markdown. */
void twins_print_table(const struct rule *rules, size_t nrules);

/* A number below @n, of a sequence that begins with twins.random. */
u32 twins_random(u32 n);

#endif
