/* SPDX-License-Identifier: MIT */
/* Owns the search for other programs: QEMU and kvmbox. */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "vmm/find.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_program(char *path, size_t bytes, const char *folder, size_t folder_bytes,
		       const char *name)
{
	int n = snprintf(path, bytes, "%.*s/%s", (int)folder_bytes, folder, name);

	return folder_bytes && n < (int)bytes && access(path, X_OK) == 0;
}

bool find_in_path(const char *name, char *path, size_t bytes)
{
	const char *folder = getenv("PATH");

	for (size_t n; folder && *folder; folder += n + (folder[n] != '\0')) {
		n = strcspn(folder, ":");
		if (is_program(path, bytes, folder, n, name))
			return true;
	}
	return false;
}

int find_self(char *path, size_t bytes, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", path, bytes);

	if (n <= 0 || n == (ssize_t)bytes)
		return err_errno(err, EXIT_HOST, "/proc/self/exe cannot be read");
	path[n] = '\0';
	return 0;
}

const char *find_own_folder(char *path, size_t bytes)
{
	struct err err;

	if (find_self(path, bytes, &err))
		return ".";
	*strrchr(path, '/') = '\0';
	return path;
}

int find_kvmbox(const char *folder, char *path, size_t bytes, bool *installed, struct err *err)
{
	char found[PATH_MAX], real[PATH_MAX];
	bool built = is_program(found, sizeof(found), folder, strlen(folder), "../scripts/kvmbox");

	if (installed)
		*installed = !built;
	if (!built && !is_program(found, sizeof(found), folder, strlen(folder), "kvmbox") &&
	    !find_in_path("kvmbox", found, sizeof(found)))
		return err_set(
			err, EXIT_HOST,
			"there is no kvmbox: neither in ../scripts from %s, nor there, nor in "
			"PATH",
			folder);
	if (!realpath(found, real) || strlen(real) >= bytes)
		return err_set(err, EXIT_HOST, "the path of %s is too long", found);
	strcpy(path, real);
	return 0;
}
