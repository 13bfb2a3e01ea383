/* SPDX-License-Identifier: MIT */
/*
 * Declared differences: counts of a scenario that may differ between the project's chip and QEMU's
 * own flash, and under which options (devices/abi/catalog.h).
 */
#ifndef KVL_VARIES_H
#define KVL_VARIES_H

#include "vmm/catalog.h"
#include "vmm/run.h"

/* Can the condition be read, and does it name what the scenario has? */
bool varies_valid(const struct catalog_scenario *scenario, const struct catalog_varies *varies);

/*
 * Why @count may differ in runs of @scenario with @arm (NULL: it has none) and the parameters of
 * @config; NULL: it may not.
 */
const char *varies_why(const struct catalog_scenario *scenario, const char *arm,
		       const struct run_config *config, const char *count);

#endif
