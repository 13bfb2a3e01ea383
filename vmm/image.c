/* SPDX-License-Identifier: MIT */
/*
 * Checks, copies and relocates the guest's ELF file. Nothing in the file is believed: every offset
 * and size is checked against what holds it. Symbols and sites: symbols.c; the catalog: catalog.c.
 */
#include "vmm/image.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "vmm/elf.h"

#define IMAGE_MAX_BYTES (KVL_CORE_END_GPA - KVL_IMAGE_GPA)
#define NOTE_PVH_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY, Xen public headers, elfnote.h */

static int damaged(struct err *err, const char *what)
{
	return err_set(err, EXIT_VMM,
		       "the guest image is damaged: %s. Build kvalab again (make clean all)", what);
}

static int check_header(struct elf_view *elf, struct err *err)
{
	const void *header = elf_at(elf, 0, sizeof(elf->header));

	if (!header)
		return damaged(err, "shorter than an ELF header");
	memcpy(&elf->header, header, sizeof(elf->header));
	if (memcmp(elf->header.e_ident, ELFMAG, SELFMAG) ||
	    elf->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return damaged(err, "not a little-endian 64-bit ELF file");
	if (elf->header.e_machine != EM_X86_64)
		return damaged(err, "not for x86-64");
	if (elf->header.e_type != ET_DYN)
		return damaged(err, "not position-independent (ET_DYN)");
	if (elf->header.e_phentsize != sizeof(Elf64_Phdr) ||
	    !elf_at(elf, elf->header.e_phoff, (u64)elf->header.e_phnum * sizeof(Elf64_Phdr)))
		return damaged(err, "program headers lie outside the file");
	return 0;
}

static Elf64_Phdr program_header(const struct elf_view *elf, u32 index)
{
	Elf64_Phdr phdr;

	memcpy(&phdr, elf_at(elf, elf->header.e_phoff + index * sizeof(phdr), sizeof(phdr)),
	       sizeof(phdr));
	return phdr;
}

static int check_load(const struct image *image, const struct elf_view *elf, const Elf64_Phdr *phdr,
		      struct err *err)
{
	if (phdr->p_filesz > phdr->p_memsz || !elf_at(elf, phdr->p_offset, phdr->p_filesz))
		return damaged(err, "a segment lies outside the file");
	if (phdr->p_paddr < KVL_IMAGE_GPA)
		return damaged(err, "a segment is to be loaded in front of KVL_IMAGE_GPA");
	if (phdr->p_paddr - KVL_IMAGE_GPA > IMAGE_MAX_BYTES ||
	    phdr->p_memsz > IMAGE_MAX_BYTES - (phdr->p_paddr - KVL_IMAGE_GPA))
		return err_set(
			err, EXIT_VMM,
			"the guest image is too large: 0x%llx bytes, 0x%llx fit below the end of "
			"the core's first large page",
			(unsigned long long)(phdr->p_paddr - KVL_IMAGE_GPA + phdr->p_memsz),
			(unsigned long long)IMAGE_MAX_BYTES);
	if (phdr->p_vaddr > GiB(4) || phdr->p_memsz > GiB(4) - phdr->p_vaddr)
		return damaged(err, "a segment lies outside the first 4 GiB");
	if (image->nsegments == IMAGE_MAX_SEGMENTS)
		return damaged(err, "it has too many segments");
	return 0;
}

/* In the addresses that they are linked for, or in memory. */
static bool overlap(const struct image_segment *a, const struct image_segment *b)
{
	return (a->link < b->link + b->bytes && b->link < a->link + a->bytes) ||
	       (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes);
}

static int add_segment(struct image *image, const struct elf_view *elf, const Elf64_Phdr *phdr,
		       struct err *err)
{
	struct image_segment new = { phdr->p_vaddr, phdr->p_memsz, phdr->p_paddr - KVL_IMAGE_GPA };

	if (check_load(image, elf, phdr, err))
		return -1;
	for (u32 i = 0; i < image->nsegments; i++)
		if (overlap(&image->segment[i], &new))
			return damaged(err, "segments overlap");
	image->segment[image->nsegments++] = new;
	if (image->bytes < new.offset + new.bytes)
		image->bytes = new.offset + new.bytes;
	return 0;
}

static int find_segments(struct image *image, const struct elf_view *elf, struct err *err)
{
	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		Elf64_Phdr phdr = program_header(elf, i);

		if (phdr.p_type == PT_INTERP || phdr.p_type == PT_TLS)
			return damaged(err, "it wants an interpreter or thread-local storage");
		if (phdr.p_type == PT_LOAD && (phdr.p_memsz || phdr.p_filesz) &&
		    add_segment(image, elf, &phdr, err))
			return -1;
	}
	if (!image->bytes)
		return damaged(err, "it has no segment to load");
	return 0;
}

