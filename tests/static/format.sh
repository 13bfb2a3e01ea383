#!/bin/sh
# SPDX-License-Identifier: MIT
# Every C file is as clang-format makes it ("make format"), and its comments, which that leaves alone, fit 100 columns.
set -u
cd "$(dirname "$0")/../.." || exit 1
format=${CLANG_FORMAT:-clang-format}

if ! command -v "$format" >/dev/null; then
	echo "SKIP: $format is not installed"
	exit 0
fi
bad=0
for file in ${FORMATTED:?run by make}; do
	"$format" "$file" | cmp -s - "$file" && continue
	bad=$((bad + 1))
	echo "FAIL: $file is not formatted (make format)"
done
[ $bad = 0 ] && echo "PASS: all C files are formatted"
long=$(for file in $FORMATTED; do
	expand "$file" | LC_ALL=C.UTF-8 grep -nE '^.{101,}' | grep -E '^[0-9]+: *(/\*|\*)' | sed "s,^,$file:,"
done)
if [ -z "$long" ]; then
	echo "PASS: comments fit 100 columns"
else
	echo "FAIL: comments are longer than 100 columns"
	echo "$long"
fi
exit 0
