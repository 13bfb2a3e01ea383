/* SPDX-License-Identifier: MIT */
/*
 * Requests of the block device: what is done, what is refused, and that a refusal changes nothing.
 */
#include <string.h>

#include "tests/unit/virtio_rig.h"

#define NEXT VIRTQ_DESC_F_NEXT
#define WRITE VIRTQ_DESC_F_WRITE
#define HEADER_BYTES ((u32)sizeof(struct virtio_blk_header))

static void setup(void)
{
	vrig_reset();
	vrig_start();
}

static void told(enum virtio_blk_outcome outcome, u64 sector, u64 gpa, u64 bytes)
{
	ck_assert_int_eq(virtio_rig.told.outcome, outcome);
	ck_assert_uint_eq(virtio_rig.told.sector, sector);
	ck_assert_uint_eq(virtio_rig.told.gpa, gpa);
	ck_assert_uint_eq(virtio_rig.told.bytes, bytes);
}

START_TEST(reads_and_writes)
{
	u8 page[PAGE_BYTES];

	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 3, RIG_DATA, PAGE_BYTES), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(vrig_at(RIG_DATA), virtio_rig.disk + 3 * 512, PAGE_BYTES);
	ck_assert_uint_eq(*vrig_at(RIG_DATA + PAGE_BYTES), 0xA5);
	told(VIRTIO_BLK_DONE, 3, RIG_DATA, PAGE_BYTES);
	ck_assert_uint_eq(vrig_used(0).len, PAGE_BYTES + 1);
	memset(vrig_at(RIG_DATA), 0x5A, PAGE_BYTES);
	memset(page, 0x5A, PAGE_BYTES);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_OUT, 9, RIG_DATA, PAGE_BYTES), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(virtio_rig.disk + 9 * 512, page, PAGE_BYTES);
	ck_assert_uint_ne(virtio_rig.disk[9 * 512 - 1], 0x5A);
	ck_assert_uint_eq(vrig_used(1).len, 1);
	told(VIRTIO_BLK_DONE, 9, RIG_DATA, PAGE_BYTES);
	ck_assert_uint_eq(virtio_rig.ntold, 2);
}
END_TEST

/* Refused with IOERR: no sector and no byte of data has changed, and the device works on. */
static void refused(u32 type, u64 sector, u64 gpa, u32 bytes, enum virtio_blk_outcome outcome)
{
	static u8 ram[RIG_RAM_BYTES], disk[sizeof(virtio_rig.disk)];

	memcpy(ram, virtio_rig.ram, sizeof(ram));
	memcpy(disk, virtio_rig.disk, sizeof(disk));
	ck_assert_uint_eq(vrig_request(type, sector, gpa, bytes), VIRTIO_BLK_S_IOERR);
	told(outcome, sector, gpa, bytes);
	ck_assert_mem_eq(virtio_rig.disk, disk, sizeof(disk));
	ck_assert_mem_eq(vrig_at(RIG_DATA), ram + (RIG_DATA - RIG_RAM),
			 RIG_RAM + RIG_RAM_BYTES - RIG_DATA);
	ck_assert_uint_eq(vrig_used(vrig_used_idx() - 1).len, type == VIRTIO_BLK_T_OUT);
	ck_assert_int_eq(virtio_rig.blk.mmio.fault, VIRTIO_OK);
}

/* Every first sector and length around the disk's end, and where sums wrap. */
START_TEST(the_capacity_holds)
{
	static const u64 far[] = { UINT64_MAX, UINT64_MAX - 1, 1ull << 55, (1ull << 55) - 1,
				   1ull << 63 };

	for (u32 type = VIRTIO_BLK_T_IN; type <= VIRTIO_BLK_T_OUT; type++) {
		for (u64 sector = RIG_SECTORS - 9; sector < RIG_SECTORS + 3; sector++)
			for (u32 n = 1; n <= 10; n++)
				if (sector + n > RIG_SECTORS)
					refused(type, sector, RIG_DATA, n * 512, VIRTIO_BLK_RANGE);
				else
					ck_assert_uint_eq(vrig_request(type, sector, RIG_DATA,
								       n * 512),
							  VIRTIO_BLK_S_OK);
		for (u32 i = 0; i < ARRAY_LEN(far); i++)
			refused(type, far[i], RIG_DATA, 512, VIRTIO_BLK_RANGE);
	}
}
END_TEST

