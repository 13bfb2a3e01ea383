#!/bin/sh
# SPDX-License-Identifier: MIT
# Storms of kva: each scheme of kernel addresses, in each mode of the TLB, so many seeded rounds in one boot (docs/testing.md).
# Stops at the first run that is not good. Needs QEMU and jq.
#
#   scripts/kva_storm.sh [ROUNDS [SEED]]    10000 1
set -eu
cd "$(dirname "$0")/.."
kvalab=${OUT:-build}/kvalab rounds=${1:-10000} seed=${2:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# An arm, and what is set for it besides. (direct has nothing that could be stale.)
arms="per-map per-map,pair=task pkmap kmap-local lazy-vunmap sf-buf,share=shared sf-buf mapcache kva-seq kva-repair
	kva-seq,seq_bits=4 kva-seq,global=on kva-repair,seq_bits=4"
printf '%-22s  %-15s  %9s  %9s  %9s  %5s  %8s\n' scheme TLB gets reads IPIs stale findings
for arm in $arms; do
	for tlb in hw soft,entries=16 soft,pcid=on; do
		set=${arm#"${arm%%,*}"}
		"$kvalab" run kva --arm "${arm%%,*}" ${set:+--set "${set#,}"} --engine qemu --cpus 4 --tlb $tlb --seed "$seed" \
			--set rounds="$rounds" --set gets=4 --set looks=0 --timeout 3600 --json "$work/result" >"$work/log" 2>&1 || {
			cat "$work/log" >&2
			exit 1
		}
		jq -r --arg arm "$arm" --arg tlb $tlb '[$arm, $tlb, .metrics.gets, .metrics.reads, .counts.ipis,
			.oracle.stale_uses, (.findings | length)] | @tsv' "$work/result" |
			awk -F '\t' '{ printf "%-22s  %-15s  %9d  %9d  %9d  %5d  %8d\n", $1, $2, $3, $4, $5, $6, $7 }'
	done
done
