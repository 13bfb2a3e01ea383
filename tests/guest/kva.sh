#!/bin/sh
# SPDX-License-Identifier: MIT
# kva: every arm that `kvalab list kva` names: closed forms, a window of which all slots are held, and work
# with reuse in which addresses meet other tasks, spaces and CPUs. In a correct run nobody reads another
# page's word, no write goes astray, and the oracle has nothing to say.
#
# Everywhere: all arms in the free schedule, global entries, a soft TLB. Once, as it is the guest's own: page tables in highmem, one
# CPU and four, pinned slots, other orders, a window of 25,600 slots, many rounds, provocations.
. "$(dirname "$0")/common"
need_host

good="0 lost, 0 unreported"
arms=$("$kvalab" list kva | sed -n 's/^  --arm \([^ ]*\).*/\1/p')
[ "$(echo "$arms" | wc -l)" -ge 4 ] || fail "kvalab list kva names arms: $arms"

# try ARM TEXT STATUS PATTERN OPTIONS...: also sets $reach, where the arm's addresses hold
try()
{
	arm=$1 text=$2 status=$3 pattern=$4
	shift 4
	[ $arm != direct ] || set -- --mem 512M "$@" # all of it is lowmem
	expect "$arm, $text" "$status" "$pattern" "$kvalab" run kva --arm "$arm" --engine $engine \
		--json "$work/result" "$@"
	reach=$(sed -n 's/.*addresses hold //p' "$work/log")
}

# --- on every host ---------------------------------------------------------------------------------------
# Closed forms hold of any number: with KVM, where an instruction is dear, of small ones. Seeded counts on all hosts:
# compare.sh.
size=
[ $engine = qemu ] || size="--set slots=16 --set pages=16 --set maps=48 --set refs=40 --set samples=3 --set looks=6 \
--set rounds=2 --set gets=8 --set frees=2"
for arm in $arms; do
	# shellcheck disable=SC2086 # options are words
	try $arm "3 vCPUs, free schedule" 0 "$good" --cpus 3 --schedule free $size
done
# shellcheck disable=SC2086
try kva-repair "3 vCPUs, soft TLB" 0 "$good" --cpus 3 --tlb soft,entries=16 $size
# Those that flush all of the window: when it is used up, by themselves, and at a conflict. Few gets: it is the flush that
# hosts make in different ways.
few="--set maps=32 --set samples=1 --set refs=0 --set frees=1 --set looks=8 --set rounds=2"
for arm in pkmap mapcache kva-seq; do
	# shellcheck disable=SC2086 # options are words
	try $arm "global entries" 0 "$good" --cpus 3 --set slots=32 --set global=on --set switches=50 $few
done

# --- once ------------------------------------------------------------------------------------------------
often="--set migrate=30 --set handover=30 --set switches=30 --set atomic=50"
once || exit 0
for arm in $arms; do
	try $arm "3 vCPUs" 0 "$good" --cpus 3
	try $arm "3 vCPUs, soft TLB" 0 "$good" --cpus 3 --tlb soft,entries=16
	try $arm "free schedule, soft TLB" 0 "$good" --cpus 4 --schedule free --tlb soft,entries=16
	try $arm "1 vCPU" 0 "$good" --cpus 1
	for tlb in hw soft,entries=16 soft,pcid=on; do
		try $arm "global entries, many switches, TLB $tlb" 0 "$good" --cpus 4 --tlb $tlb --set global=on \
			--set switches=50 --set rounds=20
	done
	try $arm "kernel tasks on init_mm's root, many switches" 0 "$good" --cpus 4 --tlb soft,entries=16 \
		--set lazy_tlb=off --set switches=50 --set rounds=20
	[ $arm = direct ] || try $arm "page tables in highmem" 0 "$good" --cpus 3 --arena highmem
	# shellcheck disable=SC2086 # options are words
	try $arm "4 vCPUs, much meanwhile, many rounds" 0 "$good" --cpus 4 --tlb soft,entries=16 $often \
		--set rounds=100
	arm_holds "each was met" '.metrics | .switches > 0 and .interrupts > 0 and .writes > 0 and
		.gets == .hits + .misses'
	case $reach in
	"for their task") arm_holds "no address leaves its task" '.metrics.moves + .metrics.handovers == 0' ;;
	*) arm_holds "addresses leave their task and CPU" '.metrics.moves > 0 and .metrics.handovers > 0' ;;
	esac
	# per-map has two
	try $arm "one slot is held all the time" 0 "$good" --cpus 3 --set pinned=1 --tlb soft
	try $arm "all at once by zipf" 0 "$good" --cpus 4 --set order=zipf --set shared=100 --set slots=24
	try $arm "loops, no work" 0 "$good" --cpus 2 --set order=loop --set gets=1 --set rounds=1 --set maps=0
	try $arm "no rounds" 0 "$good" --set rounds=0
	arm_holds "of no gets nothing is said" '.metrics.gets == 0 and .metrics.per_million_entries == 0'
