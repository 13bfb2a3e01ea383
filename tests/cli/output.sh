#!/bin/sh
# SPDX-License-Identifier: MIT
# Readers of stdout that are slow, and devices that are full: the status stays that of the run, and
# no byte is lost to a reader that comes late.
. "$(dirname "$0")/common"
need_kvm

# late NAME COMMAND...: runs it with a full pipe for stdout, which is read only when the trace in
# $work/NAME is complete. What came through it: $work/out; the status: $work/status
late()
{
	name=$1
	shift
	{
		head -c 65536 /dev/zero # all that a pipe holds
		"$@" --trace "$work/$name" 2>"$work/log"
		echo $? >"$work/status"
	} | {
		i=0
		while [ ! -e "$work/$name/vmm" ] && [ $i -lt 600 ]; do
			sleep 0.1
			i=$((i + 1))
		done
		tr -d '\000' >"$work/out"
	}
}

# came NAME STATUS PATTERN...: it ended with this status, and all patterns came through the pipe
came()
{
	name=$1 want=$2
	shift 2
	if [ "$(cat "$work/status")" != "$want" ]; then
		fail "$name: status $(cat "$work/status"), not $want"
		return
	fi
	for pattern in "$@"; do
		if ! grep -qE "$pattern" "$work/out"; then
			fail "$name: \"$pattern\" is lost"
			return
		fi
	done
	pass "$name: status $want, and all of it arrives"
}

late slow "$kvalab" run hello --timeout 10
came "a reader that sleeps through the time limit" 124 "^hello from 2 CPUs: .*c0000000$" "^exit +124: time limit"
readable "a reader that sleeps through the time limit" "$work/slow"

if [ -c /dev/full ]; then
	full="'$kvalab' run hello"
	expect "a full device" 3 "writing to stdout: No space left" sh -c "$full >/dev/full"
	expect "a full device and a wrong trace" 5 "writing to stdout: No space left" \
		sh -c "$full --set fail=ring >/dev/full"
	expect "a full device and a crash" 4 "writing to stdout: No space left" \
		sh -c "$full --set fail=triple >/dev/full"
else
	skip "a full device: there is no /dev/full"
fi
expect "a reader that leaves" 0 "left: 3" \
	sh -c "{ '$kvalab' run hello 2>/dev/null; echo left: \$? >&2; } | true"
