/* SPDX-License-Identifier: MIT */
/*
 * The chip in the machine, without KVM: what its file may be, that the file is the chip, its
 * clocks, and that the memory slot is there exactly in array mode.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/flashdev.h"

static struct vmm_rig *rig;
static char dir[64], path[128];
static struct err err;
static u32 slot_bytes, slot_calls; /* what KVM was told last: 0 = removed */
static u32 slot_flags;
static u64 slot_gpa; /* where it must be */

/* In place of the C library's, so that something can happen just before the lock is taken. */
static void (*before_lock)(void);

int flock(int fd, int operation)
{
	if (before_lock)
		before_lock();
	return (int)syscall(SYS_flock, fd, operation);
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	const struct kvm_userspace_memory_region *region = arg;

	(void)fd;
	ck_assert_uint_eq(request, KVM_SET_USER_MEMORY_REGION);
	ck_assert_uint_eq(region->guest_phys_addr, slot_gpa);
	slot_bytes = (u32)region->memory_size;
	slot_flags = region->flags;
	slot_calls++;
	return 0;
}

static void setup(void)
{
	rig = vmm_rig_new();
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-flash-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/chip", dir);
	rig->config.flash.file = path;
	rig->config.flash.bank.part = flash_part_find("28f128j3");
	ck_assert_ptr_nonnull(rig->config.flash.bank.part);
	slots_init(&rig->vm.slots, -1, fake_ioctl);
	slot_calls = 0;
	slot_gpa = KVL_FLASH_GPA;
}

static void teardown(void)
{
	char command[160];

	flashdev_close(rig->vm.flash);
	rig->vm.fd = -1;
	vmm_rig_free(rig);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void make_file(const void *bytes, size_t n)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static u64 file_size(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (u64)st.st_size;
}

static u32 file_word(u64 offset)
{
	u8 bytes[2];
	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(pread(fd, bytes, 2, (off_t)offset), 2);
	close(fd);
	return bytes[0] | (u32)bytes[1] << 8;
}

static void refused(enum exit_status status, const char *text)
{
	ck_assert_ptr_null(flashdev_open(&rig->vm, &err));
	ck_assert_int_eq(err.status, status);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

static void power_up(bool slots)
{
	make_file("kvalab\x55\xAA", 8);
	rig->vm.fd = slots ? 1000 : -1; /* nobody closes it: teardown() */
	rig->vm.flash = flashdev_open(&rig->vm, &err);
	ck_assert_msg(rig->vm.flash != NULL, "%s", err.text);
}

/* --- files that are no chip --- */
START_TEST(a_missing_file)
{
	refused(EXIT_USAGE, "does not exist: make one with mkfs.jffs2");
}
END_TEST

START_TEST(a_directory)
{
	rig->config.flash.file = dir;
	refused(EXIT_USAGE, "is a directory");
}
END_TEST

START_TEST(a_fifo_and_a_device)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(EXIT_USAGE, "is not a regular file");
	rig->config.flash.file = "/dev/null";
	refused(EXIT_USAGE, "is not a regular file");
}
END_TEST

START_TEST(a_file_without_permission)
{
	make_file("x", 1);
	ck_assert_int_eq(chmod(path, 0400), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	refused(EXIT_USAGE, "must be readable and writable");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_uint_eq(file_size(), 1);
}
END_TEST

START_TEST(a_file_larger_than_the_chip)
{
	make_file("x", 1);
	ck_assert_int_eq(truncate(path, (off_t)MiB(16) + 1), 0);
	refused(EXIT_USAGE, "has 16777217 bytes, the chip 28f128j3 only 16777216");
}
END_TEST

START_TEST(a_file_that_is_another_runs_chip)
{
	int fd;

	make_file("x", 1);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	refused(EXIT_USAGE, "is the chip of another run");
	ck_assert_uint_eq(file_size(), 1);
	close(fd);
}
END_TEST

/* A limit on file sizes stands for the disk. */
/* The sidecar is of a smaller chip: the file must stay that one's. */
START_TEST(a_run_that_is_refused_leaves_the_file_alone)
{
	power_up(false);
	flashdev_close(rig->vm.flash);
	rig->vm.flash = NULL;
	rig->config.flash.bank.part = flash_part_find("28f256p30");
	refused(EXIT_USAGE, "it is another chip's");
	ck_assert_uint_eq(file_size(), MiB(16));
}
END_TEST

START_TEST(no_room_for_the_chip)
{
	struct rlimit limit = { MiB(1), MiB(1) };

	make_file("x", 1);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	refused(EXIT_HOST, "cannot be extended to 16777216 bytes: File too large");
}
END_TEST

START_TEST(a_short_file_is_filled_up_and_kept)
{
	power_up(false);
	ck_assert_uint_eq(file_size(), MiB(16));
	ck_assert_uint_eq(file_word(0), 'k' | 'v' << 8);
	ck_assert_uint_eq(file_word(6), 0xAA55);
	ck_assert_uint_eq(file_word(8), 0xFFFF);
	ck_assert_uint_eq(file_word(MiB(16) - 2), 0xFFFF);
	ck_assert_ptr_nonnull(strstr(rig->log, "16777208 bytes of FFh appended"));
}
END_TEST

/* Another run that began as late as this one, and was done with the file before it. */
static void another_run(void)
{
	u8 word[2] = { 0x34, 0x12 };
	int fd = open(path, O_RDWR);

	ck_assert_int_eq(ftruncate(fd, (off_t)MiB(16)), 0);
	ck_assert_int_eq(pwrite(fd, word, sizeof(word), (off_t)MiB(1)), 2);
	close(fd);
}

START_TEST(what_another_run_left_is_not_overwritten)
{
	before_lock = another_run;
	power_up(false);
	before_lock = NULL;
	ck_assert_uint_eq(file_word(MiB(1)), 0x1234);
}
END_TEST

START_TEST(an_empty_file_is_an_erased_chip)
{
	make_file("", 0);
	rig->vm.flash = flashdev_open(&rig->vm, &err);
	ck_assert_ptr_nonnull(rig->vm.flash);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 8), UINT64_MAX);
}
END_TEST

