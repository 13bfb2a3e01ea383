/* SPDX-License-Identifier: MIT */
/*
 * The guest image: damaged wherever one likes, it is refused or read, never trusted. What is in the
 * real one: its entries, symbols, sites and catalog.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"
#include "vmm_rig.h"
#include "vmm/catalog.h"
#include "vmm/image.h"

static u8 *file; /* a copy of the embedded image */
static size_t bytes;
static struct image image;
static struct err err;

static void setup(void)
{
	bytes = (size_t)(kvl_guest_image_end - kvl_guest_image_start);
	file = malloc(bytes);
	ck_assert_ptr_nonnull(file);
	memcpy(file, kvl_guest_image_start, bytes);
}

static void teardown(void)
{
	free(file);
}

/* Opens what may be anything, and uses all that was found in it. */
static bool try_image(const void *elf, size_t n)
{
	const struct catalog *catalog;
	char *symbols, text[64];

	err = (struct err){ 0 };
	if (image_open(&image, elf, n, GiB(3), &err)) {
		ck_assert_int_ne(err.status, EXIT_OK);
		ck_assert_uint_gt(strlen(err.text), 0);
		return false;
	}
	symbols = image_symbols_text(&image);
	ck_assert_ptr_nonnull(symbols);
	free(symbols);
	for (u32 i = 0; i < image.nsegments; i++)
		for (u64 at = 0; at < image.segment[i].bytes; at += 9973)
			image_describe(&image, image.page_offset + image.segment[i].link + at, text,
				       sizeof(text));
	catalog = catalog_read(&image, &err);
	catalog_free(catalog);
	image_close(&image);
	return true;
}

/* The copy has exactly that size, so that the sanitizer sees a read behind its end. */
START_TEST(cut_anywhere)
{
	for (size_t n = 0; n < bytes; n += 16) {
		u8 *cut = malloc(n ? n : 1);

		memcpy(cut, file, n);
		try_image(cut, n);
		free(cut);
	}
}
END_TEST

/* Of the undamaged image. Nobody reads instructions but a CPU. */
static bool holds_instructions(size_t at)
{
	const Elf64_Ehdr *elf = (const void *)kvl_guest_image_start;
	const Elf64_Shdr *section = (const void *)(kvl_guest_image_start + elf->e_shoff);

	for (u32 i = 0; i < elf->e_shnum; i++)
		if (section[i].sh_flags & SHF_EXECINSTR && at >= section[i].sh_offset &&
		    at - section[i].sh_offset < section[i].sh_size)
			return true;
	return false;
}

START_TEST(overwritten_anywhere)
{
	static const u8 with[] = { 0x00, 0xFF };

	for (size_t at = 0; at + 16 <= bytes; at += holds_instructions(at) ? 4096 : 16) {
		memset(file + at, with[_i], 16);
		try_image(file, bytes);
		memcpy(file + at, kvl_guest_image_start + at, 16);
	}
}
END_TEST

/* The headers and tables that everything else hangs on, byte by byte. */
START_TEST(each_byte_of_the_headers)
{
	Elf64_Ehdr header;
	size_t end;

	memcpy(&header, file, sizeof(header));
	end = header.e_phoff + (size_t)header.e_phnum * header.e_phentsize;
	for (size_t at = 0; at < end; at++) {
		for (int bit = 0; bit < 8; bit++) {
			file[at] ^= (u8)(1 << bit);
			try_image(file, bytes);
			file[at] ^= (u8)(1 << bit);
		}
	}
}
END_TEST

static void refused(const char *text)
{
	ck_assert(!try_image(file, bytes));
	ck_assert_int_eq(err.status, EXIT_VMM);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)(void *)file;
}

static Elf64_Phdr *segment(u32 type)
{
	Elf64_Phdr *phdr = (Elf64_Phdr *)(void *)(file + header()->e_phoff);

	for (u32 i = 0; i < header()->e_phnum; i++)
		if (phdr[i].p_type == type)
			return &phdr[i];
	ck_abort_msg("no segment of type %u", type);
}

