#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of docs/flash-under-the-kernel.md about pageable memory, from runs: RAM saved and faults paid
# (seed rows W10, W11), by where text comes from, by policy, pattern and number of frames. One task on one
# CPU, so that what is counted is the paging alone. Stops at the first run that fails.
set -eu
cd "$(dirname "$0")/.."
. scripts/sweep_common
truncate -s 0 "$work/chip"

# row TEXT OPTIONS...: a line of the table
row()
{
	text=$1
	shift
	run_or_stop pageable --cpus 1 --tier off --disk 4M --set tasks=1 --set passes=8 \
		--flash "file=$work/chip,chip=28f128j3,partition=text:0:1M" "$@"
	jq -r --arg text "$text" '
		.metrics as $m | [$text, $m.ram_bytes / 4096, $m.ram_saved_bytes / 4096, ($m.memory_faults // 0),
			($m.zeroed // 0), ($m.paged_in // 0), ($m.paged_out // 0), ($m.remapped // 0),
			($m.made_writable // 0), $m.section_ticks, $m.memory_ticks] |
		"| " + (map(tostring) | join(" | ")) + " |"' "$work/result"
}

echo "| | frames | saved | faults in memory | zeroed | paged in | written out | remapped | made writable | instructions: sections | memory |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
row resident --arm resident
for text in xip copy disk; do
	row "text=$text" --arm pageable --set text=$text
done
for pattern in loop random hot; do
	for policy in fifo clock random; do
		for frames in 24 16; do
			row "$pattern, $policy, $frames frames" --arm pageable --set text=xip \
				--set pattern=$pattern --set policy=$policy --set frames=$frames
		done
	done
done
