#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-xip: programs that run from flash. Both arms under all writers, on all numbers of CPUs, in both
# schedules; what a run counts; the order of events in each fault that maps a page of the chip. In two parts:
# what runs on each host, and what in_full and once (tests/guest/common) leave to some.
. "$(dirname "$0")/common"
need_host

# With KVM each bus cycle of the chip is an exit: two chips side by side, which take half as many, and less in them.
# On QEMU the sizes that flash-xip has by itself.
rounds=3 code=2 pages=3 bus=
if [ $engine = kvm ]; then
	rounds=2 code=1 pages=2 bus=,bus=32,chips=2
fi
size="--set rounds=$rounds --set code=$code --set pages=$pages"
chip="file=$work/chip,chip=$chip_part$bus,partition=xip:0:1M,partition=log:1M:1M"
xip="$kvalab run flash-xip --engine $engine --flash $chip"

fresh_chip()
{
	rm -f "$work/chip" "$work/chip.nv"
	: >"$work/chip"
}

# try_of SIZE TEXT STATUS PATTERN ARM OPTIONS...
try_of()
{
	of=$1 text=$2 status=$3 pattern=$4 arm=$5
	shift 5
	# shellcheck disable=SC2086 # words
	expect "$text" "$status" "$pattern" $xip $of --arm "$arm" "$@"
}
try() { try_of "$size" "$@"; }

good="0 lost, 0 unreported"

# result FILE OPTIONS...: on a new chip
result()
{
	file=$1
	shift
	fresh_chip
	rm -f "$file"
	# shellcheck disable=SC2086 # words
	$xip $size --json "$file" "$@" >"$work/log" 2>&1
}

# counts_alike ARM OPTIONS...: in two runs, and with either TLB; the first stays in $work/result, its trace in
# $work/trace. In a box the one with the soft TLB is the second.
counts_alike()
{
	arm=$1
	shift
	rm -rf "$work/trace"
	result "$work/result" --arm "$arm" "$@" --trace "$work/trace"
	if in_full; then
		result "$work/again" --arm "$arm" "$@"
		alike "$arm, $*: equal counts in two runs" "$counted" result again
	fi
	result "$work/again" --arm "$arm" "$@" --tlb soft
	alike "$arm, $*: the counts of the processor's TLB with the soft one" "$counted" result again
}

# --- on each host ----------------------------------------------------------------------------------------
fresh_chip
try "fault on 4 vCPUs, free schedule" 0 "$good" fault --cpus 4 --schedule free
try_of "--set rounds=1 --set code=0 --set pages=1" "copy on 2 vCPUs, free schedule, small" 0 "$good" copy \
	--schedule free
try "fault, soft TLB, free schedule, page tables in highmem, a space for each program" 0 "$good" fault \
	--schedule free --tlb soft,entries=8 --arena highmem --set tasks=6 --set spaces=6
try_of "--set rounds=1 --set code=0 --set pages=35" "fault, many pages" 0 "$good" fault
counts_alike fault --cpus 2 --seed 2

holds "fault: no RAM" '.metrics.image_ram_bytes == 0'
holds "fault: code was fetched again after it had been revoked" \
	".metrics.refetches >= $rounds * 2 * ($code + 1)"
holds "fault: no command while a CPU could reach the chip" \
	'.exit.status == 0 and .oracle.flash_violations == 0 and .findings == []'

maps_in_order "$work/trace"
# the last program's faults come when all has been counted
least=$(jq .metrics.mapping_faults "$work/result")
if in_order && [ "$mapped" -ge "$least" ] && [ "$mapped" -le $((least + 1)) ] &&
	{ [ "$waited" -gt 0 ] || [ $host = qemu ]; }; then
	pass "fault: (wait,) mark, map in each of $mapped faults; $waited waited"
else
	fail "fault: not wait, mark, map in each fault"
fi

