/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: bytes become a disk and what a driver does with it, which need not be what a
 * driver does. Owns the language of these bytes; leaves to virtio_watch.c what must hold.
 * FUZZ_TRACE=1 prints the steps.
 *
 * The first byte: bit 0 read-only; 1 the bus ends in the midst of memory; 2 memory is meddled with;
 * 3 the host fails; the second a seed. Then steps, each of one byte (bits 2..0: what; 7..3: which)
 * and operands:
 *
 *	0 offset		a read of a register; which: its width
 *	1 offset value		a write of one, likewise
 *	2			a set-up as it should be; which: queue size (% 7), features (/ 7)
 *	3 place len flags next	descriptor number "which"
 *	4 type place sector	a request's header
 *	5 n			descriptor "which" and n more of its kind are available; a notify
 *	6 place data		a byte of memory
 *	7 type sector place	a request as it should be, of "which" pieces
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/virtio_watch.h"

#define MAX_STEPS 400u
/* Where a driver that means well has the queue's parts, and its requests. */
#define DESC WATCH_RAM
#define AVAIL (WATCH_RAM + 0x400)
#define USED (WATCH_RAM + 0x600)
#define HEADER (WATCH_RAM + 0xA00)
#define STATUS (WATCH_RAM + 0xB00)
#define DATA (WATCH_RAM + KiB(4))

struct fuzz {
	struct input input;
	u32 num; /* of the queue, as last set up */
	u16 next_avail;
};

static bool verbose;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	verbose = getenv("FUZZ_TRACE");
	return 0;
}

static u8 take(struct fuzz *fuzz)
{
	return input_byte(&fuzz->input);
}

/* --- places and numbers ----------------------------------------------------------------------- */
/* Bits 7..4: which page of memory, from its start or end; or of what is not memory. */
static u64 place(struct fuzz *fuzz)
{
	static const u64 far[] = { 0,
				   WATCH_RAM - 1,
				   WATCH_RAM + WATCH_RAM_BYTES,
				   WATCH_RAM + WATCH_RAM_BYTES - 1,
				   WATCH_HIDDEN - 1,
				   WATCH_HIDDEN,
				   WATCH_LIMIT - 1,
				   WATCH_LIMIT,
				   WATCH_LIMIT - 511,
				   GiB(4),
				   UINT64_MAX,
				   UINT64_MAX - 511,
				   1ull << 63,
				   HEADER,
				   STATUS,
				   USED };
	u8 byte = take(fuzz);
	u64 page = WATCH_RAM + (u64)(byte >> 4) * PAGE_BYTES;

	switch (byte & 7) {
	case 0: return page;
	case 1: return page + take(fuzz);
	case 2: return page + PAGE_BYTES - take(fuzz);
	case 3: return page + 2 * take(fuzz);
	case 4: return page + 16 * take(fuzz);
	case 5: return far[byte >> 4];
	case 6: return HEADER + (byte >> 4);
	default: return far[byte >> 4] - take(fuzz);
	}
}

static u32 length(struct fuzz *fuzz)
{
	static const u32 some[] = { 0,		1,	    15,	  16,	   17,	       511,
				    512,	513,	    1024, 4096,	   0x7FFFFFFF, 0x80000000,
				    0xFFFFFFFF, 0xFFFFF000, 20,	  1u << 20 };
	u8 byte = take(fuzz);

	return byte < 128 ? some[byte & 15] : (byte & 127u) * 256 + take(fuzz);
}

static u64 sector(struct fuzz *fuzz)
{
	u8 byte = take(fuzz);

	if (byte < 128)
		return byte % (WATCH_SECTORS + 8);
	return byte & 1 ? UINT64_MAX - byte / 2 : 1ull << (byte & 63);
}

/* --- steps ------------------------------------------------------------------------------------ */
static u32 width(u32 which)
{
	static const u32 widths[] = { 4, 4, 4, 1, 2, 8, 4, 4 };

	return widths[which & 7];
}

static u64 offset(struct fuzz *fuzz, u32 which)
{
	return (u64)take(fuzz) * (which & 8 ? 1 : 4) + (which & 16 ? 0x100 : 0);
}

static void write_register(struct fuzz *fuzz, u32 which)
{
	u64 at = offset(fuzz, which);
	u8 value = take(fuzz);

	watch_write(at, width(which), value < 224 ? value : (u32)place(fuzz));
}

static void put_address(u32 low, u64 gpa)
{
	watch_write(low, 4, (u32)gpa);
	watch_write(low + 4, 4, (u32)(gpa >> 32));
}