/* --- the chip --- */
static u64 now(void)
{
	return rig_call(rig, 0, KVL_CALL_CLOCK_NOW, 0);
}

static void program(u64 offset, u32 value)
{
	rig_store(rig, 0, KVL_FLASH_GPA + offset, 2, 0x40);
	rig_store(rig, 0, KVL_FLASH_GPA + offset, 2, value);
}

START_TEST(a_programmed_word_is_in_the_file)
{
	power_up(false);
	program(0x100, 0x1234);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 2) & 0x80, 0); /* busy */
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, now() + 210 * 1000);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 2), 0x80);
	ck_assert_uint_eq(file_word(0x100), 0x1234);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA + 0x100, 4), 0xFFFF1234);
}
END_TEST

START_TEST(the_virtual_clock_counts_bus_words)
{
	power_up(false);
	ck_assert_uint_eq(now(), 0);
	rig_load(rig, 0, KVL_FLASH_GPA, 2);
	ck_assert_uint_eq(now(), 150);
	rig_load(rig, 0, KVL_FLASH_GPA, 8);
	ck_assert_uint_eq(now(), 150 * 5);
	rig_load(rig, 0, KVL_FLASH_GPA, 1);
	ck_assert_uint_eq(now(), 150 * 6);
	rig_call(rig, 0, KVL_CALL_FLASH_WORDS, 1000);
	ck_assert_uint_eq(now(), 150 * 1006);
	ck_assert_uint_eq(rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, 5), 150 * 1006);
	ck_assert_uint_eq(rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, MiB(1)), MiB(1));
}
END_TEST

START_TEST(the_virtual_clock_never_goes_back)
{
	power_up(false);
	rig_call(rig, 0, KVL_CALL_FLASH_WORDS, UINT64_MAX);
	ck_assert_uint_gt(now(), UINT64_MAX - 150);
	rig_call(rig, 0, KVL_CALL_FLASH_WORDS, UINT64_MAX);
	rig_load(rig, 0, KVL_FLASH_GPA, 8);
	ck_assert_uint_gt(now(), UINT64_MAX - 150);
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, UINT64_MAX);
	ck_assert_uint_eq(now(), UINT64_MAX);
	rig_load(rig, 0, KVL_FLASH_GPA, 8);
	ck_assert_uint_eq(now(), UINT64_MAX);
}
END_TEST

