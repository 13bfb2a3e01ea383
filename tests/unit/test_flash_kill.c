/* SPDX-License-Identifier: MIT */
/*
 * A process that is killed while its chip writes, a thousand times, at a random instant each: the
 * file and its sidecar must hold what a chip could hold whose power went then. What should be there
 * is worked out here from the operations alone (programming clears bits, an erase fills with ones).
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/flashfile.h"
#include "vmm/sidecar.h"

#define KILLS 1000
#define BLOCKS 4
#define BLOCK_BYTES KiB(128)
#define CHIP_BYTES MiB(16)
#define MAX_WORDS 16
#define MAX_DELAY_NS 3000000
#define REOPEN 25 /* so often is the chip powered up from its files */

struct operation {
	bool erases;
	u32 block;
	u32 at, words; /* of a program: words from the block's start */
	u16 data[MAX_WORDS];
};

/* What the child tells: stored before the first and after the last cycle of an operation. */
struct progress {
	volatile u32 begun, done;
};

static char dir[64], path[96];
static struct progress *progress;
static struct flashfile file;
static struct sidecar sidecar;
static u16 want[BLOCKS * BLOCK_BYTES / 2];
static u32 cycles[BLOCKS];

/* Operation @n of round @round: both processes can tell. Mostly programs: an erase takes longer. */
static struct operation operation(u32 round, u32 n)
{
	struct operation op;
	unsigned int seed = round * 7919 + n + 1;

	op.erases = rand_r(&seed) / 8 % 256 == 0;
	op.block = (u32)rand_r(&seed) % BLOCKS;
	op.words = 1 + (u32)rand_r(&seed) % MAX_WORDS;
	op.at = (u32)rand_r(&seed) % (BLOCK_BYTES / 2 - MAX_WORDS);
	for (u32 i = 0; i < MAX_WORDS; i++)
		op.data[i] = (u16)rand_r(&seed);
	return op;
}

static void open_files(void)
{
	struct flash_config bank = { .part = flash_part_find("28f128j3") };
	struct err err;

	ck_assert_msg(!flashfile_open(&file, path, CHIP_BYTES, "28f128j3", &err), "%s", err.text);
	ck_assert_msg(!sidecar_open(&sidecar, path, &bank, file.array, &err), "%s", err.text);
}

/* ---- the child ------------------------------------------------------------------------------- */
static struct flash_bank *chip;
static u64 now_ns;

static void put(u64 offset, u16 value)
{
	flash_write(chip, offset, 2, value, now_ns);
}

static void start(const struct operation *op)
{
	u64 block = (u64)op->block * BLOCK_BYTES, at = block + 2 * op->at;

	put(block, op->erases ? 0x20 : 0xE8);
	if (!op->erases) {
		put(at, (u16)(op->words - 1));
		for (u32 i = 0; i < op->words; i++)
			put(at + 2 * i, op->data[i]);
	}
	put(block, 0xD0);
}

static _Noreturn void child(u32 round)
{
	struct flash_config bank = { .part = flash_part_find("28f128j3") };

	chip = flash_create(&bank, file.array, sidecar.nv, NULL);
	for (u32 n = 0;; n++) {
		struct operation op = operation(round, n);

		progress->begun = n + 1;
		start(&op);
		while (flash_busy_until(chip) != UINT64_MAX)
			flash_advance(chip, now_ns += 10000);
		progress->done = n + 1;
	}
}

/* ---- what must be there ---------------------------------------------------------------------- */
static void apply(const struct operation *op)
{
	u16 *block = &want[op->block * BLOCK_BYTES / 2];

	if (op->erases) {
		memset(block, 0xFF, BLOCK_BYTES);
		cycles[op->block]++;
	}
	for (u32 i = 0; !op->erases && i < op->words; i++)
		block[op->at + i] &= op->data[i];
}

static const u16 *found(u32 block)
{
	return (const u16 *)(const void *)(file.array + (u64)block * BLOCK_BYTES);
}

/* Each word has its old bits but for some of those that were to go. Takes what is there over. */
static void check_program(const struct operation *op)
{
	u16 *block = &want[op->block * BLOCK_BYTES / 2];

	for (u32 i = 0; i < op->words; i++) {
		u16 old = block[op->at + i], now = found(op->block)[op->at + i];

		ck_assert_uint_eq(now & ~old, 0);
		ck_assert_uint_eq(old & op->data[i] & ~now, 0);
		block[op->at + i] = now;
	}
}

