#!/bin/sh
# SPDX-License-Identifier: MIT
# hello with a disk: pages of all zones go there and back, what is refused is told, and the seed
# determines what the disk is asked for. In two parts: what runs on each host, and what in_full
# (tests/guest/common) leaves to one.
# needs: cmp truncate
. "$(dirname "$0")/common"
need_host
if [ $engine = qemu ]; then
	expect "a disk with QEMU" 3 "^kvalab: --disk needs --engine kvm: QEMU's pc machine has no virtio-mmio" \
		"$kvalab" run hello --engine qemu --disk 64K
	exit 0
fi

# hello TEXT OPTIONS...: it ends well, and the result is kept
hello()
{
	text=$1
	shift
	if "$kvalab" run hello --set storm=0 --json "$work/result" "$@" >"$work/log" 2>&1; then
		pass "$text"
	else
		fail "$text: exit status $?"
	fi
}

# on_cpus CPUS TEXT OPTIONS...
on_cpus()
{
	cpus=$1 also=$2
	shift 2
	hello "hello with a disk on $cpus vCPUs$also" --disk 64K --cpus "$cpus" "$@"
	holds "hello with a disk on $cpus vCPUs: host and guest count the same" \
		'.counts.disk_reads == 9 and .counts.disk_writes == 8 and .counts.disk_flushes == 1 and
		.host_counts.disk_reads == 9 and .host_counts.disk_writes == 8 and
		.host_counts.disk_bytes == 17 * 4096'
}

on_cpus 4 "" --trace "$work/trace"
"$kvalab" trace print "$work/trace" --event disk_request >"$work/first"
hello "hello with a disk, free schedule" --disk 64K --cpus 4 --schedule free
hello "hello with a disk, stores to page tables trapped where the host can" --disk 64K --tier auto

hello "hello with a disk, RAM above 4 GiB" --disk 64K --mem 5G --hole 256M:16M --trace "$work/high"
holds "pages above 4 GiB are refused" '.counts.disk_errors == 3 and .host_counts.disk_writes == 8 and
	([.checks[] | select(.name | startswith("disk.high4g"))] | length == 3)'
"$kvalab" trace print "$work/high" --event disk_request >"$work/events"
if [ "$(grep -c 'outcome=unreachable gpa=0x1[0-9a-f]\{8\} ' "$work/events")" = 2 ] &&
	[ "$(grep -c 'outcome=done' "$work/events")" = 18 ]; then
	pass "pages above 4 GiB are refused: so says the trace"
else
	cp "$work/events" "$work/log"
	fail "pages above 4 GiB are refused: the trace"
fi

# requests FILE SEED: what the disk was asked for, in order
requests()
{
	rm -rf "$work/trace"
	"$kvalab" run hello --disk 64K --cpus 4 --set storm=0 --seed "$2" --trace "$work/trace" >"$work/log" 2>&1
	"$kvalab" trace print "$work/trace" --event disk_request >"$1"
}
requests "$work/again" 1
if [ -s "$work/first" ] && cmp -s "$work/first" "$work/again"; then
	pass "one seed: the same requests with the same tickets"
else
	fail "one seed: other requests"
fi

# --- parameters, figures: on one host --------------------------------------------------------------------
in_full || exit 0
on_cpus 1 ", page tables in highmem" --arena highmem
on_cpus 2 ", soft TLB" --tlb soft,entries=8
hello "hello with a disk, nothing recorded" --disk 64K --tier off
requests "$work/other" 2
if ! cmp -s "$work/first" "$work/other"; then
	pass "another seed: another order"
else
	fail "another seed: the same order"
fi

truncate -s 64K "$work/file"
hello "hello with a file" --disk "file=$work/file"
if [ "$(od -An -tx1 -N16 "$work/file" | tr -d ' 0\n')" ]; then
	pass "the file holds what was written"
else
	fail "the file holds nothing"
fi
cp "$work/file" "$work/before"
hello "hello with a file that is only read" --disk "file=$work/file,readonly"
holds "a file that is only read" '.counts.disk_reads == 1 and .counts.disk_writes == 0 and
	([.checks[] | select(.name == "disk.write_refused")] | length == 1)'
if cmp -s "$work/file" "$work/before"; then
	pass "a file that is only read has not changed"
else
	fail "a file that is only read has changed"
fi
hello "hello without a disk"
holds "hello without a disk: no check of it, no count" '.counts.disk_reads == 0 and
	(.host_counts | has("disk_reads") | not) and
	([.checks[] | select(.name | startswith("disk."))] == [])'
