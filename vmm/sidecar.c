/* SPDX-License-Identifier: MIT */
/*
 * Owns the file format of the sidecar. What is in a struct flash_nv, and when it changes, is the
 * model's (devices/flash).
 *
 * The process may be killed at any instant. A sidecar counts from its magic on, which is written
 * last: one that was not completed is made anew. The rest changes by single stores of the model.
 *
 * An interrupted erase belongs to the cells: if the array was rewritten by somebody else while no
 * run had it (as by an external programmer, which erases first), it is history. So a run that
 * leaves such marks behind also leaves the hash of the array, and the next one compares.
 */
#define _GNU_SOURCE /* asprintf() */
#include "vmm/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define MAGIC "KVLFLNV1" /* the last character is the version */

struct header {
	char magic[8];
	char part[32];
	u32 chips, word_bytes, nv_bytes;
	u32 closed;	/* 1: by a run that ended, and array_hash holds */
	u64 array_hash; /* 0: no block is marked */
};

_Static_assert(sizeof(struct header) == 64, "what follows is aligned");

char *sidecar_path(const char *path)
{
	char *name;

	return asprintf(&name, "%s.nv", path) < 0 ? NULL : name;
}

static struct header *header_of(const struct sidecar *sidecar)
{
	return sidecar->map;
}

static u32 chips_of(const struct flash_config *bank)
{
	return bank->chips ? bank->chips : 1;
}

static size_t nv_room(const struct flash_part *part)
{
	return ALIGN_UP(flash_nv_bytes(part), 64);
}

static struct header header_for(const struct flash_config *bank)
{
	struct header header = {
		.chips = chips_of(bank),
		.word_bytes = flash_bus_bytes(bank) / chips_of(bank),
		.nv_bytes = (u32)nv_room(bank->part),
	};

	snprintf(header.part, sizeof(header.part), "%s", bank->part->name);
	return header;
}

static size_t bytes_for(const struct header *header)
{
	return sizeof(*header) + (size_t)header->chips * header->nv_bytes;
}

static void find_nv(struct sidecar *sidecar)
{
	struct header *header = header_of(sidecar);

	for (u32 i = 0; i < header->chips; i++)
		sidecar->nv[i] = (struct flash_nv *)((u8 *)(header + 1) + i * header->nv_bytes);
}

/* --- checking --------------------------------------------------------------------------------- */
static int check_bytes(const char *name, off_t found, size_t bytes, struct err *err)
{
	if (!found || (u64)found == bytes)
		return 0;
	return err_set(err, EXIT_USAGE,
		       "sidecar %s has %lld bytes, of these chips it has %zu: it is another chip's "
		       "(or another arrangement's); use that, or remove it",
		       name, (long long)found, bytes);
}

/* Nobody has made it yet, or somebody was killed before it was complete. */
static bool is_fresh(const struct header *header)
{
	static const char none[sizeof(header->magic)];

	return memcmp(header->magic, none, sizeof(none)) == 0;
}

static int check_header(const struct header *header, const char *name,
			const struct flash_config *bank, struct err *err)
{
	struct header want = header_for(bank);

	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0)
		return err_set(err, EXIT_USAGE, "%s is no sidecar of a flash file: remove it",
			       name);
	if (memcmp(header->part, want.part, sizeof(want.part)) == 0 &&
	    header->chips == want.chips && header->word_bytes == want.word_bytes &&
	    header->nv_bytes == want.nv_bytes)
		return 0;
	return err_set(
		err, EXIT_USAGE,
		"sidecar %s is of %u x %.31s with %u data lines each, not of %u x %s with %u: "
		"use chips of that kind, or remove it",
		name, header->chips, header->part, 8 * header->word_bytes, want.chips, want.part,
		8 * want.word_bytes);
}

static int check_file(int fd, const char *name, const struct flash_config *bank, struct err *err)
{
	struct header header = { 0 }, want = header_for(bank);
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "sidecar %s is not a regular file", name);
	if (check_bytes(name, st.st_size, bytes_for(&want), err))
		return -1;
	if (pread(fd, &header, sizeof(header), 0) < 0)
		return err_errno(err, EXIT_HOST, "sidecar %s cannot be read", name);
	return is_fresh(&header) ? 0 : check_header(&header, name, bank, err);
}

int sidecar_check(const char *path, const struct flash_config *bank, struct err *err)
{
	char *name = sidecar_path(path);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1, failed = 0;

	if (fd >= 0) {
		failed = check_file(fd, name, bank, err);
		close(fd);
	}
	free(name);
	return failed;
}

