/* SPDX-License-Identifier: MIT */
/* The sidecar of a flash file: made, found again, refused, and when its marks are history. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm/sidecar.h"

#define ARRAY_BYTES MiB(16)

static char dir[64], path[96], name[112];
static struct flash_config bank;
static struct sidecar sidecar;
static struct err err;
static u8 *array;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-sidecar-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/chip", dir);
	snprintf(name, sizeof(name), "%s.nv", path);
	bank = (struct flash_config){ .part = flash_part_find("28f128j3"), .seed = 7 };
	array = calloc(1, ARRAY_BYTES);
	ck_assert_ptr_nonnull(array);
}

static void teardown(void)
{
	char command[96];

	free(array);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void open_it(void)
{
	ck_assert_msg(!sidecar_open(&sidecar, path, &bank, array, &err), "%s", err.text);
}

static void close_it(void)
{
	sidecar_close(&sidecar, array, ARRAY_BYTES);
	ck_assert_ptr_null(sidecar.map);
}

static void refused(enum exit_status status, const char *text)
{
	ck_assert_int_eq(sidecar_open(&sidecar, path, &bank, array, &err), -1);
	ck_assert_int_eq(err.status, status);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
	ck_assert_ptr_null(sidecar.map);
}

/* And it was known before anything was opened for writing. */
static void refused_early(enum exit_status status, const char *text)
{
	ck_assert_int_eq(sidecar_check(path, &bank, &err), -1);
	ck_assert_msg(err.status == status && strstr(err.text, text), "%s", err.text);
	refused(status, text);
}

static void overwrite(off_t at, const void *bytes, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_eq(pwrite(fd, bytes, n, at), (int)n);
	close(fd);
}

START_TEST(a_new_chip_is_fresh_and_keeps_what_it_is_given)
{
	u16 serial;

	open_it();
	ck_assert(sidecar.made);
	ck_assert_uint_eq(sidecar.nv[0]->otp[0], 0xFFFE);
	serial = sidecar.nv[0]->otp[1];
	ck_assert_uint_eq(sidecar.nv[0]->otp[5], 0xFFFF);
	sidecar.nv[0]->otp[5] = 0x1234;
	sidecar.nv[0]->block[127].cycles = 99;
	close_it();
	bank.seed = 8; /* of the run; the chip is the same */
	open_it();
	ck_assert(!sidecar.made);
	ck_assert_uint_eq(sidecar.nv[0]->otp[1], serial);
	ck_assert_uint_eq(sidecar.nv[0]->otp[5], 0x1234);
	ck_assert_uint_eq(sidecar.nv[0]->block[127].cycles, 99);
	close_it();
}
END_TEST

START_TEST(two_chips_have_two_serial_numbers)
{
	bank.chips = 2;
	open_it();
	ck_assert_mem_ne(&sidecar.nv[0]->otp[1], &sidecar.nv[1]->otp[1], 8);
	close_it();
}
END_TEST

START_TEST(another_part_or_arrangement_is_refused)
{
	open_it();
	close_it();
	bank.part = flash_part_find("28f128j3f");
	refused_early(EXIT_USAGE,
		      "is of 1 x 28f128j3 with 16 data lines each, not of 1 x 28f128j3f");
	bank.part = flash_part_find("28f128j3");
	bank.bus_bytes = 1;
	refused_early(EXIT_USAGE, "16 data lines each, not of 1 x 28f128j3 with 8");
	bank.bus_bytes = 0;
	bank.chips = 2;
	refused_early(EXIT_USAGE, "it is another chip's");
	bank.chips = 1;
	ck_assert_int_eq(sidecar_check(path, &bank, &err), 0);
	open_it();
	close_it();
}
END_TEST

/* Killed while it was made: it has its size, perhaps a part of its content, and no magic. */
START_TEST(one_that_was_not_completed_is_made_anew)
{
	open_it();
	close_it();
	overwrite(0, "\0\0\0\0\0\0\0\0", 8);
	overwrite(100, "rubbish", 7);
	ck_assert_int_eq(sidecar_check(path, &bank, &err), 0);
	open_it();
	ck_assert(sidecar.made);
	ck_assert_uint_eq(sidecar.nv[0]->otp[0], 0xFFFE);
	close_it();
}
END_TEST

START_TEST(what_is_no_sidecar_is_refused_and_kept)
{
	struct stat st;

	overwrite(0, "a letter to mother", 18);
	refused_early(EXIT_USAGE, "another chip's");
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_int_eq(st.st_size, 18);
	ck_assert_int_eq(unlink(name), 0);
	open_it();
	close_it();
	overwrite(0, "X", 1);
	refused_early(EXIT_USAGE, "is no sidecar of a flash file: remove it");
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	refused_early(EXIT_USAGE, "is not a regular file");
}
END_TEST

