/* SPDX-License-Identifier: MIT */
/*
 * Reads the guest's ELF file (arch/x86_64/guest/guest.ld): a static PIE, of which the relocations
 * say where pointers are. The build has made it; offsets are checked against its end all the same.
 */
#include "tests/static/elf_code.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/elf.h"

/* The section of number @index; NULL: it is not in the file. */
static const Elf64_Shdr *header_at(const struct elf_view *elf, u32 index)
{
	return elf_at(elf, elf->header.e_shoff + (u64)index * sizeof(Elf64_Shdr),
		      sizeof(Elf64_Shdr));
}

static const void *contents(const struct elf_view *elf, const Elf64_Shdr *header)
{
	return elf_at(elf, header->sh_offset, header->sh_size);
}

static bool open_view(struct elf_view *elf, const void *file, u64 bytes)
{
	const Elf64_Ehdr *header;

	*elf = (struct elf_view){ .file = file, .bytes = bytes };
	header = elf_at(elf, 0, sizeof(*header));
	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_type != ET_DYN ||
	    header->e_machine != EM_X86_64 || header->e_shentsize != sizeof(Elf64_Shdr))
		return false;
	elf->header = *header;
	for (u32 i = 0; i < header->e_shnum; i++) {
		const Elf64_Shdr *section = header_at(elf, i);

		if (!section || (section->sh_type != SHT_NOBITS && !contents(elf, section)))
			return false;
	}
	return true;
}

static bool is_code(const Elf64_Shdr *header)
{
	return header->sh_flags & SHF_EXECINSTR;
}

static bool add_section(struct elf_code *out, const struct elf_view *elf, const Elf64_Shdr *header)
{
	u32 n = out->code.nsections;

	if (n == MAX_SECTIONS || header->sh_type != SHT_PROGBITS ||
	    (n && header->sh_addr < out->section[n - 1].va + out->section[n - 1].bytes))
		return false;
	out->section[out->code.nsections++] =
		(struct code_section){ header->sh_addr, header->sh_size, contents(elf, header) };
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct code_symbol *x = a, *y = b;

	return (x->va > y->va) - (x->va < y->va);
}

static bool add_symbols(struct elf_code *out, const struct elf_view *elf, const Elf64_Shdr *header)
{
	const Elf64_Sym *symbol = contents(elf, header);
	const Elf64_Shdr *names = header_at(elf, header->sh_link);
	u64 n = header->sh_size / sizeof(*symbol);

	if (out->symbol || header->sh_link >= elf->header.e_shnum)
		return false;
	out->symbol = calloc(n + 1, sizeof(out->symbol[0]));
	for (u64 i = 0; out->symbol && i < n; i++) {
		u32 type = ELF64_ST_TYPE(symbol[i].st_info);

		if (symbol[i].st_shndx == SHN_UNDEF || symbol[i].st_shndx >= elf->header.e_shnum ||
		    !is_code(header_at(elf, symbol[i].st_shndx)) || type == STT_SECTION ||
		    type == STT_FILE || symbol[i].st_name >= names->sh_size)
			continue;
		out->symbol[out->code.nsymbols++] = (struct code_symbol){
			.name = (const char *)contents(elf, names) + symbol[i].st_name,
			.va = symbol[i].st_value,
			.data = type == STT_OBJECT,
		};
	}
	if (out->code.nsymbols)
		qsort(out->symbol, out->code.nsymbols, sizeof(out->symbol[0]), by_address);
	return out->symbol;
}

static bool add_pointers(struct elf_code *out, const struct elf_view *elf, const Elf64_Shdr *header)
{
	const Elf64_Rela *rela = contents(elf, header);
	u64 n = header->sh_size / sizeof(*rela);

	if (out->pointer)
		return false;
	out->pointer = calloc(n + 1, sizeof(out->pointer[0]));
	for (u64 i = 0; out->pointer && i < n; i++) {
		if (ELF64_R_TYPE(rela[i].r_info) != R_X86_64_RELATIVE)
			return false;
		out->pointer[out->code.npointers++] = (u64)rela[i].r_addend;
	}
	return out->pointer;
}

static void add_records(struct elf_code *out, const struct elf_view *elf, const Elf64_Shdr *header)
{
	out->code.records = contents(elf, header);
	out->code.records_bytes = header->sh_size;
}

static bool add(struct elf_code *out, const struct elf_view *elf, const Elf64_Shdr *header,
		const char *name)
{
	if (is_code(header) && header->sh_size && !add_section(out, elf, header))
		return false;
	if (header->sh_type == SHT_SYMTAB)
		return add_symbols(out, elf, header);
	if (header->sh_type == SHT_RELA)
		return add_pointers(out, elf, header);
	if (!strcmp(name, ".flushes"))
		add_records(out, elf, header);
	return true;
}

static bool add_all(struct elf_code *out, const struct elf_view *elf)
{
	const Elf64_Shdr *names = header_at(elf, elf->header.e_shstrndx);

	if (elf->header.e_shstrndx >= elf->header.e_shnum || !names)
		return false;
	for (u32 i = 0; i < elf->header.e_shnum; i++) {
		const Elf64_Shdr *header = header_at(elf, i);

		if (header->sh_name >= names->sh_size ||
		    !add(out, elf, header, (const char *)contents(elf, names) + header->sh_name))
			return false;
	}
	out->code.section = out->section;
	out->code.symbol = out->symbol;
	out->code.pointer = out->pointer;
	return out->code.nsections && out->symbol && out->pointer && out->code.records;
}

bool elf_code_open(struct elf_code *out, const void *file, u64 bytes, struct findings *found)
{
	struct elf_view elf;

	memset(out, 0, sizeof(*out));
	if (open_view(&elf, file, bytes) && add_all(out, &elf))
		return true;
	elf_code_close(out);
	found_bad(found,
		  "the image is not a static PIE with code, symbols, relocations and records");
	return false;
}

void elf_code_close(struct elf_code *out)
{
	free(out->symbol);
	free(out->pointer);
	memset(out, 0, sizeof(*out));
}
