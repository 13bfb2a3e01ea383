#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-xip: programs that run from flash. Both arms under all writers, on all numbers of CPUs, in both
# schedules; what a run counts; the order of events in each fault that maps a page of the chip.
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
fresh_chip
for arm in copy fault; do
	for writer in off erase program mixed; do
		try "$arm, writer $writer" 0 "$good" $arm --set writer=$writer
	done
	for cpus in 1 2 4; do
		try "$arm on $cpus vCPUs" 0 "$good" $arm --cpus $cpus --seed $cpus
		try "$arm on $cpus vCPUs, free schedule" 0 "$good" $arm --cpus $cpus --schedule free
	done
	try "$arm, page tables in highmem" 0 "$good" $arm --cpus 4 --arena highmem
	try "$arm, one program" 0 "$good" $arm --set tasks=1
	try "$arm, a space for each program" 0 "$good" $arm --cpus 4 --set tasks=6 --set spaces=6
	try "$arm, all programs in one space" 0 "$good" $arm --cpus 4 --set tasks=6 --set spaces=1
	try "$arm, the program's page alone" 0 "$good" $arm --set code=0 --set pages=0
	try "$arm, many pages" 0 "$good" $arm --set pages=35 --set rounds=1
	try "$arm, soft TLB, free schedule" 0 "$good" $arm --cpus 4 --schedule free \
		--tlb soft,entries=8
done

# --- what is counted ---------------------------------------------------------------------------------
# result FILE OPTIONS...: on a new chip
result()
{
	file=$1
	shift
	fresh_chip
	rm -f "$file"
	"$kvalab" run flash-xip --engine $engine --flash "$chip" --json "$file" "$@" >"$work/log" 2>&1
}

# holds TEXT FILTER
holds()
{
	if jq -e "$2" "$work/result" >"$work/log"; then
		pass "$1"
	else
		fail "$1: not so"
	fi
}

counted='[(.counts | del(.tlb_fills, .tlb_evicts)), [.checks[] | [.name, .got]]]'
# alike TEXT: two results with the same counts and checks
alike()
{
	if [ -s "$work/first" ] && [ -s "$work/second" ] &&
		[ "$(jq -cS "$counted" "$work/first")" = "$(jq -cS "$counted" "$work/second")" ]; then
		pass "$1"
	else
		fail "$1: counts differ"
	fi
}
for arm in copy fault; do
	for options in "--cpus 2" "--cpus 4 --seed 2"; do
		# shellcheck disable=SC2086 # options are words
		{
			result "$work/first" --arm $arm $options
			result "$work/second" --arm $arm $options
			alike "$arm, $options: equal counts in two runs"
			result "$work/second" --arm $arm $options --tlb soft
			alike "$arm, $options: the counts of the processor's TLB with the soft one"
		}
	done
done

result "$work/result" --arm copy
holds "copy: RAM for each page that each space touched" '.metrics.image_ram_bytes == 2 * 6 * 4096'
holds "copy: no page comes twice" '.metrics.mapping_faults == 12 and .metrics.refetches == 0'
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

# --- a chip that fails -------------------------------------------------------------------------------
# At the first write of the second half: programs that touch the chip from then on are killed.
if [ "$host" = qemu ]; then
	skip "a chip that gets stuck: QEMU's flash does not"
else
	last=$(jq '.counts.flash_buffers + .counts.flash_erases' "$work/result")
	fresh_chip
	try "a chip that gets stuck" 1 "\(program\) killed: segmentation fault" fault \
		--flash-fault stuck=$((last - 2))
fi

# --- what is refused ---------------------------------------------------------------------------------
fresh_chip
expect "no room" 2 "has no room for" "$kvalab" run flash-xip --engine $engine --arm fault \
	--set pages=64 --set code=64 \
	--flash "file=$work/chip,chip=$chip_part,partition=xip:0:128K,partition=log:1M:1M"
try "partitions that overlap" 2 "partition=xip at 0.* and log=xip at 0.* overlap" fault --set log=xip
try "no such partition" 2 "no partition none: add partition=none:START:SIZE" fault --set log=none
try "more spaces than programs" 2 "spaces=5: must be from 1 to 4" copy --set spaces=5
try "an unknown writer" 2 "\"fast\" is not one of" copy --set writer=fast
