#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/per_task_sweep.sh against docs/per-task-kernel-space.md.
page=docs/per-task-kernel-space.md sweep=scripts/per_task_sweep.sh needs="qemu-system-x86_64 jq"
tables="size cpus threads switches copies carve tags reach loop spaces"
roughly="instructions|[Ii]PIs|fork|exec|exit|used|others|flushes for tables" percent=10
. "$(dirname "$0")/sweep_page"

# The mail's arithmetic: pkmap's flushes as the square of the CPUs, ukva's as their number.
for want in "pkmap 2.00" "ukva 1.00"; do
	set -- $want
	got=$(awk -F ' *[|] *' -v arm="$1" '$2 == arm && $3 == "flushes" { print $9 }' "$work/swept")
	if [ "$got" = "$2" ]; then
		pass "$1: flushes over CPUs: exponent $got"
	else
		fail "$1: flushes over CPUs: exponent $got, not $2"
	fi
done
