/* SPDX-License-Identifier: MIT */
/* Owns how a file that an option names comes to be. What is in it: json.c, trace_export.c. */
#include "vmm/cli/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(struct replacement *replacement, int fd, const char *verb, struct err *err)
{
	replacement->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (replacement->file)
		return 0;
	err_errno(err, EXIT_HOST, "%s: %s cannot be %s", replacement->what, replacement->path,
		  verb);
	if (fd >= 0) {
		close(fd);
		unlink(replacement->name);
	}
	return -1;
}

int replace_begin(struct replacement *replacement, const char *what, const char *path,
		  struct err *err)
{
	struct stat st;

	replacement->what = what;
	replacement->path = path;
	replacement->name[0] = '\0';
	replacement->file = stdout;
	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* must not be replaced */
		return open_file(replacement, open(path, O_WRONLY | O_CLOEXEC), "opened", err);
	if (snprintf(replacement->name, sizeof(replacement->name), "%s.%ld.tmp", path,
		     (long)getpid()) >= (int)sizeof(replacement->name))
		return err_set(err, EXIT_USAGE, "%s: the file's name is too long", what);
	/* whatever has this name is not ours to remove */
	return open_file(replacement,
			 open(replacement->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666),
			 "created", err);
}

static int not_written(const struct replacement *replacement, struct err *err)
{
	if (replacement->file == stdout)
		return err_errno(err, EXIT_HOST, "%s: writing to stdout", replacement->what);
	return err_errno(err, EXIT_HOST, "%s: %s cannot be written", replacement->what,
			 replacement->path);
}

int replace_end(struct replacement *replacement, struct err *err)
{
	const char *name = replacement->name;
	int result = 0;

	errno = EIO; /* for a failure before this one, whose reason stdio has not kept */
	if (fflush(replacement->file) || ferror(replacement->file))
		result = not_written(replacement, err);
	if (replacement->file != stdout && fclose(replacement->file) && !result)
		result = not_written(replacement, err);
	if (!result && name[0] && rename(name, replacement->path))
		result = err_errno(err, EXIT_HOST, "%s: %s cannot be renamed to %s",
				   replacement->what, name, replacement->path);
	if (result && name[0])
		unlink(name);
	return result;
}

void replace_drop(struct replacement *replacement)
{
	if (replacement->file != stdout)
		fclose(replacement->file);
	if (replacement->name[0])
		unlink(replacement->name);
}
