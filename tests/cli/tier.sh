#!/bin/sh
# SPDX-License-Identifier: MIT
# The trap tier: every store to a page table is seen, nothing else changes, and a host that cannot do it
# says so.
. "$(dirname "$0")/common"
need_kvm

if "$kvalab" probe --json - 2>/dev/null | jq -e .trap_tier.works >/dev/null; then
	expect "a run with trapped page tables" 0 "0 unreported \(trap\)" "$kvalab" run hello --cpus 2 \
		--tier trap --json "$work/trap.json" --trace "$work/t"
	readable "a trace with stores" "$work/t"
	"$kvalab" run hello --cpus 2 --json "$work/ring.json" >/dev/null 2>&1
	if [ "$(jq -S .counts,.checks "$work/trap.json")" = "$(jq -S .counts,.checks "$work/ring.json")" ]; then
		pass "the tier changes no count and no check"
	else
		fail "the tier changes counts or checks"
	fi
	if jq -e '.host_counts.mmio_exits == .counts.pt_set and .trace.tier == "trap"' \
		"$work/trap.json" >"$work/log"; then
		pass "every store is an exit, and no other access is"
	else
		fail "stores and exits differ"
	fi
	stores=$("$kvalab" trace print "$work/t" --event pt_store | grep -c " pt_store ")
	if [ "$stores" = "$(jq .counts.pt_set "$work/trap.json")" ]; then
		pass "every store is in the trace"
	else
		fail "$stores stores are in the trace"
	fi
	if "$kvalab" trace print "$work/t" --event vm_exit | grep -q " vm_exit "; then
		fail "a store is told twice"
	else
		pass "no store is told twice"
	fi
	expect "page tables in highmem, four CPUs, no turns" 0 "^findings +0" "$kvalab" run hello --cpus 4 \
		--mem 1G --arena highmem --schedule free --tier trap
	expect "a soft TLB, whose tables are not trapped" 0 "0 unreported \(trap\)" "$kvalab" run hello \
		--cpus 2 --tier trap --tlb soft --json "$work/soft.json"
	if jq -e '.host_counts.mmio_exits == .counts.pt_set and .counts.tlb_fills > 0' "$work/soft.json" \
		>"$work/log"; then
		pass "no fill and no eviction is an exit"
	else
		fail "fills or evictions are exits"
	fi
	expect "auto takes it" 0 "info: tier auto: trap" "$kvalab" run hello --tier auto --log info
else
	expect "a host that cannot trap" 3 "this host cannot .*: use --tier ring" "$kvalab" run hello --tier trap
	expect "auto says why" 0 "info: tier auto: ring: " "$kvalab" run hello --tier auto --log info
fi
if command -v qemu-system-x86_64 >/dev/null; then
	expect "engine qemu has no slots" 3 "engine qemu has no memory slots" "$kvalab" run hello --engine qemu \
		--tier trap
	expect "auto on engine qemu" 0 "info: tier auto: ring: engine qemu" "$kvalab" run hello --engine qemu \
		--tier auto --log info
else
	skip "tier: qemu is not installed"
fi