START_TEST(the_real_clock_waits)
{
	u64 before;

	rig->config.flash.clock = CLOCK_REAL;
	rig->config.flash.speed = 1000;
	power_up(false);
	before = now();
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, before + 5000000000ull); /* 5 ms of the host */
	ck_assert_uint_ge(now(), before + 5000000000ull);
}
END_TEST

START_TEST(the_real_clock_stops_at_its_end)
{
	rig->config.flash.clock = CLOCK_REAL;
	rig->config.flash.speed = 1e300;
	power_up(false);
	ck_assert_uint_eq(now(), 1ull << 63);
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, 1ull << 63);
	ck_assert_uint_eq(now(), 1ull << 63);
}
END_TEST

START_TEST(a_wait_ends_with_the_run)
{
	rig->config.flash.clock = CLOCK_REAL;
	power_up(false);
	atomic_store(&rig->vm.stopping, true);
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, UINT64_MAX);
}
END_TEST

static void *wait_for_ever(void *arg)
{
	(void)arg;
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, UINT64_MAX);
	return NULL;
}

/* However long the guest asks to wait: an audit need not. */
START_TEST(a_wait_gives_way_to_a_pause)
{
	pthread_t thread;

	rig->config.flash.clock = CLOCK_REAL;
	power_up(false);
	atomic_store(&rig->vm.pausing, true);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
	while (!atomic_load(&rig->vm.cpu[0].paused))
		sched_yield();
	vcpus_stop(&rig->vm);
	pthread_join(thread, NULL);
	ck_assert(!atomic_load(&rig->vm.cpu[0].paused));
}
END_TEST

/* --- the slot --- */
START_TEST(the_slot_follows_the_mode)
{
	power_up(true);
	ck_assert_uint_eq(slot_bytes, MiB(16));
	ck_assert_uint_eq(slot_flags, KVM_MEM_READONLY);
	ck_assert_uint_eq(slot_calls, 1);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0x70); /* status */
	ck_assert_uint_eq(slot_bytes, 0);
	ck_assert_uint_eq(slot_calls, 2);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 2), 0x80);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF); /* array */
	ck_assert_uint_eq(slot_bytes, MiB(16));
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF); /* array it is already */
	ck_assert_uint_eq(slot_calls, 3);
	ck_assert_uint_eq(flashdev_counts(rig->vm.flash).slot_changes, 3);
}
END_TEST

START_TEST(the_slot_stays_away_while_the_chip_is_busy)
{
	power_up(true);
	program(0x100, 0);
	ck_assert_uint_eq(slot_bytes, 0);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF); /* a busy chip does not listen */
	ck_assert_uint_eq(slot_bytes, 0);
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, now() + 210 * 1000);
	ck_assert_uint_eq(slot_bytes, 0); /* still status mode */
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF);
	ck_assert_uint_eq(slot_bytes, MiB(16));
}
END_TEST

START_TEST(trapped_reads_never_get_a_slot)
{
	rig->config.flash.trap_reads = true;
	power_up(true);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0x70);
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0xFF);
	ck_assert_uint_eq(slot_calls, 0);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 2), 'k' | 'v' << 8);
	ck_assert_uint_eq(flashdev_counts(rig->vm.flash).reads, 1);
	ck_assert_uint_eq(now(), 3 * 150);
	rig_call(rig, 0, KVL_CALL_FLASH_WORDS, 1000);
	ck_assert_uint_eq(now(), 3 * 150); /* not counted twice */
	ck_assert_uint_eq(flashdev_counts(rig->vm.flash).writes, 2);
}
END_TEST