# --- a chip that fails: on the first host with KVM -------------------------------------------------------
# At the first write of the second half: programs that touch the chip from then on are killed.
if [ "$host" = qemu ]; then
	skip "a chip that gets stuck: QEMU's flash does not"
elif in_full; then
	last=$(jq '.counts.flash_buffers + .counts.flash_erases' "$work/result")
	fresh_chip
	try "a chip that gets stuck" 1 "\(program\) killed: segmentation fault" fault --cpus 2 --seed 2 \
		--flash-fault stuck=$((last - rounds + 1))
fi

# --- parameters, figures: on some hosts ----------------------------------------------------------------
if once; then
	counts_alike copy --cpus 2
	counts_alike copy --cpus 4 --seed 2
	counts_alike fault --cpus 4 --seed 2
	fresh_chip
	for cpus in 1 2 4; do
		for arm in copy fault; do
			try "$arm on $cpus vCPUs" 0 "$good" $arm --cpus $cpus --seed $cpus
			try "$arm on $cpus vCPUs, free schedule" 0 "$good" $arm --cpus $cpus --schedule free
		done
	done
	for writer in off erase program; do
		for arm in copy fault; do
			try "$arm, writer $writer" 0 "$good" $arm --set writer=$writer
		done
	done
	for arm in copy fault; do
		try "$arm, page tables in highmem" 0 "$good" $arm --cpus 4 --arena highmem
		try "$arm, one program" 0 "$good" $arm --set tasks=1
		try "$arm, a space for each program" 0 "$good" $arm --cpus 4 --set tasks=6 --set spaces=6
		try "$arm, all programs in one space" 0 "$good" $arm --cpus 4 --set tasks=6 --set spaces=1
		try_of "--set code=0 --set pages=0" "$arm, the program's page alone" 0 "$good" $arm
	done
	try_of "--set pages=35 --set rounds=1" "copy, many pages" 0 "$good" copy
	fresh_chip
	expect "no room" 2 "has no room for" "$kvalab" run flash-xip --engine $engine --arm fault \
		--set pages=64 --set code=64 \
		--flash "file=$work/chip,chip=$chip_part,partition=xip:0:128K,partition=log:1M:1M"
	try "partitions that overlap" 2 "partition=xip at 0.* and log=xip at 0.* overlap" fault --set log=xip
	try "no such partition" 2 "no partition none: add partition=none:START:SIZE" fault --set log=none
	try "more spaces than programs" 2 "spaces=5: must be from 1 to 4" copy --set spaces=5
	try "an unknown writer" 2 "\"fast\" is not one of" copy --set writer=fast
fi
in_full || exit 0

# The same values, each once, with a chip that is busy where there is one.
fresh_chip
try "fault on 1 vCPU" 0 "$good" fault --cpus 1
try "copy, writer erase, all programs in one space" 0 "$good" copy --set writer=erase \
	--cpus 4 --set tasks=6 --set spaces=1
try "copy, writer program, soft TLB, free schedule" 0 "$good" copy --set writer=program \
	--cpus 4 --schedule free --tlb soft,entries=8 --set tasks=6 --set spaces=6
try "fault, writer erase" 0 "$good" fault --set writer=erase --cpus 2 --schedule free
try "fault, writer program, all programs in one space" 0 "$good" fault --set writer=program \
	--cpus 4 --set tasks=6 --set spaces=1 --seed 4
try_of "--set code=0 --set pages=0" "fault, writer off, the program's page alone" 0 "$good" fault \
	--set writer=off
try "fault on 1 vCPU, free schedule, one program" 0 "$good" fault --cpus 1 --schedule free --set tasks=1

result "$work/result" --arm copy
holds "copy: RAM for each page that each space touched" \
	".metrics.image_ram_bytes == 2 * ($code + 1 + $pages) * 4096"
holds "copy: no page comes twice" \
	".metrics.mapping_faults == 2 * ($code + 1 + $pages) and .metrics.refetches == 0"
