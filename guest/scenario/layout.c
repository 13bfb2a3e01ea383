/* SPDX-License-Identifier: MIT */
/* Owns the scenario layout. */
#include "guest/scenario/layout.h"

const struct arm layout_arms[] = {
#define ARM(name, ops, about) { name, about, &ops },
#define VARIES(count, when, why)
#include "guest/scenario/layout.arms"
#undef ARM
#undef VARIES
	{ NULL, NULL, NULL },
};

const struct scenario_param layout_params[] = {
	{ NULL, NULL, NULL, NULL },
};

void layout_run(const struct arm *arm)
{
	(void)arm;
	metric("lowmem_bytes", kvl_lowmem_bytes(&layout));
}
