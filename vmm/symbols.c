/* SPDX-License-Identifier: MIT */
/*
 * Names in the guest image: its symbol table, both ways, and the table of sites (guest/trace.h).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/elf.h"
#include "vmm/image.h"

#define SITE_TEXT_BYTES 32 /* of its name, and of its place */
#define SITE_BYTES (2 * SITE_TEXT_BYTES)
#define MAX_SITES 4096

static int no_memory(struct err *err)
{
	return err_set(err, EXIT_HOST, "no memory for the guest's symbols");
}

static bool section_header(const struct elf_view *elf, u32 index, Elf64_Shdr *out)
{
	const void *from =
		elf_at(elf, elf->header.e_shoff + (u64)index * sizeof(*out), sizeof(*out));

	if (index >= elf->header.e_shnum || !from)
		return false;
	memcpy(out, from, sizeof(*out));
	return true;
}

static bool find_symtab(const struct elf_view *elf, Elf64_Shdr *symtab, Elf64_Shdr *strtab)
{
	if (elf->header.e_shoff > elf->bytes || elf->header.e_shentsize != sizeof(*symtab))
		return false;
	for (u32 i = 0; section_header(elf, i, symtab); i++)
		if (symtab->sh_type == SHT_SYMTAB)
			return section_header(elf, symtab->sh_link, strtab);
	return false;
}

static int by_address(const void *a, const void *b)
{
	const struct image_symbol *x = a, *y = b;

	if (x->va != y->va)
		return x->va < y->va ? -1 : 1;
	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Sections and files are no places in the code; absolute values are no addresses. */
static bool is_place(const Elf64_Sym *symbol, u64 names_bytes)
{
	u32 type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE) && symbol->st_name &&
	       symbol->st_name < names_bytes && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_shndx < SHN_LORESERVE;
}

static void collect(struct image *image, const u8 *table, u64 n, u64 names_bytes)
{
	for (u64 i = 0; i < n; i++) {
		Elf64_Sym symbol;

		memcpy(&symbol, table + i * sizeof(symbol), sizeof(symbol));
		if (!is_place(&symbol, names_bytes) ||
		    !image_at(image, image->page_offset + symbol.st_value, 0))
			continue;
		image->symbol[image->nsymbols++] = (struct image_symbol){
			.va = image->page_offset + symbol.st_value,
			.bytes = symbol.st_size,
			.name = image->names + symbol.st_name,
		};
	}
	if (image->nsymbols)
		qsort(image->symbol, image->nsymbols, sizeof(image->symbol[0]), by_address);
}

int symbols_read(struct image *image, const struct elf_view *elf, struct err *err)
{
	Elf64_Shdr symtab, strtab;
	const u8 *table, *names;
	u64 n;

	if (!find_symtab(elf, &symtab, &strtab))
		return err_set(err, EXIT_VMM, "the guest image has no symbol table");
	table = elf_at(elf, symtab.sh_offset, symtab.sh_size);
	names = elf_at(elf, strtab.sh_offset, strtab.sh_size);
	if (!table || !names)
		return err_set(err, EXIT_VMM, "the guest image's symbols lie outside the file");
	n = symtab.sh_size / sizeof(Elf64_Sym);
	image->symbol = calloc(n + 1, sizeof(image->symbol[0]));
	image->names = malloc(strtab.sh_size + 1);
	if (!image->symbol || !image->names)
		return no_memory(err);
	memcpy(image->names, names, strtab.sh_size);
	image->names[strtab.sh_size] = '\0';
	collect(image, table, n, strtab.sh_size);
	return 0;
}

const struct image_symbol *image_symbol_at(const struct image *image, u64 va)
{
	u32 low = 0, high = image->nsymbols;

	if (!image_at(image, va, 1))
		return NULL;
	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (image->symbol[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &image->symbol[low - 1] : NULL;
}

const struct image_symbol *image_symbol_find(const struct image *image, const char *name)
{
	for (u32 i = 0; i < image->nsymbols; i++)
		if (!strcmp(image->symbol[i].name, name))
			return &image->symbol[i];
	return NULL;
}

void image_describe(const struct image *image, u64 va, char *text, size_t bytes)
{
	const struct image_symbol *symbol = image ? image_symbol_at(image, va) : NULL;

	if (symbol)
		snprintf(text, bytes, "%s+0x%llx", symbol->name,
			 (unsigned long long)(va - symbol->va));
	else
		snprintf(text, bytes, "?");
}

static bool site_ends(const char *site)
{
	return memchr(site, '\0', SITE_TEXT_BYTES) &&
	       memchr(site + SITE_TEXT_BYTES, '\0', SITE_TEXT_BYTES);
}

/* Every name and place must end inside its 32 bytes; number 0 is no site. */
static int fill_sites(struct image *image, u64 start, struct err *err)
{
	for (u32 i = 0; i < image->nsites; i++) {
		image->site[i] = image_at(image, start + (u64)i * SITE_BYTES, SITE_BYTES);
		if (!image->site[i] || !site_ends(image->site[i]))
			return err_set(err, EXIT_VMM, "the guest image's site %u has no name", i);
	}
	if (image->nsites && *image->site[0])
		return err_set(err, EXIT_VMM, "the guest image's site 0 is \"%s\", not empty",
			       image->site[0]);
	return 0;
}

int sites_read(struct image *image, struct err *err)
{
	const struct image_symbol *start = image_symbol_find(image, "sites_start");
	const struct image_symbol *end = image_symbol_find(image, "sites_end");
	u64 bytes;

	if (!start || !end)
		return err_set(err, EXIT_VMM,
			       "the guest image has no table of sites (sites_start, sites_end)");
	bytes = end->va - start->va;
	if (end->va < start->va || bytes % SITE_BYTES || bytes / SITE_BYTES > MAX_SITES)
		return err_set(err, EXIT_VMM, "the guest image's table of sites has 0x%llx bytes",
			       (unsigned long long)bytes);
	image->nsites = (u32)(bytes / SITE_BYTES);
	image->site = calloc(image->nsites + 1, sizeof(image->site[0]));
	if (!image->site)
		return no_memory(err);
	return fill_sites(image, start->va, err);
}

char *image_symbols_text(const struct image *image)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	for (u32 i = 0; i < image->nsymbols; i++)
		fprintf(out, "%llx %s\n", (unsigned long long)image->symbol[i].va,
			image->symbol[i].name);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Lines of printable ASCII, whatever the image holds. */
char *image_places_text(const struct image *image)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	for (u32 i = 1; i < image->nsites; i++) {
		fprintf(out, "%u ", i);
		for (const char *c = image->site[i] + SITE_TEXT_BYTES; *c; c++)
			fputc(isgraph((unsigned char)*c) ? *c : '?', out);
		fputc('\n', out);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