done

# --- once: two addresses in the task's own table (row T14) ----------------------------------------------------
for tlb in hw soft,entries=16 soft,pcid=on; do
	# shellcheck disable=SC2086
	try per-map "of each task's own, --tlb $tlb" 0 "$good" --cpus 4 --tlb $tlb --set pair=task $often \
		--set rounds=20
	arm_holds "nobody is interrupted" '.metrics.per_million_ipis == 0 and .metrics.gets > 1000 and
		.metrics.per_million_page_flushes == 1000000'
done
try per-map "of each task's own, free schedule" 0 "$good" --cpus 4 --schedule free --set pair=task
try per-map "of each task's own, page tables in highmem" 0 "$good" --cpus 3 --arena highmem --set pair=task
try per-map "of each task's own, one is held all the time" 0 "$good" --cpus 3 --set pair=task --set pinned=1
try per-map "a task waits for its own" 4 "deadlock: task kva waits for a slot" --set pair=task \
	--set provoke=self-wait
expect "highmem-io, a kernel task has no table of its own" 4 \
	"no space of its own: kernel task .* gets an address in its own table" "$kvalab" run highmem-io \
	--engine $engine --arm per-map --set pair=task

# --- once: what a pool has ------------------------------------------------------------------------------------
# All but one of its slots are held: of what is used with interrupts off some finds none, and tasks wait.
try pkmap "all slots but one are held" 0 "$good" --cpus 3 --set slots=8 --set pinned=7 --set atomic=50 --set rounds=20
arm_holds "some wait, some get nothing" '.metrics.refused > 0 and .counts.kva_waits > 0'
for seed in 1 2 3; do
	try mapcache "seven slots, seed $seed" 0 "$good" --cpus 3 --set slots=7 --set atomic=50 --seed $seed
done
# One of two is held now and then: the other one may be put before the cursor's round ends, or be passed by just before.
for arm in pkmap sf-buf kva-seq kva-repair; do
	try $arm "two slots" 0 "$good" --set slots=2 --set atomic=50
	arm_holds "some get nothing" '.metrics.refused > 0'
done
# The window of row T5: each 512 slots have a table.
for slots in 512 513 25600; do
	try pkmap "$slots slots" 0 "$good" --set slots=$slots
	arm_holds "tables of the window" ".metrics.window_tables == ($slots / 512 | ceil)"
done
try pkmap "more slots than the window has" 2 "slots=25601: the kva window has 1 to 25600" --set slots=25601
try pkmap "more pages than highmem has" 2 "no highmem is left for a page of the workload" --set pages=100000
expect "layout: lowmem ends after 800 MiB (row T1)" 0 "^ 0xf2000000 " "$kvalab" layout
expect "layout: the window has 100 MiB" 0 "kva, 100 MiB" "$kvalab" layout

# --- once: provocations -----------------------------------------------------------------------------------------
# Handed on without a question, an address leads a CPU that knew it before to the page that was there then: the
# oracle says so of each run, and the data where a translation is surely still there.
hand_on_unasked()
{
	case $reach in
	everywhere)
		try $1 "an address is handed on as it is" 0 "$good" --cpus 2 --tlb soft --set provoke=raw-handover
		;;
	"where they were asked for")
		try $1 "an address is handed on unasked" 1 "stale-use at .* CPU 1 uses va" --cpus 2 \
			--set provoke=raw-handover
		try $1 "the other page is read there" 1 "handover.word_there: got 0, want 1" --cpus 2 --tlb soft \
			--set provoke=raw-handover
		;;
	*)
		try $1 "an address is handed on" 2 "needs two CPUs, and addresses that do not belong to a task" \
			--cpus 2 --set provoke=raw-handover
		;;
	esac
}

try sf-buf "shared, an address is handed on as it is" 0 "$good" --cpus 2 --tlb soft --set share=shared \
	--set provoke=raw-handover
for arm in $arms; do
	[ $arm != direct ] || continue
	# The checks of a full window are there where a get may fail.
	try $arm "2 vCPUs" 0 "$good" --cpus 2
	if jq -e '[.checks[].name] | index("full.waits")' "$work/result" >/dev/null; then
		try $arm "a task waits for itself" 4 "deadlock: task main waits for a slot of the kva window, and" \
			--set provoke=self-wait
		for cpus in 1 3; do # on this CPU, on another one
			try $arm "a handler waits, $cpus vCPUs" 4 \
				"wait in atomic context: task .* waits .* with 0 locks held, interrupts off" \
				--cpus $cpus --set provoke=handler-wait
		done
	else
		try $arm "no task waits" 2 "no task ever waits for a slot of this arm" --set provoke=self-wait
		try $arm "no handler waits" 2 "no task ever waits for a slot of this arm" --set provoke=handler-wait
	fi
	hand_on_unasked $arm
done
try direct "a task waits for itself" 2 "no task ever waits" --set provoke=self-wait
