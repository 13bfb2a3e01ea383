#!/bin/sh
# SPDX-License-Identifier: MIT
# pfn over a flash chip: programs that run from raw frames of it, and write private pages of it. All rules, under all
# writers, on all numbers of CPUs, in both schedules; what a run counts; the order of events in each fault. In two
# parts, as flash_xip.sh.
. "$(dirname "$0")/common"
need_host

# With KVM each bus cycle of the chip is an exit: two chips side by side take half as many.
bus=
[ $engine = qemu ] || bus=,bus=32,chips=2
chip="file=$work/chip,chip=$chip_part$bus,partition=xip:0:1M,partition=log:1M:1M"

fresh_chip()
{
	rm -f "$work/chip" "$work/chip.nv"
	: >"$work/chip"
}

# The part over the segment is pfn.sh's: here as little of it as can be.
pfn="$kvalab run pfn --engine $engine --segment size=256K --set tasks=1 --set pages=4 --set ops=0 --set races=0"

# try TEXT STATUS PATTERN ARM OPTIONS...
try()
{
	text=$1 status=$2 pattern=$3 arm=$4
	shift 4
	fresh_chip
	# shellcheck disable=SC2086 # words
	expect "$text" "$status" "$pattern" $pfn --flash "$chip" --arm "$arm" "$@"
}

good="0 lost, 0 unreported"

# result FILE OPTIONS...: on a new chip
result()
{
	file=$1
	shift
	fresh_chip
	rm -f "$file"
	# shellcheck disable=SC2086 # words
	$pfn --flash "$chip" --json "$file" "$@" >"$work/log" 2>&1
}

# --- on each host ----------------------------------------------------------------------------------------
try "sw-bit on 4 vCPUs, free schedule" 0 "$good" sw-bit --cpus 4 --schedule free
try "vma-split, soft TLB, free schedule" 0 "$good" vma-split --schedule free --tlb soft,entries=8

rm -rf "$work/trace"
result "$work/result" --arm sw-bit --seed 2 --trace "$work/trace"
# a page each round in each space; in the first half 2 x (8 + 7) raw pages came, of which each session took the rest
holds "sw-bit: a copy of each page that was written" '.metrics["flash.copied"] == 2 * 4'
holds "sw-bit: what a session took came again" \
	'.metrics["flash.revoked"] >= 2 * (7 + 6) and .metrics["flash.raw"] >= 2 * (8 + 7)'
holds "sw-bit: no command while a CPU could reach the chip" \
	'.exit.status == 0 and .oracle.flash_violations == 0 and .findings == []'
maps_in_order "$work/trace" pfn.raw
# Behind what is counted come the spaces that end: a page each, at least.
if in_order && [ "$mapped" -ge $(($(jq '.metrics["flash.raw"]' "$work/result") + 6)) ]; then
	pass "sw-bit: (wait,) mark, map in each of $mapped faults; $waited waited"
else
	fail "sw-bit: not wait, mark, map in each fault"
fi

# --- rules, parameters: on some hosts --------------------------------------------------------------------
if once; then
	try "linear" 0 "$good" linear
	try "sw-bit on 4 vCPUs" 0 "$good" sw-bit --cpus 4 --seed 4
	try "sw-bit, writer off" 0 "$good" sw-bit --set writer=off
	try "sw-bit, writer program" 0 "$good" sw-bit --set writer=program
	for arm in no-cow sw-bit side-table struct-page vma-split; do
		try "$arm" 0 "$good" $arm --cpus 2
	done
	try "side-table, tables doubled" 0 "$good" side-table --set side=doubled --cpus 4
	try "struct-page, page tables in highmem" 0 "$good" struct-page --cpus 4 --arena highmem
	try "vma-split, many rounds" 0 "$good" vma-split --cpus 4 --set rounds=20
	try "no-cow, free schedule" 0 "$good" no-cow --cpus 4 --schedule free
	try "partitions that overlap" 2 "partition=xip at 0.* and log=xip at 0.* overlap" sw-bit --set log=xip
	try "no such partition" 2 "no partition none: add partition=none:START:SIZE" sw-bit --set log=none
	# shellcheck disable=SC2086 # words
	expect "no room" 2 "partition xip of 16384 bytes has no room for 32768" $pfn --arm sw-bit \
		--flash "file=$work/chip,chip=qemu-x8,partition=xip:0:16K,partition=log:1M:1M"
fi
in_full || exit 0

result "$work/again" --arm sw-bit --seed 2
alike "sw-bit: equal counts in two runs" "$counted" result again
try "sw-bit, writer erase" 0 "$good" sw-bit --set writer=erase --cpus 4
try "sw-bit, writer program, five rounds, free schedule" 0 "$good" sw-bit --set writer=program --schedule free \
	--set rounds=5
try "linear on 1 vCPU" 0 "$good" linear --cpus 1

# At the first write of the second half, of two, behind which come two more as spaces end: programs that touch a raw
# frame from then on are killed.
if [ "$host" = qemu ]; then
	skip "a chip that gets stuck: QEMU's flash does not"
else
	last=$(jq '.counts.flash_buffers + .counts.flash_erases' "$work/result")
	try "a chip that gets stuck" 1 "\(program\) killed: segmentation fault" sw-bit --seed 2 \
		--flash-fault stuck=$((last - 3))
fi
