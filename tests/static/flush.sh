#!/bin/sh
# SPDX-License-Identifier: MIT
# Every instruction of the guest that drops translations or changes how they are made stands in a
# function that reports it, and each of those functions holds its instruction. (The entry code runs
# before there is a trace; it has a section of its own and is left out.)
set -u
cd "$(dirname "$0")/../.." || exit 1
image=${OUT:-build}/guest.elf

if [ ! -f "$image" ]; then
	echo "FAIL: $image has not been built"
	exit 1
fi
found=$(objdump -d -j .text --no-show-raw-insn "$image" | awk '
	/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name) }
	$2 ~ /^(invlpg|invpcid|invept|wrmsr|wbinvd)/ { print name, $2 }
	/,%cr[034]$/ { sub(/.*,%/, ""); print name, "mov-to-" $0 }')
want='arch_cpu_init wrmsr
tlb_cpu_page invlpg
tlb_cpu_space mov-to-cr3
tlb_cpu_load_root mov-to-cr3'

if [ "$(printf '%s\n' "$found" | sort)" = "$(printf '%s\n' "$want" | sort)" ]; then
	echo "PASS: flush instructions stand in tlb_cpu_*() alone (FS base apart), and each is there"
else
	echo "FAIL: flush instructions of the guest image are not where they should be:"
	printf '%s\n' "$found" | sed 's/^/      /'
	exit 1
fi