/* --- opening ---------------------------------------------------------------------------------- */
static int map_file(struct sidecar *sidecar, const char *name, size_t bytes, struct err *err)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666), error;
	struct stat st;

	if (fd < 0)
		return err_errno(err, EXIT_USAGE, "sidecar %s cannot be opened or made", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		err_set(err, EXIT_USAGE, "sidecar %s is not a regular file", name);
		goto out_close;
	}
	if (check_bytes(name, st.st_size, bytes, err))
		goto out_close;
	error = posix_fallocate(fd, 0, (off_t)bytes);
	if (error) {
		errno = error;
		err_errno(err, EXIT_HOST, "sidecar %s: no room for its %zu bytes", name, bytes);
		goto out_close;
	}
	sidecar->bytes = bytes;
	sidecar->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (sidecar->map != MAP_FAILED)
		return 0;
	sidecar->map = NULL;
	return err_errno(err, EXIT_HOST, "sidecar %s cannot be mapped", name);

out_close:
	close(fd);
	return -1;
}

static void make_fresh(struct sidecar *sidecar, const struct flash_config *bank)
{
	struct header *header = header_of(sidecar);

	*header = header_for(bank);
	find_nv(sidecar);
	for (u32 i = 0; i < header->chips; i++)
		flash_nv_init(bank->part, sidecar->nv[i], bank->seed, i);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* from here on it counts */
	memcpy(header->magic, MAGIC, sizeof(header->magic));
	sidecar->made = true;
}

/* --- marks ------------------------------------------------------------------------------------ */
static bool has_marks(const struct sidecar *sidecar)
{
	for (u32 i = 0; i < header_of(sidecar)->chips; i++)
		for (u32 block = 0; block < flash_block_count(sidecar->part); block++)
			if (sidecar->nv[i]->block[block].erasing)
				return true;
	return false;
}

static void forget_marks(struct sidecar *sidecar)
{
	for (u32 i = 0; i < header_of(sidecar)->chips; i++)
		for (u32 block = 0; block < flash_block_count(sidecar->part); block++)
			sidecar->nv[i]->block[block].erasing = 0;
	sidecar->replaced = true;
}

/* 0 says that there is none. */
static u64 hash_of(const u8 *array, u64 bytes)
{
	return XXH3_64bits(array, bytes) | 1;
}

int sidecar_open(struct sidecar *sidecar, const char *path, const struct flash_config *bank,
		 const u8 *array, struct err *err)
{
	struct header want = header_for(bank), *header;
	char *name = sidecar_path(path);
	int failed;

	memset(sidecar, 0, sizeof(*sidecar));
	sidecar->part = bank->part;
	if (!name)
		return err_set(err, EXIT_HOST, "no memory for the name of a sidecar");
	failed = map_file(sidecar, name, bytes_for(&want), err);
	if (!failed) {
		header = header_of(sidecar);
		if (is_fresh(header))
			make_fresh(sidecar, bank);
		else
			failed = check_header(header, name, bank, err);
	}
	free(name);
	if (failed) {
		sidecar_drop(sidecar);
		return -1;
	}
	find_nv(sidecar);
	if (header->closed && header->array_hash &&
	    header->array_hash != hash_of(array, flash_bank_bytes(bank)))
		forget_marks(sidecar);
	header->closed = 0;
	return 0;
}

void sidecar_close(struct sidecar *sidecar, const u8 *array, u64 array_bytes)
{
	struct header *header = header_of(sidecar);

	if (!header)
		return;
	header->array_hash = has_marks(sidecar) ? hash_of(array, array_bytes) : 0;
	header->closed = 1;
	sidecar_drop(sidecar);
}

void sidecar_drop(struct sidecar *sidecar)
{
	if (sidecar->map)
		munmap(sidecar->map, sidecar->bytes);
	sidecar->map = NULL;
}

/* --- looking ---------------------------------------------------------------------------------- */
/* Which bank a header is of; what it says is believed only if it all fits. */
static bool bank_of(const struct header *header, size_t bytes, struct flash_config *bank)
{
	struct header want;

	if (bytes < sizeof(*header) || memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0 ||
	    header->part[sizeof(header->part) - 1])
		return false;
	memset(bank, 0, sizeof(*bank));
	bank->part = flash_part_find(header->part);
	bank->chips = header->chips;
	bank->bus_bytes = header->chips * header->word_bytes;
	if (!bank->part || !bank->chips || !bank->bus_bytes || flash_config_problem(bank))
		return false;
	want = header_for(bank);
	return bytes == bytes_for(&want) && header->nv_bytes == want.nv_bytes;
}

enum sidecar_found sidecar_peek(struct sidecar *sidecar, const char *path,
				struct flash_config *bank)
{
	char *name = sidecar_path(path);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	bool none = fd < 0 && errno == ENOENT;
	struct stat st;

	free(name);
	memset(sidecar, 0, sizeof(*sidecar));
	if (none)
		return SIDECAR_NONE;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		sidecar->bytes = (size_t)st.st_size;
		sidecar->map = mmap(NULL, sidecar->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (sidecar->map == MAP_FAILED)
			sidecar->map = NULL;
	}
	if (fd >= 0)
		close(fd);
	if (sidecar->map && bank_of(header_of(sidecar), sidecar->bytes, bank)) {
		sidecar->part = bank->part;
		find_nv(sidecar);
		return SIDECAR_FOUND;
	}
	sidecar_drop(sidecar);
	return SIDECAR_UNREADABLE;
}
