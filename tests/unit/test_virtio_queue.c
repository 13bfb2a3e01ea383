/* SPDX-License-Identifier: MIT */
/* Queues that are written wrong: the device needs a reset, says why, and has touched nothing. */
#include <string.h>

#include "tests/unit/virtio_rig.h"

#define NEXT VIRTQ_DESC_F_NEXT
#define WRITE VIRTQ_DESC_F_WRITE
#define HEADER_BYTES sizeof(struct virtio_blk_header)

static void setup(void)
{
	vrig_reset();
	vrig_start();
	vrig_header(VIRTIO_BLK_T_IN, 0);
}

struct row {
	u64 gpa;
	u32 bytes;
	u16 flags, next;
};

static const struct wrong {
	const char *what;
	u16 head;
	struct row row[4]; /* descriptors 0, 1, … */
	enum virtio_fault fault;
} wrong[] = {
	{ "head behind the table", RIG_NUM, { { 0 } }, VIRTIO_FAULT_HEAD },
	{ "head far behind", 0xFFFF, { { 0 } }, VIRTIO_FAULT_HEAD },
	{ "next behind the table",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, RIG_NUM } },
	  VIRTIO_FAULT_NEXT },
	{ "to itself", 0, { { RIG_HEADER, HEADER_BYTES, NEXT, 0 } }, VIRTIO_FAULT_LOOP },
	{ "a loop of two",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 }, { RIG_HEADER, 1, NEXT, 0 } },
	  VIRTIO_FAULT_LOOP },
	{ "a loop of what is written",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_DATA, 512, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, NEXT | WRITE, 1 } },
	  VIRTIO_FAULT_LOOP },
	{ "indirect", 0, { { RIG_HEADER, 32, VIRTQ_DESC_F_INDIRECT, 0 } }, VIRTIO_FAULT_INDIRECT },
	{ "no bytes",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_DATA, 0, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_EMPTY },
	{ "read behind written",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_STATUS, 1, NEXT | WRITE, 2 },
	    { RIG_DATA, 512, 0, 0 } },
	  VIRTIO_FAULT_ORDER },
	{ "more than 4 GiB",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { GiB(4), UINT32_MAX, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_TOTAL },
	{ "below memory",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_RAM - 1, 512, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "into a page that is not lent",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_HIDDEN - 511, 512, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "behind memory",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 },
	    { RIG_RAM + RIG_RAM_BYTES - 511, 512, NEXT | WRITE, 2 },
	    { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "status in no memory",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 }, { RIG_HIDDEN, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "header where the bus does not reach",
	  0,
	  { { GiB(4), HEADER_BYTES, NEXT, 1 }, { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "status where the bus does not reach",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT, 1 }, { GiB(4), 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "an address that wraps",
	  0,
	  { { UINT64_MAX, HEADER_BYTES, NEXT, 1 }, { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_ADDRESS },
	{ "half a header",
	  0,
	  { { RIG_HEADER, HEADER_BYTES - 1, NEXT, 1 }, { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_HEADER },
	{ "a header that the device would write",
	  0,
	  { { RIG_HEADER, HEADER_BYTES, NEXT | WRITE, 1 }, { RIG_STATUS, 1, WRITE, 0 } },
	  VIRTIO_FAULT_HEADER },
	{ "no status", 0, { { RIG_HEADER, HEADER_BYTES, 0, 0 } }, VIRTIO_FAULT_STATUS },
};

START_TEST(a_wrong_chain_breaks_the_queue)
{
	const struct wrong *w = &wrong[_i];

	for (u16 i = 0; i < ARRAY_LEN(w->row); i++)
		vrig_desc(i, w->row[i].gpa, w->row[i].bytes, w->row[i].flags, w->row[i].next);
	vrig_offer(w->head);
	vrig_remember();
	vrig_notify();
	vrig_broken(w->fault);
	ck_assert_uint_eq(virtio_rig.ntold, 0);
	ck_assert_uint_eq(vrig_get(VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CHANGED);
}
END_TEST

/* Nothing happens to a queue of a device that needs a reset, and all is well behind the reset. */
START_TEST(a_reset_repairs)
{
	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 0);
	vrig_offer(0);
	vrig_notify();
	vrig_remember();
	vrig_notify();
	vrig_broken(VIRTIO_FAULT_LOOP);
	ck_assert_uint_eq(vrig_used_idx(), 0);
	vrig_start();
	ck_assert_uint_eq(vrig_request(VIRTIO_BLK_T_IN, 0, RIG_DATA, 512), VIRTIO_BLK_S_OK);
	ck_assert_int_eq(virtio_rig.blk.mmio.fault, VIRTIO_OK);
}
END_TEST

START_TEST(more_chains_than_entries)
{
	struct virtq_avail *avail = (struct virtq_avail *)(void *)vrig_at(RIG_AVAIL);

	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
	vrig_desc(1, RIG_STATUS, 1, WRITE, 0);
	avail->idx = RIG_NUM + 1;
	vrig_remember();
	vrig_notify();
	vrig_broken(VIRTIO_FAULT_INDEX);
	vrig_start();
	avail->idx = 0xFFFF; /* one back */
	vrig_remember();
	vrig_notify();
	vrig_broken(VIRTIO_FAULT_INDEX);
}
END_TEST

/* A chain of all descriptors, none twice, is no loop. */
START_TEST(the_longest_chain)
{
	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
	for (u16 i = 1; i < RIG_NUM - 1; i++)
		vrig_desc(i, RIG_DATA + i * 512u, 512, NEXT | WRITE, i + 1);
	vrig_desc(RIG_NUM - 1, RIG_STATUS, 1, WRITE, 0);
	vrig_offer(0);
	vrig_notify();
	ck_assert_uint_eq(*vrig_at(RIG_STATUS), VIRTIO_BLK_S_OK);
	ck_assert_mem_eq(vrig_at(RIG_DATA + 512), virtio_rig.disk, (RIG_NUM - 2) * 512);
	ck_assert_uint_eq(vrig_used(0).len, (RIG_NUM - 2) * 512 + 1);
}
END_TEST

/* Full rings, again and again, past the wrap of the 16-bit indices; heads come back in order. */
START_TEST(indices_wrap)
{
	vrig_header(VIRTIO_BLK_T_FLUSH, 0);
	for (u16 i = 0; i < RIG_NUM; i += 2) {
		vrig_desc(i, RIG_HEADER, HEADER_BYTES, NEXT, i + 1);
		vrig_desc(i + 1, RIG_STATUS, 1, WRITE, 0);
	}
	for (u32 n = 0; n < 70000; n += RIG_NUM) {
		for (u16 i = 0; i < RIG_NUM; i++)
			vrig_offer((u16)(i * 2 % RIG_NUM));
		vrig_notify();
		ck_assert_uint_eq(vrig_used_idx(), (u16)(n + RIG_NUM));
		for (u16 i = 0; i < RIG_NUM; i++)
			ck_assert_uint_eq(vrig_used(i).id, i * 2u % RIG_NUM);
	}
	ck_assert_int_eq(virtio_rig.blk.mmio.fault, VIRTIO_OK);
}
END_TEST

/*
 * What was good before a wrong chain is done and given back; what stands behind it is not looked
 * at.
 */
START_TEST(a_wrong_chain_among_good_ones)
{
	vrig_header(VIRTIO_BLK_T_FLUSH, 0);
	vrig_desc(0, RIG_HEADER, HEADER_BYTES, NEXT, 1);
	vrig_desc(1, RIG_STATUS, 1, WRITE, 0);
	vrig_desc(2, RIG_HEADER, HEADER_BYTES, NEXT, 2);
	vrig_offer(0);
	vrig_offer(2);
	vrig_offer(0);
	vrig_notify();
	ck_assert_uint_eq(virtio_rig.flushes, 1);
	ck_assert_uint_eq(vrig_used_idx(), 1);
	ck_assert_int_eq(virtio_rig.blk.mmio.fault, VIRTIO_FAULT_LOOP);
}
END_TEST

START_TEST(every_fault_has_words)
{
	for (u32 i = 0; i < VIRTIO_FAULTS; i++)
		ck_assert_ptr_nonnull(virtio_fault_text(i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio_queue");
	TCase *tcase = tcase_create("queue");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, a_wrong_chain_breaks_the_queue, 0, ARRAY_LEN(wrong));
	tcase_add_test(tcase, a_reset_repairs);
	tcase_add_test(tcase, more_chains_than_entries);
	tcase_add_test(tcase, the_longest_chain);
	tcase_add_test(tcase, indices_wrap);
	tcase_add_test(tcase, a_wrong_chain_among_good_ones);
	tcase_add_test(tcase, every_fault_has_words);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