static int copy_segments(struct image *image, const struct elf_view *elf, struct err *err)
{
	image->data = calloc(1, image->bytes);
	if (!image->data)
		return err_set(err, EXIT_HOST, "no memory for the guest image (%llu bytes)",
			       (unsigned long long)image->bytes);
	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		Elf64_Phdr phdr = program_header(elf, i);

		if (phdr.p_type == PT_LOAD && phdr.p_filesz)
			memcpy(image->data + (phdr.p_paddr - KVL_IMAGE_GPA),
			       elf_at(elf, phdr.p_offset, phdr.p_filesz), phdr.p_filesz);
	}
	return 0;
}

/* Contents by the address that they are linked for. */
static u8 *data_at(const struct image *image, u64 link, u64 bytes)
{
	for (u32 i = 0; i < image->nsegments; i++) {
		const struct image_segment *segment = &image->segment[i];
		u64 at = link - segment->link;

		if (link >= segment->link && at <= segment->bytes && bytes <= segment->bytes - at)
			return image->data + segment->offset + at;
	}
	return NULL;
}

/* What can be pointed to: what is linked there, and what the direct map shows of the loaded
 * image. */
static bool is_in_image(const struct image *image, u64 link)
{
	return data_at(image, link, 0) ||
	       (link >= KVL_IMAGE_GPA && link - KVL_IMAGE_GPA <= image->bytes);
}

static int relocate_one(struct image *image, const Elf64_Rela *rela, struct err *err)
{
	u64 value = image->page_offset + (u64)rela->r_addend;
	u8 *where = data_at(image, rela->r_offset, sizeof(value));

	if (ELF64_R_TYPE(rela->r_info) != R_X86_64_RELATIVE || ELF64_R_SYM(rela->r_info))
		return err_set(err, EXIT_VMM,
			       "the guest image has a relocation of type %u at 0x%llx; only "
			       "R_X86_64_RELATIVE (8) is possible in a static PIE",
			       (u32)ELF64_R_TYPE(rela->r_info), (unsigned long long)rela->r_offset);
	if (!where || !is_in_image(image, (u64)rela->r_addend))
		return damaged(err, "a relocation points outside the image");
	memcpy(where, &value, sizeof(value));
	return 0;
}

struct dynamic {
	u64 rela, rela_bytes, rela_entry;
};

static int read_dynamic(const struct image *image, const Elf64_Phdr *phdr, struct dynamic *out,
			struct err *err)
{
	for (u64 at = 0; at + sizeof(Elf64_Dyn) <= phdr->p_memsz; at += sizeof(Elf64_Dyn)) {
		const u8 *from = data_at(image, phdr->p_vaddr + at, sizeof(Elf64_Dyn));
		Elf64_Dyn dyn;

		if (!from)
			return damaged(err, "the dynamic section lies outside the image");
		memcpy(&dyn, from, sizeof(dyn));
		switch (dyn.d_tag) {
		case DT_NULL: return 0;
		case DT_RELA: out->rela = dyn.d_un.d_val; break;
		case DT_RELASZ: out->rela_bytes = dyn.d_un.d_val; break;
		case DT_RELAENT: out->rela_entry = dyn.d_un.d_val; break;
		case DT_NEEDED:
		case DT_JMPREL:
		case DT_REL:
		case DT_TEXTREL: return damaged(err, "it is not a static PIE (dynamic section)");
		}
	}
	return 0;
}

static int relocate(struct image *image, const Elf64_Phdr *phdr, struct err *err)
{
	struct dynamic dynamic = { 0 };

	if (read_dynamic(image, phdr, &dynamic, err))
		return -1;
	if (dynamic.rela_bytes && dynamic.rela_entry != sizeof(Elf64_Rela))
		return damaged(err, "its relocations have an unknown size");
	for (u64 at = 0; at < dynamic.rela_bytes; at += sizeof(Elf64_Rela)) {
		const u8 *from = data_at(image, dynamic.rela, dynamic.rela_bytes);
		Elf64_Rela rela;

		if (!from || dynamic.rela_bytes % sizeof(rela))
			return damaged(err, "its relocations lie outside the image");
		memcpy(&rela, from + at, sizeof(rela));
		if (relocate_one(image, &rela, err))
			return -1;
	}
	return 0;
}

