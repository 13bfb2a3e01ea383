/* SPDX-License-Identifier: MIT */
/*
 * Owns the arbitration of one chip between those who read it (copies, and faults on mappings) and
 * those who write it. Which commands make a write is the command sets' (intel.c, amd.c), what a
 * mapping is mapping.c's, how a chip is found open.c's.
 *
 * Rule: first come, first served. Everybody draws a ticket. A reader is served as soon as no write
 * session runs and at once lets the next ticket go, so that readers overlap; a writer waits until
 * the readers served before it are done, and lets nobody go until its session is over. So a writer
 * waits at most for the readers that came before it, a reader at most for the sessions that were
 * asked for before its fault: neither starves. A session is one erase block or one batch of words.
 *
 * With --set suspend=on (struct flash_policy) a session may lend the chip while its operation
 * rests, to those who wait at that moment, in their order: until one comes that cannot share,
 * because it wants the block that the operation has in hand, or to erase. A writer that can (it
 * programs while an erase rests) has a session of its own inside the other. Then the pages that
 * were mapped are revoked again, before the operation goes on: resuming is a command like any other
 * (row W5).
 *
 * No lock is held across a wait. A mapping of the chip is made with chip->lock held and the state
 * seen ready, and a session sets the state, under the same lock, before it revokes and long before
 * it commands: so no command can come between "marked as being read" and the entry (row W4).
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"
#include "guest/trace.h"

/* --- turns ------------------------------------------------------------------------------------ */

