#!/bin/sh
# SPDX-License-Identifier: MIT
# Random drivers of a virtio disk, with whatever they write into memory: those of the corpus, then new
# ones.
fuzzed=virtio
. "$(dirname "$0")/common"
fuzz_both -max_len=200