/*
 * T11: the limit itself is out of reach, to the byte; memory behind it is there, and not touched.
 */
START_TEST(the_bus_reaches_up_to_its_limit)
{
	for (u32 type = VIRTIO_BLK_T_IN; type <= VIRTIO_BLK_T_OUT; type++)
		for (u32 over = 0; over <= 512; over += over < 2 || over >= 510 ? 1 : 508) {
			vrig_reset();
			virtio_rig.memory.limit = RIG_DATA + 1024;
			vrig_make();
			vrig_start();
			if (over)
				refused(type, 0, RIG_DATA + 512 + over, 512,
					VIRTIO_BLK_UNREACHABLE);
			else
				ck_assert_uint_eq(vrig_request(type, 0, RIG_DATA + 512, 512),
						  VIRTIO_BLK_S_OK);
		}
	refused(VIRTIO_BLK_T_IN, 0, UINT64_MAX - 100, 512, VIRTIO_BLK_UNREACHABLE);
}
END_TEST

START_TEST(part_of_the_data_is_out_of_reach)
{
	vrig_header(VIRTIO_BLK_T_IN, 0);
	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
	vrig_desc(1, RIG_DATA, 512, NEXT | WRITE, 2);
	vrig_desc(2, GiB(4), 512, NEXT | WRITE, 3);
	vrig_desc(3, RIG_STATUS, 1, WRITE, 0);
	vrig_offer(0);
	vrig_notify();
	ck_assert_uint_eq(*vrig_at(RIG_STATUS), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(*vrig_at(RIG_DATA), 0xA5);
	told(VIRTIO_BLK_UNREACHABLE, 0, RIG_DATA, 1024);
}
END_TEST

START_TEST(whole_sectors)
{
	refused(VIRTIO_BLK_T_IN, 0, RIG_DATA, 511, VIRTIO_BLK_SHAPE);
	refused(VIRTIO_BLK_T_OUT, 0, RIG_DATA, 513, VIRTIO_BLK_SHAPE);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 0, 0, 0), VIRTIO_BLK_S_IOERR);
	told(VIRTIO_BLK_SHAPE, 0, 0, 0);
}
END_TEST

/* Data that the device shall write into, of a write; and the reverse. */
START_TEST(data_in_the_wrong_direction)
{
	static const struct {
		u32 type;
		u16 flags;
	} way[] = { { VIRTIO_BLK_T_OUT, WRITE }, { VIRTIO_BLK_T_IN, 0 } };

	for (u32 i = 0; i < ARRAY_LEN(way); i++) {
		vrig_header(way[i].type, 0);
		vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
		vrig_desc(1, RIG_DATA, 512, NEXT | way[i].flags, 2);
		vrig_desc(2, RIG_STATUS, 1, WRITE, 0);
		vrig_remember();
		vrig_offer(0);
		vrig_notify();
		ck_assert_uint_eq(*vrig_at(RIG_STATUS), VIRTIO_BLK_S_IOERR);
		ck_assert_int_eq(virtio_rig.told.outcome, VIRTIO_BLK_SHAPE);
		ck_assert_mem_eq(vrig_at(RIG_DATA), virtio_rig.before + (RIG_DATA - RIG_RAM), 512);
	}
}
END_TEST

START_TEST(a_read_only_disk)
{
	virtio_rig.storage.readonly = true;
	vrig_make();
	vrig_start();
	refused(VIRTIO_BLK_T_OUT, 0, RIG_DATA, 512, VIRTIO_BLK_READ_ONLY);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512), VIRTIO_BLK_S_OK);
}
END_TEST

