/* SPDX-License-Identifier: MIT */
/*
 * Owns what compare leaves on the disk: nothing. A child process, the janitor, waits for the end of
 * its parent, however that comes, and removes the temporary directory.
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#define _GNU_SOURCE	  /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/cli/compare.h"
#include "vmm/sidecar.h"

#define COPY_BYTES 65536

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	remove(path);
	return 0;
}

static void remove_tree(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Ends when all others that hold the pipe's other end have. */
static _Noreturn void janitor(const char *dir, int wait_on)
{
	char byte;
	ssize_t n;

	setpgid(0, 0); /* what ends the group of compare must not end this */
	do
		n = read(wait_on, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	remove_tree(dir);
	_exit(0);
}

static int start_janitor(struct place *place, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_errno(err, EXIT_HOST, "compare: a pipe cannot be made");
	place->janitor = fork();
	if (place->janitor == 0) {
		close(ends[1]);
		janitor(place->dir, ends[0]);
	}
	close(ends[0]);
	place->hold = ends[1];
	if (place->janitor > 0)
		return 0;
	err_errno(err, EXIT_HOST, "compare: a process cannot be started");
	close(place->hold);
	return -1;
}

static void close_files(const struct place *place)
{
	if (place->chip >= 0)
		close(place->chip);
	if (place->sidecar >= 0)
		close(place->sidecar);
	if (place->disk >= 0)
		close(place->disk);
}

static int open_sidecar(struct place *place, const char *file, struct err *err)
{
	char *name = sidecar_path(file);
	int failed = 0;

	if (!name)
		return err_set(err, EXIT_HOST, "no memory for the name of a sidecar");
	place->sidecar = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (place->sidecar < 0 && errno != ENOENT)
		failed = err_errno(err, EXIT_USAGE, "sidecar %s cannot be opened", name);
	free(name);
	return failed;
}

/* Shared with other readers; a run, which would write to it, is kept away until the end. */
static int open_shared(int *fd, const char *kind, const char *use, const char *file,
		       struct err *err)
{
	struct stat st;

	*fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return err_errno(err, EXIT_USAGE, "%s file %s cannot be opened", kind, file);
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "%s file %s is not a regular file", kind, file);
	if (flock(*fd, LOCK_SH | LOCK_NB))
		return err_set(err, EXIT_USAGE, "%s file %s is the %s of another run: wait for it",
			       kind, file, use);
	return 0;
}

static int open_files(struct place *place, const struct run_config *run, struct err *err)
{
	const char *chip = run->flash.file, *disk = run->disk.file;

	if (chip && (open_shared(&place->chip, "flash", "chip", chip, err) ||
		     open_sidecar(place, chip, err)))
		return -1;
	return disk ? open_shared(&place->disk, "disk", "disk", disk, err) : 0;
}

int place_open(struct place *place, const struct run_config *run, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	*place = (struct place){ .chip = -1, .sidecar = -1, .disk = -1 };
	tmp = tmp && *tmp == '/' ? tmp : "/tmp";
	if (strchr(tmp, ',') || strlen(tmp) + 32 > sizeof(place->dir))
		return err_set(err, EXIT_USAGE,
			       "TMPDIR=%s: compare needs one that is shorter and has no comma",
			       tmp);
	if (open_files(place, run, err))
		goto out_files;
	snprintf(place->dir, sizeof(place->dir), "%s/kvalab-compare-XXXXXX", tmp);
	if (!mkdtemp(place->dir)) {
		err_errno(err, EXIT_HOST, "a directory cannot be made in %s", tmp);
		goto out_files;
	}
	if (start_janitor(place, err))
		goto out_dir;
	return 0;

out_dir:
	rmdir(place->dir);
out_files:
	close_files(place);
	return -1;
}

static int copy(int from, int to, off_t at)
{
	static char buffer[COPY_BYTES];
	ssize_t n;

	for (; (n = pread(from, buffer, sizeof(buffer), at)) > 0; at += n)
		for (ssize_t done = 0, m; done < n; done += m)
			if ((m = write(to, buffer + done, (size_t)(n - done))) <= 0)
				return -1;
	return n < 0 ? -1 : 0;
}

static int copy_file(int from, const char *path, struct err *err)
{
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int failed;

	if (to < 0)
		return err_errno(err, EXIT_HOST, "%s cannot be created", path);
	failed = copy(from, to, 0);
	if (failed)
		err_errno(err, EXIT_HOST, "chip or disk cannot be copied to %s", path);
	if (close(to) && !failed)
		return err_errno(err, EXIT_HOST, "chip or disk cannot be copied to %s", path);
	return failed;
}

int place_copy_chip(const struct place *place, const char *path, struct err *err)
{
	char *sidecar;
	int failed;

	if (copy_file(place->chip, path, err))
		return -1;
	if (place->sidecar < 0)
		return 0;
	sidecar = sidecar_path(path);
	if (!sidecar)
		return err_set(err, EXIT_HOST, "no memory for the name of a sidecar");
	failed = copy_file(place->sidecar, sidecar, err);
	free(sidecar);
	return failed;
}

int place_copy_disk(const struct place *place, const char *path, struct err *err)
{
	return copy_file(place->disk, path, err);
}

void place_close(struct place *place)
{
	int status = 1;

	close(place->hold);
	/* A janitor that somebody has killed has not done its work. */
	if (waitpid(place->janitor, &status, 0) < 0 || status)
		remove_tree(place->dir);
	close_files(place);
}