START_TEST(what_is_not_a_static_pie)
{
	header()->e_type = ET_EXEC;
	refused("not position-independent");
	header()->e_type = ET_DYN;
	header()->e_machine = EM_AARCH64;
	refused("not for x86-64");
	header()->e_machine = EM_X86_64;
	segment(PT_NOTE)->p_type = PT_INTERP;
	refused("interpreter");
}
END_TEST

START_TEST(what_does_not_fit)
{
	Elf64_Phdr *first = segment(PT_LOAD), was = *first;

	first->p_memsz = KVL_CORE_END_GPA - KVL_IMAGE_GPA + 1;
	refused("too large");
	*first = was;
	first->p_paddr = KVL_CORE_END_GPA - first->p_memsz + 1;
	refused("too large");
	first->p_paddr = KVL_IMAGE_GPA - 4096;
	refused("in front of");
	first->p_paddr = KVL_IMAGE_GPA; /* where the other one is */
	refused("overlap");
	*first = was;
	first->p_vaddr = GiB(4) - first->p_memsz + 1;
	refused("outside the first 4 GiB");
	first->p_vaddr = KVL_IMAGE_GPA;
	refused("overlap");
}
END_TEST

START_TEST(another_relocation)
{
	Elf64_Dyn *dyn = (Elf64_Dyn *)(void *)(file + segment(PT_DYNAMIC)->p_offset);
	Elf64_Rela *rela = NULL;

	for (; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_RELA) /* in the segment that has the dynamic section */
			rela = (Elf64_Rela *)(void *)(file + dyn->d_un.d_ptr -
						      segment(PT_DYNAMIC)->p_vaddr +
						      segment(PT_DYNAMIC)->p_offset);
	ck_assert_ptr_nonnull(rela);
	ck_assert_uint_eq(ELF64_R_TYPE(rela->r_info), R_X86_64_RELATIVE);
	rela->r_info = R_X86_64_GLOB_DAT;
	refused("a relocation of type 6");
	rela->r_info = R_X86_64_RELATIVE;
	rela->r_offset = UINT64_MAX - 3;
	refused("points outside the image");
}
END_TEST

START_TEST(no_pvh_entry)
{
	segment(PT_NOTE)->p_type = PT_NULL;
	refused("no PVH entry");
}
END_TEST

/* --- the real one --- */
START_TEST(relocated_to_any_split)
{
	const struct image_symbol *table;
	u64 first;

	ck_assert_int_eq(image_open_embedded(&image, GiB((u64)_i), &err), 0);
	ck_assert_uint_eq(image.page_offset, GiB((u64)_i));
	ck_assert_str_eq(image_symbol_at(&image, image.entry_va)->name, "start64");
	table = image_symbol_find(&image, "scenarios");
	ck_assert_ptr_nonnull(table);
	memcpy(&first, image_at(&image, table->va, 8), 8);
	ck_assert_str_eq(image_string(&image, first), "hello");
	ck_assert_uint_ge(image.pvh_entry_gpa, KVL_IMAGE_GPA);
	ck_assert_uint_lt(image.pvh_entry_gpa, KVL_CORE_END_GPA);
	image_close(&image);
}
END_TEST

