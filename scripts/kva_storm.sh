#!/bin/sh
# SPDX-License-Identifier: MIT
# Storms: each scheme of kernel addresses (kva, task-kmap) and way to page tables (task-pt), in each mode of the TLB,
# so many seeded rounds in one boot (docs/testing.md). A round of kva and task-kmap is one of gets by all CPUs, a round
# of task-pt a child that is forked, executes and exits beside others. Stops at the first run that is not good. Needs
# QEMU and jq.
#
#   scripts/kva_storm.sh [ROUNDS [SEED [SCENARIO...]]]    10000 1 kva task-kmap task-pt
set -eu
cd "$(dirname "$0")/.."
kvalab=${OUT:-build}/kvalab rounds=${1:-10000} seed=${2:-1}
[ $# -gt 2 ] && shift 2 || set -- kva task-kmap task-pt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# arms SCENARIO: each with what is set for it besides. (kva's direct has nothing that could be stale.)
arms()
{
	case $1 in
	kva)
		echo per-map per-map,pair=task pkmap kmap-local lazy-vunmap sf-buf,share=shared sf-buf mapcache kva-seq \
			kva-repair kva-seq,seq_bits=4 kva-seq,global=on kva-repair,seq_bits=4
		;;
	task-kmap) echo percpu-pool ukva ukva,threads=on ukva,carve=user ;;
	task-pt) echo lowmem highpte highpte,by=pkmap ukva ukva,carve=user ;;
	*) echo "there is no storm of $1: kva, task-kmap, task-pt" >&2 && return 1 ;;
	esac
}

# Children of families of 250, at least one.
families() { echo $(((rounds + 249) / 250)); }

# sizes SCENARIO
sizes()
{
	case $1 in
	kva) echo --set rounds="$rounds" --set gets=4 --set looks=0 ;;
	task-kmap) echo --set rounds="$rounds" --set gets=4 --set maps=0 --set copies=0 --set forks=1 ;;
	task-pt) echo --set families="$(families)" --set forks=250 --set memory=1 --set reads=1 --set errand_maps=1 ;;
	esac
}

# row SCENARIO ARM TLB
row()
{
	set -- "$@" "${2#"${2%%,*}"}"
	# shellcheck disable=SC2046 # options are words
	"$kvalab" run "$1" --arm "${2%%,*}" ${4:+--set "${4#,}"} --engine qemu --cpus 4 --tlb "$3" --seed "$seed" \
		$(sizes "$1") --timeout 3600 --json "$work/result" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
	jq -r --arg arm "$2" --arg tlb "$3" '[$arm, $tlb, .metrics.gets // .metrics.own_uses + .metrics.other_uses, .counts.faults,
		.counts.ipis, .oracle.stale_uses, (.findings | length)] | @tsv' "$work/result" |
		awk -F '\t' '{ printf "%-22s  %-15s  %9d  %9d  %9d  %5d  %8d\n", $1, $2, $3, $4, $5, $6, $7 }'
}

for scenario; do
	all=$(arms "$scenario")
	printf '%-22s  %-15s  %9s  %9s  %9s  %5s  %8s\n' "$scenario" TLB uses faults IPIs stale findings
	for arm in $all; do
		for tlb in hw soft,entries=16 soft,pcid=on; do
			row "$scenario" "$arm" $tlb
		done
	done
done
