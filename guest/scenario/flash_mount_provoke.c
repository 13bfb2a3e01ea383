/* SPDX-License-Identifier: MIT */
/*
 * Owns what a user of a mapping must not do (seed rows W3, W17): each ends the run with a failure
 * of its own name. If one does not, the caller's check fails.
 */
#include "guest/lib/string.h"
#include "guest/scenario/flash_mount.h"

/* A store through the mapping: faults, and never reaches the chip. */
static void store(struct flash_reader *reader, const struct flash_partition *log)
{
	volatile u8 *byte = (volatile u8 *)(uintptr_t)reader->base;

	(void)log;
	*byte = 0;
}

/* So that the page that is touched next is not there: a write takes all away. */
static void write_a_word(const struct flash_partition *log)
{
	const u32 zero = 0;

	flash_partition_program(log, log->bytes - log->bank_width, &zero, log->bank_width);
}

/* A touch with a lock held: it may have to wait, which is forbidden there. */
static void touch_in_atomic_context(struct flash_reader *reader, const struct flash_partition *log)
{
	struct spinlock lock = SPINLOCK("provoke");

	write_a_word(log);
	spin_lock(&lock);
	(void)*(const volatile u8 *)reader->base;
	spin_unlock(&lock);
}

/* The same with interrupts off and no lock. */
static void touch_with_interrupts_off(struct flash_reader *reader,
				      const struct flash_partition *log)
{
	unsigned long irq;

	write_a_word(log);
	irq = arch_irq_save();
	(void)*(const volatile u8 *)reader->base;
	arch_irq_restore(irq);
}

/* The mapping as the source of a program operation: touched while the chip takes commands. */
static void program_from_mapping(struct flash_reader *reader, const struct flash_partition *log)
{
	flash_partition_program(log, log->bytes - log->bank_width, reader->base, log->bank_width);
}

/* A write with a lock held: it would wait for the chip, idle or not. */
static void write_in_atomic_context(struct flash_reader *reader, const struct flash_partition *log)
{
	struct spinlock lock = SPINLOCK("provoke");

	(void)reader;
	spin_lock(&lock);
	write_a_word(log);
	spin_unlock(&lock);
}

/* The reader writes to its own chip while it holds a piece (row W14). */
static void write_while_holding(struct flash_reader *reader, const struct flash_partition *log)
{
	flash_reader_get(reader, 0, log->bank_width, log->bank_width);
	write_a_word(log);
}

static const struct provocation {
	const char *name;
	enum { BY_ANY, BY_POINTER, BY_FAULTS, BY_HOLDING } by; /* which arms can make the mistake */
	void (*run)(struct flash_reader *reader, const struct flash_partition *log);
} provocations[] = {
	{ "store", BY_POINTER, store },
	{ "atomic", BY_FAULTS, touch_in_atomic_context },
	{ "irqs", BY_FAULTS, touch_with_interrupts_off },
	{ "driver", BY_FAULTS, program_from_mapping },
	{ "write", BY_ANY, write_in_atomic_context },
	{ "own", BY_HOLDING, write_while_holding },
};

static const struct provocation *find(const char *what)
{
	for (u32 i = 0; i < ARRAY_LEN(provocations); i++)
		if (strcmp(provocations[i].name, what) == 0)
			return &provocations[i];
	return NULL;
}

void flash_mount_check_provoke(const char *what, const struct flash_reader_ops *ops)
{
	const struct provocation *p = find(what);

	if (!p && strcmp(what, "none") != 0)
		usage_failure("provoke=%s: must be none, store, atomic, irqs, driver, write or own",
			      what);
	if (p && p->by == BY_POINTER && ops->get)
		usage_failure("provoke=%s needs an arm with a pointer to the whole partition",
			      what);
	if (p && p->by == BY_FAULTS && !ops->mapping_stats)
		usage_failure("provoke=%s needs an arm whose touches fault", what);
	if (p && p->by == BY_HOLDING && !ops->holds_chip)
		usage_failure(
			"provoke=%s needs an arm that holds the chip; others write while they "
			"read in every run",
			what);
}

void flash_mount_provoke(const char *what, struct flash_reader *reader,
			 const struct flash_partition *log)
{
	find(what)->run(reader, log);
}
