#!/bin/sh
# SPDX-License-Identifier: MIT
# The other compiler builds everything without a warning: host, guest, unit tests.
set -u
cd "$(dirname "$0")/../.." || exit 1

if ! command -v clang >/dev/null; then
	echo "SKIP: clang is not installed"
	exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if make --no-print-directory CC=clang OUT="${OUT:-build}/clang" all unit-tests-compile >"$log" 2>&1; then
	echo "PASS: clang builds it without a warning"
else
	grep -E 'warning|error|Error' "$log" | head -n 20
	echo "FAIL: clang does not build it"
fi
exit 0
