#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGINT and SIGTERM end a run cleanly: status 1, reason "interrupted", the trace readable.
. "$(dirname "$0")/common"
need_kvm

for signal in INT TERM; do
	# Waits until the guest has said that its scenario begins. env: a shell starts background
	# commands with SIGINT ignored.
	: >"$work/log"
	env --default-signal=INT "$kvalab" run hello --set fail=hang --timeout 100 \
		--log debug --trace "$work/$signal" --json "$work/$signal.json" >"$work/log" 2>&1 &
	pid=$!
	i=0
	while ! grep -q 'vCPU 0: mark 2' "$work/log" && [ $i -lt 600 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kill -s $signal $pid
	wait $pid
	got=$?
	if [ $got = 1 ] && grep -q '^exit *1: interrupted' "$work/log"; then
		pass "SIG$signal ends the run: status 1, interrupted"
	else
		fail "SIG$signal: status $got"
	fi
	readable "SIG$signal" "$work/$signal"
	if grep -q '"reason": "interrupted"' "$work/$signal.json"; then
		pass "SIG$signal: the result is written"
	else
		fail "SIG$signal: no result"
	fi
done
