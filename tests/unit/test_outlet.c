/* SPDX-License-Identifier: MIT */
/* Output to a reader that is slow, gone, or full, from a thread that is told to stop. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devices/abi/types.h"
#include "tests/unit/suite.h"
#include "vmm/cli/outlet.h"

#define TEXT_BYTES KiB(256) /* more than a pipe holds */

static int pipe_end[2];
static struct outlet outlet;
static char *text;
static atomic_bool writer_left;

static void interrupted(int number)
{
	(void)number;
}

static void setup(void)
{
	struct sigaction action = { .sa_handler = interrupted };

	ck_assert_int_eq(pipe(pipe_end), 0);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	outlet = (struct outlet){ .fd = pipe_end[1] };
	text = malloc(TEXT_BYTES);
	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (char)('a' + i % 23);
	atomic_store(&writer_left, false);
}

static void teardown(void)
{
	outlet_end(&outlet);
	close(pipe_end[0]);
	close(pipe_end[1]);
	free(text);
}

static void *write_text(void *arg)
{
	(void)arg;
	outlet_write(&outlet, text, TEXT_BYTES - 10);
	outlet_write(&outlet, text + TEXT_BYTES - 10, 10);
	atomic_store(&writer_left, true);
	return NULL;
}

static void *write_more(void *arg)
{
	(void)arg;
	outlet_write(&outlet, "x", 1);
	return NULL;
}

static void *end_outlet(void *arg)
{
	(void)arg;
	outlet_end(&outlet);
	close(pipe_end[1]);
	return NULL;
}

static void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

/* As vcpus_stop() does it: again and again until the thread has left its write. */
static void interrupt(pthread_t thread)
{
	while (!atomic_load(&writer_left)) {
		pthread_kill(thread, SIGUSR1);
		pause_ms(1);
	}
	pthread_join(thread, NULL);
}

START_TEST(an_interrupted_write_neither_hangs_nor_loses)
{
	char *got = malloc(TEXT_BYTES);
	pthread_t thread;
	size_t used = 0;
	ssize_t n;

	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_text, NULL), 0);
	interrupt(thread); /* nobody has read a byte yet */
	ck_assert_int_eq(outlet.error, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, end_outlet, NULL), 0);
	while ((n = read(pipe_end[0], got + used, TEXT_BYTES - used)) > 0)
		used += (size_t)n;
	pthread_join(thread, NULL);
	ck_assert_int_eq(outlet.error, 0);
	ck_assert_uint_eq(used, TEXT_BYTES);
	ck_assert_mem_eq(got, text, TEXT_BYTES);
	free(got);
}
END_TEST

/* A pause of the vCPUs interrupts, too: the run goes on, and with it what its reader sees. */
START_TEST(what_was_kept_goes_out_with_the_next_write)
{
	char *got = malloc(TEXT_BYTES + 1);
	pthread_t thread, late;
	size_t used = 0;
	ssize_t n;

	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_text, NULL), 0);
	interrupt(thread);
	ck_assert_ptr_nonnull(outlet.late);
	ck_assert_int_eq(pthread_create(&late, NULL, write_more, NULL), 0);
	while (used < TEXT_BYTES + 1 &&
	       (n = read(pipe_end[0], got + used, TEXT_BYTES + 1 - used)) > 0)
		used += (size_t)n;
	pthread_join(late, NULL);
	ck_assert_uint_eq(used, TEXT_BYTES + 1);
	ck_assert_mem_eq(got, text, TEXT_BYTES);
	ck_assert_int_eq(got[TEXT_BYTES], 'x');
	ck_assert_ptr_null(outlet.late);
	free(got);
}
END_TEST

START_TEST(a_reader_that_has_gone_is_an_error_once)
{
	close(pipe_end[0]);
	outlet_write(&outlet, "abc", 3);
	ck_assert_int_eq(outlet.error, EPIPE);
	outlet.fd = -1; /* not touched again */
	outlet_write(&outlet, "abc", 3);
	outlet_end(&outlet);
	ck_assert_int_eq(outlet.error, EPIPE);
	ck_assert_ptr_null(outlet.late);
}
END_TEST

START_TEST(a_full_device_gives_its_own_error)
{
	outlet.fd = open("/dev/full", O_WRONLY);
	ck_assert_int_ge(outlet.fd, 0);
	outlet_write(&outlet, "abc", 3);
	errno = 0;
	ck_assert_int_eq(outlet.error, ENOSPC);
	close(outlet.fd);
}
END_TEST

START_TEST(the_rest_may_fail_too)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, write_text, NULL), 0);
	interrupt(thread);
	ck_assert_uint_gt(outlet.late_bytes, 0);
	close(pipe_end[0]);
	outlet_end(&outlet);
	ck_assert_int_eq(outlet.error, EPIPE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outlet");
	TCase *tcase = tcase_create("outlet");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_interrupted_write_neither_hangs_nor_loses);
	tcase_add_test(tcase, what_was_kept_goes_out_with_the_next_write);
	tcase_add_test(tcase, a_reader_that_has_gone_is_an_error_once);
	tcase_add_test(tcase, a_full_device_gives_its_own_error);
	tcase_add_test(tcase, the_rest_may_fail_too);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