static u32 count_lines(const char *text)
{
	u32 lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

START_TEST(symbols_both_ways)
{
	const struct image_symbol *symbol;
	char text[64], *places;
	u64 end;

	ck_assert_int_eq(image_open_embedded(&image, GiB(3), &err), 0);
	symbol = image_symbol_find(&image, "kernel_main");
	ck_assert_ptr_nonnull(symbol);
	image_describe(&image, symbol->va + 3, text, sizeof(text));
	ck_assert_str_eq(text, "kernel_main+0x3");
	end = image.page_offset + image.segment[0].link + image.segment[0].bytes;
	image_describe(&image, image.page_offset - 1, text, sizeof(text));
	ck_assert_str_eq(text, "?");
	image_describe(&image, end, text, sizeof(text));
	ck_assert_str_eq(text, "?");
	ck_assert_ptr_null(image_symbol_find(&image, "no_such_symbol"));
	ck_assert_ptr_nonnull(image_at(&image, end - 8, 8));
	ck_assert_ptr_null(image_at(&image, end - 7, 8));
	ck_assert_ptr_null(image_at(&image, 0, 8));
	ck_assert_ptr_null(image_at(&image, UINT64_MAX, 8));
	ck_assert_uint_gt(image.nsites, 1);
	ck_assert_str_eq(image.site[0], "");
	places = image_places_text(&image);
	ck_assert_ptr_nonnull(places);
	ck_assert_ptr_nonnull(strstr(places, " main.c:"));
	ck_assert_uint_eq(count_lines(places), image.nsites - 1);
	ck_assert_uint_ne(image_embedded_hash(), 0);
	free(places);
	image_close(&image);
}
END_TEST

START_TEST(the_catalog_lists_hello)
{
	const struct catalog *catalog = catalog_load(&err);
	const struct catalog_scenario *hello;

	ck_assert_msg(catalog != NULL, "%s", err.text);
	hello = catalog_find(catalog, "hello");
	ck_assert_ptr_nonnull(hello);
	ck_assert(!hello->needs_flash && !hello->needs_segment);
	ck_assert_ptr_null(catalog_find(catalog, "hell"));
	for (u32 i = 0; i < catalog->nscenarios; i++) {
		const struct catalog_scenario *scenario = &catalog->scenarios[i];

		ck_assert_uint_gt(strlen(scenario->about), 0);
		for (u32 arm = 0; arm < scenario->narms; arm++)
			ck_assert_ptr_eq(catalog_find_arm(scenario, scenario->arms[arm].name),
					 &scenario->arms[arm]);
		ck_assert_ptr_null(catalog_find_arm(scenario, "no such arm"));
	}
	catalog_free(catalog);
}
END_TEST

START_TEST(the_catalog_says_where_arms_have_page_tables)
{
	const struct catalog *catalog = catalog_load(&err);
	const struct catalog_scenario *ways = catalog_find(catalog, "task-pt");

	ck_assert_ptr_nonnull(ways);
	ck_assert(ways->arms_place_arena && !ways->arms_are_layouts);
	ck_assert(!catalog_find_arm(ways, "lowmem")->arena_highmem);
	ck_assert(catalog_find_arm(ways, "highpte")->arena_highmem);
	ck_assert(catalog_find_arm(ways, "ukva")->arena_highmem);
	ck_assert(!catalog_find(catalog, "hello")->arms_place_arena);
	catalog_free(catalog);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *hostile = tcase_create("hostile"), *real = tcase_create("real");

	tcase_set_timeout(hostile, 300);
	tcase_add_checked_fixture(hostile, setup, teardown);
	tcase_add_test(hostile, cut_anywhere);
	tcase_add_loop_test(hostile, overwritten_anywhere, 0, 2);
	tcase_add_test(hostile, each_byte_of_the_headers);
	tcase_add_test(hostile, what_is_not_a_static_pie);
	tcase_add_test(hostile, what_does_not_fit);
	tcase_add_test(hostile, another_relocation);
	tcase_add_test(hostile, no_pvh_entry);
	tcase_add_loop_test(real, relocated_to_any_split, 1, 4);
	tcase_add_test(real, symbols_both_ways);
	tcase_add_test(real, the_catalog_lists_hello);
	tcase_add_test(real, the_catalog_says_where_arms_have_page_tables);
	suite_add_tcase(suite, hostile);
	suite_add_tcase(suite, real);
	return run_suite(suite);
}
