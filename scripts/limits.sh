#!/bin/sh
# SPDX-License-Identifier: MIT
# Part of make bench: the limits that kvalab is to hold, beside what this host shows. A row that
# does not hold its limit begins with "!". It is a measurement, not a test: the exit status is 0 all the same.
# Counts of instructions need a host that has them (docs/hosts.md); rates and times are of one machine, and
# of what else it does.
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-build}
kvalab=$out/kvalab
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# number NAME FILE: the first number behind "NAME": in a result
number() { sed -n "s/^ *\"$1\": \([0-9][0-9]*\),*\$/\1/p" "$2" | head -n 1; }
word() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\",*\$/\1/p" "$2" | head -n 1; }

# ratio A B: with two digits behind the point; nothing where one is missing
ratio()
{
	[ -z "$1" ] || [ -z "$2" ] || LC_ALL=C awk -v a="$1" -v b="$2" 'BEGIN { if (b) printf "%.2f", a / b }'
}

# row WHAT least|most LIMIT VALUE [NOTE]: no LIMIT: nothing to hold; no VALUE: NOTE says why
row()
{
	LC_ALL=C awk -v what="$1" -v way="$2" -v limit="$3" -v value="$4" -v note="${5:-}" 'BEGIN {
		broken = limit != "" && value != ""
		if (way == "most")
			broken = broken && value + 0 > limit + 0
		else
			broken = broken && value + 0 < limit + 0
		if (limit != "")
			limit = (way == "most" ? "<= " : ">= ") limit
		printf "%s %-50s %10s %10s  %s\n", broken ? "!" : " ", what, limit == "" ? "-" : limit,
			value == "" ? "-" : value, note
	}'
}

# --- instructions -------------------------------------------------------------------------------------
# insns FILE: do its ticks count instructions?
insns() { [ "$(word ticks "$1")" = insn ]; }

# an_event_takes TIER: instructions, the call, its arguments and the loop of the measurement included
an_event_takes() { ratio "$(number events_ticks "$work/$1")" "$(number event_rounds "$work/$1")"; }

# What tracing costs: --tier off makes the same call, which returns at once.
an_event()
{
	what="guest instructions that an event costs, tier ring"
	"$kvalab" run bench --json "$work/ring" >/dev/null
	"$kvalab" run bench --tier off --json "$work/off" >/dev/null
	row "lost and unreported events" most 0 \
		$(($(number lost "$work/ring") + $(number unreported "$work/ring"))) "of $(number events "$work/ring")"
	if insns "$work/ring"; then
		ring=$(an_event_takes ring) off=$(an_event_takes off)
		row "$what" most 40 "$(LC_ALL=C awk -v a="$ring" -v b="$off" 'BEGIN { print a - b }')" \
			"$ring with the call, of which $off with --tier off, too"
	else
		row "$what" most 40 "" "this host counts no instructions"
	fi
}

# mount TIER WRITER: instructions of the mount task; with a writer also those in which it waits
mount()
{
	rm -f "$work/chip.nv"
	cp "$work/image" "$work/chip"
	"$kvalab" run flash-mount --arm fault --tier "$1" --set list=off --set "writer=$2" --json "$work/$1" \
		--flash "file=$work/chip,chip=28f128j3,partition=rootfs:0:2M,partition=log:2M:2M" >/dev/null
	echo $(($(number mount_ticks "$work/$1") + $(number verify_ticks "$work/$1")))
}

mounts()
{
	what="flash-mount with a trace, times --tier off"
	if ! command -v mkfs.jffs2 >/dev/null; then
		row "$what" most 2 "" "mtd-utils is not installed"
		return
	fi
	mkfs.jffs2 --root=docs --output="$work/image" --eraseblock=128KiB --little-endian --no-cleanmarkers
	for writer in mixed off; do
		ring=$(mount ring $writer) off=$(mount off $writer)
		if insns "$work/ring"; then
			row "$what" most 2 "$(ratio "$ring" "$off")" \
				"writer=$writer: $ring and $off instructions, to mount and to verify"
		else
			row "$what" most 2 "" "this host counts no instructions"
		fi
	done
}

# --- the host's side ----------------------------------------------------------------------------------
# rate NAME: of bench_trace's table
rate() { sed -n "s/^$1  *\([0-9.]*\) million.*/\1/p" "$work/rates"; }

# The trace that bench_trace leaves, once more from its files.
checks()
{
	start=$(date +%s%N)
	records=$("$kvalab" trace check "$work/bench-trace" | sed -n 's/.*: \([0-9]*\) records.*/\1/p')
	ratio "$records" $((($(date +%s%N) - start) / 1000))
}

records()
{
	"$out/bench_trace" "$work" >"$work/rates"
	row "drain, million records/s a core" least 5 "$(rate drain)"
	row "drain into files, million records/s" least "" "$(rate "drain and write")"
	row "model alone, million records/s" least 2 "$(rate "model alone")"
	row "drain and model, million records/s" least 2 "$(rate "drain and model")"
	row "trace check, million records/s" least 2 "$(checks)" "reading included"
}

# first_line: ms from the launch to the first line that the guest's C prints; the best of ten
first_line()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		start=$(date +%s%N)
		"$kvalab" run hello --tier off 2>/dev/null | {
			read -r _
			echo $((($(date +%s%N) - start) / 10000))
			cat >/dev/null
		}
	done | sort -n | head -n 1
}

# resident PID: KiB that lie in memory now, without guest RAM (the largest mapping) and the chip's array
resident()
{
	LC_ALL=C awk -v chip="$work/chip" '
		/^[0-9a-f]+-[0-9a-f]+ / { name = $6 }
		/^Size:/ { size = $2 }
		/^Rss:/ {
			if (name == chip)
				next
			all += $2
			if (size > most) {
				most = size
				ram = $2
			}
		}
		END { print all - ram }' "/proc/$1/smaps" 2>/dev/null
}

# The most that is seen while hello runs, to its end.
memory()
{
	"$kvalab" run hello --cpus 4 >/dev/null 2>&1 &
	pid=$! most=0
	while kill -0 $pid 2>/dev/null; do
		now=$(resident $pid) || now=
		[ "${now:-0}" -le "$most" ] || most=$now
		sleep 0.02
	done
	wait $pid || :
	ratio "$most" 1024
}

if ! "$kvalab" run hello --tier off --json "$work/hello" >/dev/null 2>"$work/log"; then
	cat "$work/log"
	exit 0
fi
echo "# limits, on $(word class "$work/hello") ($(word paging "$work/hello") paging); ! does not hold its limit"
printf '  %-50s %10s %10s\n' "" limit measured
an_event
mounts
records
row "launch to the guest's first line, ms" most "" "$(ratio "$(first_line)" 100)" \
	"limit: as Solo5's hvt on this host, which is not measured here"
row "resident beyond the guest's memory, MiB" most 8 "$(memory)" "hello, tier ring, 4 vCPUs"
