/* SPDX-License-Identifier: MIT */
/*
 * layout: what becomes of lowmem and vmalloc where RAM has holes (seed rows A1-A11). The arms are the
 * kinds of layout and their conversions (struct layout_ops): a file and a row each.
 */
#ifndef GUEST_SCENARIO_LAYOUT_H
#define GUEST_SCENARIO_LAYOUT_H

#include "guest/mm/layout.h"
#include "guest/mm/vm.h"
#include "guest/scenario/scenario.h"

extern const struct arm layout_arms[];
extern const struct scenario_param layout_params[];
void layout_run(const struct arm *arm);

#define ARM(name, ops, about) extern const struct layout_ops ops;
#define VARIES(count, when, why)
#include "guest/scenario/layout.arms"
#undef ARM
#undef VARIES

#endif
