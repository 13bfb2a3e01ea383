/* SPDX-License-Identifier: MIT */
/*
 * Owns the banks that a fuzzer's inputs are about: each row of the parts in small, and each in its
 * real size over memory that is there only where it is touched.
 */
#define _DEFAULT_SOURCE
#include "tests/fuzz/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/fuzz/small_part.h"
#include "tests/fuzz/told.h"

#define MAX_ROWS 16u /* of each kind of set, Intel's and AMD's: rows added later move no other */
#define MAX_BANK_BYTES MiB(256)

struct row {
	struct flash_part real; /* as the tables have it */
	struct flash_part small;
	struct flash_part odd; /* small, with times that no table has */
};

static struct row rows[2][MAX_ROWS];
static u32 nrows[2];
static u8 *sparse, *sparse_before; /* zero, but while a bank of real size is open */
static bool verbose;

/* Without access, between two pages that never have any. */
static u8 *map_sparse(void)
{
	size_t bytes = MAX_BANK_BYTES + 2 * PAGE_BYTES;
	u8 *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	demand(at != MAP_FAILED, "mmap() fails");
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at + PAGE_BYTES;
}

/* --- without memory --------------------------------------------------------------------------- */
/* The linker has every call come here (--wrap). */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

static u32 allocations_left = UINT32_MAX;

static bool has_memory(void)
{
	return allocations_left == UINT32_MAX || allocations_left-- > 0;
}

void *__wrap_malloc(size_t bytes)
{
	return has_memory() ? __real_malloc(bytes) : NULL;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return has_memory() ? __real_calloc(count, bytes) : NULL;
}

static void check_without_memory(const struct flash_part *part)
{
	struct flash_config config = { .part = part, .chips = 2 };
	struct flash_bank *bank = NULL;
	u8 *array = malloc(flash_bank_bytes(&config));

	for (u32 i = 0; !bank; i++) {
		demand(array, "out of memory");
		allocations_left = i;
		bank = flash_create(&config, array, NULL, NULL);
		allocations_left = UINT32_MAX;
		demand(bank || i < 3, "%s: needs memory for more than the bank and two chips",
		       part->name);
		demand(!bank || i == 3, "%s: makes a bank without memory", part->name);
		flash_destroy(bank);
	}
	free(array);
}

/* --- rows ------------------------------------------------------------------------------------- */
/* A word takes longer than a buffer, and what may take no time takes none. */
static void make_odd(struct flash_part *part)
{
	static const struct flash_time none = { 0, 0 };

	part->program.typ_us = 2 * part->buffer.typ_us + 1;
	part->lock = part->unlock = part->blank_check = none;
	part->suspend_program = part->suspend_erase = none;
	part->resume_us = 3;
}

static void make_row(const struct flash_part *part)
{
	bool amd = part->command_set == 0x0002;
	struct row *row = &rows[amd][nrows[amd]++];

	demand(nrows[amd] <= MAX_ROWS, "there are more rows than an input can name");
	demand(flash_part_find(part->name) == part, "%s: is not found", part->name);
	demand(small_part(part, &row->small), "%s: cannot be shrunk", part->name);
	row->real = *part;
	row->odd = row->small;
	make_odd(&row->odd);
	check_without_memory(&row->small);
}

void bench_init(bool verbosely)
{
	const struct flash_part *part;

	verbose = verbosely;
	for (size_t i = 0; (part = flash_part_row(i)); i++)
		make_row(part);
	demand(!flash_part_find("none"), "a part is found that there is not");
	sparse = map_sparse();
	sparse_before = map_sparse();
}

/* --- the header ------------------------------------------------------------------------------- */
struct bench_header bench_header(struct input *input)
{
	struct bench_header header = { 0 };

	header.part = input_byte(input);
	header.bus = input_byte(input);
	header.seed = input_byte(input);
	header.content = input_byte(input);
	header.faults = input_byte(input);
	header.number = input_byte(input);
	header.rate = input_byte(input);
	header.cut_at = input_byte(input);
	header.cut_at |= (u16)(input_byte(input) << 8);
	return header;
}

/* The nth of those that there can be. */
static void choose_bus(struct flash_config *config, u32 nth)
{
	static const u32 widths[] = { 0, 1, 2, 4, 3 }, chips[] = { 0, 1, 2, 3 };
	struct flash_config possible[ARRAY_LEN(widths) * ARRAY_LEN(chips)];
	u32 count = 0;

	for (u32 w = 0; w < ARRAY_LEN(widths); w++)
		for (u32 c = 0; c < ARRAY_LEN(chips); c++) {
			config->bus_bytes = widths[w];
			config->chips = chips[c];
			if (!flash_config_problem(config))
				possible[count++] = *config;
		}
	demand(count, "%s: there is no bank of it", config->part->name);
	*config = possible[nth % count];
}

static void choose_faults(struct flash_config *config, const struct bench_header *header)
{
	struct flash_faults *faults = &config->faults;
	u8 which = header->faults;

	if (which & 1)
		faults->stuck = 1 + (header->number & 3);
	if (which & 2)
		faults->fail_program = 1 + (header->number >> 2 & 3);
	if (which & 4)
		faults->fail_erase = 1 + (header->number >> 4 & 3);
	if (which & 8)
		faults->weak_words = 1 + (header->rate & 15);
	if (which & 16)
		faults->endurance = 1 + (header->rate >> 4);
	faults->vpp_low = which & 32;
	switch (which >> 6) {
	case 1: config->cut_at = header->cut_at; break;
	case 2: config->cut_at = header->cut_at & 63; break;
	case 3: faults->slow = 1 + (header->cut_at & 3); break;
	}
}

