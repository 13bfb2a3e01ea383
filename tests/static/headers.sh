#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles alone: it includes what it needs.
set -u
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-gcc}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# try HEADER FLAGS...
try()
{
	header=$1
	shift
	printf '#include "%s"\n' "$header" |
		$cc -std=gnu11 -Wall -Wextra -Werror -I. "$@" -x c -fsyntax-only - >"$log" 2>&1 && return
	bad=$((bad + 1))
	echo "FAIL: $header does not compile alone"
	head -n 5 "$log"
}

n=0 bad=0
for header in $(find vmm devices tests arch/*/vmm -name '*.h' | sort); do
	n=$((n + 1))
	try "$header" -Iarch/x86_64/vmm
done
for header in $(find guest arch/*/guest -name '*.h' ! -name arch_inline.h | sort); do
	n=$((n + 1))
	try "$header" -ffreestanding -mgeneral-regs-only -Iarch/x86_64/guest
done
[ $bad = 0 ] && echo "PASS: $n headers compile alone"
exit 0