START_TEST(flush_id_and_what_it_does_not_know)
{
	static const u8 id[VIRTIO_BLK_ID_BYTES] = "rig";

	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(virtio_rig.flushes, 1);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_GET_ID, 0, RIG_DATA, 20), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(vrig_at(RIG_DATA), id, sizeof(id));
	ck_assert_uint_eq(*vrig_at(RIG_DATA + 20), 0xA5);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_GET_ID, 0, RIG_DATA, 19), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_FLUSH, 0, RIG_DATA, 512), VIRTIO_BLK_S_IOERR);
	for (u32 type = 0; type < 40; type++)
		if (type != VIRTIO_BLK_T_IN && type != VIRTIO_BLK_T_OUT &&
		    type != VIRTIO_BLK_T_FLUSH && type != VIRTIO_BLK_T_GET_ID)
			ck_assert_uint_eq(vrig_request(type, 0, RIG_DATA, 512),
					  VIRTIO_BLK_S_UNSUPP);
	ck_assert_int_eq(virtio_rig.told.outcome, VIRTIO_BLK_UNSUPPORTED);
	ck_assert_uint_eq(virtio_rig.flushes, 1);
}
END_TEST

START_TEST(an_error_of_the_host)
{
	virtio_rig.storage_fails = true;
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512), VIRTIO_BLK_S_IOERR);
	told(VIRTIO_BLK_STORAGE, 0, RIG_DATA, 512);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_IOERR);
}
END_TEST

/* 5.2.6.2: who can ask for no flush has its write on the disk before it is told that it is done. */
START_TEST(a_write_is_stable_without_flush)
{
	for (u32 taken = 0; taken < 2; taken++) {
		vrig_reset();
		vrig_start_with(taken ? VIRTIO_BLK_F_FLUSH : 0, RIG_NUM);
		ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_OUT, 0, RIG_DATA, 512),
				  VIRTIO_BLK_S_OK);
		ck_assert_uint_eq(virtio_rig.flushes, !taken);
		ck_assert(virtio_rig.was_dirty == taken);
		ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512), VIRTIO_BLK_S_OK);
		ck_assert_uint_eq(virtio_rig.flushes, !taken);
	}
}
END_TEST

START_TEST(a_write_that_is_not_stable_is_no_success)
{
	virtio_rig.flush_fails = true;
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_OUT, 5, RIG_DATA, 512), VIRTIO_BLK_S_IOERR);
	told(VIRTIO_BLK_STORAGE, 5, RIG_DATA, 512);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 5, RIG_DATA, 512), VIRTIO_BLK_S_OK);
	vrig_start_with(VIRTIO_BLK_F_FLUSH, RIG_NUM);
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_OUT, 5, RIG_DATA, 512), VIRTIO_BLK_S_OK);
}
END_TEST

/* 2.7.4: header and two sectors, cut in two at every byte; data and status likewise. */
START_TEST(any_framing)
{
	u8 request[HEADER_BYTES + 1024], answer[1025];
	const u32 all = sizeof(request);

	for (u32 cut = 1; cut < all; cut++) {
		vrig_header(VIRTIO_BLK_T_OUT, cut % 32);
		memcpy(request, vrig_at(RIG_HEADER), HEADER_BYTES);
		for (u32 i = HEADER_BYTES; i < all; i++)
			request[i] = (u8)(i * 31 + cut);
		memcpy(vrig_at(RIG_DATA), request, cut);
		memcpy(vrig_at(RIG_DATA + 8192), request + cut, all - cut);
		vrig_desc(0, RIG_DATA, cut, NEXT, 5);
		vrig_desc(5, RIG_DATA + 8192, all - cut, NEXT, 2);
		vrig_desc(2, RIG_STATUS, 1, WRITE, 0);
		vrig_offer(0);
		vrig_notify();
		ck_assert_uint_eq(*vrig_at(RIG_STATUS), VIRTIO_BLK_S_OK);
		ck_assert_mem_eq(virtio_rig.disk + cut % 32 * 512, request + HEADER_BYTES, 1024);
	}
	for (u32 cut = 1; cut < sizeof(answer); cut++) {
		vrig_header(VIRTIO_BLK_T_IN, cut % 32);
		vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 5);
		vrig_desc(5, RIG_DATA, cut, NEXT | WRITE, 2);
		vrig_desc(2, RIG_DATA + 8192, sizeof(answer) - cut, WRITE, 0);
		vrig_offer(0);
		vrig_notify();
		memcpy(answer, vrig_at(RIG_DATA), cut);
		memcpy(answer + cut, vrig_at(RIG_DATA + 8192), sizeof(answer) - cut);
		ck_assert_mem_eq(answer, virtio_rig.disk + cut % 32 * 512, 1024);
		ck_assert_uint_eq(answer[1024], VIRTIO_BLK_S_OK);
	}
}
END_TEST