static void set_up(struct fuzz *fuzz, u32 which)
{
	static const u32 status[] = { 0, 1, 3 };
	static const u32 features[] = { 0, VIRTIO_BLK_F_FLUSH,
					VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX,
					VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_SEG_MAX, 0 };

	for (u32 i = 0; i < ARRAY_LEN(status); i++)
		watch_write(VIRTIO_STATUS, 4, status[i]);
	watch_write(VIRTIO_DRIVER_FEATURES_SEL, 4, 0);
	watch_write(VIRTIO_DRIVER_FEATURES, 4, features[which / 7]);
	watch_write(VIRTIO_DRIVER_FEATURES_SEL, 4, 1);
	watch_write(VIRTIO_DRIVER_FEATURES, 4, 1);
	watch_write(VIRTIO_STATUS, 4, 11);
	watch_write(VIRTIO_QUEUE_SEL, 4, 0);
	fuzz->num = 1u << (which % 7);
	watch_write(VIRTIO_QUEUE_NUM, 4, fuzz->num);
	put_address(VIRTIO_QUEUE_DESC_LOW, DESC);
	put_address(VIRTIO_QUEUE_DRIVER_LOW, AVAIL);
	put_address(VIRTIO_QUEUE_DEVICE_LOW, USED);
	fuzz->next_avail = 0;
	watch_poke(AVAIL, (u8[4]){ 0 }, 4);
	watch_write(VIRTIO_QUEUE_READY, 4, 1);
	watch_write(VIRTIO_STATUS, 4, 15);
}

static void desc(u32 nth, u64 gpa, u32 bytes, u16 flags, u16 next)
{
	struct virtq_desc one = { gpa, bytes, flags, next };

	watch_poke(DESC + nth * sizeof(one), &one, sizeof(one));
}

static void header(u32 type, u64 at, u64 first)
{
	struct virtio_blk_header one = { .type = type, .sector = first };

	watch_poke(at, &one, sizeof(one));
}

static void offer(struct fuzz *fuzz, u16 head, u32 n)
{
	u16 idx;

	for (u32 i = 0; i <= n; i++)
		watch_poke(AVAIL + 4 + 2 * ((fuzz->next_avail + i) % fuzz->num), &head, 2);
	idx = (u16)(watch_peek16(AVAIL + 2) + n + 1);
	fuzz->next_avail = idx;
	watch_poke(AVAIL + 2, &idx, 2);
	watch_write(VIRTIO_QUEUE_NOTIFY, 4, 0);
}

static void request(struct fuzz *fuzz, u32 which)
{
	u32 type = take(fuzz) & 15, n = which % (fuzz->num > 2 ? fuzz->num - 2 : 1);
	u16 flags = VIRTQ_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_DESC_F_WRITE);
	u64 at;

	header(type, HEADER, sector(fuzz));
	at = place(fuzz);
	desc(0, HEADER, sizeof(struct virtio_blk_header), VIRTQ_DESC_F_NEXT, 1);
	for (u32 i = 1; i <= n; i++)
		desc(i, at + (i - 1) * 512, 512, flags, (u16)(i + 1));
	desc(n + 1, STATUS, 1, VIRTQ_DESC_F_WRITE, 0);
	offer(fuzz, 0, 0);
}

static void step(struct fuzz *fuzz)
{
	u8 what = take(fuzz), byte;
	u32 which = what >> 3, n;
	u64 at;

	switch (what & 7) {
	case 0: watch_read(offset(fuzz, which), width(which)); break;
	case 1: write_register(fuzz, which); break;
	case 2: set_up(fuzz, which); break;
	case 3:
		at = place(fuzz);
		n = length(fuzz);
		byte = take(fuzz);
		desc(which, at, n, byte & 7, byte >> 3);
		break;
	case 4:
		n = take(fuzz) & 15;
		at = place(fuzz);
		header(n, at, sector(fuzz));
		break;
	case 5: offer(fuzz, (u16)which, take(fuzz) & 63); break;
	case 6:
		at = place(fuzz);
		byte = take(fuzz);
		watch_poke(at, &byte, 1);
		break;
	case 7: request(fuzz, which); break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz fuzz = { .input = { data, size }, .num = 8 };
	u8 first = take(&fuzz);
	struct watch_options options = { .readonly = first & 1,
					 .near = first & 2,
					 .meddles = first & 4,
					 .fails = first & 8,
					 .seed = take(&fuzz) };

	watch_open(&options, verbose);
	for (u32 i = 0; i < MAX_STEPS && fuzz.input.left; i++)
		step(&fuzz);
	return 0;
}