/* A fetch fails for three reasons; only one of them is that the chip is busy. */
START_TEST(a_fetch_from_flash_is_named_by_what_the_chip_does)
{
	power_up(true);
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA + MiB(16)), "where no memory is");
	rig_store(rig, 0, KVL_FLASH_GPA, 2, 0x70); /* status */
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA),
			 "flash that does not show its array");
	program(0x100, 0);
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA), "busy flash");
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, now() + 210 * 1000);
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA + MiB(16) - 1),
			 "flash that does not show its array");
	rig->config.flash.trap_reads = true;
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA),
			 "flash whose reads are trapped");
}
END_TEST

START_TEST(the_chip_ends_where_it_ends)
{
	power_up(false);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA + MiB(16) - 8, 8), UINT64_MAX);
	ck_assert_uint_eq(rig->nlog, 0);
	rig_load(rig, 0, KVL_FLASH_GPA + MiB(16) - 4, 8); /* half of it is nobody's */
	ck_assert_uint_eq(rig->nlog, 1);
}
END_TEST

/* Commands of a byte, at the address at which QEMU has its chip, and nothing at the usual one. */
START_TEST(the_chip_shaped_as_qemus_lies_where_qemu_has_it)
{
	const u64 gpa = GiB(4) - MiB(8);

	rig->config.flash.bank.part = flash_part_find(FLASHDEV_QEMU_PART);
	slot_gpa = gpa;
	power_up(true);
	ck_assert_uint_eq(slot_bytes, MiB(4));
	rig_store(rig, 0, gpa + 0x101, 1, 0x40);
	rig_store(rig, 0, gpa + 0x101, 1, 0x12);
	ck_assert_uint_eq(slot_bytes, 0);
	ck_assert_uint_eq(rig_load(rig, 0, gpa, 1) & 0x80, 0);
	ck_assert_str_eq(exit_fetch_place(&rig->vm, gpa), "busy flash");
	rig_call(rig, 0, KVL_CALL_CLOCK_UNTIL, now() + 128 * 1000);
	ck_assert_uint_eq(rig_load(rig, 0, gpa + MiB(4) - 4, 4), 0x80808080);
	ck_assert_uint_eq(file_word(0x100), 0x12FF);
	ck_assert_uint_eq(rig->nlog, 0);
	ck_assert_uint_eq(rig_load(rig, 0, KVL_FLASH_GPA, 1), 0xFF);
	ck_assert_uint_eq(rig->nlog, 1);
	ck_assert_str_eq(exit_fetch_place(&rig->vm, KVL_FLASH_GPA), "where no memory is");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flashdev");
	TCase *tcase = tcase_create("flashdev");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_missing_file);
	tcase_add_test(tcase, a_directory);
	tcase_add_test(tcase, a_fifo_and_a_device);
	tcase_add_test(tcase, a_file_without_permission);
	tcase_add_test(tcase, a_file_larger_than_the_chip);
	tcase_add_test(tcase, a_file_that_is_another_runs_chip);
	tcase_add_test(tcase, a_run_that_is_refused_leaves_the_file_alone);
	tcase_add_test(tcase, no_room_for_the_chip);
	tcase_add_test(tcase, a_short_file_is_filled_up_and_kept);
	tcase_add_test(tcase, what_another_run_left_is_not_overwritten);
	tcase_add_test(tcase, an_empty_file_is_an_erased_chip);
	tcase_add_test(tcase, a_programmed_word_is_in_the_file);
	tcase_add_test(tcase, the_virtual_clock_counts_bus_words);
	tcase_add_test(tcase, the_virtual_clock_never_goes_back);
	tcase_add_test(tcase, the_real_clock_waits);
	tcase_add_test(tcase, the_real_clock_stops_at_its_end);
	tcase_add_test(tcase, a_wait_ends_with_the_run);
	tcase_add_test(tcase, a_wait_gives_way_to_a_pause);
	tcase_add_test(tcase, the_slot_follows_the_mode);
	tcase_add_test(tcase, the_slot_stays_away_while_the_chip_is_busy);
	tcase_add_test(tcase, trapped_reads_never_get_a_slot);
	tcase_add_test(tcase, a_fetch_from_flash_is_named_by_what_the_chip_does);
	tcase_add_test(tcase, the_chip_ends_where_it_ends);
	tcase_add_test(tcase, the_chip_shaped_as_qemus_lies_where_qemu_has_it);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
