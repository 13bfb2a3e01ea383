/* SPDX-License-Identifier: MIT */
/*
 * Owns the syntax of --disk: SIZE, or file=PATH[,readonly]. What the file may be: vmm/diskfile.c.
 */
#include <string.h>

#include "devices/abi/virtio.h"
#include "vmm/cli/options.h"
#include "vmm/cli/parse.h"

#define MOST_BYTES GiB(1024)

static int set_size(struct run_disk *disk, const char *value, struct err *err)
{
	if (parse_size("--disk", value, &disk->bytes, err))
		return -1;
	if (!disk->bytes || disk->bytes % VIRTIO_BLK_SECTOR || disk->bytes > MOST_BYTES)
		return err_set(err, EXIT_USAGE,
			       "--disk: \"%s\" is no multiple of %u bytes, 1024G at most", value,
			       VIRTIO_BLK_SECTOR);
	return 0;
}

static int set_file(struct run_disk *disk, char *path, struct err *err)
{
	char *flag = strchr(path, ',');

	if (flag)
		*flag++ = '\0';
	if (!*path)
		return err_set(err, EXIT_USAGE, "--disk: file= is empty");
	if (flag && strcmp(flag, "readonly") != 0)
		return err_set(err, EXIT_USAGE,
			       "--disk: \"%s\" behind the file is not \"readonly\" (a path has no "
			       "comma)",
			       flag);
	disk->file = path;
	disk->readonly = flag;
	return 0;
}

int parse_disk(struct options *options, const char *value, struct err *err)
{
	static const char file[] = "file=";
	struct run_disk *disk = &options->run.disk;
	char *copy;

	disk->given = true;
	if (strncmp(value, file, strlen(file)) != 0)
		return set_size(disk, value, err);
	copy = options_keep(options, value, err);
	return copy ? set_file(disk, copy + strlen(file), err) : -1;
}
