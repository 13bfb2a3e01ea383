/* SPDX-License-Identifier: MIT */
/*
 * The registers of a virtio device: numbers, negotiation, the queue's set-up, and what breaks a
 * rule.
 */
#include <stddef.h>
#include <string.h>

#include "tests/unit/virtio_linux.h"
#include "tests/unit/virtio_rig.h"

static const u64 ours[VIRTIO_LINUX_NUMBERS] = {
	[LINUX_magic_value] = VIRTIO_MAGIC_VALUE,
	[LINUX_version] = VIRTIO_VERSION,
	[LINUX_device_id] = VIRTIO_DEVICE_ID,
	[LINUX_vendor_id] = VIRTIO_VENDOR_ID,
	[LINUX_device_features] = VIRTIO_DEVICE_FEATURES,
	[LINUX_device_features_sel] = VIRTIO_DEVICE_FEATURES_SEL,
	[LINUX_driver_features] = VIRTIO_DRIVER_FEATURES,
	[LINUX_driver_features_sel] = VIRTIO_DRIVER_FEATURES_SEL,
	[LINUX_queue_sel] = VIRTIO_QUEUE_SEL,
	[LINUX_queue_num_max] = VIRTIO_QUEUE_NUM_MAX,
	[LINUX_queue_num] = VIRTIO_QUEUE_NUM,
	[LINUX_queue_ready] = VIRTIO_QUEUE_READY,
	[LINUX_queue_notify] = VIRTIO_QUEUE_NOTIFY,
	[LINUX_interrupt_status] = VIRTIO_INTERRUPT_STATUS,
	[LINUX_interrupt_ack] = VIRTIO_INTERRUPT_ACK,
	[LINUX_status] = VIRTIO_STATUS,
	[LINUX_desc_low] = VIRTIO_QUEUE_DESC_LOW,
	[LINUX_desc_high] = VIRTIO_QUEUE_DESC_HIGH,
	[LINUX_driver_low] = VIRTIO_QUEUE_DRIVER_LOW,
	[LINUX_driver_high] = VIRTIO_QUEUE_DRIVER_HIGH,
	[LINUX_device_low] = VIRTIO_QUEUE_DEVICE_LOW,
	[LINUX_device_high] = VIRTIO_QUEUE_DEVICE_HIGH,
	[LINUX_shm_sel] = VIRTIO_SHM_SEL,
	[LINUX_shm_len_low] = VIRTIO_SHM_LEN_LOW,
	[LINUX_shm_base_high] = VIRTIO_SHM_BASE_HIGH,
	[LINUX_generation] = VIRTIO_CONFIG_GENERATION,
	[LINUX_config] = VIRTIO_CONFIG,
	[LINUX_acknowledge] = VIRTIO_ACKNOWLEDGE,
	[LINUX_driver] = VIRTIO_DRIVER,
	[LINUX_driver_ok] = VIRTIO_DRIVER_OK,
	[LINUX_features_ok] = VIRTIO_FEATURES_OK,
	[LINUX_needs_reset] = VIRTIO_NEEDS_RESET,
	[LINUX_failed] = VIRTIO_FAILED,
	[LINUX_version_1] = VIRTIO_F_VERSION_1,
	[LINUX_access_platform] = VIRTIO_F_ACCESS_PLATFORM,
	[LINUX_interrupt_used] = VIRTIO_INTERRUPT_USED,
	[LINUX_interrupt_changed] = VIRTIO_INTERRUPT_CHANGED,
	[LINUX_next] = VIRTQ_DESC_F_NEXT,
	[LINUX_write] = VIRTQ_DESC_F_WRITE,
	[LINUX_indirect] = VIRTQ_DESC_F_INDIRECT,
	[LINUX_no_interrupt] = VIRTQ_AVAIL_F_NO_INTERRUPT,
	[LINUX_no_notify] = VIRTQ_USED_F_NO_NOTIFY,
	[LINUX_desc_bytes] = sizeof(struct virtq_desc),
	[LINUX_desc_next] = offsetof(struct virtq_desc, next),
	[LINUX_used_bytes] = sizeof(struct virtq_used_elem),
	[LINUX_used_ring] = offsetof(struct virtq_used, ring),
	[LINUX_id] = VIRTIO_ID_BLOCK,
	[LINUX_size_max] = VIRTIO_BLK_F_SIZE_MAX,
	[LINUX_seg_max] = VIRTIO_BLK_F_SEG_MAX,
	[LINUX_ro] = VIRTIO_BLK_F_RO,
	[LINUX_flush] = VIRTIO_BLK_F_FLUSH,
	[LINUX_config_seg_max] = offsetof(struct virtio_blk_config, seg_max),
	[LINUX_in] = VIRTIO_BLK_T_IN,
	[LINUX_out] = VIRTIO_BLK_T_OUT,
	[LINUX_t_flush] = VIRTIO_BLK_T_FLUSH,
	[LINUX_get_id] = VIRTIO_BLK_T_GET_ID,
	[LINUX_header_sector] = offsetof(struct virtio_blk_header, sector),
	[LINUX_ok] = VIRTIO_BLK_S_OK,
	[LINUX_ioerr] = VIRTIO_BLK_S_IOERR,
	[LINUX_unsupp] = VIRTIO_BLK_S_UNSUPP,
	[LINUX_id_bytes] = VIRTIO_BLK_ID_BYTES,
};

