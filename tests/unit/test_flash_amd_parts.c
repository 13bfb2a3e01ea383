/* SPDX-License-Identifier: MIT */
/*
 * The rows of AMD's parts as the bus shows them: autoselect and query at every offset, sectors,
 * banks; how the two modes are entered and left; and GL-S's status register and blank check.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/amd_rig.h"
#include "tests/unit/suite.h"

/* --- the tables, as they are to be read ------------------------------------------------------- */
#define HEAD_02 0x51, 0x52, 0x59, 0x02, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00
#define NONE_4 0x00, 0x00, 0x00, 0x00
#define ONES_11 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF

/* Both boot parts: the table is that of the bottom one. */
#define LV160                                                                                    \
	HEAD_02, 0x27, 0x36, 0x00, 0x00, 0x04, 0x00, 0x0A, 0x00, 0x05, 0x00, 0x04, 0x00, 0x15,   \
		0x02, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x40, 0x00, 0x01, 0x00, 0x20, 0x00,    \
		0x00, 0x00, 0x80, 0x00, 0x1E, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 'P', 'R', 'I', \
		'1', '0', 0x00, 0x02, 0x01, 0x01, 0x04, 0x00, 0x00, 0x00

struct table {
	const char *part;
	u16 code[4]; /* words 00h, 01h, 0Eh, 0Fh; 0: undefined */
	u16 secured; /* word 03h; 0: undefined */
	u32 bytes;   /* from 10h on */
	u8 query[0x80];
	u32 sectors;
	u32 boundary[8]; /* first bytes of some sectors, and */
	u32 banks[3];	 /* of banks; 0 ends either */
};

static const struct table tables[] = {
	{ "s29gl256n",
	  { 0x0001, 0x227E, 0x2222, 0x2201 },
	  0x0008,
	  0x41,
	  { HEAD_02, 0x27,   0x36, 0x00, 0x00, 0x07, 0x07, 0x0A, 0x00, 0x01, 0x05, 0x04,
	    0x00,    0x19,   0x02, 0x00, 0x05, 0x00, 0x01, 0xFF, 0x00, 0x00, 0x02, NONE_4,
	    NONE_4,  NONE_4, 0x00, 0x00, 0x00, 'P',  'R',  'I',	 '1',  '3',  0x10, 0x02,
	    0x01,    0x00,   0x08, 0x00, 0x00, 0x02, 0xB5, 0xC5, 0x04, 0x01 },
	  256,
	  { 0x20000, 0x40000, 0x1FE0000 },
	  { 0 } },
	{ "s29gl512s",
	  { 0x0001, 0x227E, 0x2223, 0x2201 },
	  0xFF2F,
	  0x6A,
	  { HEAD_02, 0x27,   0x36, 0x00, 0x00,	  0x08,	   0x09,    0x08, 0x11, 0x01, 0x02, 0x03,
	    0x03,    0x1A,   0x01, 0x00, 0x09,	  0x00,	   0x01,    0xFF, 0x01, 0x00, 0x02, NONE_4,
	    NONE_4,  NONE_4, 0x00, 0x00, 0x00,	  'P',	   'R',	    'I',  '1',	'5',  0x1C, 0x02,
	    0x01,    0x00,   0x08, 0x00, 0x00,	  0x03,	   0x00,    0x00, 0x04, 0x01, 0x00, 0x09,
	    0x8F,    0x05,   0x06, 0x06, ONES_11, ONES_11, ONES_11, 0x06, 0x09 },
	  512,
	  { 0x20000, 0x40000, 0x3FE0000 },
	  { 0 } },
	{ "am29lv160db",
	  { 0x0001, 0x2249 },
	  0,
	  0x3D,
	  { LV160 },
	  35,
	  { 0x4000, 0x6000, 0x8000, 0x10000, 0x20000, 0x1F0000 },
	  { 0 } },
	{ "am29lv160dt",
	  { 0x0001, 0x22C4 },
	  0,
	  0x3D,
	  { LV160 },
	  35,
	  { 0x10000, 0x1E0000, 0x1F0000, 0x1F8000, 0x1FA000, 0x1FC000 },
	  { 0 } },
	{ "am29dl323db",
	  { 0x0001, 0x2253 },
	  0x0001,
	  0x40,
	  { HEAD_02, 0x27, 0x36, 0x00,	 0x00,	 0x04, 0x00, 0x0A, 0x00, 0x05, 0x00, 0x04,
	    0x00,    0x16, 0x02, 0x00,	 0x00,	 0x00, 0x02, 0x07, 0x00, 0x20, 0x00, 0x3E,
	    0x00,    0x00, 0x01, NONE_4, NONE_4, 0x00, 0x00, 0x00, 'P',	 'R',  'I',  '1',
	    '1',     0x00, 0x02, 0x01,	 0x01,	 0x04, 0x30, 0x00, 0x00, 0x85, 0x95, 0x02 },
	  71,
	  { 0x2000, 0xE000, 0x10000, 0x20000, 0x3F0000 },
	  { 0x100000 } },
};

