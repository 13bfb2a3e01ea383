#!/bin/sh
# SPDX-License-Identifier: MIT
# Drawn operations on mappings of raw frames, so many in all, against a model of whose each page is: the rules that
# copy, over a segment that is filled linearly and one whose frames are drawn (docs/testing.md). A row for each run.
# The exit status is 1 if a rule misjudged a page, read a wrong word or failed otherwise, or if the linear one did not
# misjudge frames that are drawn. Needs QEMU and jq. CPUS: how many (4); TIMEOUT: seconds for a run (3600).
#
#   scripts/pfn_fuzz.sh [OPS [SEED...]]    1000000 1
set -eu
cd "$(dirname "$0")/.."
ops=${1:-1000000}
[ $# = 0 ] || shift
[ $# -gt 0 ] || set -- 1
. scripts/sweep_common
arms="linear sw-bit side-table side-table,doubled struct-page vma-split"
runs=$(($(echo "$arms" | wc -w) * 2 * $#))
each=$(((ops + runs - 1) / runs))
bad=0

# fuzz ARM FILL SEED: false: there is no result, or a check of it failed
fuzz()
{
	side=${1#"${1%%,*}"}
	"$kvalab" run pfn --arm "${1%%,*}" ${side:+--set "side=${side#,}"} --set "fill=$2" --seed "$3" --engine qemu \
		--cpus "${CPUS:-4}" --set "ops=$each" --set tasks=1 --set pages=1 --set races=0 \
		--timeout "${TIMEOUT:-3600}" --json "$work/result" >"$work/log" 2>&1
}

# as_foretold ARM FILL: none misjudges, but the linear rule where frames are drawn does
as_foretold()
{
	if [ "$1 $2" = "linear random" ]; then
		[ "$(metric '"fuzz.misjudged"')" -gt 0 ]
	else
		[ "$(metric '"fuzz.misjudged"')" = 0 ]
	fi
}

wrong() { jq -r '[.checks[]? | select(.name == "fuzz.wrong") | .got] | add // "-"' "$work/result"; }

# row ARM FILL SEED
row()
{
	echo '{}' >"$work/result"
	verdict=
	if ! fuzz "$@"; then
		verdict=$(sed -n 's/^exit *//p' "$work/log")
		verdict=${verdict:-$(head -n 1 "$work/log")}
	elif ! as_foretold "$@"; then
		verdict="not as foretold"
	fi
	printf '%-18s  %-6s  %4s  %10s  %8s  %9s  %5s%s\n' "$@" "$(metric '"fuzz.ops"')" "$(metric '"fuzz.copies"')" \
		"$(metric '"fuzz.misjudged"')" "$(wrong)" "${verdict:+  $verdict}"
	[ -z "$verdict" ] || bad=1
}

printf '%-18s  %-6s  %4s  %10s  %8s  %9s  %5s\n' arm fill seed operations copies misjudged wrong
for seed; do
	for arm in $arms; do
		row "$arm" linear "$seed"
		row "$arm" random "$seed"
	done
done
exit $bad
