/* SPDX-License-Identifier: MIT */
/*
 * How many accesses a second the flash model answers, alone, on one core: status reads while a
 * block is erased, array reads, and whole operations. Checks nothing and is no part of the tests:
 *
 *   cc -O2 -I. -o bench_flash tests/bench_flash.c $OUT/libhost.a
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devices/flash/flash.h"

#define READS 20000000ull
#define PROGRAMS 1000000ull

static u64 now_ns; /* of the chip */
static volatile u64 sink;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(struct flash_bank *bank, u64 offset, u64 value)
{
	flash_write(bank, offset, 2, value, now_ns);
}

static void start_erase(struct flash_bank *bank, bool amd)
{
	static const u16 cycles[][2] = { { 0x555, 0xAA }, { 0x2AA, 0x55 }, { 0x555, 0x80 },
					 { 0x555, 0xAA }, { 0x2AA, 0x55 }, { 0, 0x30 } };

	if (!amd) {
		put(bank, 0, 0x60); /* some parts wake up locked */
		put(bank, 0, 0xD0);
		now_ns += 2000000000;
		put(bank, 0, 0x20);
		put(bank, 0, 0xD0);
	}
	for (u32 i = 0; amd && i < ARRAY_LEN(cycles); i++)
		put(bank, 2 * cycles[i][0], cycles[i][1]);
	now_ns += 60000; /* the window in which more sectors may be named is over */
}

static double reads_per_s(struct flash_bank *bank)
{
	double start = seconds();

	for (u64 i = 0; i < READS; i++)
		sink += flash_read(bank, 0, 2, now_ns + i);
	return (double)READS / (seconds() - start);
}

static double programs_per_s(struct flash_bank *bank)
{
	double start = seconds();

	for (u64 i = 0; i < PROGRAMS; i++) {
		u64 at = 0x20000 + 2 * (i % 1024);

		put(bank, at, 0x40);
		put(bank, at, i);
		now_ns += 1000000;
		flash_advance(bank, now_ns);
	}
	return (double)PROGRAMS / (seconds() - start);
}

static void measure(const char *name)
{
	struct flash_config config = { .part = flash_part_find(name), .bus_bytes = 2 };
	u64 bytes = flash_bank_bytes(&config);
	bool amd = config.part->command_set == 0x0002;
	u8 *array = malloc(bytes);
	struct flash_bank *bank = array ? flash_create(&config, array, NULL, NULL) : NULL;
	double array_rate, status_rate;

	if (!bank)
		exit(1);
	memset(array, 0xFF, bytes);
	array_rate = reads_per_s(bank);
	start_erase(bank, amd);
	status_rate = reads_per_s(bank);
	printf("%-12s %14.1f %14.1f", name, status_rate / 1e6, array_rate / 1e6);
	now_ns += 100000000000;
	flash_advance(bank, now_ns);
	if (amd)
		printf(" %14s\n", "-");
	else
		printf(" %14.2f\n", programs_per_s(bank) / 1e6);
	flash_destroy(bank);
	free(array);
}

int main(void)
{
	printf("%-12s %14s %14s %14s\n", "chip", "status reads", "array reads", "word programs");
	printf("%-12s %14s %14s %14s\n", "", "million/s", "million/s", "million/s");
	measure("28f128j3");
	measure("28f256l18");
	measure("s29gl256n");
	return 0;
}
