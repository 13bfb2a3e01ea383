/* SPDX-License-Identifier: MIT */
/* kvalab flash: the table of parts, and what the file behind a chip holds. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/flash/flash.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/parse.h"

static int print_parts(void)
{
	printf("%-12s %8s %5s %6s  %-22s %7s %11s %10s\n", "chip", "size", "set", "bus",
	       "erase blocks", "read", "program", "erase");
	for (size_t row = 0; flash_part_row(row); row++) {
		const struct flash_part *part = flash_part_row(row);
		char size[SIZE_TEXT_BYTES], block[SIZE_TEXT_BYTES], blocks[80] = "";
		size_t used = 0;

		for (u32 i = 0; i < part->nregions && used < sizeof(blocks); i++)
			used += (size_t)snprintf(blocks + used, sizeof(blocks) - used, "%s%u x %s",
						 i ? ", " : "", part->region[i].blocks,
						 size_text(part->region[i].block_bytes, block));
		printf("%-12s %8s  %04x    x%-2u  %-22s %4u ns %8u us %7u ms\n", part->name,
		       size_text(part->chip_bytes, size), part->command_set, 8 * part->bus_bytes,
		       blocks, part->read_ns, part->program_typ_us, part->erase_typ_ms);
	}
	return EXIT_OK;
}

/* Is every byte of the block FFh, as after an erase? What lies behind the file's end is. */
static int block_erased(int fd, const struct flash_block *block, bool *erased)
{
	u8 buffer[4096];

	*erased = true;
	for (u64 at = 0; at < block->bytes; at += sizeof(buffer)) {
		ssize_t n = pread(fd, buffer, sizeof(buffer), (off_t)(block->start + at));

		if (n < 0)
			return -1;
		for (ssize_t i = 0; i < n; i++)
			if (buffer[i] != 0xff)
				*erased = false;
	}
	return 0;
}

static int print_blocks(int fd, const struct flash_part *part, const char *path, struct err *err)
{
	u32 blocks = 0, erased = 0;

	for (u64 at = 0; at < part->chip_bytes;) {
		struct flash_block block = flash_block_at(part, at);
		bool is_erased;

		if (block_erased(fd, &block, &is_erased))
			return err_errno(err, EXIT_HOST, "%s", path);
		blocks++;
		erased += is_erased;
		at = block.start + block.bytes;
	}
	printf("as a %s: %u erase blocks, %u of them erased\n", part->name, blocks, erased);
	return 0;
}

static int print_file(int fd, const char *path, struct err *err)
{
	char size[SIZE_TEXT_BYTES];
	bool fits = false;
	struct stat st;

	if (fstat(fd, &st))
		return err_errno(err, EXIT_HOST, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "%s is not a regular file", path);
	printf("%s: %s\n", path, size_text((u64)st.st_size, size));
	for (size_t row = 0; flash_part_row(row); row++) {
		const struct flash_part *part = flash_part_row(row);

		if ((u64)st.st_size > part->chip_bytes)
			continue;
		fits = true;
		if (print_blocks(fd, part, path, err))
			return -1;
	}
	if (!fits)
		printf("larger than any chip (kvalab flash parts)\n");
	return 0;
}

static int print_info(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), failed;
	struct err err;

	if (fd < 0) {
		err_errno(&err, EXIT_USAGE, "%s", path);
		return cli_fail(&err);
	}
	failed = print_file(fd, path, &err);
	close(fd);
	return failed ? cli_fail(&err) : EXIT_OK;
}

int cmd_flash(struct options *options)
{
	static const char *const names[] = { "parts", "info" };
	struct err err;
	u32 chosen;

	if (parse_choice("flash", options->word[0], names, 2, &chosen, &err))
		return cli_fail(&err);
	if (options->nwords == chosen + 1)
		return chosen ? print_info(options->word[1]) : print_parts();
	err_set(&err, EXIT_USAGE, chosen ? "flash info: which FILE?" : "flash parts: no argument");
	return cli_fail(&err);
}
