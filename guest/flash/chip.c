/* SPDX-License-Identifier: MIT */
/*
 * Owns the arbitration of one chip between those who read it (copies, and faults on mappings) and
 * those who write it. Which commands make a write is the command set's (intel.c), what a mapping is
 * mapping.c's.
 *
 * Rule: first come, first served. Everybody draws a ticket. A reader is served as soon as no write
 * session runs and at once lets the next ticket go, so that readers overlap; a writer waits until
 * the readers served before it are done, and lets nobody go until its session is over. So a writer
 * waits at most for the readers that came before it, a reader at most for the sessions that were
 * asked for before its fault: neither starves. A session is one erase block or one batch of words.
 *
 * No lock is held across a wait. A mapping of the chip is made with chip->lock held and the state
 * seen ready, and a session sets the state, under the same lock, before it revokes and long before
 * it commands: so no command can come between "marked as being read" and the entry (row W4).
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/trace.h"

#define MAX_CHIP_BYTES GiB(1)

const char *flash_error_text(enum flash_error error)
{
	static const char *const text[] = {
		[FLASH_OK] = "done",
		[FLASH_RANGE] = "outside the partition or not aligned",
		[FLASH_TIMEOUT] = "the chip is busy for longer than it may be",
		[FLASH_PROGRAM] = "programming failed",
		[FLASH_ERASE] = "erasing failed",
		[FLASH_SEQUENCE] = "command sequence error",
		[FLASH_LOCKED] = "block is locked",
		[FLASH_VPP] = "programming voltage too low",
		[FLASH_STUCK] = "the chip is out of service after a time-out",
		[FLASH_ABSENT] = "no chip answers as CFI demands",
		[FLASH_NO_SPACE] = "no kernel address space",
	};

	return text[error];
}

const struct flash_stats *flash_stats(const struct flash_chip *chip)
{
	return &chip->stats;
}

bool flash_is_writing(const struct flash_chip *chip)
{
	return chip->state == CHIP_WRITING;
}

/* --- turns --------------------------------------------------------------------------------------- */

/* Once true for a ticket it stays true until that ticket is served. */
static bool may_go(const struct flash_chip *chip, u32 ticket, bool write)
{
	return __atomic_load_n(&chip->serving, __ATOMIC_ACQUIRE) == ticket &&
	       chip->state != CHIP_WRITING && !(write && chip->readers);
}

static void wait_turn(struct flash_chip *chip, u32 ticket, bool write)
{
	u32 what = write ? KVL_WAIT_CHIP_WRITE : KVL_WAIT_CHIP;
	u16 site = SITE("flash.turn");

	wait_begin(what, chip->gpa, site);
	while (!may_go(chip, ticket, write))
		task_yield();
	wait_end(what, chip->gpa, site);
}

static void account_wait(struct flash_waits *waits, u64 ticks, u64 ns)
{
	if (waits->n < FLASH_WAIT_SAMPLES)
		waits->sample[waits->n] = ticks;
	waits->n++;
	waits->ticks += ticks;
	waits->max_ticks = ticks > waits->max_ticks ? ticks : waits->max_ticks;
	waits->max_ns = ns > waits->max_ns ? ns : waits->max_ns;
}

static void wait_as_reader(struct flash_chip *chip, u32 ticket)
{
	u64 ticks = ticks_now(), ns = flash_clock_now();

	wait_turn(chip, ticket, false);
	count(COUNT_CHIP_WAITS);
	if (current()->flash_waits)
		account_wait(current()->flash_waits, ticks_now() - ticks, flash_clock_now() - ns);
}

/* Row W7. First come, first served: before this turn came all the others who had asked before,
 * @others_asked of them, and nobody else. */
static void note_served(struct flash_chip *chip, bool write, u32 others_asked)
{
	chip->stats.out_of_order += chip->served[!write] != others_asked;
	chip->served[write]++;
}

/* Returns with chip->lock held, the caller's ticket being served. */
static void take_turn(struct flash_chip *chip, bool write)
{
	u32 ticket, others_asked;

	if (current()->in_driver)
		panic("flash driver entered twice",
		      "task %s needs the chip at %lx to be readable while "
		      "it is commanding it",
		      current()->name, chip->gpa);
	spin_lock(&chip->lock);
	ticket = chip->next_ticket++;
	chip->asked[write]++;
	others_asked = chip->asked[!write];
	if (!may_go(chip, ticket, write)) {
		spin_unlock(&chip->lock);
		if (write)
			wait_turn(chip, ticket, true);
		else
			wait_as_reader(chip, ticket);
		spin_lock(&chip->lock);
	}
	note_served(chip, write, others_asked);
}

/* Last of all: whoever waits for its ticket looks without the lock, and must find the rest done. */
static void serve_next(struct flash_chip *chip)
{
	__atomic_store_n(&chip->serving, chip->serving + 1, __ATOMIC_RELEASE);
}

