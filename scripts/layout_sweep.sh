#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of docs/layouts.md, from runs: what each layout gives back, what conversions and questions
# cost, what is starved, what fragments (seed rows A3, A4, A7, A9, A11). One CPU on engine qemu, where ticks
# are instructions. Stops at the first run that fails. Needs QEMU, jq, and dtc for the boards.
#
#   scripts/layout_sweep.sh [TABLE...]    recovered boards conversions questions starved fragments accesses maps
set -eu
cd "$(dirname "$0")/.."
. scripts/sweep_common

arms="classic translate table intermix"
worst="--hole 100M:64M --hole 400M:24M --hole 600M:12M"
odd="--hole 100M:65684K --hole 400M:24532K --hole 600M:12180K" # the same, and 148, -44 and -108 KiB
few_areas="--set areas=1" few="--set allocations=1" quick="$few_areas $few --set accesses=64"

# run ARM OPTIONS...: the result to $work/result
run()
{
	arm=$1
	shift
	run_or_stop layout --arm "$arm" --engine qemu --cpus 1 --set list=off "$@"
}

# row FILTER: jq's array as a line of a table
row() { jq -r ".metrics as \$m | def mib: . / 1048576 | round; def per: . / 1000 | round; $1 | \"| \" + (map(tostring) | join(\" | \")) + \" |\"" "$work/result"; }

holes_of()
{
	i=0
	while [ $i -lt "$1" ]; do
		echo "--hole $((78 + 48 * i))M:$((4 + i % 4 * 2))M"
		i=$((i + 1))
	done
}

recovered()
{
	echo "| holes | layout | lowmem MiB | recovered MiB | % | large leaves | small leaves | table pages | thousand instructions to boot |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|--:|"
	for set in "three, aligned to 2 MiB:$worst" "three, not aligned:$odd"; do
		for arm in $arms; do
			# shellcheck disable=SC2086 # options are words
			run $arm ${set#*:} $quick --tier off
			row "[\"${set%%:*}\", \"$arm\", (\$m.lowmem_bytes | mib), (\$m.recovered_bytes / 1048576 * 10 | round / 10), \$m.recovered_percent, \$m.large_leaves, \$m.small_leaves, \$m.table_pages, (\$m.boot_ticks | per)]"
		done
	done
}

conversions()
{
	echo "| layout | conversion | 0 holes | 1 | 2 | 4 | 8 | 16 |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|"
	for arm in $arms; do
		: >"$work/to"
		: >"$work/from"
		for n in 0 1 2 4 8 16; do
			# shellcheck disable=SC2046,SC2086
			run $arm $(holes_of $n) $quick
			jq '.metrics.phys_to_virt_last_ticks / 1000' "$work/result" >>"$work/to"
			jq '.metrics.virt_to_phys_last_ticks / 1000' "$work/result" >>"$work/from"
		done
		echo "| $arm | physical to virtual |$(awk '{ printf " %s |", $1 }' "$work/to")"
		echo "| | virtual to physical |$(awk '{ printf " %s |", $1 }' "$work/from")"
	done
}

questions()
{
	echo "| areas | range | bitmap | tree | walk |"
	echo "|--:|--:|--:|--:|--:|"
	for n in 10 1000 10000; do
		# shellcheck disable=SC2086
		run intermix $worst $few --set areas=$n
		row "[$n, (\$m.is_vmalloc_range_ticks | per), (\$m.is_vmalloc_bitmap_ticks | per), (\$m.is_vmalloc_tree_ticks | per), (\$m.is_vmalloc_walk_ticks | per)]"
	done
}

starved()
{
	echo "| --vmalloc | --vmalloc-upper | lowmem MiB | recovered MiB | vmalloc in all | behind lowmem | largest piece | 16 MiB static | 64 MiB static |"
	echo "|--:|--:|--:|--:|--:|--:|--:|---|---|"
	for vmalloc in 64M 112M 132M 164M 176M; do
		for upper in 0 32M 64M; do
			# shellcheck disable=SC2086
			run intermix $worst $quick --vmalloc $vmalloc --vmalloc-upper $upper --set static=64M
			large=$(jq -r 'if .metrics.static_mapped == 1 then "yes" else "no" end' "$work/result")
			# shellcheck disable=SC2086
			run intermix $worst $quick --vmalloc $vmalloc --vmalloc-upper $upper --set static=16M
			row "[\"$vmalloc\", \"$upper\", (\$m.lowmem_bytes | mib), (\$m.recovered_bytes | mib), (\$m.vmalloc_bytes | mib), (\$m.vmalloc_upper_bytes | mib), (\$m.vmalloc_largest_bytes | mib), (if \$m.static_mapped == 1 then \"yes\" else \"no\" end), \"$large\"]"
		done
	done
}

# of COLUMN: mean, least and most
of() { awk -v c="$1" '{ s += $c; if (NR == 1 || $c < l) l = $c; if ($c > m) m = $c } END { printf "%.1f (%.1f to %.1f)", s / NR, l, m }' "$work/seeds"; }

fragments()
{
	echo "| layout | fit | free MiB | largest free run MiB | fragmentation % | failed of 100,000 |"
	echo "|---|---|--:|--:|--:|--:|"
	for arm in classic intermix; do
		for fit in first best; do
			for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
				# shellcheck disable=SC2086
				run $arm $worst $few_areas --set fit=$fit --set allocations=100000 --seed $seed
				jq -r '.metrics | [.loaded_free_bytes / 1048576, .loaded_largest_bytes / 1048576,
					.fragmentation_percent, .areas_failed] | @tsv' "$work/result"
			done >"$work/seeds"
			echo "| $arm | $fit | $(of 1) | $(of 2) | $(of 3) | $(of 4) |"
		done
	done
}