START_TEST(a_place_that_cannot_have_one)
{
	snprintf(path, sizeof(path), "%s/none/chip", dir);
	refused(EXIT_USAGE, "cannot be opened or made: No such file");
}
END_TEST

/* ---- marks ----------------------------------------------------------------------------------- */
START_TEST(marks_stay_with_their_array)
{
	open_it();
	sidecar.nv[0]->block[3].erasing = 5;
	close_it();
	open_it();
	ck_assert(!sidecar.replaced);
	ck_assert_uint_eq(sidecar.nv[0]->block[3].erasing, 5);
	close_it();
}
END_TEST

START_TEST(marks_are_history_when_the_array_was_rewritten)
{
	open_it();
	sidecar.nv[0]->block[3].erasing = 5;
	sidecar.nv[0]->block[3].cycles = 9;
	sidecar.nv[0]->otp[5] = 0;
	close_it();
	array[ARRAY_BYTES - 1] ^= 1;
	open_it();
	ck_assert(sidecar.replaced);
	ck_assert_uint_eq(sidecar.nv[0]->block[3].erasing, 0);
	ck_assert_uint_eq(sidecar.nv[0]->block[3].cycles, 9); /* wear and registers stay */
	ck_assert_uint_eq(sidecar.nv[0]->otp[5], 0);
	close_it();
}
END_TEST

/* Of a run that was killed nobody knows what the array was: the marks count. */
START_TEST(marks_of_a_killed_run_stay)
{
	open_it();
	sidecar.nv[0]->block[3].erasing = 5;
	sidecar_drop(&sidecar);
	array[0] ^= 1;
	open_it();
	ck_assert(!sidecar.replaced);
	ck_assert_uint_eq(sidecar.nv[0]->block[3].erasing, 5);
	close_it();
}
END_TEST

/* ---- those who only look --------------------------------------------------------------------- */
START_TEST(looking_changes_nothing_and_believes_nothing)
{
	struct flash_config seen;
	u8 byte;

	ck_assert_int_eq(sidecar_peek(&sidecar, path, &seen), SIDECAR_NONE);
	bank.chips = 2;
	open_it();
	sidecar.nv[1]->block[0].cycles = 4;
	close_it();
	ck_assert_int_eq(sidecar_peek(&sidecar, path, &seen), SIDECAR_FOUND);
	ck_assert_ptr_eq(seen.part, bank.part);
	ck_assert_uint_eq(seen.chips, 2);
	ck_assert_uint_eq(flash_bus_bytes(&seen), 4);
	ck_assert_uint_eq(sidecar.nv[1]->block[0].cycles, 4);
	sidecar_drop(&sidecar);
	for (off_t at = 0; at < 52; at++) { /* but "closed" and the hash, which it does not use */
		bool matters = at < 8 + 9 ||
			       at >= 39; /* magic, name with its end, the field's end, numbers */
		int fd = open(name, O_RDONLY);

		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		close(fd);
		overwrite(at, &(u8){ byte ^ 0x55 }, 1);
		ck_assert_msg(sidecar_peek(&sidecar, path, &seen) ==
				      (matters ? SIDECAR_UNREADABLE : SIDECAR_FOUND),
			      "byte %d is believed", (int)at);
		sidecar_drop(&sidecar);
		overwrite(at, &byte, 1);
	}
	ck_assert_int_eq(truncate(name, 100), 0);
	ck_assert_int_eq(sidecar_peek(&sidecar, path, &seen), SIDECAR_UNREADABLE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sidecar");
	TCase *tcase = tcase_create("sidecar");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_new_chip_is_fresh_and_keeps_what_it_is_given);
	tcase_add_test(tcase, two_chips_have_two_serial_numbers);
	tcase_add_test(tcase, another_part_or_arrangement_is_refused);
	tcase_add_test(tcase, one_that_was_not_completed_is_made_anew);
	tcase_add_test(tcase, what_is_no_sidecar_is_refused_and_kept);
	tcase_add_test(tcase, a_place_that_cannot_have_one);
	tcase_add_test(tcase, marks_stay_with_their_array);
	tcase_add_test(tcase, marks_are_history_when_the_array_was_rewritten);
	tcase_add_test(tcase, marks_of_a_killed_run_stay);
	tcase_add_test(tcase, looking_changes_nothing_and_believes_nothing);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