static bool overlap(const struct flash_request *a, const struct flash_request *b)
{
	return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

/* @request can be served while @what rests. */
static bool can_share(const struct flash_chip *chip, const struct flash_request *request,
		      const struct flash_request *what)
{
	if (overlap(request, what))
		return false;
	if (request->use == FLASH_READS)
		return true;
	return request->use == FLASH_PROGRAMS && what->use == FLASH_ERASES &&
	       chip->abilities & CHIP_PROGRAMS_IN_SUSPEND;
}

/* Those who came later wait, or the operation would never go on. Tickets wrap around. */
static bool is_lent_to(const struct flash_chip *chip, const struct flash_turn *turn)
{
	return (s32)(turn->ticket - chip->lent_until) < 0 &&
	       can_share(chip, &turn->request, chip->resting);
}

bool flash_is_lent(const struct flash_chip *chip, u64 offset, u64 bytes)
{
	const struct flash_request page = { .use = FLASH_READS, .offset = offset, .bytes = bytes };

	return chip->state == CHIP_RESTING && can_share(chip, &page, chip->resting);
}

static bool writes(const struct flash_turn *turn)
{
	return turn->request.use != FLASH_READS;
}

static bool is_served(const struct flash_chip *chip, const struct flash_turn *turn)
{
	return __atomic_load_n(&chip->serving, __ATOMIC_ACQUIRE) == turn->ticket;
}

/*
 * Once true for a ticket it stays true until that ticket is served: who lends the chip takes it
 * back only when this is false for the first in line. The lock is needed only where @state is
 * CHIP_RESTING.
 */
static bool may_go(const struct flash_chip *chip, const struct flash_turn *turn, u32 state)
{
	if (!is_served(chip, turn) || state == CHIP_WRITING ||
	    (state == CHIP_RESTING && !is_lent_to(chip, turn)))
		return false;
	return !(writes(turn) && chip->readers);
}

/*
 * The state is looked at after the ticket: who serves a ticket has set the state before. The other
 * way round a writer whose predecessor begins between the two looks would find the chip ready, and
 * command it beside him.
 */
static bool is_my_turn(struct flash_chip *chip, const struct flash_turn *turn)
{
	bool mine;
	u32 state;

	if (!is_served(chip, turn))
		return false;
	sched_point();
	state = __atomic_load_n(&chip->state, __ATOMIC_ACQUIRE);
	if (state != CHIP_RESTING)
		return may_go(chip, turn, state);
	spin_lock(&chip->lock);
	mine = may_go(chip, turn, chip->state);
	spin_unlock(&chip->lock);
	return mine;
}

static void wait_turn(struct flash_chip *chip, const struct flash_turn *turn)
{
	u32 what = writes(turn) ? KVL_WAIT_CHIP_WRITE : KVL_WAIT_CHIP;
	u16 site = SITE("flash.turn");

	wait_begin(what, chip->gpa, site);
	while (!is_my_turn(chip, turn))
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

static void wait_as_reader(struct flash_chip *chip, const struct flash_turn *turn)
{
	u64 ticks = ticks_now(), ns = flash_clock_now();

	wait_turn(chip, turn);
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
	chip->stats.turns_lent += chip->state == CHIP_RESTING;
}

/* Tickets are drawn and served under the lock, so whoever waits lines up and leaves in their
 * order. */
static void line_up(struct flash_chip *chip, struct flash_turn *turn)
{
	*chip->last = turn;
	chip->last = &turn->next;
}

static void leave_line(struct flash_chip *chip, struct flash_turn *turn)
{
	chip->first = turn->next;
	if (!chip->first)
		chip->last = &chip->first;
}

/* Returns with chip->lock held, the caller's ticket being served. */
static void take_turn(struct flash_chip *chip, const struct flash_request *request)
{
	struct flash_turn turn = { .request = *request };
	bool write = writes(&turn);
	u32 others_asked;

	if (current()->in_driver)
		panic("flash driver entered twice",
		      "task %s needs the chip at %lx to be readable while "
		      "it is commanding it",
		      current()->name, chip->gpa);
	spin_lock(&chip->lock);
	turn.ticket = chip->next_ticket++;
	chip->asked[write]++;
	others_asked = chip->asked[!write];
	if (!may_go(chip, &turn, chip->state)) {
		line_up(chip, &turn);
		spin_unlock(&chip->lock);
		if (write)
			wait_turn(chip, &turn);
		else
			wait_as_reader(chip, &turn);
		spin_lock(&chip->lock);
		leave_line(chip, &turn);
	}
	note_served(chip, write, others_asked);
}

/* Last of all: whoever waits for its ticket looks without the lock, and must find the rest done. */
static void serve_next(struct flash_chip *chip)
{
	__atomic_store_n(&chip->serving, chip->serving + 1, __ATOMIC_RELEASE);
}

static void set_state(struct flash_chip *chip, u32 state)
{
	__atomic_store_n(&chip->state, state, __ATOMIC_RELEASE);
}

/* The chip shows its array again. Under the lock, before the state lets anybody map it. */
static void show_array(struct flash_chip *chip, u32 state, u16 site)
{
	trace_event(KVL_EV_FLASH_MARK, site, KVL_FLASH_ARRAY, 0, chip->gpa, 0, 0, 0, 0);
	set_state(chip, state);
}

/* --- readers ---------------------------------------------------------------------------------- */

enum flash_error flash_read_lock(struct flash_chip *chip, u64 offset, u64 bytes)
{
	struct flash_request request = { FLASH_READS, offset, bytes };

	take_turn(chip, &request);
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

enum flash_error flash_read_begin(struct flash_chip *chip, u64 offset, u64 bytes)
{
	enum flash_error error = flash_read_lock(chip, offset, bytes);

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

/* --- writers ---------------------------------------------------------------------------------- */

/* Every write waits, for its turn or for the chip to be done: so it is refused where that is
 * forbidden even if this one would find the chip idle (row W17). */
static void must_be_able_to_wait(const struct flash_chip *chip)
{
	if (in_atomic())
		panic("wait in atomic context",
		      "task %s writes to the chip at %lx with %u locks held, interrupts %s",
		      current()->name, chip->gpa, current()->locks, arch_irqs_on() ? "on" : "off");
}

/*
 * The state is CHIP_WRITING, for which everybody waits: so it needs no lock, and whoever lines up
 * meanwhile need not spin for as long as entries are removed and CPUs asked to flush.
 */
static void clear_the_way(struct flash_chip *chip)
{
	flash_revoke_all(chip);
	trace_event(KVL_EV_FLASH_MARK, SITE("flash.writing"), KVL_FLASH_WRITING, 0, chip->gpa, 0, 0,
		    0, 0);
}

static void account_delay(struct flash_chip *chip, u64 ticks)
{
	struct flash_waits *waits = current()->flash_waits;

	if (ticks > chip->stats.writer_delay_max_ticks)
		chip->stats.writer_delay_max_ticks = ticks;
	if (waits && ticks > waits->write_max_ticks)
		waits->write_max_ticks = ticks;
}

enum flash_error flash_write_begin(struct flash_chip *chip, const struct flash_request *request)
{
	u64 asked = ticks_now();

	must_be_able_to_wait(chip);
	if (current()->chips_held)
		panic("flash deadlock",
		      "task %s writes to the chip at %lx, which it holds for reading itself",
		      current()->name, chip->gpa);
	take_turn(chip, request);
	if (chip->state == CHIP_STUCK) {
		serve_next(chip);
		spin_unlock(&chip->lock);
		return FLASH_STUCK;
	}
	set_state(chip, CHIP_WRITING);
	serve_next(chip);
	spin_unlock(&chip->lock);
	clear_the_way(chip);
	current()->in_driver = true;
	chip->stats.sessions++;
	account_delay(chip, ticks_now() - asked);
	return FLASH_OK;
}

/* FLASH_STUCK: so ended a session inside this one. */
void flash_write_end(struct flash_chip *chip, enum flash_error outcome)
{
	bool stuck = outcome == FLASH_TIMEOUT || outcome == FLASH_STUCK;

	current()->in_driver = false;
	if (outcome == FLASH_TIMEOUT)
		printk("flash: chip at %lx is taken out of service: %s\n", chip->gpa,
		       flash_error_text(outcome));
	spin_lock(&chip->lock);
	if (stuck)
		set_state(chip, CHIP_STUCK);
	else
		show_array(chip, chip->resting ? CHIP_RESTING : CHIP_READY, SITE("flash.written"));
	spin_unlock(&chip->lock);
}

/* --- sessions that lend the chip -------------------------------------------------------------- */

/* Nobody is in line: without the lock that is as good as with it. Otherwise who is might leave. */
bool flash_is_wanted(struct flash_chip *chip, const struct flash_request *what)
{
	bool wanted;

	if (!chip->first)
		return false;
	spin_lock(&chip->lock);
	wanted = chip->first && can_share(chip, &chip->first->request, what);
	spin_unlock(&chip->lock);
	return wanted;
}

static void lend(struct flash_chip *chip, const struct flash_request *what)
{
	spin_lock(&chip->lock);
	chip->resting = what;
	chip->lent_until = chip->next_ticket;
	show_array(chip, CHIP_RESTING, SITE("flash.lent"));
	spin_unlock(&chip->lock);
}

/* All who could share have been served and are done. */
static bool is_free_again(const struct flash_chip *chip)
{
	if (chip->state == CHIP_STUCK)
		return true;
	return chip->state == CHIP_RESTING && !chip->readers &&
	       !(chip->first && is_lent_to(chip, chip->first));
}

static bool take_back(struct flash_chip *chip)
{
	bool taken;

	spin_lock(&chip->lock);
	taken = is_free_again(chip);
	if (taken) {
		chip->resting = NULL;
		if (chip->state != CHIP_STUCK)
			set_state(chip, CHIP_WRITING);
	}
	spin_unlock(&chip->lock);
	return taken;
}

enum flash_error flash_lend(struct flash_chip *chip, const struct flash_request *what)
{
	u16 site = SITE("flash.lent");

	lend(chip, what);
	wait_begin(KVL_WAIT_CHIP_WRITE, chip->gpa, site);
	while (!take_back(chip))
		task_yield();
	wait_end(KVL_WAIT_CHIP_WRITE, chip->gpa, site);
	if (chip->state == CHIP_STUCK)
		return FLASH_STUCK;
	clear_the_way(chip);
	return FLASH_OK;
}
