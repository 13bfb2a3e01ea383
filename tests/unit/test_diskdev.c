/* SPDX-License-Identifier: MIT */
/*
 * The disk in the machine, without KVM: what its file may be, that the file is the disk, which
 * memory is lent to it, and what is told and counted.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/abi/virtio.h"
#include "tests/unit/suite.h"
#include "vmm/diskdev.h"
#include "vmm_rig.h"

#define DISK_SECTORS 32u
/* Where the queue and requests lie; and the memory of this machine. */
#define QUEUE MiB(4)
#define HEADER (QUEUE + KiB(12))
#define STATUS (QUEUE + KiB(16))
#define DATA (QUEUE + KiB(32))
#define RAM_END MiB(16)
#define ARENA MiB(8)
#define HIGH_RAM GiB(4)

static struct vmm_rig *rig;
static char dir[64], path[128];
static struct err err;
static u8 *low, *high;
static u16 next_avail;

static void setup(void)
{
	rig = vmm_rig_new();
	snprintf(dir, sizeof(dir), "/tmp/kvalab-test-disk-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/disk", dir);
	rig->config.disk = (struct run_disk){ .given = true, .file = path };
	low = calloc(1, RAM_END);
	high = calloc(1, MiB(1));
	ck_assert(gmem_add(&rig->vm.mem, gpa(0), RAM_END, low));
	ck_assert(gmem_add(&rig->vm.mem, gpa(HIGH_RAM), MiB(1), high));
	rig->vm.layout.arena = (struct kvl_range){ ARENA, MiB(1) };
	rig->vm.layout.shared = (struct kvl_range){ MiB(12), MiB(1) };
	rig->vm.layout.soft = (struct kvl_range){ MiB(14), MiB(1) };
	next_avail = 0;
}

