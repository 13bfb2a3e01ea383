#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGINT and SIGTERM end a run cleanly: status 1, reason "interrupted", the trace readable. SIGUSR1 has the
# page tables audited, and the run goes on.
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

# While CPUs change tables without turns, again and again.
"$kvalab" run hello --cpus 4 --schedule free --log info --json "$work/usr1.json" >"$work/log" 2>&1 &
pid=$!
sleep 0.2 # its handler is there
while kill -s USR1 $pid 2>/dev/null; do
	sleep 0.05
done
wait $pid
got=$?
demanded=$(grep -c 'audit (on demand): [0-9]* entries are as the trace says' "$work/log")
audits=$(sed -n 's/.*"audits": \([0-9]*\).*/\1/p' "$work/usr1.json")
if [ $got != 0 ]; then
	fail "SIGUSR1: status $got"
elif [ "$demanded" -lt 1 ] || [ "$audits" -lt $((demanded + 3)) ]; then
	fail "SIGUSR1: $demanded audits on demand, $audits in all"
else
	pass "SIGUSR1: $demanded audits on demand, $audits in all, and the run holds"
fi
