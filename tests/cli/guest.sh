#!/bin/sh
# SPDX-License-Identifier: MIT
# Guests that do what must not happen: the VMM stays up, says what happened, ends with the
# documented status, and the trace up to there can be read.
. "$(dirname "$0")/common"
need_kvm

# bad NAME STATUS PATTERN OPTIONS...
bad()
{
	name=$1 status=$2 says=$3
	shift 3
	expect "a guest that ${name%%:*}" "$status" "^exit +$status: .*$says" \
		"$kvalab" run hello --set "fail=${name#*:}" --trace "$work/${name#*:}" "$@"
	readable "a guest that ${name%%:*}" "$work/${name#*:}"
}

bad "hangs:hang" 124 "time limit of 10 s: vCPU 0 at .*hang" --timeout 10 # is there within one
bad "faults:fault" 4 "wild pointer"
bad "touches a hole:hole" 4 "hole" --hole 256M:16M
bad "triple-faults:triple" 4 "triple fault"
bad "writes garbage into its ring:ring" 5 "CPU 0"
bad "sends wild addresses:wild" 4 "vCPU 0"
bad "waits where it must not:wait" 4 "wait in atomic context"
bad "takes a lock twice:deadlock" 4 "deadlock"
bad "frees an object twice:kfree" 4 "double free: .* of 32 bytes"
bad "touches an area without faults:area" 4 "wild pointer: write to .*nothing is mapped there"
bad "maps a page twice:map" 4 "mapped already"
bad "frees pages of the heap twice:kfree-run" 4 "double free: .*its page"

expect "a crash shows registers, code and symbol" 4 "rip" \
	"$kvalab" run hello --set fail=triple
if grep -q 'cr2' "$work/log" && grep -qE '\+0x[0-9a-f]+' "$work/log"; then
	pass "a crash shows cr2 and the symbol"
else
	fail "a crash does not show cr2 and the symbol"
fi
