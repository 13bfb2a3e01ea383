#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of docs/dynamic-kernel-addresses.md, from runs of kva: what each scheme of kernel addresses counts, by
# closed form and over sharing, CPUs and windows; what a get costs (seed rows T2, T14-T16). On engine qemu, where
# a tick is an instruction; counts are those of any host. Stops at the first run that fails. Needs QEMU and jq.
#
#   scripts/kva_sweep.sh [TABLE...]    forms costs sharing pointers roots cpus window pool width whatif
set -eu
cd "$(dirname "$0")/.."
. scripts/sweep_common

# An arm, and what is set for it besides.
arms="per-map per-map,pair=task pkmap kmap-local lazy-vunmap sf-buf,share=shared sf-buf,share=private mapcache kva-seq kva-repair"
plain="--set run=1 --set writes=0 --set atomic=0 --set switches=0 --set migrate=0 --set handover=0"
mixed="--set maps=0 --set samples=1 --set rounds=40"
tier=off

# run ARM OPTIONS...: the result to $work/result
run()
{
	scheme=${1%%,*} set=${1#"${1%%,*}"}
	shift
	# shellcheck disable=SC2086 # options are words
	run_or_stop kva --arm "$scheme" ${set:+--set ${set#,}} --engine qemu --tier "$tier" "$@"
}

name() { echo "$1" | sed 's/,[a-z]*=/ /'; }
thousands() { jq -r ".metrics.$1 / 1000 | round" "$work/result"; }

# form NAME: what was counted, and behind a slash what was predicted
form()
{
	jq -r --arg name "forms.$1" '.checks[] | select(.name == $name) |
		"\(.got) / \(if .want | type == "array" then "\(.want[0]) to \(.want[1])" else .want end)"' "$work/result"
}

forms()
{
	echo "| scheme | slots held | entries | flushes of a page | full flushes | IPIs |"
	echo "|---|--:|--:|--:|--:|--:|"
	for arm in $arms; do
		for pinned in 0 1 16; do
			case $arm$pinned in
			per-map*16 | kmap-local16) continue ;; # have fewer
			esac
			run $arm --cpus 4 --set maps=1000 --set pinned=$pinned --set rounds=0 --set samples=1
			echo "| $(name $arm) | $pinned | $(form entries) | $(form page_flushes) | $(form space_flushes) | $(form ipis) |"
		done
	done
}

# On another CPU than the one that gave the page its address, where that takes no lock: a lock is a turn, and QEMU
# counts for all CPUs together.
elsewhere()
{
	case $scheme in
	direct | mapcache | kva-*)
		run "$@" --cpus 2 --set maps=0 --set rounds=0 --set samples=101
		metric hit_elsewhere_ticks
		;;
	*) echo - ;;
	esac
}

costs()
{
	echo "| scheme | instructions: hit | hit, 99 % | hit elsewhere | miss | miss, 99 % | bytes a slot | bytes a CPU |"
	echo "|---|--:|--:|--:|--:|--:|--:|--:|"
	run direct --mem 512M --cpus 1 --set maps=0 --set rounds=0 --set samples=101
	line="$(metric hit_ticks) | $(metric hit_p99_ticks)"
	echo "| direct | $line | $(elsewhere direct --mem 512M) | - | - | 0 | 0 |"
	for arm in $arms; do
		run $arm --cpus 1 --set maps=0 --set rounds=0 --set samples=101
		hit="$(metric hit_ticks) | $(metric hit_p99_ticks)"
		miss="$(metric miss_ticks) | $(metric miss_p99_ticks)"
		bytes="$(metric slot_bytes) | $(metric cpu_bytes)"
		echo "| $(name $arm) | $hit | $(elsewhere $arm) | $miss | $bytes |"
	done
}

# What a thousand gets take; $1: the row's first cells.
per_thousand()
{
	echo "| $1 | $(thousands per_million_hits) | $(thousands per_million_entries) | $(thousands per_million_page_flushes) | $(thousands per_million_space_flushes) | $(thousands per_million_ipis) |"
}

heading()
{
	echo "| $1 | hits | entries | flushes of a page | full flushes | IPIs |"
	echo "$2--:|--:|--:|--:|--:|"
}

sharing()
{
	heading "pages | scheme" "|---|---|"
	for shared in 0 25 100; do
		for arm in $arms; do
			# shellcheck disable=SC2086
			run $arm --cpus 4 $mixed $plain --set shared=$shared
			per_thousand "$shared % shared | $(name $arm)"
		done
	done
}

