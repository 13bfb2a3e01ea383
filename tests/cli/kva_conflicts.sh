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

# compare CPUS TEXT OPTIONS...: of three seeds; $all: how many conflicts
compare()
{
	cpus=$1 text="$1 CPUs, $2" all=0
	shift 2
	for seed in 1 2 3; do
		if ! run_seq --cpus "$cpus" --seed $seed "$@"; then
			fail "kva-seq, $text, seed $seed"
		elif [ "$conflicts" != "$derived" ]; then
			fail "kva-seq, $text, seed $seed: $conflicts conflicts, by the rule $derived"
		elif [ "$sent" != $((derived * (cpus - 1))) ]; then
			fail "kva-seq, $text, seed $seed: $sent IPIs for $derived conflicts"
		else
			all=$((all + conflicts))
		fi
	done
	if [ "$all" -gt 0 ]; then
		pass "kva-seq, $text: its $all conflicts are those of the rule, each with an IPI to each other CPU"
	else
		fail "kva-seq, $text: no conflict"
	fi
}

for n in 2 3 4; do
	for tlb in hw soft,entries=16; do
		compare $n "TLB $tlb" --tlb $tlb
	done
done

# The load of a root is a flush, but not of global entries, nor with PCIDs: so there are more conflicts then.
compare 4 "many switches" --set switches=50
flushed=$all
for what in hw,global=on soft,global=on soft,pcid=on,global=off; do
	compare 4 "many switches, $what" --set switches=50 --tlb "${what%,global=*}" \
		--set "global=${what##*=}"
	if [ "$all" -gt "$flushed" ]; then
		pass "kva-seq, $what: no switch spares it a conflict"
	else
		fail "kva-seq, $what: $all conflicts, where switches flush $flushed"
	fi
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
