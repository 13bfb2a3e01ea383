/* SPDX-License-Identifier: MIT */
/*
 * Owns the wait for an operation that the chip has in hand: when its status is looked at, when it
 * has taken too long, and when it rests so that others can use the chip. How status looks and what
 * makes it rest is the command set's (intel.c, amd.c), who is served then chip.c's.
 *
 * The first look is at once, before anybody else has a turn: an emulator may be done already, a NOR
 * chip never is, and which it was is counted. Then half the typical time, then in steps. The
 * deadlines are absolute, so time that others spend meanwhile counts; but not while it rests.
 * Others of this CPU run in between.
 */
#include "guest/flash/chip.h"

#include "guest/kernel.h"

/* After the first wait, this many looks at the status in a typical time. */
#define POLLS_PER_TYPICAL 8
/*
 * Who would suspend looks this often whether anybody waits: real time passes while it waits. But no
 * oftener than it takes to come to rest, nor before the operation may rest at all: each is an exit.
 */
#define GLANCES_PER_TYPICAL 256
#define GLANCE_MIN_NS 50000

/*
 * An operation runs at least so long before it rests, again or for the first time: four times what
 * it takes to come to rest (J3: 25 and 26 us typically, L18 and P30 20, set 0002 at most 20,
 * S29GL-S 40), and twice what the S29GL-S needs after a resume before it makes progress at all
 * ("tERS").
 */
#define RUN_BEFORE_REST_NS 200000
#define RESUME_NS 100000

struct progress {
	u64 start;   /* rests since then are left out, and what it took to go on */
	u64 look_at; /* then its status is looked at */
	u64 now;     /* at least so late it is */
	u64 ran_from;
};

/* Not inside the rest of another: programs nested in an erase are short. */
static bool may_rest(const struct flash_chip *chip, const struct flash_operation *op)
{
	static const u32 needs[] = {
		[FLASH_PROGRAMS] = CHIP_SUSPENDS_PROGRAM,
		[FLASH_ERASES] = CHIP_SUSPENDS_ERASE,
		[FLASH_COMMANDS] = 0,
	};

	return chip->policy.suspend && chip->abilities & needs[op->what.use] && !chip->resting;
}

static void wait_until(struct progress *p, u64 ns)
{
	flash_clock_until(ns);
	p->now = ns > p->now ? ns : p->now;
}

/* Once it has run for long enough. FLASH_STUCK: the chip is of no use any more. */
static enum flash_error rest(struct flash_chip *chip, const struct flash_operation *op,
			     struct progress *p)
{
	enum flash_error error = FLASH_OK;
	u64 from;
	bool rests;

	wait_until(p, p->ran_from + RUN_BEFORE_REST_NS);
	from = flash_clock_now();
	rests = chip->commands->suspend(chip, op);
	if (rests) {
		count(COUNT_FLASH_SUSPENDS);
		chip->stats.suspensions++;
		error = flash_lend(chip, &op->what);
		if (error)
			return error;
		chip->commands->resume(chip, op);
	}
	p->ran_from = p->now = flash_clock_now();
	if (rests) {
		p->start += p->now - from + RESUME_NS;
		p->look_at += p->now - from;
	}
	return FLASH_OK;
}

static u64 next_glance(const struct progress *p, const struct flash_times *times)
{
	u64 step = times->typical / GLANCES_PER_TYPICAL + 1;
	u64 glance = p->now + (step > GLANCE_MIN_NS ? step : GLANCE_MIN_NS);
	u64 rests_from = p->ran_from + RUN_BEFORE_REST_NS;

	return glance > rests_from ? glance : rests_from;
}

/* Until the next look; or less, if somebody may come meanwhile for whom the operation would
 * rest. */
static bool run(struct progress *p, const struct flash_times *times, bool glances)
{
	u64 glance = next_glance(p, times);

	if (glances && glance < p->look_at) {
		wait_until(p, glance);
		return false;
	}
	wait_until(p, p->look_at);
	p->look_at += times->typical / POLLS_PER_TYPICAL + 1;
	return true;
}

enum flash_error flash_wait(struct flash_chip *chip, const struct flash_operation *op)
{
	const struct flash_times *times = op->times;
	bool glances = may_rest(chip, op);
	enum flash_error error;
	struct progress p;

	p.start = p.now = p.ran_from = flash_clock_now();
	p.look_at = p.start + times->typical / 2;
	if (chip->commands->look(chip, op, &error))
		return error;
	count(COUNT_FLASH_STATUS_BUSY);
	for (;;) {
		task_yield();
		if (glances && flash_is_wanted(chip, &op->what)) {
			error = rest(chip, op, &p);
			if (error)
				return error;
		} else if (!run(&p, times, glances)) {
			continue;
		}
		if (chip->commands->look(chip, op, &error))
			return error;
		if (p.now >= p.start + times->max)
			return FLASH_TIMEOUT;
	}
}