static void teardown(void)
{
	char command[160];

	diskdev_close(rig->vm.disk);
	vmm_rig_free(rig);
	free(low);
	free(high);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void make_file(u64 bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

static void refused(enum exit_status status, const char *text)
{
	ck_assert_ptr_null(diskdev_open(&rig->vm, &err));
	ck_assert_int_eq(err.status, status);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

/* --- files that are no disk ------------------------------------------------------------------- */
START_TEST(wrong_files)
{
	int fd;

	refused(EXIT_USAGE, "does not exist: make one with \"truncate -s 16M");
	make_file(0);
	refused(EXIT_USAGE, "is empty: its size is the disk's");
	make_file(513);
	refused(EXIT_USAGE, "has 513 bytes, which is no multiple of 512");
	rig->config.disk.file = dir;
	refused(EXIT_USAGE, "is a directory");
	rig->config.disk.readonly = true;
	refused(EXIT_USAGE, "is not a regular file");
	rig->config.disk = (struct run_disk){ .given = true, .file = path };
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	refused(EXIT_USAGE, "is not a regular file");
	ck_assert_int_eq(unlink(path), 0);
	make_file(512);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_SH), 0);
	refused(EXIT_USAGE, "is the disk of another run");
	close(fd);
}
END_TEST

START_TEST(readers_share_a_file)
{
	struct vmm_rig *other = vmm_rig_new();

	make_file(512);
	rig->config.disk.readonly = other->config.disk.given = other->config.disk.readonly = true;
	other->config.disk.file = path;
	rig->vm.disk = diskdev_open(&rig->vm, &err);
	other->vm.disk = diskdev_open(&other->vm, &err);
	ck_assert(rig->vm.disk && other->vm.disk);
	diskdev_close(other->vm.disk);
	other->config.disk.readonly = false;
	ck_assert_ptr_null(diskdev_open(&other->vm, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "is the disk of another run"));
	other->vm.disk = NULL;
	vmm_rig_free(other);
}
END_TEST

/* --- a driver of few words -------------------------------------------------------------------- */
static void put(u32 offset, u32 value)
{
	rig_store(rig, 1, KVL_DISK_GPA + offset, 4, value);
}

static u32 get(u32 offset)
{
	return (u32)rig_load(rig, 1, KVL_DISK_GPA + offset, 4);
}

static void start(void)
{
	rig->vm.disk = diskdev_open(&rig->vm, &err);
	ck_assert_msg(rig->vm.disk, "%s", err.text);
	put(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	put(VIRTIO_DRIVER_FEATURES_SEL, 1);
	put(VIRTIO_DRIVER_FEATURES, VIRTIO_F_VERSION_1 >> 32);
	put(VIRTIO_STATUS, VIRTIO_FEATURES_OK);
	put(VIRTIO_QUEUE_NUM, 4);
	put(VIRTIO_QUEUE_DESC_LOW, QUEUE);
	put(VIRTIO_QUEUE_DRIVER_LOW, QUEUE + KiB(4));
	put(VIRTIO_QUEUE_DEVICE_LOW, QUEUE + KiB(8));
	put(VIRTIO_QUEUE_READY, 1);
	put(VIRTIO_STATUS, VIRTIO_DRIVER_OK);
	ck_assert_uint_eq(get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, 0);
}

static u8 request(u32 type, u64 sector, u64 data, u32 bytes)
{
	struct virtio_blk_header header = { .type = type, .sector = sector };
	struct virtq_desc desc[3] = {
		{ HEADER, sizeof(header), VIRTQ_DESC_F_NEXT, bytes ? 1 : 2 },
		{ data, bytes,
		  VIRTQ_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_DESC_F_WRITE), 2 },
		{ STATUS, 1, VIRTQ_DESC_F_WRITE, 0 },
	};
	struct virtq_avail *avail = (struct virtq_avail *)(void *)(low + QUEUE + KiB(4));

	memcpy(low + HEADER, &header, sizeof(header));
	memcpy(low + QUEUE, desc, sizeof(desc));
	low[STATUS] = 0xEE;
	avail->ring[next_avail % 4] = 0;
	avail->idx = ++next_avail;
	put(VIRTIO_QUEUE_NOTIFY, 0);
	return low[STATUS];
}

/* --- the file is the disk --------------------------------------------------------------------- */
static void check_sector(u32 sector, u8 byte)
{
	u8 want[512], got[512];
	int fd = open(path, O_RDONLY);

	memset(want, byte, sizeof(want));
	ck_assert_int_eq(pread(fd, got, sizeof(got), sector * 512), sizeof(got));
	ck_assert_mem_eq(got, want, sizeof(got));
	close(fd);
}

START_TEST(the_file_is_the_disk)
{
	make_file(DISK_SECTORS * 512);
	start();
	ck_assert_uint_eq(get(VIRTIO_CONFIG), DISK_SECTORS);
	memset(low + DATA, 0x77, PAGE_BYTES);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 8, DATA, PAGE_BYTES), VIRTIO_BLK_S_OK);
	check_sector(7, 0);
	check_sector(8, 0x77);
	check_sector(15, 0x77);
	check_sector(16, 0);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 15, DATA, 1024), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(low[DATA + 511], 0x77);
	ck_assert_uint_eq(low[DATA + 512], 0);
	ck_assert_uint_eq(diskdev_counts(rig->vm.disk).reads, 1);
	ck_assert_uint_eq(diskdev_counts(rig->vm.disk).writes, 1);
	ck_assert_uint_eq(diskdev_counts(rig->vm.disk).bytes, PAGE_BYTES + 1024);
	ck_assert_uint_eq(rig->nlog, 0);
}
END_TEST

/* A process that is killed right behind a request has written what it was told was written. */
START_TEST(a_kill_loses_nothing)
{
	pid_t child;
	int status;

	make_file(DISK_SECTORS * 512);
	child = fork();
	if (child == 0) {
		start();
		memset(low + DATA, 0x99, PAGE_BYTES);
		if (request(VIRTIO_BLK_T_OUT, 0, DATA, PAGE_BYTES) == VIRTIO_BLK_S_OK)
			raise(SIGKILL);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	check_sector(0, 0x99);
	check_sector(7, 0x99);
}
END_TEST

START_TEST(zeros_that_go_with_the_run)
{
	rig->config.disk = (struct run_disk){ .given = true, .bytes = DISK_SECTORS * 512 };
	start();
	memset(low + DATA, 0x77, PAGE_BYTES);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 24, DATA, PAGE_BYTES), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(low[DATA], 0);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 25, DATA, PAGE_BYTES), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(diskdev_counts(rig->vm.disk).reads, 1);
}
END_TEST

