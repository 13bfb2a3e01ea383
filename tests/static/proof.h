/* SPDX-License-Identifier: MIT */
/* The proof that the flushes of an image are where they are registered, and are reported. */
#ifndef TEST_PROOF_H
#define TEST_PROOF_H

#include "tests/static/code.h"

/* Says on found->out what holds and what does not. */
void proof_run(const struct code *code, struct findings *found);

#endif