START_TEST(numbers_are_linux_numbers)
{
	for (u32 i = 0; i < VIRTIO_LINUX_NUMBERS; i++)
		ck_assert_msg(ours[i] == virtio_linux[i], "number %u: %#llx, Linux has %#llx", i,
			      (unsigned long long)ours[i], (unsigned long long)virtio_linux[i]);
}
END_TEST

START_TEST(says_what_it_is)
{
	ck_assert_uint_eq(vrig_get(VIRTIO_MAGIC_VALUE), 0x74726976);
	ck_assert_uint_eq(vrig_get(VIRTIO_VERSION), 2);
	ck_assert_uint_eq(vrig_get(VIRTIO_DEVICE_ID), 2);
	ck_assert_uint_eq(vrig_get(VIRTIO_STATUS), 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_CONFIG), RIG_SECTORS);
	ck_assert_uint_eq(vrig_get(VIRTIO_CONFIG + 4), 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_CONFIG + 8), VIRTIO_BLK_SIZE_MAX);
	ck_assert_uint_eq(vrig_get(VIRTIO_CONFIG + 12), VIRTIO_BLK_SEG_MAX);
	ck_assert_uint_eq(vrig_get(VIRTIO_SHM_LEN_LOW), ~0u);
	ck_assert_uint_eq(vrig_get(VIRTIO_SHM_BASE_HIGH), ~0u);
	ck_assert_int_eq(virtio_rig.blk.mmio.fault, VIRTIO_OK);
}
END_TEST

static u64 offered(void)
{
	u64 low;

	vrig_put(VIRTIO_DEVICE_FEATURES_SEL, 0);
	low = vrig_get(VIRTIO_DEVICE_FEATURES);
	vrig_put(VIRTIO_DEVICE_FEATURES_SEL, 1);
	return low | (u64)vrig_get(VIRTIO_DEVICE_FEATURES) << 32;
}

START_TEST(offers_what_it_has)
{
	const u64 always = VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_BLK_F_SIZE_MAX |
			   VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH;

	ck_assert_uint_eq(offered(), always);
	vrig_put(VIRTIO_DEVICE_FEATURES_SEL, 2);
	ck_assert_uint_eq(vrig_get(VIRTIO_DEVICE_FEATURES), 0);
	virtio_rig.storage.readonly = true;
	vrig_make();
	ck_assert_uint_eq(offered(), always | VIRTIO_BLK_F_RO);
}
END_TEST

