/* SPDX-License-Identifier: MIT */
/* Owns how a file that an option names comes to be. What is in it: json.c, trace_export.c. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "vmm/cli/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A place where nothing can be made is the user's mistake, whatever else is wrong the host's. */
static enum exit_status whose_mistake(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? EXIT_USAGE : EXIT_HOST;
}

static int open_file(struct replacement *replacement, int fd, const char *verb, struct err *err)
{
	replacement->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (replacement->file)
		return 0;
	err_errno(err, whose_mistake(), "%s: %s cannot be %s", replacement->what, replacement->path,
		  verb);
	if (fd >= 0) {
		close(fd);
		if (!replacement->nameless)
			unlink(replacement->name);
	}
	return -1;
}

#define FD_NAME_BYTES 32

static const char *fd_name(int fd, char name[FD_NAME_BYTES])
{
	snprintf(name, FD_NAME_BYTES, "/proc/self/fd/%d", fd);
	return name;
}

/* A file in @path's folder that has no name yet: a process that is killed leaves none. -1: not
 * here. */
static int open_nameless(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct replacement *)0)->name)] = ".", name[FD_NAME_BYTES];
	int fd;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0 || access(fd_name(fd, name), F_OK) == 0)
		return fd;
	close(fd); /* without /proc it could not be given a name */
	return -1;
}

int replace_begin(struct replacement *replacement, const char *what, const char *path,
		  struct err *err)
{
	struct stat st;
	int fd;

	replacement->what = what;
	replacement->path = path;
	replacement->name[0] = '\0';
	replacement->nameless = false;
	replacement->file = stdout;
	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* must not be replaced */
		return open_file(replacement, open(path, O_WRONLY | O_CLOEXEC), "opened", err);
	if (snprintf(replacement->name, sizeof(replacement->name), "%s.%ld.tmp", path,
		     (long)getpid()) >= (int)sizeof(replacement->name))
		return err_set(err, EXIT_USAGE, "%s: the file's name is too long", what);
	fd = open_nameless(path);
	replacement->nameless = fd >= 0;
	if (fd < 0) /* whatever has this name is not ours to remove */
		fd = open(replacement->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return open_file(replacement, fd, "created", err);
}

static int not_written(const struct replacement *replacement, struct err *err)
{
	if (replacement->file == stdout)
		return err_errno(err, EXIT_HOST, "%s: writing to stdout", replacement->what);
	return err_errno(err, EXIT_HOST, "%s: %s cannot be written", replacement->what,
			 replacement->path);
}

/* The name that it is then renamed from: a link replaces nothing. */
static int give_name(struct replacement *replacement, struct err *err)
{
	char name[FD_NAME_BYTES];

	if (!replacement->nameless)
		return 0;
	if (linkat(AT_FDCWD, fd_name(fileno(replacement->file), name), AT_FDCWD, replacement->name,
		   AT_SYMLINK_FOLLOW))
		return err_errno(err, EXIT_HOST, "%s: %s cannot be created", replacement->what,
				 replacement->path);
	replacement->nameless = false;
	return 0;
}

int replace_end(struct replacement *replacement, struct err *err)
{
	const char *name = replacement->name;
	int result = 0;

	errno = EIO; /* for a failure before this one, whose reason stdio has not kept */
	if (fflush(replacement->file) || ferror(replacement->file))
		result = not_written(replacement, err);
	if (!result && name[0])
		result = give_name(replacement, err);
	if (replacement->file != stdout && fclose(replacement->file) && !result)
		result = not_written(replacement, err);
	if (!result && name[0] && rename(name, replacement->path))
		result = err_errno(err, EXIT_HOST, "%s: %s cannot be renamed to %s",
				   replacement->what, name, replacement->path);
	if (result && name[0] && !replacement->nameless)
		unlink(name);
	return result;
}

void replace_drop(struct replacement *replacement)
{
	if (replacement->file != stdout)
		fclose(replacement->file);
	if (replacement->name[0] && !replacement->nameless)
		unlink(replacement->name);
}
