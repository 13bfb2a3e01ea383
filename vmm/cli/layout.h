/* SPDX-License-Identifier: MIT */
/* What kvalab layout shows, as text and as JSON: one layout, and the figures of all. */
#ifndef KVL_CLI_LAYOUT_H
#define KVL_CLI_LAYOUT_H

#include <jansson.h>

#include "vmm/layout_map.h"
#include "vmm/run.h"

struct layout_view {
	const struct run_config *run; /* its layout's kind is the one that is shown */
	struct kvl_layout plan[KVL_LAYOUT_KINDS];
	const char *name[KVL_LAYOUT_KINDS]; /* as --layout takes them */
	struct layout_figures figures[KVL_LAYOUT_KINDS];
	struct layout_map map; /* of the one that is shown */
};

/* NULL: no memory. */
json_t *layout_json(const struct layout_view *view);

#endif