/* Every subset of five features that it has and two that it has not. */
START_TEST(accepts_what_it_offers_with_version_1)
{
	static const u64 bit[] = {
		VIRTIO_F_VERSION_1,   VIRTIO_F_ACCESS_PLATFORM, VIRTIO_BLK_F_SIZE_MAX,
		VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_FLUSH,	VIRTIO_BLK_F_RO,
		1ull << 34,
	};

	for (u32 set = 0; set < 1 << ARRAY_LEN(bit); set++) {
		bool good = (set & 1) && !(set & 0x60);
		u64 features = 0;

		for (u32 i = 0; i < ARRAY_LEN(bit); i++)
			features |= set >> i & 1 ? bit[i] : 0;
		vrig_negotiate(features);
		ck_assert_uint_eq(vrig_get(VIRTIO_STATUS) & VIRTIO_FEATURES_OK,
				  good ? VIRTIO_FEATURES_OK : 0);
		vrig_put(VIRTIO_STATUS, vrig_get(VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
		ck_assert_uint_eq(vrig_get(VIRTIO_STATUS) & VIRTIO_DRIVER_OK,
				  good ? VIRTIO_DRIVER_OK : 0);
	}
}
END_TEST

START_TEST(features_are_for_good)
{
	vrig_negotiate(VIRTIO_F_VERSION_1);
	vrig_remember();
	vrig_put(VIRTIO_DRIVER_FEATURES, 0);
	vrig_broken(VIRTIO_FAULT_LATE_FEATURES);
}
END_TEST

START_TEST(a_status_bit_goes_by_a_reset_alone)
{
	vrig_start();
	vrig_put(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
	ck_assert_uint_ne(vrig_get(VIRTIO_STATUS) & VIRTIO_DRIVER_OK, 0);
	vrig_put(VIRTIO_STATUS, VIRTIO_NEEDS_RESET); /* is not the driver's */
	ck_assert_uint_eq(vrig_get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET, 0);
	vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
	vrig_put(VIRTIO_STATUS, 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_STATUS), 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_QUEUE_READY), 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), 0);
}
END_TEST

/* --- accesses that the text forbids ----------------------------------------------------------- */
static bool readable(u32 offset)
{
	static const u32 r[] = {
		VIRTIO_MAGIC_VALUE,   VIRTIO_VERSION,		VIRTIO_DEVICE_ID,
		VIRTIO_VENDOR_ID,     VIRTIO_DEVICE_FEATURES,	VIRTIO_QUEUE_NUM_MAX,
		VIRTIO_QUEUE_READY,   VIRTIO_INTERRUPT_STATUS,	VIRTIO_STATUS,
		VIRTIO_SHM_LEN_LOW,   VIRTIO_SHM_LEN_HIGH,	VIRTIO_SHM_BASE_LOW,
		VIRTIO_SHM_BASE_HIGH, VIRTIO_CONFIG_GENERATION,
	};

	for (u32 i = 0; i < ARRAY_LEN(r); i++)
		if (r[i] == offset)
			return true;
	return offset >= VIRTIO_CONFIG && offset < VIRTIO_CONFIG + 16;
}

static bool writable(u32 offset)
{
	static const u32 w[] = {
		VIRTIO_DEVICE_FEATURES_SEL,
		VIRTIO_DRIVER_FEATURES,
		VIRTIO_DRIVER_FEATURES_SEL,
		VIRTIO_QUEUE_SEL,
		VIRTIO_QUEUE_NUM,
		VIRTIO_QUEUE_READY,
		VIRTIO_INTERRUPT_ACK,
		VIRTIO_STATUS,
		VIRTIO_QUEUE_DESC_LOW,
		VIRTIO_QUEUE_DESC_HIGH,
		VIRTIO_QUEUE_DRIVER_LOW,
		VIRTIO_QUEUE_DRIVER_HIGH,
		VIRTIO_QUEUE_DEVICE_LOW,
		VIRTIO_QUEUE_DEVICE_HIGH,
		VIRTIO_SHM_SEL,
	};

	for (u32 i = 0; i < ARRAY_LEN(w); i++)
		if (w[i] == offset)
			return true;
	return false;
}

