/* SPDX-License-Identifier: MIT */
/* The code of an ELF file: its executable sections, their symbols, what points there, the
 * records. */
#ifndef TEST_ELF_CODE_H
#define TEST_ELF_CODE_H

#include "tests/static/code.h"

#define MAX_SECTIONS 16

struct elf_code {
	struct code code;
	struct code_section section[MAX_SECTIONS];
	struct code_symbol *symbol;
	u64 *pointer;
};

/* Refers to @file, which must stay. False: it is not such a file as the guest's linker makes. */
bool elf_code_open(struct elf_code *elf, const void *file, u64 bytes, struct findings *found);
void elf_code_close(struct elf_code *elf);

#endif
