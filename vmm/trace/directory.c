/* SPDX-License-Identifier: MIT */
/*
 * Makes a trace directory. Stream files come later, with their first packet (stream.c); what the
 * metadata says is metadata.c's.
 */
#include "vmm/trace/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/trace/metadata.h"

/* Some file systems say ENOENT where nothing can ever be made. */
static bool parent_exists(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	char parent[4096];

	if (!slash)
		return true;
	snprintf(parent, sizeof(parent), "%.*s/.", (int)(slash - dir), dir);
	return access(parent, F_OK) == 0;
}

/* A name that cannot be is the user's mistake; a place that must not be written to is the
 * host's. */
static int explain_mkdir(const char *dir, struct err *err)
{
	int error = errno;

	if (error == ENOENT && parent_exists(dir))
		error = EPERM;
	errno = error;
	switch (error) {
	case EEXIST:
		return err_set(err, EXIT_USAGE,
			       "trace directory %s exists already: name another one or remove it",
			       dir);
	case ENOENT:
		return err_set(err, EXIT_USAGE,
			       "trace directory %s: the directory it shall lie in does not exist",
			       dir);
	case ENOTDIR:
		return err_set(err, EXIT_USAGE,
			       "trace directory %s: what it shall lie in is not a directory", dir);
	case EACCES:
	case EPERM:
	case EROFS:
		return err_errno(err, EXIT_HOST,
				 "trace directory %s: must not write where it shall lie", dir);
	default: return err_errno(err, EXIT_HOST, "trace directory %s cannot be created", dir);
	}
}

static int write_file(const struct trace_config *config, int fd, const char *name, const char *text,
		      size_t bytes, struct err *err)
{
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (file < 0)
		return err_errno(err, EXIT_HOST, "cannot create %s/%s", config->dir, name);
	while (bytes) {
		ssize_t n = write(file, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_errno(err, EXIT_HOST, "cannot write %s/%s", config->dir, name);
			close(file);
			return -1;
		}
		text += n;
		bytes -= (size_t)n;
	}
	if (close(file))
		return err_errno(err, EXIT_HOST, "cannot write %s/%s", config->dir, name);
	return 0;
}

static int write_metadata(const struct trace_config *config, int fd, const u8 *uuid,
			  struct err *err)
{
	struct metadata metadata = {
		.scenario = config->scenario,
		.arm = config->arm,
		.host_class = config->host_class,
		.tier = config->tier,
		.tlb = config->tlb,
		.pcid = config->pcid,
		.seed = config->seed,
		.lossy = config->lossy,
		.ncpus = config->ncpus,
		.flash_gpa = config->flash_gpa,
		.flash_bytes = config->flash_bytes,
		.site = config->site,
		.nsites = config->nsites,
		.image_hash = config->image_hash,
		.layout = config->layout,
		.layout_name = config->layout_name,
		.board = config->board,
	};
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);
	int result;

	if (!out)
		return err_errno(err, EXIT_HOST, "trace directory %s", config->dir);
	memcpy(metadata.uuid, uuid, TRACE_UUID_BYTES);
	metadata_write(out, &metadata);
	result = fclose(out) ? err_errno(err, EXIT_HOST, "trace directory %s", config->dir)
			     : write_file(config, fd, "metadata", text, bytes, err);
	free(text);
	return result;
}

/* CTF readers take every file beside the metadata for a stream; what is none lies one level
 * below. */
static int write_extra(const struct trace_config *config, int fd, struct err *err)
{
	const char *symbols = config->symbols_text, *places = config->places_text;

	if (!symbols && !places)
		return 0;
	if (mkdirat(fd, TRACE_EXTRA_DIR, 0755))
		return err_errno(err, EXIT_HOST, "cannot create %s/%s", config->dir,
				 TRACE_EXTRA_DIR);
	if (symbols && write_file(config, fd, TRACE_SYMBOLS_FILE, symbols, strlen(symbols), err))
		return -1;
	return places ? write_file(config, fd, TRACE_PLACES_FILE, places, strlen(places), err) : 0;
}

int directory_create(const struct trace_config *config, const u8 *uuid, struct err *err)
{
	int fd;

	if (mkdir(config->dir, 0755))
		return explain_mkdir(config->dir, err);
	fd = open(config->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_errno(err, EXIT_HOST, "cannot open trace directory %s", config->dir);
		goto out_rmdir;
	}
	if (write_metadata(config, fd, uuid, err) || write_extra(config, fd, err))
		goto out_unlink;
	return fd;

out_unlink:
	unlinkat(fd, "metadata", 0);
	unlinkat(fd, TRACE_SYMBOLS_FILE, 0);
	unlinkat(fd, TRACE_PLACES_FILE, 0);
	unlinkat(fd, TRACE_EXTRA_DIR, AT_REMOVEDIR);
	close(fd);
out_rmdir:
	rmdir(config->dir);
	return -1;
}
