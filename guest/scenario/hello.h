/* SPDX-License-Identifier: MIT */
#ifndef GUEST_HELLO_H
#define GUEST_HELLO_H

#include "guest/scenario/scenario.h"

extern const struct scenario_param hello_params[];
void hello_run(const struct arm *arm);

/* --set fail=…: what must not happen, on purpose (hello_fail.c). False: no such failure. */
bool hello_fail(const char *how);

#endif