bool bench_has_row(const struct bench_header *header)
{
	return (header->part & 15u) < nrows[header->part >> 4 & 1];
}

/* Rarely: it takes much time to look at. */
static bool has_real_size(const struct bench_header *header)
{
	return header->part & 32 && header->content >= 0xC0;
}

static struct flash_config choose_config(const struct bench_header *header)
{
	const struct row *row = &rows[header->part >> 4 & 1][header->part & 15];
	struct flash_config config = {
		.timing = header->bus >> 6 > FLASH_SEEDED ? FLASH_TYPICAL : header->bus >> 6,
		.seed = header->seed,
	};

	config.part = &row->small;
	if (has_real_size(header))
		config.part = &row->real;
	else if (header->part & 128)
		config.part = &row->odd;
	choose_bus(&config, header->bus & 63);
	choose_faults(&config, header);
	return config;
}

static void fill_array(u8 *array, const struct geometry *geometry, u8 how, u64 seed)
{
	memset(array, how == 1 ? 0 : 0xFF, geometry->bytes);
	for (u32 i = 0; i < geometry->blocks && how >= 2; i++) {
		u64 at = (u64)geometry->start[i] * geometry->chips;
		u64 end = (u64)geometry->start[i + 1] * geometry->chips;

		for (; at < end && (how == 2 || (seed + i) & 1); at += sizeof(seed)) {
			seed = told_mix(seed, at);
			memcpy(&array[at], &seed, sizeof(seed));
		}
	}
}

static struct flash_nv *make_nv(const struct flash_config *config, const struct geometry *geometry,
				u32 chip, u8 how)
{
	size_t bytes = flash_nv_bytes(config->part);
	struct flash_nv *nv = malloc(bytes);
	u64 word = config->seed + chip;

	demand(nv, "out of memory");
	flash_nv_init(config->part, nv, config->seed, chip);
	for (u32 i = 0; i < geometry->blocks && how == 1; i++) {
		word = told_mix(word, i);
		nv->block[i].erasing = word & 1 ? (u8)(word >> 8) % 20 : 0;
		nv->block[i].locked = word & 2 ? 1 : 0;
		nv->block[i].cycles = word >> 16 & 15;
	}
	for (size_t i = 0; i + sizeof(word) <= bytes && how >= 2; i += sizeof(word)) {
		word = told_mix(word, i);
		memcpy((u8 *)nv + i, &word, sizeof(word));
	}
	return nv;
}

/* --- life ------------------------------------------------------------------------------------- */
static void open_sparse(struct watch_config *config, u64 bytes)
{
	demand(bytes <= MAX_BANK_BYTES, "%s: too large", config->flash.part->name);
	demand(mprotect(sparse, bytes, PROT_READ | PROT_WRITE) == 0 &&
		       mprotect(sparse_before, bytes, PROT_READ | PROT_WRITE) == 0,
	       "mprotect() fails");
	config->sparse = true;
	config->array = sparse;
	config->before = sparse_before;
}

static void close_sparse(u64 bytes)
{
	madvise(sparse, bytes, MADV_DONTNEED);
	madvise(sparse_before, bytes, MADV_DONTNEED);
	mprotect(sparse, bytes, PROT_NONE);
	mprotect(sparse_before, bytes, PROT_NONE);
}

/* On the heap, in its exact size: the address sanitizer sees what is written beside it. */
static void open_small(struct watch_config *config, const struct bench_header *header,
		       const struct geometry *geometry)
{
	config->sparse = false;
	config->array = malloc(geometry->bytes);
	config->before = malloc(geometry->bytes);
	demand(config->array && config->before, "out of memory");
	fill_array(config->array, geometry, header->content & 3, header->seed);
	memcpy(config->before, config->array, geometry->bytes);
}

void bench_open(struct bench *bench, const struct bench_header *header, bool again)
{
	struct watch_config *config = &bench->config;

	*config = (struct watch_config){
		.flash = choose_config(header), .probe = !again, .split = again, .verbose = verbose
	};
	geometry_make(&bench->geometry, &config->flash);
	demand(flash_bank_bytes(&config->flash) == bench->geometry.bytes, "%s: another size",
	       config->flash.part->name);
	if (has_real_size(header))
		open_sparse(config, bench->geometry.bytes);
	else
		open_small(config, header, &bench->geometry);
	for (u32 i = 0; i < bench->geometry.chips; i++)
		if (!(header->content >> 4 >> i & 1))
			config->nv[i] = make_nv(&config->flash, &bench->geometry, i,
						header->content >> 2 & 3);
	bench->watch = watch_open(config);
}

void bench_close(struct bench *bench)
{
	struct watch_config *config = &bench->config;

	watch_close(bench->watch);
	for (u32 i = 0; i < FLASH_MAX_CHIPS; i++)
		free(config->nv[i]);
	if (config->sparse) {
		close_sparse(bench->geometry.bytes);
		return;
	}
	free(config->array);
	free(config->before);
}
