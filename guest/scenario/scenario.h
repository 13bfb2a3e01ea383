/* SPDX-License-Identifier: MIT */
/*
 * The scenario framework: a scenario is one file and one row in scenario.c; an arm is one file with
 * an ops struct and one row in its scenario's table, SCENARIO.arms. docs/adding-an-arm.md.
 */
#ifndef GUEST_SCENARIO_H
#define GUEST_SCENARIO_H

#include "devices/abi/catalog.h"
#include "guest/kernel.h"

extern const struct scenario scenarios[];

/* The layout that the options name: an arm of the scenario layout. */
const struct layout_ops *scenario_layout(void);

/* Runs what the options name, checks for leaks, reports the counters. */
void scenario_run(void);

/* --- results --- */
void metric(const char *name, s64 value);
/* A closed form, or any other exact statement: fails the run (exit 1) when got != want. */
void check_equal(const char *name, s64 got, s64 want);
/* Exactly: the counter has risen by @want since it was @before. */
void check_count(const char *name, enum counter which, u64 before, u64 want);
/* A bound stated beforehand (free schedule): low <= got <= high. */
void check_range(const char *name, s64 got, s64 low, s64 high);
void check_true(const char *name, bool got);

#endif
