#!/bin/sh
# SPDX-License-Identifier: MIT
# Random sequences of bus cycles, times and power cuts for every flash part: those of the corpus, then
# new ones.
fuzzed=flash
. "$(dirname "$0")/common"
fuzz_both -dict=tests/fuzz/flash.dict -max_len=300
