#!/bin/sh
# SPDX-License-Identifier: MIT
# task-pt: every arm that `kvalab list task-pt` names: closed forms of reaching tables, what stands at their
# addresses, turns of two spaces, many spaces, processes (seed rows B2, B3, B5, B7, B10, B11, B13).
#
# Everywhere: all arms and variants, one way each. Once, as it is the guest's own: TLBs, schedules, CPUs, sides,
# splits, directories in common, pools; what is the same in all arms; what must be refused. With KVM also the
# tier that traps stores, and a disk.
. "$(dirname "$0")/common"
need_host

good="0 lost, 0 unreported"
arms=$("$kvalab" list task-pt | sed -n 's/^  --arm \([^ ]*\).*/\1/p')
[ "$(echo "$arms" | paste -s -d ' ')" = "lowmem highpte ukva" ] || fail "kvalab list task-pt names arms: $arms"

# try "ARM [OPTIONS]" TEXT STATUS PATTERN OPTIONS...: the arm's own options make a variant of it
try()
{
	arm=$1 text=$2 status=$3 pattern=$4
	shift 4
	# shellcheck disable=SC2086 # options are words
	expect "$arm, $text" "$status" "$pattern" "$kvalab" run task-pt --engine $engine --arm $arm \
		--json "$work/result" "$@"
}

# --- on every host ---------------------------------------------------------------------------------------
small="--set tables=2 --set pages=4 --set turns=8 --set spaces=4"
try lowmem "2 vCPUs" 0 "$good" --cpus 2 --schedule free
# shellcheck disable=SC2086
try highpte "2 vCPUs, soft TLB" 0 "$good" --cpus 2 $small --tlb soft,entries=8
# shellcheck disable=SC2086
try "highpte --set by=pkmap" "2 vCPUs, a small pool" 0 "$good" --cpus 2 $small --set pool=32
disk=
[ $engine = qemu ] || disk="--disk 1M"
# shellcheck disable=SC2086
try ukva "2 vCPUs, soft TLB" 0 "$good" --cpus 2 $small --tlb soft,entries=8 $disk
[ $engine = qemu ] || arm_holds "pages go out to a disk meanwhile" '.metrics.swapped_out > 0 and .metrics.swapped_in > 0'
# shellcheck disable=SC2086
try "ukva --set carve=user" "2 vCPUs, free schedule" 0 "$good" --cpus 2 $small --schedule free
if [ $engine = kvm ]; then
	try ukva "a disk that is too small" 2 "processes write [0-9]* KiB: at least so large a --disk" --disk 16K
	if "$kvalab" probe --json - 2>"$work/log" | jq -e .trap_tier.works >>"$work/log" 2>&1; then
		# shellcheck disable=SC2086
		try ukva "stores are trapped" 0 "$good" --cpus 2 $small --tier trap
	else
		skip "ukva, stores are trapped: this host has no trap tier"
	fi
fi
once || exit 0

# --- once ------------------------------------------------------------------------------------------------
variants="lowmem
highpte
highpte --set by=pkmap
ukva
ukva --set carve=user"
echo "$variants" >"$work/variants"
while read -r variant; do
	for options in "--cpus 1 --tlb soft,entries=8" "--cpus 2 --tlb soft,pcid=on" \
		"--cpus 4 --tlb soft,entries=8 --schedule free" "--cpus 4 --tlb soft,pcid=on --set families=4" \
		"--cpus 2 --mem 3G --split 2G" \
		"--cpus 2 --mem 3G --split 1G --schedule free"; do
		# shellcheck disable=SC2086
		try "$variant" "$options" 0 "$good" $options
	done
	# Tables of more GiB than one, whose directories are the threads' in turn.
	try "$variant" "tables of three GiB" 0 "$good" --cpus 4 --set tables=1100 --set pages=1
	try "$variant" "one page, one turn, one space" 0 "$good" --cpus 1 --set tables=1 --set pages=1 \
		--set turns=1 --set spaces=1 --set forks=1
	[ "$variant" = ukva ] && continue
	for options in "--cpus 1" "--cpus 4 --tlb soft,entries=8" \
		"--cpus 2 --mem 3G --split 1G --tlb soft,pcid=on"; do
		# shellcheck disable=SC2086
		try "$variant" "directories of all, $options" 0 "$good" --set switch=entry $options
		arm_holds "no vmalloc fault" '.counts.fault_syncs == 0'
	done
done <"$work/variants"
for tlb in hw soft,entries=8 soft,pcid=on; do
	try "highpte --set by=pkmap" "a pool that is used up often, TLB $tlb" 0 "$good" --cpus 4 --tlb $tlb \
		--set pool=32 --set tables=64 --set families=4
	# shellcheck disable=SC2016 # $w is jq's
	arm_holds "its flushes reach all CPUs" '.counts.table_wraps as $w | $w > 5 and .counts.flush_space >= 4 * $w'