/* Every offset and width, in both directions, to a device that was just reset. */
START_TEST(other_accesses_break_it)
{
	for (u32 offset = 0; offset < VIRTIO_MMIO_BYTES; offset++)
		for (u32 bytes = 1; bytes <= 8; bytes *= 2) {
			bool wide = offset < VIRTIO_CONFIG ? bytes == 4 && offset % 4 == 0
							   : bytes <= 4 && offset % bytes == 0;
			bool fault;

			vrig_put(VIRTIO_STATUS, 0);
			virtio_mmio_read(&virtio_rig.blk.mmio, offset, bytes);
			fault = virtio_rig.blk.mmio.fault;
			ck_assert_msg(fault == !(wide && readable(offset)), "read %#x, %u bytes",
				      offset, bytes);
			vrig_put(VIRTIO_STATUS, 0);
			virtio_mmio_write(&virtio_rig.blk.mmio, offset, bytes, 0);
			fault = virtio_rig.blk.mmio.fault;
			ck_assert_msg(fault == !(wide && writable(offset)), "write %#x, %u bytes",
				      offset, bytes);
		}
}
END_TEST

START_TEST(config_reads_by_bytes)
{
	u32 value = 0;

	for (u32 i = 0; i < 4; i++)
		value |= virtio_mmio_read(&virtio_rig.blk.mmio, VIRTIO_CONFIG + 8 + i, 1) << 8 * i;
	ck_assert_uint_eq(value, VIRTIO_BLK_SIZE_MAX);
}
END_TEST

/* --- the queue's set-up ----------------------------------------------------------------------- */
static const struct {
	u32 num;
	u64 desc, avail, used, limit;
	enum virtio_fault fault;
} queues[] = {
	{ 1, RIG_DESC, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_OK },
	{ VIRTQUEUE_MAX, RIG_DESC, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_OK },
	{ 0, RIG_DESC, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_FAULT_SIZE },
	{ 6, RIG_DESC, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_FAULT_SIZE },
	{ 2 * VIRTQUEUE_MAX, RIG_DESC, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_FAULT_SIZE },
	{ 8, RIG_DESC + 8, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_FAULT_ALIGN },
	{ 8, RIG_DESC, RIG_AVAIL + 1, RIG_USED, GiB(4), VIRTIO_FAULT_ALIGN },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_USED + 2, GiB(4), VIRTIO_FAULT_ALIGN },
	{ 8, RIG_HIDDEN, RIG_AVAIL, RIG_USED, GiB(4), VIRTIO_FAULT_RING },
	{ 8, RIG_DESC, RIG_HIDDEN - 20, RIG_USED, GiB(4), VIRTIO_FAULT_RING },
	{ 8, RIG_DESC, RIG_HIDDEN - 22, RIG_USED, GiB(4), VIRTIO_OK },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_HIDDEN - 68, GiB(4), VIRTIO_FAULT_RING },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_HIDDEN - 72, GiB(4), VIRTIO_OK },
	{ 8, RIG_DESC, UINT64_MAX - 1, RIG_USED, GiB(4), VIRTIO_FAULT_RING },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_USED, RIG_USED + 70, VIRTIO_OK },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_USED, RIG_USED + 69, VIRTIO_FAULT_RING },
	{ 8, RIG_DESC, RIG_AVAIL, RIG_USED, RIG_USED, VIRTIO_FAULT_RING },
};