/* --- readers ------------------------------------------------------------------------------------- */

enum flash_error flash_read_lock(struct flash_chip *chip)
{
	take_turn(chip, false);
	if (chip->state == CHIP_STUCK) {
		flash_read_unlock(chip);
		return FLASH_STUCK;
	}
	trace_event(KVL_EV_FLASH_MARK, SITE("flash.readable"), KVL_FLASH_READABLE, 0, chip->gpa, 0,
		    0, 0, 0);
	return FLASH_OK;
}

void flash_read_unlock(struct flash_chip *chip)
{
	serve_next(chip);
	spin_unlock(&chip->lock);
}

enum flash_error flash_read_begin(struct flash_chip *chip)
{
	enum flash_error error = flash_read_lock(chip);

	if (error)
		return error;
	chip->readers++;
	flash_read_unlock(chip);
	return FLASH_OK;
}

void flash_read_end(struct flash_chip *chip)
{
	spin_lock(&chip->lock);
	chip->readers--;
	spin_unlock(&chip->lock);
}

/* --- writers ------------------------------------------------------------------------------------- */

/* Every write waits, for its turn or for the chip to be done: so it is refused where that is
 * forbidden even if this one would find the chip idle (row W17). */
static void must_be_able_to_wait(const struct flash_chip *chip)
{
	if (in_atomic())
		panic("wait in atomic context",
		      "task %s writes to the chip at %lx with %u locks held, interrupts %s",
		      current()->name, chip->gpa, current()->locks, arch_irqs_on() ? "on" : "off");
}

enum flash_error flash_write_begin(struct flash_chip *chip)
{
	u64 asked = ticks_now(), delay;

	must_be_able_to_wait(chip);
	take_turn(chip, true);
	if (chip->state == CHIP_STUCK) {
		serve_next(chip);
		spin_unlock(&chip->lock);
		return FLASH_STUCK;
	}
	chip->state = CHIP_WRITING;
	serve_next(chip);
	spin_unlock(&chip->lock);
	/* Not under the lock: the flush waits for CPUs that may be spinning for it. */
	flash_revoke_all(chip);
	current()->in_driver = true;
	chip->stats.sessions++;
	trace_event(KVL_EV_FLASH_MARK, SITE("flash.writing"), KVL_FLASH_WRITING, 0, chip->gpa, 0, 0,
		    0, 0);
	delay = ticks_now() - asked;
	if (delay > chip->stats.writer_delay_max_ticks)
		chip->stats.writer_delay_max_ticks = delay;
	return FLASH_OK;
}

void flash_write_end(struct flash_chip *chip, enum flash_error outcome)
{
	current()->in_driver = false;
	if (outcome == FLASH_TIMEOUT)
		printk("flash: chip at %lx is taken out of service: %s\n", chip->gpa,
		       flash_error_text(outcome));
	spin_lock(&chip->lock);
	chip->state = outcome == FLASH_TIMEOUT ? CHIP_STUCK : CHIP_READY;
	spin_unlock(&chip->lock);
}

/* --- life ---------------------------------------------------------------------------------------- */

/* What the device tree says; cfi.c believes four devices of 256 MiB, side by side. */
static bool place_ok(u64 gpa, u64 bytes)
{
	if (bytes && bytes <= MAX_CHIP_BYTES && !(gpa % PAGE_BYTES) && !(bytes % PAGE_BYTES) &&
	    gpa <= UINT64_MAX - bytes)
		return true;
	printk("flash: %lu bytes at %lx: no chip can be there: at most 1 GiB, whole pages\n", bytes,
	       gpa);
	return false;
}

struct flash_chip *flash_chip_open(void)
{
	struct flash_chip *chip;
	enum flash_error error;

	if (!place_ok(boot_options.flash_gpa, boot_options.flash_bytes))
		return NULL;
	chip = kalloc(sizeof(*chip));
	chip->gpa = boot_options.flash_gpa;
	chip->bytes = boot_options.flash_bytes;
	chip->bank_width = boot_options.flash_bank_width;
	chip->lock.name = "flash chip";
	chip->window = ioremap(chip->gpa, chip->bytes, SITE("flash.window"));
	if (!chip->window) {
		printk("flash: no kernel address space for a window of %lu bytes\n", chip->bytes);
		kfree(chip);
		return NULL;
	}
	error = cfi_probe(chip);
	if (!error)
		return chip;
	printk("flash: chip at %lx cannot be used: %s\n", chip->gpa, flash_error_text(error));
	flash_chip_close(chip);
	return NULL;
}

void flash_chip_close(struct flash_chip *chip)
{
	if (chip->mappings)
		panic("flash chip in use", "the chip at %lx still has a mapping", chip->gpa);
	iounmap((void *)(uintptr_t)chip->window);
	kfree(chip);
}