done
try "highpte --set by=pkmap" "the largest pool" 0 "$good" --set pool=256 --set spaces=100
try ukva "hundreds of spaces, a large arena" 0 "$good" --arena 64M --set spaces=1000
try lowmem "--arena names its zone" 0 "$good" --arena lowmem,16M

# --- what is the same in all of them, with one CPU -------------------------------------------------------
n=0
while read -r variant; do
	for again in "" -again; do
		try "$variant" "1 vCPU" 0 "$good" --cpus 1
		cp "$work/result" "$work/$n$again"
	done
	alike "$variant: the same counts twice" "[.counts, .checks, (.metrics | del(.boot_ticks))]" $n $n-again
	n=$((n + 1))
done <"$work/variants"
alike "what is not for tables takes the same flushes" .metrics.other_flushes 0 1 2 3 4
alike "another's tables are reached as often" \
	'[.checks[] | select(.name == "others.leaves" or .name == "others.upper") | .got]' 0 1 2 3 4
alike "another's tables take ukva what they take highpte (row B5)" \
	'[.checks[] | select(.name | startswith("others.")) | .got]' 1 3 4
# A task's own tables (row B3): a flush for each use, a pool's flushes of all, nothing.
for n in 0 1 2 3 4; do
	jq '[.checks[] | select(.name == "forms.page_flushes") | .got] | add' "$work/$n"
done | paste -s -d ' ' >"$work/log"
if [ "$(cat "$work/log")" = "0 142 0 0 0" ]; then
	pass "flushes to reach a task's own tables: $(cat "$work/log")"
else
	fail "flushes to reach a task's own tables"
fi

# --- addresses for tables (rows B3, B7, B10) -------------------------------------------------------------
# addresses WANT "ARM [OPTIONS]" TEXT OPTIONS...: so many bytes of kernel space it takes to reach all tables
addresses()
{
	bytes=$1
	shift
	variant=$1 text=$2
	shift 2
	try "$variant" "$text" 0 "exit +0" --cpus 2 --tier off "$@"
	if jq -e ".metrics.table_address_bytes == $bytes" "$work/result" >"$work/log" 2>&1; then
		pass "$arm, $text: addresses for its tables"
	else
		fail "$arm, $text: $(jq .metrics.table_address_bytes "$work/result") bytes of addresses"
	fi
}

# A page for each table of all spaces; a slot for each CPU; a pool; 8 bytes for each page of user space, 2 MiB of
# slots, and a slot for each CPU, however many spaces there are.
addresses $((16 * 5 * 4096)) lowmem "16 spaces"
addresses $((1000 * 5 * 4096)) lowmem "1000 spaces" --arena 64M --set spaces=1000
addresses $((2 * 4096)) highpte "1000 spaces" --arena 64M --set spaces=1000
addresses $((64 * 4096)) "highpte --set by=pkmap" "1000 spaces" --arena 64M --set spaces=1000
gib=3
while [ $gib -gt 0 ]; do
	for carve in kernel user; do
		addresses $((gib * 2 * 1048576 + 2 * 1048576 + 2 * 4096)) "ukva --set carve=$carve" \
			"1000 spaces, user space of $gib GiB" --arena 64M --mem 3G --split ${gib}G --set spaces=1000
	done
	gib=$((gib - 1))
done

# --- what must be refused ----------------------------------------------------------------------------------
try ukva "no directory of its own, on the kernel's side" 2 "switch=entry: what is carved from the kernel's side .*carve=user" \
	--set switch=entry
try lowmem "tables elsewhere" 2 "^kvalab: --arena: arm lowmem of task-pt has page tables in lowmem: leave the zone out$" \
	--arena highmem
try highpte "tables elsewhere" 2 "arm highpte of task-pt has page tables in highmem" --arena lowmem
try ukva "tables elsewhere" 2 "arm ukva of task-pt has page tables in highmem" --arena lowmem,16M
try highpte "no highmem" 2 "the arena cannot be in highmem" --mem 512M
try "highpte --set by=pkmap" "a pool that is too small" 2 "pool" --set pool=31
try lowmem "more tables than user space has" 2 "are more than user space has: less of tables" --set tables=1600
try lowmem "more tables than the arena has" 2 "spaces=1000: they have 5000 page tables, and there is room for [0-9]*: a larger --arena" \
	--set spaces=1000
try ukva "as many spaces as the heap has room for" 0 "exit +0" --tier off --mem 3G --arena 256M --set spaces=8192