START_TEST(a_read_only_file)
{
	make_file(DISK_SECTORS * 512);
	rig->config.disk.readonly = true;
	start();
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 0, DATA, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, DATA, 512), VIRTIO_BLK_S_OK);
}
END_TEST

/* A file that somebody has cut, and a host that takes no more: errors of a request, told. */
START_TEST(a_host_that_cannot)
{
	struct rlimit limit;

	make_file(DISK_SECTORS * 512);
	start();
	ck_assert_int_eq(truncate(path, 512), 0);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, DATA, 1024), VIRTIO_BLK_S_IOERR);
	ck_assert_ptr_nonnull(strstr(rig->log, "the host cannot read sector 0"));
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 1024;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 1, DATA, 1024), VIRTIO_BLK_S_IOERR);
	ck_assert_ptr_nonnull(strstr(rig->log, "the host cannot write sector 1"));
	ck_assert_uint_eq(get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, 0);
}
END_TEST

/* --- memory that is lent ---------------------------------------------------------------------- */
static const struct {
	u64 start, end; /* not lent */
} kept[] = {
	{ 0, KVL_RAM_START_GPA }, { ARENA, ARENA + MiB(1) }, { MiB(12), MiB(13) },
	{ MiB(14), MiB(15) },	  { RAM_END, GiB(4) },
};

static void breaks(u64 gpa)
{
	request(VIRTIO_BLK_T_IN, 0, gpa, 512);
	ck_assert_msg(get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, "%#llx is lent",
		      (unsigned long long)gpa);
	ck_assert_ptr_nonnull(strstr(rig->log, "vCPU 1, write of register 0x50: a descriptor of "
					       "memory that the device may not touch"));
	ck_assert_uint_eq(low[STATUS], 0xEE);
	put(VIRTIO_STATUS, 0);
	diskdev_close(rig->vm.disk);
	rig->vm.memory_bus.nranges--;
	next_avail = 0;
	memset(low + QUEUE, 0, KiB(12));
	start();
}

/* To the byte: page tables, the testbed's own, what is no RAM. */
START_TEST(not_all_memory_is_lent)
{
	rig->config.disk = (struct run_disk){ .given = true, .bytes = DISK_SECTORS * 512 };
	start();
	if (kept[_i].start > KVL_RAM_START_GPA && kept[_i].start < GiB(4))
		ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, kept[_i].start - 512, 512),
				  VIRTIO_BLK_S_OK);
	if (kept[_i].end < RAM_END)
		ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, kept[_i].end, 512), VIRTIO_BLK_S_OK);
	if (kept[_i].start)
		breaks(kept[_i].start - 511);
	breaks(kept[_i].start);
	breaks(kept[_i].end - 512);
	if (kept[_i].end < RAM_END)
		breaks(kept[_i].end - 1);
}
END_TEST

/* T11 */
START_TEST(nothing_from_4_gib_on)
{
	rig->config.disk = (struct run_disk){ .given = true, .bytes = DISK_SECTORS * 512 };
	start();
	high[0] = 0x42;
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, HIGH_RAM, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(high[0], 0x42);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_OUT, 0, HIGH_RAM, 512), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(request(VIRTIO_BLK_T_IN, 0, DATA, 512), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(low[DATA], 0);
	ck_assert_uint_eq(diskdev_counts(rig->vm.disk).writes, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diskdev");
	TCase *tcase = tcase_create("diskdev");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, wrong_files);
	tcase_add_test(tcase, readers_share_a_file);
	tcase_add_test(tcase, the_file_is_the_disk);
	tcase_add_test(tcase, a_kill_loses_nothing);
	tcase_add_test(tcase, zeros_that_go_with_the_run);
	tcase_add_test(tcase, a_read_only_file);
	tcase_add_test(tcase, a_host_that_cannot);
	tcase_add_loop_test(tcase, not_all_memory_is_lent, 0, ARRAY_LEN(kept));
	tcase_add_test(tcase, nothing_from_4_gib_on);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
