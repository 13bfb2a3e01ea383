/* SPDX-License-Identifier: MIT */
/* Where the programs are that this one starts. */
#ifndef KVL_FIND_H
#define KVL_FIND_H

#include <stddef.h>

#include "devices/abi/types.h"
#include "vmm/err.h"

/* The first executable @name in PATH. False: there is none, or its path does not fit. */
bool find_in_path(const char *name, char *path, size_t bytes);

/* This program. EXIT_HOST: the system does not say. */
int find_self(char *path, size_t bytes, struct err *err);
/* The directory of this program; "." if the system does not say. */
const char *find_own_folder(char *path, size_t bytes);

/*
 * kvmbox, its real path: in ../scripts from @folder (the program in its build folder), in @folder
 * (installed beside it; *@installed, if not NULL), or in PATH. EXIT_HOST: nowhere.
 */
int find_kvmbox(const char *folder, char *path, size_t bytes, bool *installed, struct err *err);

#endif
