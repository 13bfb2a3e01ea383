#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of docs/per-task-kernel-space.md, from runs of task-kmap and task-pt (seed rows B2-B13). On engine qemu,
# where a tick is an instruction; counts are those of any host. Stops at the first run that fails. Needs QEMU and jq.
#
#   scripts/per_task_sweep.sh [TABLE...]    size cpus threads switches copies carve tags reach loop spaces
set -eu
cd "$(dirname "$0")/.."
. scripts/sweep_common

kmaps="pkmap percpu-pool kmap-local ukva"
ways="lowmem highpte highpte,by=pkmap ukva"
alone="--set rounds=0 --set forks=1 --set copies=0"

# run SCENARIO ARM[,KEY=VALUE] OPTIONS...: the result to $work/result
run()
{
	scenario=$1 row=${2%%,*} set=${2#"${2%%,*}"}
	shift 2
	run_or_stop "$scenario" --arm "$row" ${set:+--set "${set#,}"} --engine qemu --tier off "$@"
}

name() { echo "$1" | tr , ' '; }
# The sum of what checks count: of each CPU's flushes, of a page and of all
counted() { jq -r --arg names "^($1)\$" '[.checks[] | select(.name | test($names)).got] | add' "$work/result"; }
mib() { awk -v bytes="$1" 'BEGIN { printf "%.*f", bytes % 1048576 ? 2 : 0, bytes / 1048576 }'; }
amount() { [ "$1" -lt 1048576 ] && echo "$(($1 / 1024)) KiB" || echo "$(mib "$1") MiB"; }
# The exponent from 1 CPU to 16
exponent() { awk -v first="$1" -v last="$2" 'BEGIN { if (first > 0) printf "%.2f", log(last / first) / log(16); else printf "-" }'; }
lowmem()
{
	"$kvalab" layout --json "$work/layout" "$@" >/dev/null
	jq '.kernel[] | select(.kind == "lowmem").bytes' "$work/layout"
}

size()
{
	echo "| split | tables of user space | slots | in all | lowmem, carved from the kernel's side | from the user's |"
	echo "|---|--:|--:|--:|--:|--:|"
	for split in 3G 2G 1G; do
		window=$((${split%G} * 2))
		echo "| $split | $window MiB | 2 MiB | $((window + 2)) MiB | $(mib "$(lowmem --split $split --mem 4G)") MiB |" \
			"$(mib "$(lowmem --split $split --mem 4G --set carve=user)") MiB |"
	done
}

cpus()
{
	echo "| arm | what | 1 | 2 | 4 | 8 | 16 | exponent |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|"
	for arm in $kmaps; do
		flushes='' ipis='' first=0
		for n in 1 2 4 8 16; do
			# shellcheck disable=SC2086 # options are words
			run task-kmap $arm --cpus $n --set slots=64 --set maps=$((n * 640)) $alone
			of=$(counted "forms.(page|space)_flushes")
			[ $n != 1 ] || first=$of
			flushes="$flushes | $of" ipis="$ipis | $(counted forms.ipis)"
		done
		echo "| $arm | flushes$flushes | $(exponent $first "$of") |"
		echo "| $arm | IPIs$ipis | |"
	done
}

threads()
{
	echo "| arm | flushes: 1 CPU | 2 | 4 | 8 | IPIs: 1 CPU | 2 | 4 | 8 |"
	echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
	for arm in $kmaps; do
		flushes='' ipis=''
		for n in 1 2 4 8; do
			# shellcheck disable=SC2086
			run task-kmap $arm --cpus $n --set slots=32 --set maps=640 $alone
			flushes="$flushes | $(counted "threads.(page|space)_flushes")" ipis="$ipis | $(counted threads.ipis)"
		done
		echo "| $arm$flushes$ipis |"
	done
}

switches()
{
	echo "| maps between two switches | pkmap | percpu-pool | kmap-local | ukva | ukva, with PCIDs |"
	echo "|--:|--:|--:|--:|--:|--:|"
	for between in 8 16 24 64 1000; do
		line=
		for arm in $kmaps; do
			# shellcheck disable=SC2086
			run task-kmap $arm --cpus 1 --set slots=16 --set maps=640 --set between=$between $alone
			line="$line | $(counted "switches.(page|space)_flushes")"
		done
		# shellcheck disable=SC2086
		run task-kmap ukva --cpus 1 --tlb soft,pcid=on --set slots=16 --set maps=640 --set between=$between $alone
		echo "| $between$line | $(counted "switches.(page|space)_flushes") |"
	done
}

copies()
{
	echo "| arm | instructions: map and unmap | copy_to_user() of a page | full flushes, 1,000 copies | flushes of a page | IPIs |"
	echo "|---|--:|--:|--:|--:|--:|"
	for arm in $kmaps; do
		run task-kmap $arm --cpus 4 --set slots=64 --set maps=0 --set rounds=0 --set forks=1 --set copies=1000
		echo "| $arm | $(metric map_ticks) | $(metric copy_to_user_ticks) | $(metric copy_space_flushes) | $(metric copy_page_flushes) | $(metric copy_ipis) |"
	done
}

carve()
{
	echo "| arm | carve | switch | lowmem | user space | tables of a space | entries, a space's birth | instructions | vmalloc faults |"
	echo "|---|---|---|--:|--:|--:|--:|--:|--:|"
	for arm in lowmem highpte ukva; do
		for side in kernel,table user,table user,entry; do
			case $arm,$side in lowmem,user,table | highpte,user,table) continue ;; esac
			of=${side%,*}
			run task-pt $arm --cpus 1 --set carve="$of" --set switch="${side#*,}" --set spaces=100
			user=3072
			[ "$of" = kernel ] || user=3064
			echo "| $arm | $of | ${side#*,} | $(mib "$(lowmem --mem 1G --set carve="$of")") MiB | $user MiB |" \
				"$(($(metric tables) / 100)) | $(metric birth_entries) | $(metric birth_ticks) | $(counted spaces.syncs) |"
		done
	done
}

