/* SPDX-License-Identifier: MIT */
/* Owns the rules, and the memory and sectors by which they are seen. */
#include "tests/fuzz/virtio_watch.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LENT 4096u /* in one access: 64 chains of 64 pieces, some asked for again */

struct range {
	u64 start, bytes;
};

static struct {
	struct watch_options options;
	bool verbose, in_access;
	bool dirty; /* written and not flushed */
	struct virtio_blk blk;
	u32 nlent; /* for writing, in this access */
	struct range lent[MOST_LENT];
	u64 asked; /* for memory and sectors, in this access */
	u32 told, used_before;
	u64 draws;
} watch;

static _Alignas(64) u8 ram[WATCH_RAM_BYTES], shadow[WATCH_RAM_BYTES];
static u8 disk[WATCH_SECTORS * VIRTIO_BLK_SECTOR];

static _Noreturn void violated(const char *rule, u64 a, u64 b)
{
	fprintf(stderr, "VIOLATED: %s (%#llx, %#llx)\n", rule, (unsigned long long)a,
		(unsigned long long)b);
	abort();
}

static u64 draw(void)
{
	watch.draws = watch.draws * 6364136223846793005ull + 1442695040888963407ull;
	return watch.draws >> 33;
}

static void poison(bool on)
{
	if (on)
		ASAN_POISON_MEMORY_REGION(ram, sizeof(ram));
	else
		ASAN_UNPOISON_MEMORY_REGION(ram, sizeof(ram));
}

/* --- memory ----------------------------------------------------------------------------------- */
/* Whoever is not the device: nothing of it is the device's doing. */
__attribute__((no_sanitize("address"))) static void store(u64 offset, u8 byte)
{
	*(volatile u8 *)(ram + offset) = byte;
	shadow[offset] = byte;
}

static void meddle(void)
{
	if (!watch.options.meddles)
		return;
	/* Where drivers of this fuzzer have their queues, and anywhere. */
	store(draw() % KiB(1), (u8)draw());
	store(draw() % WATCH_RAM_BYTES, (u8)draw());
}

static void check_asks(void)
{
	watch.asked++;
	if (!watch.in_access)
		violated("asks for something outside of an access", 0, 0);
}

static void *lend(void *owner, u64 gpa, u64 bytes, bool write)
{
	u64 limit = watch.blk.mmio.memory.limit;

	(void)owner;
	check_asks();
	if (!bytes || gpa >= limit || bytes > limit - gpa)
		violated("asks for memory that its bus does not reach", gpa, bytes);
	if (gpa < WATCH_RAM || gpa + bytes > WATCH_RAM + WATCH_RAM_BYTES ||
	    (gpa < WATCH_HIDDEN + PAGE_BYTES && gpa + bytes > WATCH_HIDDEN))
		return NULL;
	if (write) {
		if (watch.nlent == MOST_LENT)
			violated("asks too often in one access", watch.nlent, 0);
		watch.lent[watch.nlent++] = (struct range){ gpa - WATCH_RAM, bytes };
	}
	ASAN_UNPOISON_MEMORY_REGION(ram + (gpa - WATCH_RAM), bytes);
	return ram + (gpa - WATCH_RAM);
}

static bool was_lent(u64 offset)
{
	for (u32 i = 0; i < watch.nlent; i++)
		if (offset - watch.lent[i].start < watch.lent[i].bytes)
			return true;
	return false;
}

static void check_memory(void)
{
	if (memcmp(ram, shadow, sizeof(ram)) == 0)
		return;
	for (u64 i = 0; i < sizeof(ram); i++)
		if (ram[i] != shadow[i] && !was_lent(i))
			violated("has changed memory that it was not lent for writing",
				 WATCH_RAM + i, ram[i]);
	memcpy(shadow, ram, sizeof(ram));
}

/* --- sectors ---------------------------------------------------------------------------------- */
static bool check_sectors(u64 offset, u64 bytes)
{
	check_asks();
	if (offset > sizeof(disk) || bytes > sizeof(disk) - offset)
		violated("asks for sectors behind the end", offset, bytes);
	meddle();
	return !watch.options.fails || draw() % 4;
}

static bool read_sectors(void *owner, u64 offset, void *to, u64 bytes)
{
	bool good = check_sectors(offset, bytes);

	(void)owner;
	if (good)
		memcpy(to, disk + offset, bytes);
	return good;
}

static bool write_sectors(void *owner, u64 offset, const void *from, u64 bytes)
{
	bool good = check_sectors(offset, bytes);

	(void)owner;
	if (watch.options.readonly)
		violated("writes to a read-only disk", offset, bytes);
	if (good)
		memcpy(disk + offset, from, bytes);
	watch.dirty = true;
	return good;
}

static bool flush_sectors(void *owner)
{
	bool good = check_sectors(0, 0);

	(void)owner;
	watch.dirty = watch.dirty && !good;
	return good;
}

