#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of docs/frames-without-struct-page.md, from runs of pfn (seed rows L2-L8). On engine qemu, where a tick
# is an instruction; counts are those of any host. Stops at the first run that fails. Needs QEMU and jq.
#
#   scripts/pfn_sweep.sh [TABLE...]    size shares crossings tasks written areas costs wrong
#   scripts/pfn_sweep.sh --svg         the picture of the tables tasks and written, which it runs
set -eu
cd "$(dirname "$0")/.."
. scripts/sweep_common

rules="linear sw-bit side-table side-table,side=doubled struct-page vma-split"
kept="side-table side-table,side=doubled struct-page vma-split" # rules that keep something

# run ARM[,KEY=VALUE] OPTIONS...: the result to $work/result
run()
{
	row=${1%%,*} set=${1#"${1%%,*}"}
	shift
	run_or_stop pfn --arm "$row" ${set:+--set "${set#,}"} --engine qemu --cpus 1 --tier off --set ops=0 --set races=0 "$@"
}

# A table, made once
once()
{
	[ -e "$work/$1" ] || $1 >"$work/$1"
	cat "$work/$1"
}

name() { echo "$1" | sed 's/,side=/ /'; }
# What the rule keeps, in bytes: by this kernel's structures, or Linux's
linux() { metric metadata_linux_bytes; }

# row OPTIONS...: a cell for each rule that keeps something
row()
{
	for arm in $kept; do
		run $arm "$@"
		printf ' | %s' "$(linux)"
	done
	echo " |"
}

heading()
{
	printf '| %s' "$1"
	for arm in $kept; do
		printf ' | %s' "$(name $arm)"
	done
	echo " |"
	echo "|--:|--:|--:|--:|--:|"
}

size()
{
	heading "segment"
	for mib in 1 4 16 64; do
		printf '| %s MiB' $mib
		row --segment size=${mib}M --set tasks=8 --set pages=0 --set written=20
	done
}

tasks()
{
	heading "tasks"
	for n in 1 2 4 8 16 32 64; do
		printf '| %s' $n
		row --segment size=4M --set tasks=$n --set pages=0 --set written=20
	done
}

written()
{
	heading "pages written, of 1,000"
	for n in 0 5 10 20 50 100 250 500; do
		printf '| %s' $n
		row --segment size=4M --set tasks=8 --set pages=0 --set written=$n
	done
}

areas()
{
	echo "| pages written, of 100 | which | areas of the data | write locks | bytes here | in Linux |"
	echo "|--:|---|--:|--:|--:|--:|"
	for of in 0,spread 1,spread 10,spread 10,run 50,spread 50,run 100,spread; do
		run vma-split --set tasks=1 --set pages=100 --set written=$((${of%,*} * 10)) --set pattern=${of#*,}
		echo "| ${of%,*} | ${of#*,} | $(metric areas) | $(metric lock_writes)" \
			"| $(metric metadata_bytes) | $(metric metadata_linux_bytes) |"
	done
}

costs()
{
	echo "| arm | instructions: first read of a frame | first write to it | of a page after a fork | of a table's first page | bytes beside 8 tables that map none |"
	echo "|---|--:|--:|--:|--:|--:|"
	for arm in no-cow $rules; do
		run $arm
		echo "| $(name $arm) | $(metric read_fault_ticks) | $(metric write_fault_ticks) | $(metric anon_cow_ticks)" \
			"| $(metric table_fault_ticks) | $(metric unused_bytes) |"
	done
}

wrong()
{
	echo "| arm | filled | pages mapped | copies | raw frames taken for pages |"
	echo "|---|---|--:|--:|--:|"
	for arm in $rules; do
		for fill in linear random; do
			run $arm --set fill=$fill --set tasks=4 --set pages=200
			echo "| $(name $arm) | $fill | 800 | $(metric copied_pages) | $(metric judged_wrong) |"
		done
	done
}

# With how many tasks, or pages written, a rule keeps as many bytes as the struct pages of the segment are.
crossings()
{
	echo "| segment | tasks: a bit each | doubled | split areas, 2 % written | pages written of 1,000 by all tasks: split areas |"
	echo "|--:|--:|--:|--:|--:|"
	once size | awk -F ' *[|] *' 'NR > 2 {
		printf "| %s | %.1f | %.1f | %.1f | %.0f |\n", $2, $5 * 8 / $3, $5 * 8 / $4, $5 * 8 / $6, $5 * 160 / $6 }'
}

# Of 100 bytes of the segment, for each task what is each task's.
shares()
{
	echo "| segment | struct-page | side-table, a task | doubled, a task | split areas, a task that writes 2 % |"
	echo "|--:|--:|--:|--:|--:|"
	once size | awk -F ' *[|] *' 'NR > 2 {
		page = $2 * 1048576 / 100
		printf "| %s | %.2f %% | %.4f %% | %.3f %% | %.3f %% |\n", $2, $5 / page, $3 / 8 / page, $4 / 8 / page, $6 / 8 / page }'
}

# Two panels, bytes for a page of the segment on the vertical axis (both axes are logarithmic); the rules' values are
# those of the tables, points, and lines between them.
svg()
{
	{ once tasks && once written; } | awk -F ' *[|] *' -f scripts/pfn_picture.awk
}

if [ "${1:-}" = --svg ]; then
	svg
	exit 0
fi
first=yes
for table in ${*:-size shares crossings tasks written areas costs wrong}; do
	[ -n "$first" ] || echo
	first=
	once $table
done
