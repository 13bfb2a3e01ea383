#!/bin/sh
# SPDX-License-Identifier: MIT
# guest/ without arch/ holds nothing of one processor: it compiles for another one, and what it then
# lacks is what guest/arch.h declares, no more and no less.
set -u
cd "$(dirname "$0")/../.." || exit 1
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}

if ! command -v "$cc" >/dev/null; then
	echo "SKIP: $cc is not installed"
	exit 0
fi
: "${GUEST_CFLAGS:?run by make}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The flags of the guest, less those that name x86.
flags=$(printf '%s\n' "$GUEST_CFLAGS" |
	sed -e 's/-Iarch[^ ]*//' -e 's/-mno-red-zone//' -e 's/-fcf-protection=none//' -e 's/-MMD -MP//')
n=0 bad=0
for file in $(find guest -name '*.c' | sort) devices/abi/layout.c; do
	n=$((n + 1))
	# shellcheck disable=SC2086 # a list of flags
	$cc $flags -c -o "$work/$n.o" "$file" >"$work/log" 2>&1 && continue
	bad=$((bad + 1))
	echo "FAIL: $file does not compile for arm64"
	head -n 5 "$work/log"
done
[ $bad = 0 ] || exit 0
echo "PASS: $n files of guest/ compile for arm64"

nm=$("$cc" -print-prog-name=nm)
"$nm" -g --defined-only "$work"/*.o | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
# Not arch's: libfdt's, the compiler's.
"$nm" -u "$work"/*.o | awk '$1 == "U" { print $2 }' | grep -v '^fdt_\|^__aarch64_\|^_GLOBAL_' |
	sort -u | comm -23 - "$work/defined" >"$work/lacks"
# shellcheck disable=SC2086 # a list of flags
$cc $flags -E -P guest/arch.h | grep -oE '\b[a-z_]+(\(|\[)' | tr -d '([' | sort -u >"$work/declares"

# same LIST TEXT: the list is empty
same()
{
	if [ -s "$1" ]; then
		echo "FAIL: $2: $(tr '\n' ' ' <"$1")"
	else
		echo "PASS: $2: nothing"
	fi
}
comm -23 "$work/lacks" "$work/declares" >"$work/more"
same "$work/more" "what guest/ needs from arch/ and guest/arch.h does not declare"
grep '^arch_\|^tlb_cpu_\|_start$' "$work/declares" | comm -13 "$work/lacks" - >"$work/less"
same "$work/less" "what guest/arch.h declares and guest/ does not need"
