#!/bin/sh
# SPDX-License-Identifier: MIT
# guest/ without arch/ holds nothing of one processor: it compiles for another one.
set -u
cd "$(dirname "$0")/../.." || exit 1
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}

if ! command -v "$cc" >/dev/null; then
	echo "SKIP: $cc is not installed"
	exit 0
fi
log=$(mktemp)
object=$(mktemp)
trap 'rm -f "$log" "$object"' EXIT
# The flags of the guest, less those that name x86.
flags=$(printf '%s\n' "${GUEST_CFLAGS:?run by make}" |
	sed -e 's/-Iarch[^ ]*//' -e 's/-mno-red-zone//' -e 's/-fcf-protection=none//' -e 's/-MMD -MP//')
n=0 bad=0
for file in $(find guest -name '*.c' | sort) devices/abi/layout.c; do
	n=$((n + 1))
	# shellcheck disable=SC2086 # a list of flags
	$cc $flags -c -o "$object" "$file" >"$log" 2>&1 && continue
	bad=$((bad + 1))
	echo "FAIL: $file does not compile for arm64"
	head -n 5 "$log"
done
[ $bad = 0 ] && echo "PASS: $n files of guest/ compile for arm64"
exit 0
