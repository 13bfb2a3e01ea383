#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-xip: programs that run from flash. Both arms under all writers, on all numbers of CPUs, in both
# schedules; what a run counts; the order of events in each fault that maps a page of the chip. In two parts:
# what runs on each host, and what in_full and once (tests/guest/common) leave to some.
. "$(dirname "$0")/common"
need_host

chip="file=$work/chip,chip=$chip_part,partition=xip:0:1M,partition=log:1M:1M"

fresh_chip()
{
	rm -f "$work/chip" "$work/chip.nv"
	: >"$work/chip"
}

# try TEXT STATUS PATTERN ARM OPTIONS...
try()
{
	text=$1 status=$2 pattern=$3 arm=$4
	shift 4
	expect "$text" "$status" "$pattern" "$kvalab" run flash-xip --engine $engine --flash "$chip" \
		--arm "$arm" "$@"
}

good="0 lost, 0 unreported"

# result FILE OPTIONS...: on a new chip
result()
{
	file=$1
	shift
	fresh_chip
	rm -f "$file"
	"$kvalab" run flash-xip --engine $engine --flash "$chip" --json "$file" "$@" >"$work/log" 2>&1
}

counted='[(.counts | del(.tlb_fills, .tlb_evicts)), [.checks[] | [.name, .got]]]'
# counts_alike ARM OPTIONS...: in two runs, and with either TLB
counts_alike()
{
	arm=$1
	shift
	result "$work/first" --arm "$arm" "$@"
	result "$work/second" --arm "$arm" "$@"
	alike "$arm, $*: equal counts in two runs" "$counted" first second
	result "$work/second" --arm "$arm" "$@" --tlb soft
	alike "$arm, $*: the counts of the processor's TLB with the soft one" "$counted" first second
}

# --- on each host ----------------------------------------------------------------------------------------
fresh_chip
try "fault, writer mixed" 0 "$good" fault --set writer=mixed
try "fault on 1 vCPUs" 0 "$good" fault --cpus 1 --seed 1
for arm in copy fault; do
	try "$arm on 4 vCPUs, free schedule" 0 "$good" $arm --cpus 4 --schedule free
done
try "fault, page tables in highmem" 0 "$good" fault --cpus 4 --arena highmem
try "fault, a space for each program" 0 "$good" fault --cpus 4 --set tasks=6 --set spaces=6
try "fault, many pages" 0 "$good" fault --set pages=35 --set rounds=1
try "fault, soft TLB, free schedule" 0 "$good" fault --cpus 4 --schedule free --tlb soft,entries=8
counts_alike fault --cpus 4 --seed 2

rm -rf "$work/trace"
result "$work/result" --arm fault --trace "$work/trace"
holds "fault: no RAM" '.metrics.image_ram_bytes == 0'
holds "fault: code was fetched again after it had been revoked" '.metrics.refetches >= 3 * 2 * 3'
holds "fault: no command while a CPU could reach the chip" \
	'.oracle.flash_violations == 0 and .findings == []'

maps_in_order "$work/trace"
# the last program's faults come when all has been counted
least=$(jq .metrics.mapping_faults "$work/result")
if in_order && [ "$mapped" -ge "$least" ] && [ "$mapped" -le $((least + 1)) ] &&
	{ [ "$waited" -gt 0 ] || [ $host = qemu ]; }; then
	pass "fault: (wait,) mark, map in each of $mapped faults; $waited waited"
else
	fail "fault: not wait, mark, map in each fault"
fi

# --- parameters, figures: on some hosts ----------------------------------------------------------------
if once; then
	counts_alike copy --cpus 2
	fresh_chip
	try "copy, the program's page alone" 0 "$good" copy --set code=0 --set pages=0
	try "copy, many pages" 0 "$good" copy --set pages=35 --set rounds=1
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

fresh_chip
for writer in off erase program; do
	try "copy, writer $writer" 0 "$good" copy --set writer=$writer
	try "fault, writer $writer" 0 "$good" fault --set writer=$writer
done
try "copy, writer mixed" 0 "$good" copy --set writer=mixed
for cpus in 2 4; do
	try "copy on $cpus vCPUs" 0 "$good" copy --cpus $cpus --seed $cpus
	try "fault on $cpus vCPUs" 0 "$good" fault --cpus $cpus --seed $cpus
done
try "copy on 1 vCPUs" 0 "$good" copy --cpus 1 --seed 1
for cpus in 1 2; do
	try "copy on $cpus vCPUs, free schedule" 0 "$good" copy --cpus $cpus --schedule free
	try "fault on $cpus vCPUs, free schedule" 0 "$good" fault --cpus $cpus --schedule free
done
try "copy, page tables in highmem" 0 "$good" copy --cpus 4 --arena highmem
try "copy, a space for each program" 0 "$good" copy --cpus 4 --set tasks=6 --set spaces=6
for arm in copy fault; do
	try "$arm, one program" 0 "$good" $arm --set tasks=1
	try "$arm, all programs in one space" 0 "$good" $arm --cpus 4 --set tasks=6 --set spaces=1
done
try "fault, the program's page alone" 0 "$good" fault --set code=0 --set pages=0
try "copy, soft TLB, free schedule" 0 "$good" copy --cpus 4 --schedule free --tlb soft,entries=8
counts_alike copy --cpus 4 --seed 2
counts_alike fault --cpus 2

result "$work/result" --arm copy
holds "copy: RAM for each page that each space touched" '.metrics.image_ram_bytes == 2 * 6 * 4096'
holds "copy: no page comes twice" '.metrics.mapping_faults == 12 and .metrics.refetches == 0'

# --- a chip that fails -------------------------------------------------------------------------------
# At the first write of the second half: programs that touch the chip from then on are killed.
if [ "$host" = qemu ]; then
	skip "a chip that gets stuck: QEMU's flash does not"
else
	result "$work/result" --arm fault
	last=$(jq '.counts.flash_buffers + .counts.flash_erases' "$work/result")
	fresh_chip
	try "a chip that gets stuck" 1 "\(program\) killed: segmentation fault" fault \
		--flash-fault stuck=$((last - 2))
fi
