/* SPDX-License-Identifier: MIT */
/* Names on the command line that the guest's catalog decides about. */
#ifndef KVL_CLI_NAMES_H
#define KVL_CLI_NAMES_H

#include "vmm/catalog.h"
#include "vmm/run.h"

/* NULL and EXIT_USAGE: there is none of this name. */
const struct catalog_scenario *names_find_scenario(const struct catalog *catalog, const char *name,
						   struct err *err);

/*
 * --layout, or the arm where the scenario's arms are layouts: sets @config's kind of layout, and
 * its name, which lasts as long as @catalog. EXIT_USAGE names the nearest that there is.
 */
int names_layout(const struct catalog *catalog, struct run_config *config, struct err *err);

/* For a command without a scenario, of whose parameters only carve=… counts: sets what @config's
 * layout has of it. EXIT_USAGE: there is another, or another value. */
int names_carve(struct run_config *config, struct err *err);

/*
 * The layout as names_layout() finds it, scenario, arm, parameters, and whether there is a chip if
 * it needs one. EXIT_USAGE names the nearest that there is. @arm_option: which one named the arm.
 */
int names_check(const struct catalog *catalog, struct run_config *config, const char *arm_option,
		struct err *err);

#endif
