/* SPDX-License-Identifier: MIT */
/* The guest's disk driver against the model, and against devices that lie. */
#include "tests/unit/block_driver_rig.h"

#define TASKS 16 /* more than chains */
#define ROUNDS 20

static struct page *new_page(int byte)
{
	struct page *page = page_alloc(ZONE_HIGHMEM, 0);

	memset(page_address(page), byte, PAGE_BYTES);
	return page;
}

static bool holds(const struct page *page, u8 byte)
{
	const u8 *bytes = page_address(page);

	for (u32 i = 0; i < PAGE_BYTES; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

static bool says(const char *what)
{
	return shim_text && strstr(shim_text, what);
}

START_TEST(pages_come_and_go)
{
	struct page *page = new_page(0x11);

	ck_assert_uint_eq(block_sectors(disk), SECTORS);
	ck_assert(!block_is_readonly(disk));
	ck_assert_uint_eq(block_dma_end(disk), GiB(4));
	ck_assert(block_write(disk, 16, page));
	ck_assert_uint_eq(sectors[16 * 512], 0x11);
	ck_assert_uint_eq(sectors[24 * 512 - 1], 0x11);
	ck_assert_uint_eq(sectors[24 * 512], 0);
	memset(page_address(page), 0, PAGE_BYTES);
	ck_assert(block_read(disk, 16, page));
	ck_assert(holds(page, 0x11));
	ck_assert(block_flush(disk));
	ck_assert_uint_ge(yields, 3);
	ck_assert_uint_eq(counters[0][COUNT_DISK_READS], 1);
	ck_assert_uint_eq(counters[0][COUNT_DISK_WRITES], 1);
	ck_assert_uint_eq(counters[0][COUNT_DISK_FLUSHES], 1);
	ck_assert_uint_eq(counters[0][COUNT_DISK_ERRORS], 0);
	page_free(page);
	block_close(disk);
	ck_assert_uint_eq(virtio_mmio_read(&model.mmio, VIRTIO_STATUS, 4), 0);
	ck_assert_int_eq(model.mmio.fault, VIRTIO_OK);
}
END_TEST

/* Of section 6 it takes both; one that offers less works as before, and keeps nothing back. */
START_TEST(features_that_it_takes)
{
	struct page *page = new_page(0x44);

	ck_assert_uint_eq(model.mmio.driver_features,
			  VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_BLK_F_FLUSH);
	block_close(disk);
	lying.offset = VIRTIO_DEVICE_FEATURES;
	lying.value = 1; /* bit 32, as the upper half */
	disk = block_open();
	ck_assert_msg(disk, "%s", shim_text);
	ck_assert_uint_eq(model.mmio.driver_features, VIRTIO_F_VERSION_1);
	ck_assert(block_write(disk, 0, page));
	ck_assert(block_flush(disk));
	ck_assert_uint_eq(counters[0][COUNT_DISK_FLUSHES], 0);
	ck_assert_uint_eq(told, 1);
	page_free(page);
	block_close(disk);
}
END_TEST

/* 2.7.10: no notify for a device that needs none; any other bit of its flags says nothing. */
START_TEST(a_device_that_polls)
{
	static const u16 flags[] = { 0, VIRTQ_USED_F_NO_NOTIFY, (u16)~VIRTQ_USED_F_NO_NOTIFY };
	static const u32 wanted[] = { 1, 1, 2 };
	struct page *page = new_page(0);

	for (u32 i = 0; i < ARRAY_LEN(flags); i++) {
		disk->virtio.used->flags = flags[i];
		polls = flags[i] == VIRTQ_USED_F_NO_NOTIFY;
		ck_assert(block_read(disk, 0, page));
		ck_assert_uint_eq(notifies, wanted[i]);
	}
	ck_assert_uint_eq(told, ARRAY_LEN(flags));
	ck_assert_int_eq(model.mmio.fault, VIRTIO_OK);
	page_free(page);
	block_close(disk);
}
END_TEST

/* Who opens the device resets it: not under somebody who uses it. */
START_TEST(one_at_a_time)
{
	struct page *page = new_page(0);

	ck_assert_ptr_null(block_open());
	ck_assert(says("it is open already"));
	ck_assert(block_read(disk, 0, page));
	block_close(disk);
	disk = block_open();
	ck_assert_ptr_nonnull(disk);
	page_free(page);
	block_close(disk);
}
END_TEST

START_TEST(nothing_behind_the_end)
{
	static const u64 behind[] = { SECTORS - 7, SECTORS, UINT64_MAX, UINT64_MAX - 7 };
	struct page *page = new_page(0);

	ck_assert(block_read(disk, SECTORS - 8, page));
	for (u32 i = 0; i < ARRAY_LEN(behind); i++) {
		ck_assert(!block_read(disk, behind[i], page));
		ck_assert(!block_write(disk, behind[i], page));
	}
	ck_assert(says("the disk ends before"));
	ck_assert_uint_eq(told, 1); /* the device was not even asked */
	ck_assert_uint_eq(counters[0][COUNT_DISK_ERRORS], 8);
	page_free(page);
	block_close(disk);
}
END_TEST

/* T11: the device refuses, the driver says by which rule. */
START_TEST(a_page_out_of_reach)
{
	struct page *page = new_page(0x22);

	boot_options.dma_end_gpa = model.mmio.memory.limit = page_gpa(page) + PAGE_BYTES - 1;
	ck_assert(!block_write(disk, 0, page));
	ck_assert(says("refused, the page is above what it reaches"));
	ck_assert_uint_eq(sectors[0], 0);
	model.mmio.memory.limit++;
	ck_assert(block_write(disk, 0, page));
	ck_assert_uint_eq(sectors[0], 0x22);
	page_free(page);
	block_close(disk);
}
END_TEST

START_TEST(a_read_only_disk)
{
	struct page *page = new_page(0x33);

	make_model(true);
	disk = block_open();
	ck_assert_ptr_nonnull(disk);
	ck_assert(block_is_readonly(disk));
	ck_assert(!block_write(disk, 0, page));
	ck_assert(says("the disk is read-only"));
	ck_assert(block_read(disk, 0, page));
	page_free(page);
	block_close(disk);
}
END_TEST

/* --- many at once ----------------------------------------------------------------------------- */
static void use_disk(void)
{
	struct page *page = new_page(0);

	for (u32 i = 0; i < ROUNDS; i++) {
		memset(page_address(page), (int)(me->id * ROUNDS + i), PAGE_BYTES);
		ck_assert(block_write(disk, me->id * 8, page));
		memset(page_address(page), 0xFF, PAGE_BYTES);
		ck_assert(block_read(disk, me->id * 8, page));
		ck_assert(holds(page, (u8)(me->id * ROUNDS + i)));
	}
	page_free(page);
}

START_TEST(more_tasks_than_chains)
{
	run_tasks(use_disk, TASKS);
	ck_assert_uint_eq(counters[0][COUNT_DISK_READS], TASKS * ROUNDS);
	ck_assert_uint_eq(counters[0][COUNT_DISK_WRITES], TASKS * ROUNDS);
	ck_assert_uint_eq(told, 2 * TASKS * ROUNDS);
	ck_assert_int_eq(model.mmio.fault, VIRTIO_OK);
	block_close(disk);
}
END_TEST

/* --- a device that lies when it is opened ----------------------------------------------------- */
/* What is no device of ours is not written to; any other is told FAILED (3.1.1), last of all. */
static const struct {
	u32 offset, value;
	bool ours;
	const char *says;
} registers[] = {
	{ VIRTIO_MAGIC_VALUE, 0, false, "no virtio device answers" },
	{ VIRTIO_VERSION, 1, false, "of another version" },
	{ VIRTIO_DEVICE_ID, 1, false, "another kind of device" },
	{ VIRTIO_DEVICE_FEATURES, 0, true, "not of VIRTIO 1" },
	{ VIRTIO_STATUS, 1, true, "does not reset" },
	{ VIRTIO_STATUS, 0, true, "wants other features" },
	{ VIRTIO_QUEUE_NUM_MAX, 0, true, "queue is too short" },
	{ VIRTIO_QUEUE_NUM_MAX, 2, true, "queue is too short" },
	{ VIRTIO_QUEUE_READY, 1, true, "in use after a reset" },
	{ VIRTIO_QUEUE_READY, 0, true, "does not take the queue" },
	{ VIRTIO_CONFIG + 4, ~0u, true, "capacity cannot be" },
};

static bool is_given_up(void)
{
	u32 status = virtio_mmio_read(&model.mmio, VIRTIO_STATUS, 4);

	return status & VIRTIO_FAILED && !model.mmio.queue.ready;
}

START_TEST(a_register_lies)
{
	lying.offset = registers[_i].offset;
	lying.value = registers[_i].value;
	ck_assert_ptr_null(block_open());
	ck_assert_msg(says(registers[_i].says), "%s", shim_text);
	ck_assert(is_given_up() == registers[_i].ours);
}
END_TEST

START_TEST(a_configuration_that_never_rests)
{
	config_step = 1;
	ck_assert_ptr_null(block_open());
	ck_assert(says("configuration changes all the time"));
	ck_assert(is_given_up());
}
END_TEST

START_TEST(no_disk)
{
	boot_options.disk_bytes = 0;
	ck_assert_ptr_null(block_open());
	ck_assert(says("there is none"));
}
END_TEST

/* A queue of four entries is one chain; of any size the driver takes 32 at most. */
START_TEST(queues_of_other_sizes)
{
	static const u32 most[] = { 4, 5, 8, 31, 64, 32768, ~0u };
	struct page *page = new_page(0);

	lying.offset = VIRTIO_QUEUE_NUM_MAX;
	for (u32 i = 0; i < ARRAY_LEN(most); i++) {
		lying.value = most[i];
		disk = block_open();
		ck_assert_msg(disk, "%s", shim_text);
		for (u32 n = 0; n < 40; n++)
			ck_assert(block_read(disk, 0, page));
		block_close(disk);
	}
	page_free(page);
}
END_TEST

/* --- a device that lies when it answers ------------------------------------------------------- */
static const struct {
	enum lie lie;
	bool breaks; /* it is not used any more */
	const char *says;
} answers[] = {
	{ LIE_NO_ANSWER, true, "it does not answer" },
	{ LIE_MANY, true, "it answers more than it was asked" },
	{ LIE_ID_FAR, true, "it answers what it was not asked" },
	{ LIE_ID_INSIDE, true, "it answers what it was not asked" },
	{ LIE_ID_OTHER, true, "it answers what it was not asked" },
	{ LIE_TWICE, true, "it answers what it was not asked" },
	{ LIE_SHORT, false, "it says done, but not of the whole page" },
	{ LIE_LONG, false, "it says done, but not of the whole page" },
	{ LIE_NO_STATUS, false, "the answer has no status" },
	{ LIE_STATUS, false, "the answer has no status" },
	{ LIE_NEEDS_RESET, true, "it says that it needs a reset" },
};

START_TEST(an_answer_lies)
{
	struct page *page = new_page(0);

	ck_assert(block_read(disk, 0, page));
	lie = answers[_i].lie;
	/* The answer that came twice was true the first time. */
	ck_assert(block_read(disk, 0, page) == (lie == LIE_TWICE));
	ck_assert_msg(says(answers[_i].says), "%s", shim_text);
	lie = TRUTH;
	ck_assert(block_read(disk, 0, page) == !answers[_i].breaks);
	if (answers[_i].breaks) {
		ck_assert(says("the device is out of use"));
		ck_assert(!block_write(disk, 0, page));
		ck_assert(!block_flush(disk));
		ck_assert(is_given_up());
	}
	page_free(page);
	block_close(disk);
	ck_assert(is_given_up() == answers[_i].breaks);
	disk = block_open(); /* a reset takes FAILED back */
	ck_assert_msg(disk, "%s", shim_text);
	block_close(disk);
}
END_TEST

/* What could still write to memory that was lent to it is no case for an error code. */
START_TEST(a_device_that_does_not_let_go)
{
	struct page *page = new_page(0);

	lie = LIE_NO_RESET;
	shim_panic_expected = true;
	if (!setjmp(shim_panic_to)) {
		block_read(disk, 0, page);
		ck_abort_msg("it went on");
	}
	ck_assert_str_eq(shim_panic_name, "disk out of control");
	shim_panic_expected = false;
	lie = TRUTH;
	spin_unlock(&disk->lock);
	waits_open = 0;
	memset(disk->slot, 0, sizeof(disk->slot));
	page_free(page);
	block_close(disk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_driver");
	TCase *opened = tcase_create("opened"), *closed = tcase_create("closed");

	tcase_add_checked_fixture(opened, setup_open, teardown);
	tcase_add_test(opened, pages_come_and_go);
	tcase_add_test(opened, features_that_it_takes);
	tcase_add_test(opened, a_device_that_polls);
	tcase_add_test(opened, one_at_a_time);
	tcase_add_test(opened, nothing_behind_the_end);
	tcase_add_test(opened, a_page_out_of_reach);
	tcase_add_test(opened, more_tasks_than_chains);
	tcase_add_loop_test(opened, an_answer_lies, 0, ARRAY_LEN(answers));
	tcase_add_test(opened, a_device_that_does_not_let_go);
	suite_add_tcase(suite, opened);
	tcase_add_checked_fixture(closed, setup, teardown);
	tcase_add_test(closed, a_read_only_disk);
	tcase_add_loop_test(closed, a_register_lies, 0, ARRAY_LEN(registers));
	tcase_add_test(closed, a_configuration_that_never_rests);
	tcase_add_test(closed, no_disk);
	tcase_add_test(closed, queues_of_other_sizes);
	suite_add_tcase(suite, closed);
	return run_suite(suite);
}
