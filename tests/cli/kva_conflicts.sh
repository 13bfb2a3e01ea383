#!/bin/sh
# SPDX-License-Identifier: MIT
# Seed row T15: the conflicts that kva-seq has, and pays for, are those that the oracle derives from uses and changes
# alone, by the rule (docs/trace-format.md, "What if"); the guest's own flushes count for nothing there. kva-repair sends nothing.
. "$(dirname "$0")/common"
# An exit costs least there, and conflicts are the same everywhere.
engine=qemu
has_engine qemu || {
	need_kvm
	engine=kvm
}

# run_seq OPTIONS...: the guest's conflicts in $conflicts, what it sent for them in $sent, the oracle's conflicts in
# $derived; 1: the run fails.
# No CPU looks ahead (looks=0): that part makes flushes of its own, which the rule does not know. No page is freed
# (frees=0): its frame may get the same slot again, for another CPU, and by the rule nothing has changed then.
run_seq()
{
	rm -rf "$work/t"
	"$kvalab" run kva --engine $engine --arm kva-seq --set looks=0 --set frees=0 --set rounds=10 --trace "$work/t" \
		--json "$work/r.json" "$@" >"$work/log" 2>&1 || return 1
	conflicts=$(jq .counts.kva_conflicts "$work/r.json")
	sent=$("$kvalab" trace print "$work/t" --event ipi_send | grep -c kva_seq.conflict)
	derived=$("$kvalab" trace check --policy seq "$work/t" |
		sed -n 's/^ *\([0-9]*\) conflicts\{0,1\}, \([0-9]*\) of them true$/\1/p')
}

for cpus in 2 3 4; do
	for tlb in hw soft,entries=16; do
		all=0
		for seed in 1 2 3; do
			what="kva-seq, $cpus CPUs, TLB $tlb, seed $seed"
			if ! run_seq --cpus "$cpus" --tlb "$tlb" --seed "$seed"; then
				fail "$what"
			elif [ "$conflicts" != "$derived" ]; then
				fail "$what: $conflicts conflicts, by the rule $derived"
			elif [ "$sent" != $((derived * (cpus - 1))) ]; then
				fail "$what: $sent IPIs for $derived conflicts"
			else
				all=$((all + conflicts))
			fi
		done
		if [ "$all" -gt 0 ]; then
			pass "kva-seq, $cpus CPUs, TLB $tlb: its $all conflicts are those of the rule, each with an IPI to each other CPU"
		else
			fail "kva-seq, $cpus CPUs, TLB $tlb: no conflict"
		fi
	done
done

# (CPU 1 hits a page of CPU 0 where a hit is measured, before.)
run_seq --cpus 4 --set shared=0 --set handover=0 --set migrate=0
if [ "$conflicts" = 1 ] && [ "$derived" = 1 ] && jq -e '.metrics.per_million_conflicts == 0' "$work/r.json" >"$work/log"; then
	pass "kva-seq: pages that no two CPUs use have no conflicts"
else
	fail "kva-seq, shared=0: $conflicts conflicts, by the rule $derived"
fi

expect "kva-repair, pages that CPUs share" 0 "^findings +0" "$kvalab" run kva --arm kva-repair --cpus 4 \
	--engine $engine --set looks=0 --set frees=0 --set rounds=10 --trace "$work/repair" --json "$work/repair.json"
sent=$("$kvalab" trace print "$work/repair" --event ipi_send | grep -c kva_repair)
if [ "$sent" = 0 ] && jq -e '.counts.kva_conflicts > 0' "$work/repair.json" >/dev/null; then
	pass "kva-repair has conflicts, and sends nothing"
else
	fail "kva-repair sends $sent IPIs, or has no conflicts"
fi