accesses()
{
	echo "| RAM | layout | highmem MiB | local mappings per million accesses | instructions: lowmem | highmem |"
	echo "|--:|---|--:|--:|--:|--:|"
	for mem in 896M 1G 2G; do
		for arm in $arms; do
			# shellcheck disable=SC2086
			run $arm $worst --mem $mem --tier off $few_areas $few --set accesses=100000
			row "[\"$mem\", \"$arm\", (\$m.highmem_bytes | mib), \$m.highmem_maps, \$m.lowmem_access_ticks, \$m.highmem_access_ticks]"
		done
	done
}

# io ARM MEM LAYOUT: a file whose pages lie in all of RAM, used by two CPUs; the result to $work/ARM
io()
{
	# shellcheck disable=SC2086
	if ! "$kvalab" run highmem-io --arm "$1" --mem "$2" --layout "$3" $worst --engine qemu --tier off \
		--set ram=even --set pages=2000 --set accesses=10000 --json "$work/$1" >"$work/log" 2>&1; then
		cat "$work/log" >&2
		exit 1
	fi
}

# of_million ARM METRIC: of the accesses to pages
of_million() { jq ".metrics | .$2 * 1000000 / .page_accesses | floor" "$work/$1"; }

maps()
{
	echo "| RAM | layout | kva maps per million accesses | kmap-local: addresses made | single flushes | pkmap: addresses made | IPIs | per-map: addresses made | IPIs |"
	echo "|--:|---|--:|--:|--:|--:|--:|--:|--:|"
	for mem in 896M 1G 2G; do
		for layout in $arms; do
			for arm in kmap-local pkmap per-map; do
				io $arm $mem $layout
			done
			echo "| $mem | $layout | $(jq .metrics.maps_per_million "$work/pkmap") | $(of_million kmap-local addresses_made) | $(of_million kmap-local files_page_flushes) | $(of_million pkmap addresses_made) | $(of_million pkmap files_ipis) | $(of_million per-map addresses_made) | $(of_million per-map files_ipis) |"
		done
	done
}

# board NAME MEM: of tests/boards
board()
{
	dtc -q -O dtb -o "$work/board.dtb" "tests/boards/$1.dts"
	for arm in classic intermix; do
		for vmalloc in 112M 256M; do
			# shellcheck disable=SC2086
			run $arm --dtb-overlay "$work/board.dtb" --mem "$2" --vmalloc $vmalloc --tier off $few_areas $few \
				--set accesses=100000
			row "[\"$1\", \"$2\", \"$vmalloc\", \"$arm\", (\$m.hole_bytes | mib), (\$m.lowmem_bytes | mib), (\$m.recovered_bytes | mib), (\$m.vmalloc_bytes | mib), (\$m.vmalloc_upper_bytes | mib), \$m.highmem_maps]"
		done
	done
}

boards()
{
	echo "| board | RAM | --vmalloc | layout | holes inside MiB | lowmem MiB | recovered MiB | vmalloc in all | behind lowmem | local mappings per million accesses |"
	echo "|---|--:|--:|---|--:|--:|--:|--:|--:|--:|"
	board msm8974 2G
	board msm8916 1G
	board stm32mp157c-dk2 512M
}

[ $# -gt 0 ] || set -- recovered boards conversions questions starved fragments accesses maps
for table; do
	echo
	$table
done
