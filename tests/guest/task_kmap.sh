#!/bin/sh
# SPDX-License-Identifier: MIT
# task-kmap: every arm that `kvalab list task-kmap` names: closed forms with and without switches of spaces
# between the maps and of threads in turn, what a space reaches of another's, copies, and work with reuse
# (seed rows B1, B4, B6, B8-B13).
#
# Everywhere: all arms in the free schedule, one seeded with a soft TLB. Once, as it is the guest's own: page tables
# in highmem, one CPU and four, PCIDs, pinned slots, threads with reuse, many rounds, provocations.
. "$(dirname "$0")/common"
need_host

good="0 lost, 0 unreported"
arms=$("$kvalab" list task-kmap | sed -n 's/^  --arm \([^ ]*\).*/\1/p')
[ "$(echo "$arms" | paste -s -d ' ')" = "pkmap percpu-pool kmap-local ukva" ] ||
	fail "kvalab list task-kmap names arms: $arms"

# try ARM TEXT STATUS PATTERN OPTIONS...
try()
{
	arm=$1 text=$2 status=$3 pattern=$4
	shift 4
	expect "$arm, $text" "$status" "$pattern" "$kvalab" run task-kmap --arm "$arm" --engine $engine \
		--json "$work/result" "$@"
}

# --- on every host ---------------------------------------------------------------------------------------
# Closed forms hold of any number: with KVM, where an instruction is dear, of small ones.
size=
[ $engine = qemu ] || size="--set maps=72 --set copies=8 --set pages=16 --set gets=8 --set rounds=2 --set forks=1"
for arm in $arms; do
	# shellcheck disable=SC2086 # options are words
	try $arm "2 vCPUs, free schedule" 0 "$good" --cpus 2 --schedule free $size
done
# shellcheck disable=SC2086
try ukva "2 vCPUs, soft TLB" 0 "$good" --cpus 2 --tlb soft,entries=16 $size

# --- once ------------------------------------------------------------------------------------------------
often="--set migrate=30 --set handover=30 --set switches=30 --set atomic=50"
once || exit 0
for arm in $arms; do
	try $arm "2 vCPUs" 0 "$good" --cpus 2
	try $arm "2 vCPUs, soft TLB" 0 "$good" --cpus 2 --tlb soft,entries=16
	for cpus in 1 4; do
		for tlb in hw soft,entries=16 soft,pcid=on; do
			for schedule in seeded free; do
				try $arm "$cpus vCPUs, TLB $tlb, $schedule" 0 "$good" --cpus $cpus --tlb $tlb \
					--schedule $schedule
			done
		done
	done
	try $arm "page tables in highmem" 0 "$good" --cpus 3 --arena highmem
	try $arm "one slot is held all the time" 0 "$good" --cpus 3 --set pinned=1 --tlb soft
	try $arm "few maps between switches" 0 "$good" --cpus 2 --set between=5 --set rounds=0
	try $arm "no switch, no maps" 0 "$good" --cpus 2 --set between=1000 --set maps=0 --set rounds=0 --set copies=0
	for tlb in soft,entries=16 soft,pcid=on; do
		# shellcheck disable=SC2086
		try $arm "much meanwhile, many rounds, TLB $tlb" 0 "$good" --cpus 4 --tlb $tlb $often \
			--set rounds=30
	done
done

# Of a task with one thread nobody is interrupted, and it goes on elsewhere with what it holds; two workers of a CPU
# take turns, so that each switch gives all slots back.
# shellcheck disable=SC2086
try ukva "a space for each worker" 0 "$good" --cpus 4 $often --set rounds=30
arm_holds "no IPI, no flush, and workers move" '.metrics | .per_million_ipis == 0 and .per_million_space_flushes == 0 and
	.moves > 0'
# shellcheck disable=SC2086
try ukva "a space for each worker, with PCIDs" 0 "$good" --cpus 4 --tlb soft,pcid=on $often --set rounds=30
arm_holds "no IPI, but flushes" '.metrics | .per_million_ipis == 0 and .per_million_space_flushes > 0'
# Threads have all in common: flushes, waits for a slot.
for tlb in hw soft,entries=16 soft,pcid=on; do
	for slots in 16 4; do
		# shellcheck disable=SC2086
		try ukva "threads of one space, $slots slots, TLB $tlb" 0 "$good" --cpus 4 --tlb $tlb $often \
			--set threads=on --set slots=$slots --set rounds=20
		arm_holds "their flushes reach other CPUs" '.metrics.per_million_ipis > 0'
	done
done
try ukva "threads, free schedule" 0 "$good" --cpus 4 --schedule free --tlb soft --set threads=on --set rounds=20

# Flushes over CPUs, each with as much work: pkmap's as their square, those of the others as they are.
for arm in pkmap percpu-pool ukva; do
	of=
	for cpus in 1 2 4; do
		try $arm "$cpus vCPUs, 60 maps each" 0 "$good" --cpus $cpus --set maps=$((cpus * 60)) --set rounds=0 \
			--set copies=0
		of="$of $(jq '.checks[] | select(.name == "forms.space_flushes") | .got' "$work/result")"
	done
	case $arm in
	pkmap) want=" 3 14 60" ;;
	*) want=" 3 6 12" ;;
	esac
	if [ "$of" = "$want" ]; then
		pass "$arm, flushes over vCPUs:$of"
	else
		fail "$arm, flushes over vCPUs:$of, not$want"
	fi
done

# --- what must be refused ----------------------------------------------------------------------------------
try ukva "a kernel task on a space's root asks" 4 "no space of its own: kernel task lazy gets an address in its own pool" \
	--set provoke=lazy-user
try ukva "a task ends with an address" 4 "mapping left: space [0-9]* ends with 1 slots of its own in use" \
	--set provoke=end-holding
try ukva "a task moves with an address" 0 "$good" --cpus 2 --set provoke=move
for arm in percpu-pool kmap-local; do
	try $arm "a task moves with an address" 4 "bad task_move: task [0-9]* \(provoked\), with 1 local addresses" \
		--cpus 2 --set provoke=move
done
for arm in pkmap percpu-pool ukva; do
	try $arm "a task waits for itself" 4 "deadlock: task provoked waits for a slot" --set provoke=self-wait
done
try pkmap "a kernel task asks" 2 "kernel tasks get addresses of this arm, too" --set provoke=lazy-user
try pkmap "a task moves" 2 "needs two CPUs, and addresses that belong to a task" --set provoke=move
try ukva "more slots than a space has" 2 "slots=465: a space's own pool has 1 to 464" --set slots=465
try ukva "all that a space has" 0 "$good" --set slots=464 --set maps=1000
