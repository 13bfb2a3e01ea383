#!/bin/sh
# SPDX-License-Identifier: MIT
# What a page fault in an area of the kernel needs of an architecture, in functions and lines (seed row
# W16): counted in the call graph that the compiler writes of the sources, nothing inlined. Indirect calls
# are not in it: the fault functions of the two kinds of areas are named below. What ends the run or the
# task is not followed, nor what belongs to the testbed (its trace, its calls to the host, soft TLBs, interrupts that
# scenarios ask for). The totals are those of docs/flash-under-the-kernel.md, nothing is needed by areas of the kernel alone, and arm64, of which
# there is no arch/, would be asked for the same functions.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${CC:?run by make}" "${GUEST_CFLAGS:?run by make}"
doc=docs/flash-under-the-kernel.md
arch=arch/x86_64/guest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

areas="guest/flash/mapping.c:mapping_fault guest/mm/anon.c:anon_fault guest/mm/pageable.c:pageable_fault"
fault=guest/mm/fault.c
ends="panic panic_at usage_failure task_kill $fault:bad_access"
instruments="guest/trace.c guest/trace.h guest/host.c guest/mm/tlb_soft.c guest/task/cross_call.c"
other_traps="apic_eoi tlb_ipi_handler cross_call_handler $arch/trap.c:undefined_opcode $arch/trap.c:exception_name"
no_areas="$fault:kernel_address>$fault:by_vma"
# An ordinary fault is one of the kernel, and init_mm has what it lacks.
ordinary_only="$no_areas fault_handle>$fault:user_address"
waits="irqs_were_on handle_as_interrupted arch_irqs_on"
# The kernel without areas of its own: tasks, user areas over RAM, vmalloc; not flash.
kernel="kernel_main cpu_main task_first syscall_handle copy_from_user vmalloc vfree tlb_ipi_handler
	guest/mm/anon.c:anon_fault"

# graph DIR COMPILER FLAGS FILES...: false: this compiler writes none
graph()
{
	dir=$1 compiler=$2 flags=$3
	shift 3
	mkdir "$dir"
	for file in "$@"; do
		# shellcheck disable=SC2086 # a list of flags
		$compiler $flags -MF "$dir/d" -w -O0 -DARCH_INLINE= -fcallgraph-info -c -o "$dir/o.o" "$file" \
			>"$work/log" 2>&1 || return 1
		cat "$dir/o.ci" >>"$dir/all.ci"
	done
}

# walk ENTRY OTHER FILES...: rows, sorted
walk()
{
	entry=$1 other=$2
	shift 2
	awk -v ordinary="$entry" -v area="$areas" -v other="$other" -v ends="$ends" -v instruments="$instruments" \
		-v traps="$other_traps" -v only_ordinary="$ordinary_only" -v only_other="$no_areas" -v waits="$waits" \
		-f tests/static/fault_path.awk "$@" >"$work/unsorted" && sort "$work/unsorted"
}

guest="$(find guest -name '*.c' | sort) devices/abi/layout.c"
# shellcheck disable=SC2086 # a list of files
if ! graph "$work/native" "$CC" "$GUEST_CFLAGS" $guest $arch/*.c; then
	if grep -q 'fcallgraph-info' "$work/log"; then
		echo "SKIP: fault path: $CC writes no call graph"
	else
		echo "FAIL: fault path: $(head -n 1 "$work/log")"
	fi
	exit 0
fi
if ! walk trap_stub "trap_stub $kernel" "$work/native/all.ci" $arch/entry.S >"$work/rows"; then
	echo "FAIL: fault path: its functions are not found"
	exit 0
fi

# The table; the totals as they stand in the document.
{
	printf '| function | file | lines | needed by |\n|---|---|---|---|\n'
	awk -F '\t' '{ printf "| `%s` | `%s` | %s | %s |\n", $1, $2, $3, $4 }' "$work/rows"
} | sed 's/^/# /'
awk -F '\t' '
	BEGIN { n = split("ordinary faults too,a fault that may wait,the rest of the kernel too,kernel areas alone", who, ",") }
	{ functions[$4]++; lines[$4] += $3 }
	END { for (i = 1; i <= n; i++) printf "| %s | %d | %d |\n", who[i], functions[who[i]], lines[who[i]] }
' "$work/rows" >"$work/totals"
if [ "$(grep -cxFf "$work/totals" $doc)" = "$(grep -c . "$work/totals")" ]; then
	echo "PASS: fault path: the totals are those of $doc"
else
	echo "FAIL: fault path: $doc has not these totals:"
	cat "$work/totals"
fi
if grep -q 'kernel areas alone$' "$work/rows"; then
	echo "FAIL: fault path: areas of the kernel need of an architecture what nothing else needs"
else
	echo "PASS: fault path: areas of the kernel need nothing of an architecture that nothing else needs"
fi

# --- of guest/arch.h, here and on an architecture that the tree does not have -----------------------
names() { cut -f 1 "$1" | grep '^arch_\|^tlb_cpu_' | sort; }
# The flags of the guest, less those that name x86.
flags=$(printf '%s\n' "$GUEST_CFLAGS" |
	sed -e 's/-Iarch[^ ]*//' -e 's/-mno-red-zone//' -e 's/-fcf-protection=none//')
# shellcheck disable=SC2086 # a list of flags
$CC $flags -MF "$work/d" -E -P guest/arch.h |
	grep -oE '\b(arch|tlb_cpu)_[a-z_]+\(' | sort -u >"$work/declared"
names "$work/rows" >"$work/asked"
said="of the $(grep -c . "$work/declared") functions of \`guest/arch.h\` that path calls $(grep -c . "$work/asked")"
if grep -qF "$said" $doc; then
	echo "PASS: fault path: $said"
else
	echo "FAIL: fault path: $doc does not say: $said"
fi
cross=${CROSS_CC:-aarch64-linux-gnu-gcc}
if ! command -v "$cross" >/dev/null; then
	echo "SKIP: fault path, arm64: $cross is not installed"
	exit 0
fi
# shellcheck disable=SC2086 # a list of files
if ! graph "$work/arm64" "$cross" "$flags" $guest; then
	echo "FAIL: fault path, arm64: $(head -n 1 "$work/log")"
	exit 0
fi
walk fault_handle "fault_handle $kernel" "$work/arm64/all.ci" >"$work/rows.arm64"
names "$work/rows.arm64" | diff "$work/asked" - >"$work/log"
if [ -s "$work/rows.arm64" ] && [ ! -s "$work/log" ]; then
	echo "PASS: fault path, arm64: the same functions of guest/arch.h"
else
	echo "FAIL: fault path, arm64: other functions of guest/arch.h: $(tr '\n' ' ' <"$work/log")"
fi