START_TEST(a_queue_must_fit)
{
	virtio_rig.memory.limit = queues[_i].limit;
	vrig_make();
	vrig_negotiate(VIRTIO_F_VERSION_1);
	vrig_remember();
	vrig_queue(queues[_i].num, queues[_i].desc, queues[_i].avail, queues[_i].used);
	ck_assert_uint_eq(vrig_get(VIRTIO_QUEUE_READY), queues[_i].fault == VIRTIO_OK);
	if (queues[_i].fault)
		vrig_broken(queues[_i].fault);
}
END_TEST

START_TEST(a_ready_queue_stays_as_it_is)
{
	static const u32 registers[] = { VIRTIO_QUEUE_NUM, VIRTIO_QUEUE_DESC_LOW,
					 VIRTIO_QUEUE_DRIVER_HIGH, VIRTIO_QUEUE_DEVICE_LOW };

	for (u32 i = 0; i < ARRAY_LEN(registers); i++) {
		vrig_start();
		vrig_remember();
		vrig_put(registers[i], 4);
		vrig_broken(VIRTIO_FAULT_QUEUE_READY);
	}
}
END_TEST

START_TEST(there_is_one_queue)
{
	vrig_start();
	vrig_remember();
	vrig_put(VIRTIO_QUEUE_SEL, 1);
	ck_assert_uint_eq(vrig_get(VIRTIO_QUEUE_NUM_MAX), 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_QUEUE_READY), 0);
	vrig_put(VIRTIO_QUEUE_NUM, 8);
	vrig_broken(VIRTIO_FAULT_NO_QUEUE);
	vrig_start();
	vrig_remember();
	vrig_put(VIRTIO_QUEUE_NOTIFY, 1);
	vrig_broken(VIRTIO_FAULT_NO_QUEUE);
}
END_TEST

START_TEST(a_notify_comes_after_driver_ok_and_ready)
{
	vrig_negotiate(VIRTIO_F_VERSION_1);
	memset(vrig_at(RIG_DESC), 0, KiB(12));
	vrig_queue(RIG_NUM, RIG_DESC, RIG_AVAIL, RIG_USED);
	vrig_header(VIRTIO_BLK_T_IN, 0);
	vrig_remember();
	vrig_notify();
	vrig_broken(VIRTIO_FAULT_EARLY_NOTIFY);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), 0);
	vrig_start();
	vrig_put(VIRTIO_QUEUE_READY, 0);
	vrig_remember();
	vrig_notify();
	vrig_broken(VIRTIO_FAULT_EARLY_NOTIFY);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CHANGED);
}
END_TEST

START_TEST(interrupts_stay_until_acknowledged)
{
	struct virtq_avail *avail = (struct virtq_avail *)(void *)vrig_at(RIG_AVAIL);

	vrig_start();
	avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
	vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), 0);
	avail->flags = 0;
	vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
	vrig_put(VIRTIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_CHANGED);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
	vrig_put(VIRTIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_USED);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio");
	TCase *tcase = tcase_create("registers");

	tcase_add_checked_fixture(tcase, vrig_reset, NULL);
	tcase_add_test(tcase, numbers_are_linux_numbers);
	tcase_add_test(tcase, says_what_it_is);
	tcase_add_test(tcase, offers_what_it_has);
	tcase_add_test(tcase, accepts_what_it_offers_with_version_1);
	tcase_add_test(tcase, features_are_for_good);
	tcase_add_test(tcase, a_status_bit_goes_by_a_reset_alone);
	tcase_add_test(tcase, other_accesses_break_it);
	tcase_add_test(tcase, config_reads_by_bytes);
	tcase_add_loop_test(tcase, a_queue_must_fit, 0, ARRAY_LEN(queues));
	tcase_add_test(tcase, a_ready_queue_stays_as_it_is);
	tcase_add_test(tcase, there_is_one_queue);
	tcase_add_test(tcase, a_notify_comes_after_driver_ok_and_ready);
	tcase_add_test(tcase, interrupts_stay_until_acknowledged);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
