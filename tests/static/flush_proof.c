/* SPDX-License-Identifier: MIT */
/*
 * Proves of a guest image that each flush is registered and reported (proof.c).
 *
 *	flush_proof [IMAGE]		default: guest.elf of the build, $OUT/guest.elf
 *
 * Prints lines for tests/run.sh.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/static/elf_code.h"
#include "tests/static/proof.h"

/* The whole file; NULL: it cannot be read. It stays mapped until the end. */
static const void *map(const char *path, u64 *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *file = MAP_FAILED;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && st.st_size > 0) {
		*bytes = (u64)st.st_size;
		file = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return file == MAP_FAILED ? NULL : file;
}

int main(int argc, char **argv)
{
	struct findings found = { .out = stdout };
	const char *out = getenv("OUT");
	char path[4096];
	struct elf_code elf;
	const void *file;
	u64 bytes = 0;

	if (argc > 1)
		snprintf(path, sizeof(path), "%s", argv[1]);
	else
		snprintf(path, sizeof(path), "%s/guest.elf", out ? out : "build");
	file = map(path, &bytes);
	if (!file) {
		found_bad(&found, "%s cannot be read", path);
	} else if (elf_code_open(&elf, file, bytes, &found)) {
		proof_run(&elf.code, &found);
		elf_code_close(&elf);
	}
	return found.failed ? 1 : 0;
}
