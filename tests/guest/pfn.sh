#!/bin/sh
# SPDX-License-Identifier: MIT
# pfn: every arm that `kvalab list pfn` names: tasks that map a segment, threads that write the same pages, races,
# drawn operations (seed rows L1-L8). With a flash chip: pfn_flash.sh.
#
# Everywhere: all arms and variants, one way each, small, and one with every race. Once, as it is the guest's own: how
# frames lie, TLBs, schedules, CPUs, arenas, splits, patterns, areas, bytes; what is the same in all arms; what must be
# refused. With KVM, where all of it runs, also a disk as the swap and the tier that traps stores.
. "$(dirname "$0")/common"
need_host

good="0 lost, 0 unreported"
arms=$("$kvalab" list pfn | sed -n 's/^  --arm \([^ ]*\).*/\1/p')
[ "$(echo "$arms" | paste -s -d ' ')" = "no-cow linear sw-bit side-table struct-page vma-split" ] ||
	fail "kvalab list pfn names arms: $arms"
echo "$arms" | sed '/^side-table$/a side-table --set side=doubled' >"$work/variants"

# try "ARM [OPTIONS]" TEXT STATUS PATTERN OPTIONS...: the arm's own options make a variant of it
try()
{
	arm=$1 text=$2 status=$3 pattern=$4
	shift 4
	rm -f "$work/result"
	# shellcheck disable=SC2086 # options are words
	expect "$arm, $text" "$status" "$pattern" "$kvalab" run pfn --engine $engine --arm $arm \
		--json "$work/result" "$@"
}

# each COMMAND...: with every variant as its first argument
each()
{
	while read -r variant; do
		"$@"
	done <"$work/variants"
}

# --- on every host ---------------------------------------------------------------------------------------
small="--segment size=128K --set pages=8"
[ $engine = qemu ] || small="--segment size=68K --set pages=4" # an instruction is dear
run_small()
{
	# shellcheck disable=SC2086 # options are words
	try "$variant" "small" 0 "$good" $small --set ops=8 --set races=0 --cpus 1 --tlb soft,entries=8
}
each run_small
# shellcheck disable=SC2086
try sw-bit "races on 4 vCPUs, free schedule" 0 "$good" --cpus 4 --schedule free $small --set ops=16
if in_full && [ $engine = kvm ]; then
	try sw-bit "a disk that is too small" 2 "the swap has [0-9]* KiB: at least so large a --disk" --disk 16K --set tasks=1
	# shellcheck disable=SC2086
	try sw-bit "a disk is the swap" 0 "$good" --disk 4M $small --set tasks=1 --set ops=30 --set races=1
	# A round of races swaps four pages.
	arm_holds "pages go to the disk, and come back" '.host_counts.disk_writes == .metrics["fuzz.swapped_out"] + 4 and
		.metrics["fuzz.swapped_out"] > 0 and .host_counts.disk_reads > 0'
	if "$kvalab" probe --json - 2>"$work/log" | jq -e .trap_tier.works >>"$work/log" 2>&1; then
		# shellcheck disable=SC2086
		try vma-split "stores are trapped" 0 "$good" --tier trap $small --set tasks=1 --set ops=16 --set races=0
	else
		skip "vma-split, stores are trapped: this host has no trap tier"
	fi
fi
once || exit 0

# --- once ------------------------------------------------------------------------------------------------
run_widely()
{
	for options in "--cpus 1 --tlb soft,entries=8" "--cpus 2 --tlb soft,pcid=on" "--cpus 4 --schedule free" \
		"--cpus 8 --seed 2" "--cpus 4 --arena highmem --tlb soft" "--mem 3G --split 1G" \
		"--mem 3G --split 2G --schedule free" "--set written=0" "--set written=1000 --set pattern=run" \
		"--set written=500 --set pattern=run" "--set written=500" "--set tasks=16 --set pages=1" \
		"--set pages=0 --set written=30"; do
		# shellcheck disable=SC2086
		try "$variant" "$options" 0 "$good" $options
	done
	try "$variant" "many operations" 0 "$good" --cpus 4 --set ops=1000 --set tasks=1
	arm_holds "of every kind" 'any(.checks[]; .name == "fuzz.kinds_missing" and .ok)'
	# Rows L2, L3: where frames lie anyhow, the linear rule alone is wrong.
	try "$variant" "frames are drawn" 0 "$good" --set fill=random
	case $variant in
	linear) arm_holds "some are misjudged" '.metrics.judged_wrong > 0 and .metrics["fuzz.misjudged"] > 0' ;;
	*) arm_holds "none is misjudged" '.metrics.judged_wrong == 0 and .metrics["fuzz.misjudged"] == 0' ;;
	esac
}
each run_widely

# Areas of data (row L6), of two tasks: k pages that lie apart are written; every second page is; the first half is.
try vma-split "4 of 40 pages are written" 0 "$good" --set pages=40 --set written=100
arm_holds "2k + 1 areas of a task's data" '.metrics.areas == 2 * (2 * 4 + 1) and .metrics.lock_writes == 2 * 4'
try vma-split "every second page is written" 0 "$good" --set written=500
arm_holds "an area for each page" '.metrics.areas == 2 * 48 and .metrics.lock_writes == 2 * 24'
try vma-split "one half is written" 0 "$good" --set written=500 --set pattern=run
arm_holds "two areas" '.metrics.areas == 2 * 2 and .metrics.lock_writes == 2 * 24'
try sw-bit "every second page is written" 0 "$good" --set written=500
arm_holds "one area" '.metrics.areas == 2 and .metrics.lock_writes == 0'

