#!/bin/sh
# SPDX-License-Identifier: MIT
# Random option sets, planned and held against a model of the map: those of the corpus, then new ones.
fuzzed=layout
inputs="option sets"
FUZZ_SECONDS=${FUZZ_SECONDS:-30}
. "$(dirname "$0")/common"
fuzz_both -max_len=72
