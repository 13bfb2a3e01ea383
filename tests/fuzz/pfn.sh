#!/bin/sh
# SPDX-License-Identifier: MIT
# Drawn operations on mappings of raw frames, by each rule that copies, against a model of whose each page is:
# PFN_OPS in all (60,000, which take half a minute). The nightly run is scripts/pfn_fuzz.sh (docs/testing.md).
. "$(dirname "$0")/../cli/common"

if ! has_engine qemu || ! command -v jq >/dev/null; then
	skip "rules about raw frames: no QEMU, or no jq"
	exit 0
fi
scripts/pfn_fuzz.sh "${PFN_OPS:-60000}" >"$work/table" 2>"$work/log"
status=$?
sed 's/^/# /' "$work/table"
if [ $status = 0 ]; then
	pass "the linear rule misjudges frames that are drawn; no other one does, nor itself otherwise"
else
	cat "$work/table" >>"$work/log"
	fail "a rule about raw frames is not as it must be"
fi
