#!/bin/sh
# SPDX-License-Identifier: MIT
# layout: every arm with holes of all kinds, splits and sizes of RAM; what comes back and what it costs;
# every other scenario on each layout; what a touch of a hole ends in. Each run is also judged by the audit.
# needs: truncate
. "$(dirname "$0")/common"
need_host

arms="classic translate table intermix"
good="0 lost, 0 unreported"

# try TEXT STATUS PATTERN SCENARIO OPTIONS...
try()
{
	text=$1 status=$2 pattern=$3
	shift 3
	expect "$text" "$status" "$pattern" "$kvalab" run "$@" --engine $engine
}

# result ARM OPTIONS...: the run's result to $work/result
result()
{
	arm=$1
	shift
	rm -f "$work/result"
	"$kvalab" run layout --arm "$arm" --engine $engine --json "$work/result" "$@" >"$work/log" 2>&1
}

# holds TEXT FILTER: of the last result
holds()
{
	if jq -e "$2" "$work/result" >"$work/log" 2>&1; then
		pass "$1"
	else
		fail "$1: not so: $(cat "$work/log")"
	fi
}

metric() { jq ".metrics.$1" "$work/result"; }

# --- row A3's equality: 0 to 16 holes -----------------------------------------------------------------
# The scenario adds up what must come back; a run fails if it did not. Holes of 4 to 10 MiB, aligned to 2 MiB,
# so that translate has large pages; the last of them lies across the limit of lowmem, at 800 MiB.
holes_of()
{
	i=0
	while [ $i -lt "$1" ]; do
		echo "--hole $((78 + 48 * i))M:$((4 + i % 4 * 2))M"
		i=$((i + 1))
	done
}

for arm in $arms; do
	n=0
	while [ $n -le 16 ]; do
		# shellcheck disable=SC2046 # the options are words
		result $arm $(holes_of $n)
		jq -r "[$n, .exit.status, .trace.unreported, .nfindings // (.findings | length),
			.metrics.hole_bytes, .metrics.recovered_bytes, .metrics.phys_to_virt_first_ticks,
			.metrics.phys_to_virt_last_ticks, .metrics.small_leaves] | @tsv" "$work/result"
		n=$((n + 1))
	done >"$work/$arm"
	if [ "$(awk '$2 == 0 && $3 == 0 && $4 == 0' "$work/$arm" | wc -l)" = 17 ]; then
		pass "$arm: what must come back does, for 0 to 16 holes"
	else
		fail "$arm: 0 to 16 holes: $(cat "$work/$arm")"
	fi
done

# all_of ARM TEXT CONDITION: holds in each line of ARM's table
all_of()
{
	if [ "$(awk "$3" "$work/$1" | wc -l)" = 17 ]; then
		pass "$1: $2"
	else
		fail "$1: $2: $(cat "$work/$1")"
	fi
}

all_of classic "nothing comes back" '$6 == 0'
for arm in translate table intermix; do
	all_of $arm "all comes back" '$6 == $5'
done
for arm in $arms; do
	all_of $arm "no small page where holes are aligned" '$9 == 0'
done

# Row A4. Instructions are counted where they are exact; a box counts cycles.
case $host in
kvm | qemu)
	for arm in classic table intermix; do
		all_of $arm "conversions cost the same, whatever the holes" \
			'NR == 1 { first = $7 } $7 == first && $8 == first'
	done
	all_of translate "conversions behind the holes cost six instructions more for each" \
		'{ print_it = NR <= 2 ? $8 > before : $8 == before + 6000; before = $8 } print_it'
	;;
esac
