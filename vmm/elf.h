/* SPDX-License-Identifier: MIT */
/* A checked view of an ELF file in memory (private to image.c and symbols.c). */
#ifndef KVL_ELF_H
#define KVL_ELF_H

#include <elf.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

struct elf_view {
	const u8 *file;
	u64 bytes;
	Elf64_Ehdr header; /* copies: the file may be unaligned */
};

/* Pointer to @bytes bytes at file offset @at; NULL if they are not all in the file. */
static inline const void *elf_at(const struct elf_view *elf, u64 at, u64 bytes)
{
	if (at > elf->bytes || bytes > elf->bytes - at)
		return NULL;
	return elf->file + at;
}

struct image;

/* Fills image->symbol and image->names from .symtab (symbols.c). */
int symbols_read(struct image *image, const struct elf_view *elf, struct err *err);
/* Fills image->site from sites_start to sites_end (symbols.c). */
int sites_read(struct image *image, struct err *err);

#endif