tags()
{
	echo "| arm | carve | fills a turn, without PCIDs | with | instructions a turn, without | with |"
	echo "|---|---|--:|--:|--:|--:|"
	for arm in $ways; do
		for side in kernel user; do
			case $arm,$side in ukva*) ;; *user) continue ;; esac
			of=''
			for pcid in off on; do
				run task-pt $arm --cpus 1 --tlb soft,pcid=$pcid --set carve=$side --set turns=200
				of="$of $(metric fills_per_1000_turns) $(metric turn_ticks)"
			done
			# shellcheck disable=SC2086
			set -- $of
			echo "| $(name $arm) | $side | $(awk -v n="$1" 'BEGIN { printf "%.2f", n / 1000 }') |" \
				"$(awk -v n="$3" 'BEGIN { printf "%.2f", n / 1000 }') | $2 | $4 |"
		done
	done
}

reach()
{
	echo "| arm | uses of tables, 512 faults | flushes of a page | full flushes | instructions a fault | a page mapped and unmapped |"
	echo "|---|--:|--:|--:|--:|--:|"
	for arm in $ways; do
		run task-pt $arm --cpus 1 --set tables=1 --set pages=512 --set turns=200
		jq -r --arg arm "$(name $arm)" --argjson ticks "$(metric touch_ticks)" --argjson turn "$(metric turn_ticks)" '
			def first($name): [.checks[] | select(.name == $name).got][0];
			"| \($arm) | \(first("forms.own_leaves") + first("forms.own_upper")) | \(first("forms.page_flushes")) | \(first("forms.space_flushes") // 0) | \($ticks) | \($turn) |"' \
			"$work/result"
	done
}

loop()
{
	echo "| arm | fork | exec | exit | fork, exec, exit against lowmem | tables used by their own task | by others | flushes for tables |"
	echo "|---|--:|--:|--:|--:|--:|--:|--:|"
	base=
	for arm in $ways; do
		run task-pt $arm --cpus 1 --set forks=20
		sum=$(($(metric fork_ticks) + $(metric exec_ticks) + $(metric exit_ticks)))
		base=${base:-$sum}
		echo "| $(name $arm) | $(metric fork_ticks) | $(metric exec_ticks) | $(metric exit_ticks) |" \
			"$(awk -v a=$sum -v b="$base" 'BEGIN { printf "%.2f", a / b }') | $(metric own_uses) | $(metric other_uses) | $(metric table_flushes) |"
	done
}

spaces()
{
	echo "| spaces | tables, lowmem | of kernel space | tables, highpte | of kernel space | tables, ukva | of kernel space |"
	echo "|--:|--:|--:|--:|--:|--:|--:|"
	for n in 1 100 500 1000 2000 5000; do
		line=
		for arm in lowmem highpte ukva; do
			run task-pt $arm --cpus 1 --mem 2G --arena 192M --set spaces=$n
			line="$line | $(metric tables) | $(amount "$(metric table_address_bytes)")"
		done
		echo "| $n$line |"
	done
}

[ $# -gt 0 ] || set -- size cpus threads switches copies carve tags reach loop spaces
for table; do
	echo
	$table
done