/*
 * Longer than this memory, and out of reach: but what is too long is refused as such. Without the
 * feature nothing is.
 */
START_TEST(a_segment_may_be_as_long_as_told)
{
	for (u32 taken = 0; taken < 2; taken++)
		for (u32 more = 0; more <= 512; more += 512) {
			u32 bytes = VIRTIO_BLK_SIZE_MAX + more;

			vrig_start_with(taken ? VIRTIO_BLK_F_SIZE_MAX : VIRTIO_BLK_F_SEG_MAX,
					RIG_NUM);
			vrig_request(VIRTIO_BLK_T_IN, 0, GiB(4), bytes);
			told(taken && more ? VIRTIO_BLK_SHAPE : VIRTIO_BLK_RANGE, 0, GiB(4), bytes);
		}
}
END_TEST

/* A read in @pieces of 512 bytes, the status in the last one where the queue has no entry more. */
static void read_in_pieces(u16 pieces)
{
	bool own = pieces <= VIRTQUEUE_MAX - 2;

	vrig_header(VIRTIO_BLK_T_IN, 0);
	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
	for (u16 i = 1; i < pieces; i++)
		vrig_desc(i, RIG_DATA + i * 512u, 512, NEXT | WRITE, i + 1);
	vrig_desc(pieces, RIG_DATA, own ? 512 : 513, WRITE | (own ? NEXT : 0), pieces + 1);
	if (own)
		vrig_desc(pieces + 1, RIG_STATUS, 1, WRITE, 0);
	vrig_offer(0);
	vrig_notify();
}

/* A queue of its full size: 63 pieces are one more than told, for who has taken the feature. */
START_TEST(as_many_segments_as_told)
{
	for (u32 taken = 0; taken < 2; taken++)
		for (u16 pieces = VIRTIO_BLK_SEG_MAX; pieces <= VIRTIO_BLK_SEG_MAX + 1; pieces++) {
			bool many = taken && pieces > VIRTIO_BLK_SEG_MAX;

			vrig_start_with(taken ? VIRTIO_BLK_F_SEG_MAX : VIRTIO_BLK_F_SIZE_MAX,
					VIRTQUEUE_MAX);
			read_in_pieces(pieces);
			ck_assert_int_eq(virtio_rig.told.outcome,
					 many ? VIRTIO_BLK_SHAPE : VIRTIO_BLK_DONE);
			ck_assert_uint_eq(virtio_rig.told.bytes, pieces * 512u);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio_blk");
	TCase *tcase = tcase_create("blk");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, reads_and_writes);
	tcase_add_test(tcase, the_capacity_holds);
	tcase_add_test(tcase, the_bus_reaches_up_to_its_limit);
	tcase_add_test(tcase, part_of_the_data_is_out_of_reach);
	tcase_add_test(tcase, whole_sectors);
	tcase_add_test(tcase, data_in_the_wrong_direction);
	tcase_add_test(tcase, a_read_only_disk);
	tcase_add_test(tcase, flush_id_and_what_it_does_not_know);
	tcase_add_test(tcase, an_error_of_the_host);
	tcase_add_test(tcase, a_write_is_stable_without_flush);
	tcase_add_test(tcase, a_write_that_is_not_stable_is_no_success);
	tcase_add_test(tcase, any_framing);
	tcase_add_test(tcase, a_segment_may_be_as_long_as_told);
	tcase_add_test(tcase, as_many_segments_as_told);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
