#!/bin/sh
# SPDX-License-Identifier: MIT
# make bench: what recording costs and how long a run takes on this host, and at the end the limits that
# are to hold (limits.sh). Each line of the table is one run of hello: guest ticks until the scenario's
# first line, events, VM exits, wall-clock milliseconds of the whole process. Figures of different hosts
# are not to be compared (docs/hosts.md).
set -eu
cd "$(dirname "$0")/.."
kvalab=${OUT:-build}/kvalab
result=$(mktemp)
trap 'rm -f "$result"' EXIT

# field NAME: the number behind "NAME":
field() { sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" "$result" | head -n 1; }

"$kvalab" probe | sed 's/^/# /'
printf '%-5s %-5s %12s %10s %10s %8s\n' cpus tier boot_ticks events vm_exits ms
for tier in ring trap off; do
	if ! "$kvalab" run hello --tier $tier >/dev/null 2>"$result"; then
		printf '%-5s %-5s %s\n' - $tier "$(cat "$result")"
		continue
	fi
	for cpus in 1 2 4; do
		start=$(date +%s%N)
		"$kvalab" run hello --cpus $cpus --tier $tier --json - >"$result" 2>/dev/null
		end=$(date +%s%N)
		events=$(field events)
		printf '%-5s %-5s %12s %10s %10s %8s\n' $cpus $tier "$(field boot_ticks)" \
			"${events:--}" "$(field vm_exits)" $(((end - start) / 1000000))
	done
done

echo
echo "# records through the host (tests/bench_trace.c)"
"${OUT:-build}/bench_trace"

echo
echo "# accesses that the flash model answers, alone (tests/bench_flash.c); through KVM: probe, above"
"${OUT:-build}/bench_flash"

echo
scripts/limits.sh