/* Marks that earlier kills left stay until their block is erased. */
static u8 marks[BLOCKS];

/* Being zeroed (of a word that is under way some bits are still there), under an old mark if
 * any. */
static bool may_be_zeroed(u8 mark, u8 old_mark, u16 before, u16 now)
{
	return (mark == 1 || (mark && mark == old_mark)) && !(now & ~before);
}

/* Pulse n: some words have had theirs and some not yet. */
static bool may_be_raised(u8 mark, u16 now)
{
	int ones = __builtin_popcount(now);

	return mark >= 2 && (ones == mark - 2 || ones == mark - 1);
}

/* By the block's mark: over, being zeroed, or in a pulse. */
static void check_erase(const struct operation *op)
{
	u16 *block = &want[op->block * BLOCK_BYTES / 2];
	const struct flash_nv_block *nv = &sidecar.nv[0]->block[op->block];
	bool over = nv->cycles == cycles[op->block] + 1;
	bool zeroed = true, raised = true;

	if (memcmp(block, found(op->block), BLOCK_BYTES) == 0)
		return; /* not begun: an older mark is still true */
	ck_assert(over || nv->cycles == cycles[op->block]);
	for (u32 i = 0; i < BLOCK_BYTES / 2; i++) {
		u16 now = found(op->block)[i];

		zeroed = zeroed && may_be_zeroed(nv->erasing, marks[op->block], block[i], now);
		raised = raised && may_be_raised(nv->erasing, now);
		ck_assert(!over || now == 0xFFFF);
		block[i] = now;
	}
	ck_assert(over || zeroed || raised);
	cycles[op->block] = nv->cycles;
}

static void check_files(u32 round)
{
	struct operation last = operation(round, progress->done);

	for (u32 n = 0; n < progress->done; n++) {
		struct operation op = operation(round, n);

		apply(&op);
		if (op.erases)
			marks[op.block] = 0;
	}
	if (progress->begun > progress->done) {
		if (last.erases)
			check_erase(&last);
		else
			check_program(&last);
	}
	ck_assert_mem_eq(file.array, want, sizeof(want));
	for (u64 i = sizeof(want); i < CHIP_BYTES; i += KiB(64))
		ck_assert_uint_eq(file.array[i], 0xFF);
	for (u32 i = 0; i < BLOCKS; i++) {
		const struct flash_nv_block *nv = &sidecar.nv[0]->block[i];

		if (progress->begun > progress->done && last.erases && last.block == i)
			marks[i] = nv->erasing;
		ck_assert_uint_eq(nv->erasing, marks[i]);
		ck_assert_uint_eq(nv->cycles, cycles[i]);
	}
}

START_TEST(many_kills)
{
	unsigned int seed = 42;
	u32 operations = 0, cut_programs = 0, cut_erases = 0;

	open_files();
	for (u32 round = 0; round < KILLS; round++) {
		struct timespec delay = { .tv_nsec = rand_r(&seed) % MAX_DELAY_NS };
		int status;
		pid_t pid;

		progress->begun = progress->done = 0;
		pid = fork();
		if (pid == 0)
			child(round);
		while (!progress->begun) {
			ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
			usleep(20);
		}
		nanosleep(&delay, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		/* Else it has died of something that it did itself. */
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		if (round % REOPEN == 0) {
			sidecar_drop(&sidecar);
			flashfile_close(&file);
			open_files();
		}
		check_files(round);
		operations += progress->done;
		if (progress->begun > progress->done)
			*(operation(round, progress->done).erases ? &cut_erases : &cut_programs) +=
				1;
	}
	sidecar_drop(&sidecar);
	flashfile_close(&file);
	/* Else it was not tried. */
	ck_assert_msg(operations > KILLS && cut_erases > KILLS / 50 && cut_programs > KILLS / 50,
		      "%u operations, %u erases and %u programs cut", operations, cut_erases,
		      cut_programs);
}
END_TEST

static void setup(void)
{
	FILE *made;

	/* In memory where there is such a place: a disk would only make it slower. */
	snprintf(dir, sizeof(dir), "%s/kvalab-test-kill-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/chip", dir);
	made = fopen(path, "w");
	ck_assert_ptr_nonnull(made);
	fclose(made);
	memset(want, 0xFF, sizeof(want));
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(progress != MAP_FAILED);
}

static void teardown(void)
{
	char command[96];

	munmap(progress, 4096);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

int main(void)
{
	Suite *suite = suite_create("flash_kill");
	TCase *tcase = tcase_create("kill");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, many_kills);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
