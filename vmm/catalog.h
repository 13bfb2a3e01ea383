/* SPDX-License-Identifier: MIT */
/*
 * The scenarios, arms and parameters that the guest image inside this program knows, as host data:
 * a checked copy of the image's own tables (devices/abi/catalog.h).
 */
#ifndef KVL_CATALOG_H
#define KVL_CATALOG_H

#include "devices/abi/layout.h"
#include "vmm/err.h"

struct catalog_arm {
	const char *name, *about;
	enum kvl_layout_kind layout; /* of an arm that is one */
	bool arena_highmem;	     /* of an arm that places the arena */
};

struct catalog_param {
	const char *key, *values, *fallback, *about;
};

struct catalog_varies {
	const char *count, *when, *why;
};

struct catalog_scenario {
	const char *name, *about;
	bool needs_flash, needs_segment;
	bool arms_are_layouts, arms_place_arena;
	u32 narms; /* 0: the scenario has no arms */
	const struct catalog_arm *arms;
	u32 nparams;
	const struct catalog_param *params;
	u32 nvaries;
	const struct catalog_varies *varies; /* vmm/varies.h */
};

struct catalog {
	u32 nscenarios;
	const struct catalog_scenario *scenarios;
};

struct image;

/*
 * Reads the catalog out of the embedded image. NULL and EXIT_VMM if the image is damaged or its
 * tables do not make sense. The caller frees it; all strings belong to it.
 */
const struct catalog *catalog_load(struct err *err);

/* The same out of @image. */
const struct catalog *catalog_read(const struct image *image, struct err *err);

/* NULL: there is no such scenario or arm. */
const struct catalog_scenario *catalog_find(const struct catalog *catalog, const char *scenario);
const struct catalog_arm *catalog_find_arm(const struct catalog_scenario *scenario,
					   const char *arm);

/* The scenario whose arms are the layouts that there are. NULL: there is none, which is damage. */
const struct catalog_scenario *catalog_layouts(const struct catalog *catalog);

/* Is @value one of "off|erase|program"? */
bool catalog_among(const char *values, const char *value);

void catalog_free(const struct catalog *catalog); /* NULL is allowed */

#endif
