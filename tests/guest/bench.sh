#!/bin/sh
# SPDX-License-Identifier: MIT
# bench: the events that are timed did happen, as often as asked for; every figure is there where it
# belongs. Times are not checked. In two parts: what runs on each host, and what in_full and once
# (tests/guest/common) leave to some.
. "$(dirname "$0")/common"
need_host

# figures TEXT NAME...: each of them is above 0 in the result
figures()
{
	text=$1
	shift
	for name in "$@"; do
		jq -e ".metrics.${name}_tsc_ticks > 0" "$work/result" >/dev/null && continue
		fail "$text: no figure for $name"
		return
	done
	pass "$text"
}
always="loop user_loop syscall page_fault port_exit bench"

# Events of a kind in each of 20 batches: few, as no times are checked.
rounds=2
bench="$kvalab run bench --engine $engine --set rounds=$rounds"

# shellcheck disable=SC2086 # words
expect "bench, seeded" 0 "^exit +0" $bench --json "$work/result"
# shellcheck disable=SC2086 # a list
figures "bench, seeded: its figures" $always
holds "bench: two packets of events" '.metrics.event_rounds == 2046 and .metrics.events_ticks >= 2046'
cp "$work/result" "$work/first"
holds "bench, seeded and without a chip: no figures that it cannot have" \
	'.metrics | has("ipi_user_tsc_ticks") or has("mmio_exit_tsc_ticks") | not'

: >"$work/chip"
# shellcheck disable=SC2086 # words
expect "bench, free, with a chip" 0 "^exit +0" $bench --schedule free --tier off \
	--flash "file=$work/chip,chip=$chip_part" --json "$work/result"
# shellcheck disable=SC2086 # a list
figures "bench, free, with a chip: its figures" $always mmio_exit flash_switch ipi_user ipi_kernel
holds "bench, with a chip: faults in areas of both kinds" \
	'.metrics | .flash_fault_64_ticks > 0 and .lazy_fault_64_ticks > 0'
holds "bench: 20 batches of $rounds rounds" \
	"[.checks[] | select(.name == \"ipis_user\" or .name == \"faults\") | .got] | . == [20 * $rounds, 20 * $rounds]"

# --- figures, refusals: on some hosts --------------------------------------------------------------------
if once; then
	expect "bench, no rounds" 2 "rounds=0: at least 1" "$kvalab" run bench --engine $engine --set rounds=0
	expect "bench, more rounds than can be counted" 2 "at most 4294967296" \
		"$kvalab" run bench --engine $engine --set rounds=4503599627370497 --timeout 10
	expect "bench, more pages than addresses" 2 "no address space" "$kvalab" run bench --engine $engine --set rounds=100000
fi
in_full || exit 0
# shellcheck disable=SC2086 # words
$bench --json "$work/again" >"$work/log" 2>&1
alike "bench, seeded: the same counts again" .counts first again
# shellcheck disable=SC2086
expect "bench, one CPU" 0 "^exit +0" $bench --schedule free --cpus 1

# exact OPTIONS...: where ticks are the instructions of one CPU, the guest has compared them (row W2)
exact()
{
	text="bench${*:+ }$*: with areas of the kernel a hit and an ordinary vmalloc fault take as long as without"
	# shellcheck disable=SC2086 # words
	if ! $bench --cpus 1 --set user_loops=100 --json "$work/result" "$@" \
		>"$work/log" 2>&1; then
		fail "$text"
	elif ! jq -e '.guest.ticks == "insn" or any(.checks[]; .name | endswith("_ticks"))' \
		"$work/result" >/dev/null; then
		skip "$text: no instructions are counted"
	elif jq -e '.guest.ticks == "insn" and [.checks[].name | select(endswith("_ticks"))] == [
		"vmalloc_hit_ticks", "vmalloc_hit_1_ticks", "vmalloc_fault_1_ticks", "vmalloc_hit_64_ticks",
		"vmalloc_fault_64_ticks", "vma_walk_56_ticks"]' "$work/result" >/dev/null; then
		pass "$text"
	else
		fail "$text: not compared"
	fi
}
exact
exact --tier off
exact --arena highmem
exact --tlb soft