pointers()
{
	heading "what happens | scheme" "|---|---|"
	for what in switches=25 migrate=25 handover=25; do
		for arm in $arms; do
			case $what,$arm in
			migrate*kmap-local | migrate*pair=task | handover*kmap-local | handover*pair=task) continue ;;
			esac
			# shellcheck disable=SC2086
			run $arm --cpus 4 $mixed $(echo "$plain" | sed "s/--set ${what%=*}=0//") --set $what
			per_thousand "${what%=*} | $(name $arm)"
		done
	done
}

# Whether a load of a root flushes the window, and what that spares kva-seq.
roots()
{
	echo "| switches | entries of the window | conflicts | full flushes | IPIs |"
	echo "|--:|---|--:|--:|--:|"
	for percent in 0 25 50; do
		for entries in "plain" "global" "plain, with PCIDs"; do
			tlb=hw global=off
			[ "$entries" != global ] || global=on
			[ "$entries" = "${entries%PCIDs}" ] || tlb=soft,pcid=on
			# shellcheck disable=SC2086
			run kva-seq --cpus 4 $mixed $(echo "$plain" | sed "s/switches=0/switches=$percent/") --tlb $tlb \
				--set global=$global
			echo "| $percent % | $entries | $(thousands per_million_conflicts) | $(thousands per_million_space_flushes) | $(thousands per_million_ipis) |"
		done
	done
}

cpus()
{
	echo "| scheme | 1 | 2 | 4 | 8 | 16 |"
	echo "|---|--:|--:|--:|--:|--:|"
	for arm in $arms; do
		line=
		for n in 1 2 4 8 16; do
			# shellcheck disable=SC2086
			run $arm --cpus $n $mixed $plain --set pages=256
			line="$line | $(thousands per_million_ipis)"
		done
		echo "| $(name $arm)$line |"
	done
}

window()
{
	heading "slots for 256 pages | scheme" "|--:|---|"
	for slots in 64 128 256 512; do
		for arm in $arms; do
			# shellcheck disable=SC2086
			run $arm --cpus 4 $mixed $plain --set pages=256 --set slots=$slots
			per_thousand "$slots | $(name $arm)"
		done
	done
}

pool()
{
	echo "| slots | held | maps between two flushes | global flushes for 20,000 maps |"
	echo "|--:|--:|--:|--:|"
	for pinned in 0 683; do
		for slots in 1024 2048 4096; do
			run pkmap --cpus 4 --set maps=20000 --set slots=$slots --set pinned=$pinned --set rounds=0 --set samples=1
			echo "| $slots | $pinned | $((slots - pinned)) | $(jq '.checks[] | select(.name == "forms.space_flushes").got / 4' "$work/result") |"
		done
	done
}

width()
{
	echo "| bits | scheme | full flushes | IPIs |"
	echo "|--:|---|--:|--:|"
	for bits in 4 6 8 16 32; do
		for arm in kva-seq kva-repair; do
			# shellcheck disable=SC2086
			run $arm --cpus 4 $mixed $plain --set seq_bits=$bits
			echo "| $bits | $arm | $(thousands per_million_space_flushes) | $(thousands per_million_ipis) |"
		done
	done
}

whatif()
{
	tier=ring
	echo "| the run's scheme | as it was | eager | broadcast | mask | seq | the least |"
	echo "|---|--:|--:|--:|--:|--:|--:|"
	for arm in $arms; do
		[ $arm != per-map,pair=task ] || continue # the policies are for tables that all spaces share
		rm -rf "$work/trace"
		# shellcheck disable=SC2086
		run $arm --cpus 4 $mixed $plain --trace "$work/trace"
		"$kvalab" trace check "$work/trace" --policy eager,broadcast,mask,seq >"$work/checked" 2>&1 || true
		awk -v arm="$(name "$arm")" '/^ *as it was|^ *eager|^ *broadcast|^ *mask|^ *seq/ { ipis[$1] = $(NF - 5) }
			/least number of IPIs/ { least = $NF }
			END { print "| " arm " | " ipis["as"] " | " ipis["eager"] " | " ipis["broadcast"] " | " ipis["mask"] " | " ipis["seq"] " | " least " |" }' "$work/checked"
	done
}

[ $# -gt 0 ] || set -- forms costs sharing pointers roots cpus window pool width whatif
for table; do
	echo
	$table
done
