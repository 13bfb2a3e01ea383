/* SPDX-License-Identifier: MIT */
/*
 * What scenarios, arms and parameters there are: tables inside the guest image (symbol "scenarios",
 * ends with a NULL name). The host reads them out of the image for "kvalab list" and to refuse an
 * unknown name before anything starts; there the pointers are guest-virtual addresses.
 */
#ifndef KVL_ABI_CATALOG_H
#define KVL_ABI_CATALOG_H

#include "types.h"

struct arm {
	const char *name;
	const char *about; /* one line */
	const void *ops;   /* the scenario's own ops struct */
};

struct scenario_param {
	const char *key;
	const char *values; /* "off|erase|program", or "number", "bytes" */
	const char *fallback;
	const char *about;
};

struct scenario {
	const char *name;
	const char *about;
	const struct arm *arms;		     /* ends with a NULL name; NULL: no arms */
	const struct scenario_param *params; /* ends with a NULL key; NULL: none */
	u64 needs_flash;		     /* 1: cannot run without --flash */
	void (*run)(const struct arm *arm);
};

#endif