/* --- a bank of a real part -------------------------------------------------------------------- */
static struct {
	const struct flash_part *part;
	struct flash_config config;
	u8 *array;
	struct flash_bank *bank;
	u32 bus;
} big;

static void open_big(const struct table *table, u32 bus)
{
	big.part = flash_part_find(table->part);
	ck_assert_ptr_nonnull(big.part);
	big.config = (struct flash_config){ .part = big.part, .bus_bytes = bus };
	big.bus = bus;
	big.array = malloc(big.part->chip_bytes);
	ck_assert_ptr_nonnull(big.array);
	memset(big.array, 0x5A, big.part->chip_bytes);
	big.bank = flash_create(&big.config, big.array, NULL, NULL);
	ck_assert_ptr_nonnull(big.bank);
}

static void close_big(void)
{
	flash_destroy(big.bank);
	free(big.array);
}

static u16 get(u32 word)
{
	return (u16)flash_read(big.bank, (u64)word * big.bus, big.bus, 0);
}

/* @address of the x16 tables. */
static void put(u32 address, u16 data)
{
	flash_write(big.bank, address * 2ull, big.bus, data, 0);
}

static void autoselect(void)
{
	put(0x555, 0xAA);
	put(0x2AA, 0x55);
	put(0x555, 0x90);
}

/* On an 8-bit bus each word of a table is read at its two bytes, the lower half both times. */
static bool varies(u32 address)
{
	u16 first = get(address * 2 / big.bus);

	for (u32 i = 0; i < 40; i++)
		if (get(address * 2 / big.bus) != first)
			return true;
	return false;
}

static void require_word(u32 address, u16 value)
{
	u16 mask = big.bus == 1 ? 0xFF : 0xFFFF;

	for (u32 i = 0; i < 2 / big.bus; i++)
		ck_assert_msg(get(address * 2 / big.bus + i) == (value & mask),
			      "%s: word %02x is %04x, not %04x", big.part->name, address,
			      get(address * 2 / big.bus + i), value & mask);
}

static void require_codes(const struct table *table)
{
	static const u8 at[] = { 0x00, 0x01, 0x0E, 0x0F };
	bool defined[0x10] = { [0x02] = true };

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		if (!table->code[i])
			continue;
		require_word(at[i], table->code[i]);
		defined[at[i]] = true;
	}
	require_word(0x02, 0);
	if (table->secured)
		require_word(0x03, table->secured);
	defined[0x03] = table->secured;
	for (u32 address = 0; address < 0x10; address++)
		if (!defined[address])
			ck_assert_msg(varies(address), "%s: word %02x", big.part->name, address);
}

static void require_query(const struct table *table, bool overlay)
{
	for (u32 address = 0; address < 0x10 && !overlay; address++)
		ck_assert_msg(varies(address), "%s: word %02x", big.part->name, address);
	for (u32 i = 0; i < table->bytes; i++)
		require_word(0x10 + i, table->query[i]);
	for (u32 address = 0x10 + table->bytes; address < 0x200; address++)
		ck_assert_msg(varies(address), "%s: word %02x", big.part->name, address);
}

static void check_tables(const struct table *table, u32 bus)
{
	bool overlay = !strcmp(table->part, "s29gl512s");

	open_big(table, bus);
	autoselect();
	require_codes(table);
	if (overlay)
		require_query(table, overlay);
	put(0x123, 0xF0);
	ck_assert(flash_is_array(big.bank));
	put(0x55, 0x98);
	require_query(table, overlay);
	if (overlay)
		require_codes(table);
	put(0x55, 0x98); /* nothing but a reset */
	put(0x00, 0x30);
	put(0x00, 0xFF);
	require_word(0x10, 'Q');
	put(0x123, 0xF0);
	ck_assert(flash_is_array(big.bank));
	require_word(0x10, 0x5A5A);
	close_big();
}

START_TEST(codes_and_query_at_every_offset)
{
	const struct table *table = &tables[_i];

	check_tables(table, 2);
	if (flash_part_find(table->part)->widths & 1)
		check_tables(table, 1);
}
END_TEST