static void on_told(void *owner, const struct virtio_blk_told *told)
{
	(void)owner;
	watch.told++;
	if (watch.verbose)
		fprintf(stderr, "  request %u: outcome %u, sector %llu, %llu bytes at %llx\n",
			told->type, told->outcome, (unsigned long long)told->sector,
			(unsigned long long)told->bytes, (unsigned long long)told->gpa);
	if (told->outcome == VIRTIO_BLK_DONE && told->type <= VIRTIO_BLK_T_OUT &&
	    (!told->bytes || told->bytes % VIRTIO_BLK_SECTOR ||
	     told->sector + told->bytes / VIRTIO_BLK_SECTOR > WATCH_SECTORS))
		violated("has done what cannot be done", told->sector, told->bytes);
	if (told->outcome == VIRTIO_BLK_DONE && told->type == VIRTIO_BLK_T_OUT && watch.dirty &&
	    !(watch.blk.mmio.driver_features & VIRTIO_BLK_F_FLUSH))
		violated("has written what is not stable", told->sector, told->bytes);
	meddle();
}

/* --- accesses --------------------------------------------------------------------------------- */
void watch_open(const struct watch_options *options, bool verbose)
{
	struct virtio_memory memory = { .at = lend, .limit = options->near ? WATCH_LIMIT : GiB(4) };
	struct virtio_blk_storage storage = { .sectors = WATCH_SECTORS,
					      .readonly = options->readonly,
					      .id = "watched",
					      .read = read_sectors,
					      .write = write_sectors,
					      .flush = flush_sectors,
					      .told = on_told };

	memset(&watch, 0, sizeof(watch));
	poison(false);
	watch.options = *options;
	watch.verbose = verbose;
	watch.draws = options->seed;
	memset(ram, 0, sizeof(ram));
	memset(shadow, 0, sizeof(shadow));
	virtio_blk_init(&watch.blk, &storage, &memory);
}

static void begin(void)
{
	watch.nlent = watch.told = 0;
	watch.asked = 0;
	watch.used_before = watch.blk.mmio.queue.next_used;
	watch.in_access = true;
	poison(true);
}

static void end(bool was_broken, bool was_ok, u64 offset)
{
	const struct virtio_mmio *mmio = &watch.blk.mmio;
	u16 given = (u16)(mmio->queue.next_used - watch.used_before);

	poison(false);
	watch.in_access = false;
	if (watch.asked) /* else all of it was poisoned */
		check_memory();
	if (was_broken && watch.asked && offset != VIRTIO_QUEUE_READY)
		violated("does something although it needs a reset", offset, watch.asked);
	if (!was_ok && watch.asked && offset != VIRTIO_QUEUE_READY)
		violated("does something before DRIVER_OK", offset, watch.asked);
	if (watch.told > VIRTQUEUE_MAX)
		violated("does more requests than the queue has entries", watch.told, 0);
	/* The last one told may be one that cannot be given back any more; a reset begins anew. */
	if (offset == VIRTIO_QUEUE_NOTIFY && given != watch.told &&
	    !(given + 1u == watch.told && mmio->status & VIRTIO_NEEDS_RESET))
		violated("gives back other than it has done", given, watch.told);
	if (!(mmio->status & VIRTIO_NEEDS_RESET) != !mmio->fault)
		violated("needs a reset and does not say why, or the reverse", mmio->status,
			 mmio->fault);
	if (mmio->status & ~(u32)(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK |
				  VIRTIO_FEATURES_OK | VIRTIO_NEEDS_RESET | VIRTIO_FAILED))
		violated("has a status that there is not", mmio->status, 0);
}

u32 watch_read(u64 offset, u32 bytes)
{
	u32 before = watch.blk.mmio.status, value;

	begin();
	value = virtio_mmio_read(&watch.blk.mmio, offset, bytes);
	end(before & VIRTIO_NEEDS_RESET, before & VIRTIO_DRIVER_OK, offset);
	if (watch.asked)
		violated("a read has done something", offset, watch.asked);
	if (watch.verbose)
		fprintf(stderr, "read %llx, %u bytes: %x\n", (unsigned long long)offset, bytes,
			value);
	return value;
}

void watch_write(u64 offset, u32 bytes, u32 value)
{
	u32 before = watch.blk.mmio.status;

	if (watch.verbose)
		fprintf(stderr, "write %llx, %u bytes: %x\n", (unsigned long long)offset, bytes,
			value);
	begin();
	virtio_mmio_write(&watch.blk.mmio, offset, bytes, value);
	end(before & VIRTIO_NEEDS_RESET, before & VIRTIO_DRIVER_OK, offset);
	if (watch.verbose && watch.blk.mmio.fault)
		fprintf(stderr, "  needs a reset: %s\n", virtio_fault_text(watch.blk.mmio.fault));
}

/* --- the driver ------------------------------------------------------------------------------- */
void watch_poke(u64 gpa, const void *bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (gpa + i - WATCH_RAM < sizeof(ram))
			store(gpa + i - WATCH_RAM, ((const u8 *)bytes)[i]);
}

u16 watch_peek16(u64 gpa)
{
	u16 value = 0;

	if (gpa - WATCH_RAM < sizeof(ram) - 1)
		memcpy(&value, ram + (gpa - WATCH_RAM), sizeof(value));
	return value;
}