# A machine whose entries have no bit (rows L3, L4).
try sw-bit "no bit" 77 "^exit +77: skipped: sw-bit needs a bit that the processor ignores" --set sw-bits=0
for variant in "side-table" "side-table --set side=doubled" struct-page; do
	try "$variant" "no bit" 0 "$good" --set sw-bits=0
done

# --- bytes, and what is the same in all of them, with one CPU ----------------------------------------------
n=0
run_twice()
{
	for again in "" -again; do
		try "$variant" "1 vCPU" 0 "$good" --cpus 1
		cp "$work/result" "$work/$n$again"
	done
	alike "$variant: the same counts twice" "[.counts, .checks, (.metrics | del(.boot_ticks))]" $n $n-again
	n=$((n + 1))
}
each run_twice
alike "who maps no raw frame pays in no arm: an ordinary copy takes as many instructions (row L8)" \
	'.metrics.anon_cow_ticks' 0 1 2 3 4 5 6
alike "and so does a first touch, but where each table that is made gets memory beside it" \
	'.metrics.anon_fault_ticks' 0 1 2 5 6

# bytes WHAT WANT...: a number for each variant
bytes()
{
	what=$1
	shift
	n=0
	while [ $n -lt 7 ]; do
		jq ".metrics.$what" "$work/$n"
		n=$((n + 1))
	done | paste -s -d ' ' >"$work/log"
	if [ "$(cat "$work/log")" = "$*" ]; then
		pass "$what: $*"
	else
		fail "$what is not $*"
	fi
}

# Beside 8 leaf tables of a space that maps no raw frame: 512 bits each, or 512 words. Of 256 pages struct pages of 64
# bytes. Of areas 192 bytes each, beyond one for each mapping: 12 of 48 pages are written, apart, none at an end.
bytes unused_bytes 0 0 0 $((8 * 64)) $((8 * 4096)) 0 0
bytes metadata_linux_bytes 0 0 0 $((2 * 3 * 64)) $((2 * 3 * 4096)) $((256 * 64)) $((2 * 2 * 12 * 192))

# --- what must be refused (row L1) -------------------------------------------------------------------------
# refused "ARM [OPTIONS]" WHAT NAME
refused() { try "$1" "provoke=$2" 4 "^exit +4: $3" --set "provoke=$2"; }

refused sw-bit protect "write to raw frames: the segment would be shared, and written"
refused no-cow cow "copy-on-write of raw frames: a private mapping of the segment, whose frames have no struct page"
refused "linear --set fill=random" free "raw frame freed: 4000000 of space [0-9]+ maps [0-9a-f]+, which has no struct page"
run_wrong_frames()
{
	refused "$variant" outside "frame outside its source: a wrong source has 40300000 as one of its frames, which are 40200000 to 40300000"
	refused "$variant" ram "frame has a struct page: a wrong source has [0-9a-f]+ as one of its frames"
}
each run_wrong_frames
try sw-bit "nothing wrong with a copy" 2 "provoke=cow: this rule does it right: cow is for arm no-cow" --set provoke=cow
try sw-bit "nothing wrong with what is freed" 2 "provoke=free: this rule does it right" --set provoke=free
try sw-bit "no such mistake" 2 "^kvalab: --set provoke: \"x\" is not one of .*cow\|protect\|outside\|ram\|free" --set provoke=x
head -c 64K /dev/zero >"$work/small"
try sw-bit "a segment that is too small" 2 "a segment of 16 pages is too small: it needs 17" --segment "$work/small"
try sw-bit "a new segment that is too small" 2 "a new segment of 64 KiB is too small" --segment size=64K
try sw-bit "the least segment" 0 "$good" --segment size=68K
head -c 1M /dev/zero >"$work/zeros"
try sw-bit "a segment of zeros" 2 "the segment does not begin with this kernel's programs" --segment "$work/zeros"
try sw-bit "a segment that vmalloc has no room for" 2 "a segment of 512 MiB does not fit vmalloc: a larger --vmalloc" \
	--segment size=512M
try sw-bit "more pages than the segment has" 2 "pages=256: must be from 0 to 255" --set pages=256
try sw-bit "more than all are written" 2 "written=1001: must be from 0 to 1000" --set written=1001
try sw-bit "no task" 2 "tasks=0: must be from 1 to 1024" --set tasks=0
try sw-bit "more tasks than there are page tables for" 2 "tasks, pages: 7168 page tables in all, and there is room for [0-9]*: a larger --arena" \
	--set tasks=1024
try vma-split "more areas than the heap has room for" 2 "the kernel's heap has no [0-9]* KiB for them: fewer of them" \
	--segment size=4M --set tasks=200 --set pages=0 --set written=500
try sw-bit "more copies than there is RAM for" 2 "[0-9]* pages are copied, and [0-9]* are free: more --mem" \
	--mem 64M --segment size=16M --set tasks=8 --set pages=0 --set written=1000
try sw-bit "more crowds than there are page tables for" 2 "page tables in all, and there is room for [0-9]*: a larger --arena" \
	--cpus 8 --arena 2M