START_TEST(sectors_and_banks)
{
	const struct table *table = &tables[_i];
	const struct flash_part *part = flash_part_find(table->part);

	ck_assert_uint_eq(flash_block_count(part), table->sectors);
	for (u32 i = 0; table->boundary[i]; i++) {
		ck_assert_uint_eq(flash_block_at(part, table->boundary[i]).start,
				  table->boundary[i]);
		ck_assert_uint_eq(flash_block_at(part, table->boundary[i] - 1).index + 1,
				  flash_block_at(part, table->boundary[i]).index);
	}
	for (u32 i = 0; table->banks[i]; i++)
		ck_assert_uint_eq(flash_hw_partition_at(part, table->banks[i]).start,
				  table->banks[i]);
	ck_assert_uint_eq(flash_hw_partition_count(part), table->banks[0] ? 2 : 1);
}
END_TEST

START_TEST(s29gl256n_has_no_word_program_on_an_8_bit_bus)
{
	open_big(&tables[0], _i ? 2 : 1);
	put(0x555, 0xAA);
	put(0x2AA, 0x55);
	put(0x555, 0xA0);
	put(0x3000, 0);
	ck_assert(flash_is_array(big.bank) == !_i);
	close_big();
}
END_TEST

/* --- query entered from autoselect ------------------------------------------------------------ */
START_TEST(reset_of_a_query_within_autoselect)
{
	static const struct flash_part *const parts[] = { &amd_rig_lv, &amd_rig_dl, &amd_rig_gln,
							  &amd_rig_gls };

	amd_open_part(parts[_i]);
	amd_command(0x90);
	amd_put(0x55, 0x98);
	ck_assert_uint_eq(amd_get(0x11), 'R');
	amd_put(0, 0xF0);
	ck_assert(flash_is_array(amd_rig->bank) == (_i >= 2));
	if (_i < 2)
		ck_assert_uint_eq(amd_get(1), parts[_i]->device[0]);
	amd_put(0, 0xF0);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

START_TEST(gls_codes_lie_in_the_sector_addressed)
{
	u16 seen = 0;

	amd_open_part(&amd_rig_gls);
	amd_rig->nv[0]->block[5].locked = 1;
	amd_put(amd_sector(5) + 0x55, 0x98);
	ck_assert_uint_eq(amd_get(amd_sector(5) + 2), 1);
	ck_assert_uint_eq(amd_get(amd_sector(5) + 0x10), 'Q');
	ck_assert_uint_eq(amd_get(amd_sector(5) + 0x0C) & 1, 1);
	for (u32 i = 0; i < 40; i++)
		seen |= amd_get(2) ^ amd_get(2);
	ck_assert_uint_eq(seen, 0xFFFF);
	amd_close();
}
END_TEST

/* Status register of a region that is locked: bit 6 of word 03h. */
START_TEST(gls_secured_code_shows_the_lock)
{
	amd_open_part(&amd_rig_gls);
	amd_rig->nv[0]->lock_register = 0xFFFE;
	amd_command(0x90);
	ck_assert_uint_eq(amd_get(3), 0xFF6F);
	amd_close();
}
END_TEST

/* --- GL-S: status register -------------------------------------------------------------------- */
START_TEST(status_register_is_read_once)
{
	amd_open_part(&amd_rig_gls);
	amd_put(0x555, 0x70);
	ck_assert(!flash_is_array(amd_rig->bank));
	ck_assert_uint_eq(amd_get(0x1234) & 0xFE, 0x80);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_put(0x554, 0x70); /* not there */
	ck_assert(flash_is_array(amd_rig->bank));
	amd_put(0x555, 0x70); /* a write comes first */
	amd_put(0, 0xFF);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();

	amd_unlock(); /* in a sequence too, which is then over */
	amd_put(0x555, 0x70);
	ck_assert_uint_eq(amd_get(0) & 0xFE, 0x80);
	amd_put(0x555, 0xA0);
	amd_put(0x1234, 0);
	ck_assert(flash_is_array(amd_rig->bank));

	amd_start_program(0x1234, 0); /* while busy */
	for (u32 i = 0; i < 3; i++) {
		ck_assert_uint_eq(amd_status_register_now() & 0x80, 0);
		ck_assert_uint_eq(amd_toggling(0x1234, DQ6), DQ6);
	}
	amd_pass_us(AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_require_array();

	amd_command(0xE0); /* in a set of registers, which stays */
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	ck_assert_uint_eq(amd_get(0) & 1, 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_close();
}
END_TEST

START_TEST(status_register_of_suspensions)
{
	amd_open_part(&amd_rig_gls);
	amd_start_erase(amd_sector(6));
	amd_pass_us(1000);
	amd_put(0, 0xB0);
	amd_pass_us(AMD_SUSPEND_ERASE_US);
	ck_assert_uint_eq(amd_status_register_now(), 0xC0);
	amd_start_program(0, 0);
	amd_pass_us(1);
	amd_put(0, 0x51);
	amd_pass_us(AMD_SUSPEND_PROGRAM_US);
	ck_assert_uint_eq(amd_status_register_now(), 0xC4);
	amd_put(0, 0x50);
	amd_pass_us(AMD_RESUME_US + AMD_PROGRAM_US);
	ck_assert_uint_eq(amd_status_register_now(), 0xC0);
	amd_put(0, 0x30);
	amd_pass_us(AMD_RESUME_US + AMD_ERASE_US);
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_require_array();
	amd_close();
}
END_TEST

/* 5.5.1: ready in the register, busy on the data lines, DQ2 toggles everywhere. */
START_TEST(status_register_of_failures)
{
	struct flash_config config = { .part = &amd_rig_gls };
	bool erase = _i & 1;

	config.faults.fail_program = 1;
	config.faults.fail_erase = 1;
	amd_open(&config);
	if (erase)
		amd_start_erase(amd_sector(1));
	else
		amd_start_program(0x1234, 0);
	amd_pass_us(AMD_ERASE_MAX_US);
	ck_assert_uint_eq(amd_status_register_now(), erase ? 0xA0 : 0x90);
	ck_assert_uint_eq(amd_get(0x4321) & (DQ5 | DQ3), DQ5 | DQ3);
	ck_assert_uint_eq(amd_toggling(0x4321, DQ6 | DQ2), DQ6 | DQ2);
	amd_put(0x555, _i & 2 ? 0x71 : 0xF0);
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_require_array();
	amd_close();
}
END_TEST

START_TEST(blank_check)
{
	amd_open_part(&amd_rig_gls);
	memset(&amd_rig->array[KiB(8)], 0xFF, KiB(8));
	amd_put(amd_sector(1) + 0x555, 0x33);
	ck_assert_uint_eq(amd_toggling(0, DQ6), DQ6);
	ck_assert_uint_eq(amd_status_register_now() & 0x80, 0);
	amd_put(amd_sector(1), 0xB0); /* is not suspended */
	amd_pass_us(AMD_CHECK_US - 1);
	ck_assert(!flash_is_array(amd_rig->bank));
	amd_pass_us(1);
	amd_require_array();
	ck_assert_uint_eq(amd_status_register_now(), 0x80);

	amd_rig->array[KiB(16) - 1] = 0xFE;
	amd_put(amd_sector(1) + 0x555, 0x33);
	amd_pass_us(AMD_CHECK_US);
	ck_assert_uint_eq(amd_status_register_now(), 0xA0);
	ck_assert_uint_eq(amd_get(amd_sector(1)) & (DQ7 | DQ5), DQ5);
	amd_put(0, 0xF0);
	amd_require_array();
	ck_assert_uint_eq(amd_status_register_now(), 0x80);
	amd_close();
}
END_TEST

START_TEST(others_have_no_status_register)
{
	static const struct flash_part *const parts[] = { &amd_rig_lv, &amd_rig_dl, &amd_rig_gln };

	amd_open_part(parts[_i]);
	amd_put(0x555, 0x70);
	amd_put(0x555, 0x71);
	amd_put(0x555, 0x33);
	ck_assert(flash_is_array(amd_rig->bank));
	amd_require_array();
	amd_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flash_amd_parts");
	TCase *tcase = tcase_create("rows");
	const int nrows = (int)ARRAY_LEN(tables);

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, codes_and_query_at_every_offset, 0, nrows);
	tcase_add_loop_test(tcase, sectors_and_banks, 0, nrows);
	tcase_add_loop_test(tcase, s29gl256n_has_no_word_program_on_an_8_bit_bus, 0, 2);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("codes");
	tcase_add_loop_test(tcase, reset_of_a_query_within_autoselect, 0, 4);
	tcase_add_test(tcase, gls_codes_lie_in_the_sector_addressed);
	tcase_add_test(tcase, gls_secured_code_shows_the_lock);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("GL-S");
	tcase_add_test(tcase, status_register_is_read_once);
	tcase_add_test(tcase, status_register_of_suspensions);
	tcase_add_loop_test(tcase, status_register_of_failures, 0, 4);
	tcase_add_test(tcase, blank_check);
	tcase_add_loop_test(tcase, others_have_no_status_register, 0, 3);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
