/* SPDX-License-Identifier: MIT */
/* The dump of a stopped vCPU whose registers the test makes up: which page tables may be walked. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmm/pte.h"
#include "tests/unit/suite.h"
#include "vmm/arch.h"
#include "vmm/image.h"

#define CR0_PG (1ull << 31)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)
#define ROOT_GPA 0x1000ull
#define CODE_GPA (ROOT_GPA + 5 * PAGE_BYTES)
#define CODE_VA 0x5000ull

static struct arch_state cpu;
static struct gmem mem;
static u8 *memory;
static struct image image;

/* A chain of tables, one frame after the other, that maps CODE_VA to CODE_GPA in 4 levels. */
static void setup(void)
{
	memory = aligned_alloc(PAGE_BYTES, 16 * PAGE_BYTES);
	ck_assert_ptr_nonnull(memory);
	memset(memory, 0, 16 * PAGE_BYTES);
	memset(&mem, 0, sizeof(mem));
	ck_assert(gmem_add(&mem, gpa(0), 16 * PAGE_BYTES, memory));
	for (u32 level = 0; level < 4; level++) {
		u64 table = ROOT_GPA + level * PAGE_BYTES;
		u64 entry = (level == 3 ? CODE_GPA : table + PAGE_BYTES) | PTE_PRESENT;

		memcpy(memory + table + (level == 3 ? CODE_VA / PAGE_BYTES * 8 : 0), &entry,
		       sizeof(entry));
	}
	memory[CODE_GPA] = 0xf4; /* hlt */
	memset(&cpu, 0, sizeof(cpu));
	cpu.rip = CODE_VA;
	cpu.cr0 = CR0_PG;
	cpu.cr3 = ROOT_GPA;
	cpu.efer = EFER_LMA;
	cpu.code64 = 1;
}

static void teardown(void)
{
	free(memory);
}

static void dump(const char *text, bool want)
{
	char *out = NULL;
	size_t bytes;
	FILE *file = open_memstream(&out, &bytes);

	ck_assert_ptr_nonnull(file);
	arch_dump_state(file, &cpu, &mem, &image);
	fclose(file);
	ck_assert_msg(!!strstr(out, text) == want, "\"%s\" in:\n%s", text, out);
	free(out);
}

START_TEST(four_levels_are_walked)
{
	u64 at = 0;

	ck_assert(arch_fetch_gpa(&cpu, &mem, &at));
	ck_assert_uint_eq(at, CODE_GPA);
	dump("walk of rip 0x5000", true);
	dump("hlt", true);
}
END_TEST

START_TEST(tables_of_another_shape_are_not)
{
	u64 at = 0;

	if (_i == 0)
		cpu.efer = 0; /* 2 or 3 levels */
	else
		cpu.cr4 = CR4_LA57;
	ck_assert(!arch_fetch_gpa(&cpu, &mem, &at));
	dump("walk of", false);
	dump("not walked", true);
	dump("cannot be read", true);
}
END_TEST

START_TEST(without_paging_addresses_are_physical)
{
	u64 at = 0;

	cpu.cr0 = 0;
	cpu.efer = 0;
	cpu.code64 = 0;
	cpu.code32 = 1;
	cpu.rip = CODE_GPA;
	ck_assert(arch_fetch_gpa(&cpu, &mem, &at));
	ck_assert_uint_eq(at, CODE_GPA);
	dump("paging is off", true);
	dump("hlt", true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regs");
	TCase *tcase = tcase_create("regs");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, four_levels_are_walked);
	tcase_add_loop_test(tcase, tables_of_another_shape_are_not, 0, 2);
	tcase_add_test(tcase, without_paging_addresses_are_physical);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
