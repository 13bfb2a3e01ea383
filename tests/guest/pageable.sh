#!/bin/sh
# SPDX-License-Identifier: MIT
# pageable: kernel text, data and memory that go out and come back. Both arms, all ways of text, all
# policies and patterns, on all numbers of CPUs, in both schedules; what a run counts; what is refused. In two
# parts: what runs on each host, and what in_full (tests/guest/common) leaves to one.
# needs: truncate
. "$(dirname "$0")/common"
need_host

# Two chips side by side: half as many bus cycles, each of which is an exit.
chip="file=$work/chip,chip=$chip_part,bus=32,chips=2,partition=text:0:1M,partition=log:1M:1M"
truncate -s 0 "$work/chip" "$work/small"
good="0 lost, 0 unreported"

# try TEXT STATUS PATTERN OPTIONS...
try()
{
	text=$1 status=$2 pattern=$3
	shift 3
	expect "$text" "$status" "$pattern" "$kvalab" run pageable --engine $engine "$@"
}

try "resident, 4 vCPUs, free schedule" 0 "$good" --arm resident --cpus 4 --schedule free

if [ "$host" = qemu ]; then
	try "resident" 0 "$good" --arm resident
	try "pageable without a disk" 2 "give --disk" --arm pageable
	try "a disk on engine qemu" 3 "--disk needs --engine kvm" --arm pageable --disk 4M
	exit 0
fi

# page OPTIONS...: what the options do to the arm pageable is right
page()
{
	try "pageable $*" 0 "$good" --arm pageable --disk 4M --flash "$chip" --set passes=1 "$@"
}

# result FILE OPTIONS...
result()
{
	file=$1
	shift
	rm -f "$file"
	"$kvalab" run pageable --arm pageable --disk 4M --flash "$chip" --json "$file" "$@" >"$work/log" 2>&1
}

# --- on each host ----------------------------------------------------------------------------------------
page --set text=copy --set policy=fifo --set pattern=hot --seed 3
page --set text=disk --set policy=random --cpus 4 --schedule free
page --set text=xip --set writer=mixed --arena highmem --schedule free
page --set text=xip --split 1G --mem 4G --tlb soft,entries=8

result "$work/result" --seed 7 --set passes=1
holds "mapped from flash, text takes no frame" '.metrics.text_paged_in == 0 and .metrics.text_mapped == 18'
holds "RAM is saved" '.metrics.ram_bytes <= 20 * 4096 and
	.metrics.ram_saved_bytes == (32 + 9 + 9) * 4096 - .metrics.ram_bytes'
holds "the disk did what the guest asked for" '.counts.disk_reads == .host_counts.disk_reads and
	.counts.disk_writes == .host_counts.disk_writes'

# --- parameters, figures, refusals: on one host ----------------------------------------------------------
in_full || exit 0
result "$work/again" --seed 7 --set passes=1
alike "equal counts in two runs" '[.counts, .checks]' result again

# Where waiting is forbidden (W17).
for how in locked irqs-off; do
	try "a touch, $how" 4 "pageable access in atomic context: task main touches" --arm pageable \
		--disk 4M --set text=disk --set provoke=$how
done

for policy in fifo clock; do
	page --set text=disk --set policy=$policy --set pattern=loop --set tasks=1 --cpus 1
done
page --set text=disk --set pattern=loop --set tasks=1 --set frames=64 --cpus 1 # all of it fits
page --set text=disk --set pressure=ram --mem 64M --set frames=18
page --set text=copy --set frames=4 --set tasks=2 --set rounds=1 --seed 3
page --set text=copy --set writer=program --cpus 4 --schedule free
page --set text=disk --tlb soft,entries=64 --cpus 4

result "$work/result" --set text=copy
holds "copied back, text takes frames" '.metrics.text_paged_in == 18 and .metrics.text_mapped == 0'

try "no disk" 2 "data go to a disk; give --disk" --arm pageable --set text=disk
try "no chip" 2 "the text is in flash; give --flash, or text=disk" --arm pageable --disk 4M
try "no partition" 2 "no partition none: add partition=none:START:SIZE" --arm pageable --disk 4M \
	--flash "$chip" --set partition=none
try "a partition that is too small" 2 "have no room for" --arm pageable --disk 4M \
	--flash "file=$work/small,chip=qemu-x8,partition=text:0:32K"
try "a disk that is too small" 1 "no room for|is there room" --arm pageable --disk 128K --set text=disk
try "fewer frames than tasks need" 2 "frames=7: 4 tasks need two each" --arm pageable --disk 4M \
	--set text=disk --set frames=7
truncate -s 1M "$work/disk"
try "a disk that is read-only" 2 "the disk, which is read-only" --arm pageable --set text=disk \
	--disk "file=$work/disk,readonly"
try "a policy that there is not" 2 "\"lru\" is not one of" --arm pageable --disk 4M --set policy=lru
try "a writer where nobody reads" 2 "no text is in flash" --arm pageable --disk 4M --set text=disk \
	--set writer=mixed
