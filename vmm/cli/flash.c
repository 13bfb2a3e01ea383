/* SPDX-License-Identifier: MIT */
/* kvalab flash: the table of parts, and what the file behind a chip holds. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/flash/flash.h"
#include "vmm/cli/cli.h"
#include "vmm/cli/parse.h"
#include "vmm/cli/size_text.h"
#include "vmm/sidecar.h"

static const char *blocks_text(const struct flash_part *part, char *text, size_t bytes)
{
	char block[SIZE_TEXT_BYTES];
	size_t used = 0;

	for (u32 i = 0; i < part->nregions && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%u x %s", i ? ", " : "",
					 part->region[i].blocks,
					 size_text(part->region[i].block_bytes, block));
	return text;
}

static const char *widths_text(const struct flash_part *part)
{
	return part->widths == 3 ? "x8/x16" : part->widths == 2 ? "x16" : "x8";
}

/* The longest block's; us or ms, whichever people say. */
static u32 erase_ms(const struct flash_part *part)
{
	u32 us = 0;

	for (u32 i = 0; i < part->nregions; i++)
		us = part->region[i].erase.typ_us > us ? part->region[i].erase.typ_us : us;
	return us / 1000;
}

static int print_parts(void)
{
	printf("%-12s %8s %5s %7s  %-46s %5s %7s %8s %13s %8s\n", "chip", "size", "set", "bus",
	       "erase blocks", "parts", "read", "program", "buffer", "erase");
	for (size_t row = 0; flash_part_row(row); row++) {
		const struct flash_part *part = flash_part_row(row);
		char size[SIZE_TEXT_BYTES], blocks[80], buffer[32] = "-";

		if (part->cfi.buffer_log2)
			snprintf(buffer, sizeof(buffer), "%u B %u us", 1u << part->cfi.buffer_log2,
				 part->buffer.typ_us);
		printf("%-12s %8s  %04x %7s  %-46s %5u %4u ns %5u us %13s %5u ms\n", part->name,
		       size_text(part->chip_bytes, size), part->command_set, widths_text(part),
		       blocks_text(part, blocks, sizeof(blocks)), flash_hw_partition_count(part),
		       part->read_ns, part->program.typ_us, buffer, erase_ms(part));
	}
	printf("\nset: CFI command set; parts: hardware partitions that can be read while another is "
	       "written;\ntimes are the typical ones (--flash …,times=slowest|seeded)\n");
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

static int print_blocks(int fd, const struct flash_config *bank, const char *path, struct err *err)
{
	u32 blocks = 0, erased = 0;

	for (u64 at = 0; at < flash_bank_bytes(bank);) {
		struct flash_block block = flash_bank_block_at(bank, at);
		bool is_erased;

		if (block_erased(fd, &block, &is_erased))
			return err_errno(err, EXIT_HOST, "%s", path);
		blocks++;
		erased += is_erased;
		at = block.start + block.bytes;
	}
	printf("as a %s: %u erase blocks, %u of them erased\n", bank->part->name, blocks, erased);
	return 0;
}

/* What one chip keeps beside its array. */
static void print_nv(const struct flash_part *part, const struct flash_nv *nv, u32 number)
{
	u64 cycles = 0;
	u32 most = 0, locked = 0, interrupted = 0, unstable = 0, otp = 0;

	for (u32 i = 0; i < flash_block_count(part); i++) {
		const struct flash_nv_block *block = &nv->block[i];

		cycles += block->cycles;
		most = block->cycles > most ? block->cycles : most;
		locked += block->locked != 0;
		interrupted += block->erasing != 0;
		unstable += flash_nv_unstable(block);
	}
	for (u32 i = 0; i < FLASH_OTP_WORDS; i++)
		otp += nv->otp[i] != 0xFFFF;
	printf("chip %u: %llu erases, at most %u of one block; %u blocks locked; %u erases were "
	       "interrupted, %u blocks unstable; %u words of one-time registers programmed\n",
	       number, (unsigned long long)cycles, most, locked, interrupted, unstable, otp);
}

static int print_bank(int fd, const struct flash_config *bank, const struct sidecar *sidecar,
		      const char *path, struct err *err)
{
	printf("its sidecar %s.nv: %u x %s on a bus of %u bits\n", path, bank->chips,
	       bank->part->name, 8 * bank->bus_bytes);
	for (u32 i = 0; i < bank->chips; i++)
		print_nv(bank->part, sidecar->nv[i], i);
	return print_blocks(fd, bank, path, err);
}

#define JFFS2_MAGIC 0x1985

/* What lies at its start: that of a new chip, a file system that was made for one, or neither. */
static int looks_like_flash(int fd, const char *path, bool *yes, struct err *err)
{
	const u8 erased[4] = { 0xff, 0xff, 0xff, 0xff };
	u8 start[4] = { 0xff, 0xff, 0xff, 0xff };
	u32 either_end;

	if (pread(fd, start, sizeof(start), 0) < 0)
		return err_errno(err, EXIT_HOST, "%s", path);
	either_end = (u32)start[0] << 8 | start[1];
	*yes = !memcmp(start, erased, sizeof(erased)) || either_end == JFFS2_MAGIC ||
	       ((either_end & 0xff) << 8 | either_end >> 8) == JFFS2_MAGIC;
	return 0;
}

/* Without a sidecar it may be any chip that is large enough. */
static int print_candidates(int fd, u64 bytes, const char *path, struct err *err)
{
	bool fits = false, flash = false;

	if (looks_like_flash(fd, path, &flash, err))
		return -1;
	if (!flash) {
		printf("begins neither with a JFFS2 node nor with erased flash, and no chip has kept "
		       "anything in %s.nv: probably no chip's file\n",
		       path);
		return 0;
	}

	for (size_t row = 0; flash_part_row(row); row++) {
		struct flash_config bank = { .part = flash_part_row(row) };

		if (bytes > flash_bank_bytes(&bank))
			continue;
		fits = true;
		if (print_blocks(fd, &bank, path, err))
			return -1;
	}
	if (!fits)
		printf("larger than any chip (kvalab flash parts)\n");
	return 0;
}

static int print_file(int fd, const char *path, struct err *err)
{
	char size[SIZE_TEXT_BYTES];
	struct flash_config bank;
	struct sidecar sidecar;
	struct stat st;
	int failed;

	if (fstat(fd, &st))
		return err_errno(err, EXIT_HOST, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "%s is not a regular file", path);
	printf("%s: %s\n", path, size_text((u64)st.st_size, size));
	switch (sidecar_peek(&sidecar, path, &bank)) {
	case SIDECAR_FOUND: break;
	case SIDECAR_UNREADABLE:
		printf("its sidecar %s.nv cannot be read: it is damaged, or of no chip that is "
		       "known; a run would refuse it\n",
		       path);
		/* fall through */
	case SIDECAR_NONE: return print_candidates(fd, (u64)st.st_size, path, err);
	}
	failed = print_bank(fd, &bank, &sidecar, path, err);
	sidecar_drop(&sidecar);
	return failed;
}

static int print_info(const char *path)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), failed;
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
