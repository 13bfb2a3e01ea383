/* SPDX-License-Identifier: MIT */
#ifndef TEST_SUITE_H
#define TEST_SUITE_H

#include <check.h>

/* Runs the suite and frees it; for main() to return. */
int run_suite(Suite *suite);

#endif