/* A note is name size, descriptor size, type, name, descriptor; each padded to 4 bytes. */
static bool read_note(struct image *image, const u8 *note, u64 bytes)
{
	while (bytes >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr header;
		u64 name, total;

		memcpy(&header, note, sizeof(header));
		name = ALIGN_UP((u64)header.n_namesz, 4);
		total = sizeof(header) + name + ALIGN_UP((u64)header.n_descsz, 4);
		if (total > bytes)
			return false;
		if (header.n_type == NOTE_PVH_ENTRY && header.n_namesz == 4 &&
		    !memcmp(note + sizeof(header), "Xen", 4) &&
		    (header.n_descsz == 4 || header.n_descsz == 8)) {
			memcpy(&image->pvh_entry_gpa, note + sizeof(header) + name,
			       header.n_descsz);
			return true;
		}
		note += total;
		bytes -= total;
	}
	return false;
}

static int read_entries(struct image *image, const struct elf_view *elf, struct err *err)
{
	bool found = false;

	for (u32 i = 0; i < elf->header.e_phnum && !found; i++) {
		Elf64_Phdr phdr = program_header(elf, i);
		const u8 *note = elf_at(elf, phdr.p_offset, phdr.p_filesz);

		if (phdr.p_type == PT_NOTE && note)
			found = read_note(image, note, phdr.p_filesz);
	}
	if (!found)
		return damaged(err, "it has no PVH entry (ELF note Xen, 18)");
	if (image->pvh_entry_gpa < KVL_IMAGE_GPA ||
	    image->pvh_entry_gpa - KVL_IMAGE_GPA >= image->bytes)
		return damaged(err, "its PVH entry lies outside the image");
	if (!data_at(image, elf->header.e_entry, 1))
		return damaged(err, "its entry lies outside the image");
	image->entry_va = image->page_offset + elf->header.e_entry;
	return 0;
}

static int relocate_all(struct image *image, const struct elf_view *elf, struct err *err)
{
	for (u32 i = 0; i < elf->header.e_phnum; i++) {
		Elf64_Phdr phdr = program_header(elf, i);

		if (phdr.p_type == PT_DYNAMIC && relocate(image, &phdr, err))
			return -1;
	}
	return 0;
}

int image_open(struct image *image, const void *file, size_t bytes, u64 page_offset,
	       struct err *err)
{
	struct elf_view elf = { .file = file, .bytes = bytes };

	memset(image, 0, sizeof(*image));
	image->page_offset = page_offset;
	if (check_header(&elf, err) || find_segments(image, &elf, err) ||
	    copy_segments(image, &elf, err) || relocate_all(image, &elf, err) ||
	    read_entries(image, &elf, err) || symbols_read(image, &elf, err) ||
	    sites_read(image, err)) {
		image_close(image);
		return -1;
	}
	return 0;
}

int image_open_embedded(struct image *image, u64 page_offset, struct err *err)
{
	return image_open(image, kvl_guest_image_start,
			  (size_t)(kvl_guest_image_end - kvl_guest_image_start), page_offset, err);
}

u64 image_embedded_hash(void)
{
	return XXH3_64bits(kvl_guest_image_start,
			   (size_t)(kvl_guest_image_end - kvl_guest_image_start));
}

void image_close(struct image *image)
{
	free(image->data);
	free(image->symbol);
	free(image->names);
	free(image->site);
	memset(image, 0, sizeof(*image));
}

int image_load(const struct image *image, const struct gmem *mem, struct err *err)
{
	if (gmem_write(mem, gpa(KVL_IMAGE_GPA), image->data, image->bytes))
		return 0;
	return err_set(err, EXIT_VMM, "no guest memory for the image at 0x%llx",
		       (unsigned long long)KVL_IMAGE_GPA);
}

const void *image_at(const struct image *image, u64 va, u64 bytes)
{
	return va < image->page_offset ? NULL : data_at(image, va - image->page_offset, bytes);
}

const char *image_string(const struct image *image, u64 va)
{
	const u8 *text = image_at(image, va, 1);

	if (!text || !memchr(text, '\0', image->bytes - (u64)(text - image->data)))
		return NULL;
	return (const char *)text;
}
