#!/bin/sh
# SPDX-License-Identifier: MIT
# hello on several machines: counts that the seed determines, both schedules, splits, arenas. In two parts:
# what runs on each host, and what in_full and once (tests/guest/common) leave to some.
. "$(dirname "$0")/common"
need_host

good="0 lost, 0 unreported"
expect "hello on 2 vCPUs" 0 "$good" "$kvalab" run hello --engine $engine --json "$work/result"
is=$(jq -r '.host.class + " " + .host.paging' "$work/result")
case "$host $is" in
"kvm kvm"*" "* | "amd-npt kvm_amd npt" | "amd-shadow kvm_amd shadow" | "qemu qemu "*)
	pass "the host $host is $is"
	;;
*) fail "the host $host is $is" ;;
esac

expect "hello, free schedule, a large arena in highmem" 0 "$good" \
	"$kvalab" run hello --engine $engine --cpus 4 --schedule free --mem 2G --arena highmem,160M
expect "hello, split 1G, a per-task kernel space of the user's side" 0 "$good" \
	"$kvalab" run hello --engine $engine --split 1G --mem 4G --set carve=user

# --- processes ---------------------------------------------------------------------------------
# families OPTIONS...: their closed forms hold. Of CPUs, schedules, TLBs and a disk each value, and the free schedule
# with each TLB and with the disk; QEMU has the product.
families()
{
	expect "hello, processes: $*" 0 "$good" "$kvalab" run hello --engine $engine --set storm=0 \
		--set processes=3 "$@"
}
families --cpus 4 --schedule free
disk=
[ $engine = qemu ] || disk="--disk 1M"
# shellcheck disable=SC2086 # options are words
families --cpus 2 --tlb soft,entries=8,policy=random $disk

# signature FILE SEED: the counts, and the order of who did what
signature()
{
	rm -rf "$work/trace"
	"$kvalab" run hello --engine $engine --cpus 4 --seed "$2" --trace "$work/trace" --json "$work/result" \
		>"$work/log" 2>&1 || return 1
	jq -cS '[.counts, [.checks[].got]]' "$work/result" >"$1.counts"
	"$kvalab" trace print "$work/trace" | awk '$2 != "vmm" { print $2, $3, $4 }' >"$1.order"
}

runs=2
! once || runs=5
if signature "$work/first" 1 && grep -q "$good" "$work/log"; then
	pass "hello on 4 vCPUs"
else
	fail "hello on 4 vCPUs"
fi
i=1 same=1
while [ $i -lt $runs ]; do
	signature "$work/again" 1 && cmp -s "$work/first.counts" "$work/again.counts" &&
		same=$((same + 1))
	i=$((i + 1))
done
if [ $same = $runs ]; then
	pass "one seed: equal counts in $runs runs"
else
	fail "one seed: equal counts in $same of $runs runs"
fi
if cmp -s "$work/first.order" "$work/again.order"; then
	pass "one seed: one interleaving"
else
	fail "one seed: two interleavings"
fi

# --- the soft TLB ------------------------------------------------------------------------------
# result FILE OPTIONS...: the whole result of a run that ends well
result()
{
	file=$1
	shift
	"$kvalab" run hello --engine $engine --json "$file" "$@" >"$work/log" 2>&1
}
# Of what the processor's TLB counts, nothing changes; fills and evictions come on top. (Without the storm,
# which reads pages between the change of their entry and the flush: with another TLB, with other faults.)
# as_hw TLB OPTIONS...
as_hw()
{
	tlb=$1
	shift
	set -- "$@" --set storm=0
	if ! result "$work/hw" "$@" || ! result "$work/soft" --tlb "$tlb" "$@"; then
		fail "hello, $tlb $*: it does not end well"
	elif [ "$(jq -cS "$counted" "$work/hw")" != "$(jq -cS "$counted" "$work/soft")" ]; then
		fail "hello, $tlb $*: other counts than with the processor's TLB"
	elif ! jq -e '.counts.tlb_fills > 40 and .counts.tlb_evicts <= .counts.tlb_fills and
		.trace.unreported == 0' "$work/soft" >"$work/log"; then
		fail "hello, $tlb $*: fills and evictions"
	else
		pass "hello, $tlb $*: the processor's counts, and $(jq .counts.tlb_fills "$work/soft") fills"
	fi
}
holes="--mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M"
# shellcheck disable=SC2086 # options are words
as_hw soft,entries=8,policy=random --cpus 4 $holes
expect "hello, soft, free schedule" 0 "$good" "$kvalab" run hello --engine $engine --cpus 4 \
	--schedule free --tlb soft,entries=8

# --- parameters: on some hosts ---------------------------------------------------------------------------
if in_full && [ $engine = kvm ]; then
	expect "hello on 1 vCPU" 0 "$good" "$kvalab" run hello --engine $engine --cpus 1
	families --cpus 1 --disk 1M
	families --cpus 4 --schedule free --tlb soft --disk 1M
fi
once || exit 0
signature "$work/other" 2
if [ -s "$work/other.order" ] && ! cmp -s "$work/first.order" "$work/other.order"; then
	pass "another seed: another interleaving"
else
	fail "another seed: the same interleaving"
fi
for options in "--cpus 1" "--cpus 4 --schedule free" "--split 1G --mem 4G" "--split 2G --mem 4G" "--mem 64M" \
	"--arena highmem" "--mem 2G --arena highmem,160M" "--set carve=user" \
	"--set carve=user --tlb soft,entries=16" "$holes"; do
	# shellcheck disable=SC2086 # options are words
	expect "hello $options" 0 "$good" "$kvalab" run hello --engine $engine $options
done
for tlb in hw soft; do
	expect "hello, $tlb, nothing recorded" 0 "off: nothing" "$kvalab" run hello --engine $engine \
		--tlb $tlb --tier off
done
# shellcheck disable=SC2086 # options are words
as_hw soft $holes
as_hw soft,entries=8,policy=random --cpus 4
for tlb in soft soft,entries=8 soft,entries=8,policy=random soft,entries=1024; do
	as_hw $tlb --cpus 2
done
as_hw soft,entries=8 --cpus 1
as_hw soft --arena highmem
as_hw soft --split 1G --mem 4G
as_hw soft,entries=8 --set carve=user --split 1G --mem 4G
as_hw soft --set carve=user --split 2G --arena lowmem,64M
as_hw soft --mem 64M
expect "hello, a per-task kernel space of the user's side, PCIDs" 0 "$good" \
	"$kvalab" run hello --engine $engine --set carve=user --tlb soft,pcid=on --cpus 4
for cpus in 1 2 4; do
	for schedule in seeded free; do
		for tlb in hw soft soft,entries=8,policy=random; do
			families --cpus $cpus --schedule $schedule --tlb $tlb
		done
	done
done
families --arena highmem
families --mem 64M
families --split 1G --mem 4G
result "$work/soft" --tlb soft,entries=8,policy=random --cpus 4
result "$work/again" --tlb soft,entries=8,policy=random --cpus 4
if [ "$(jq -cS .counts "$work/soft")" = "$(jq -cS .counts "$work/again")" ]; then
	pass "hello, soft, random: the seed determines who makes room"
else
	fail "hello, soft, random: other counts the second time"
fi
# Each fill and each eviction is one event; what a CPU holds is never more than its TLB has room for.
rm -rf "$work/trace"
result "$work/soft" --tlb soft,entries=8 --cpus 4 --trace "$work/trace"
"$kvalab" trace print "$work/trace" --event tlb_fill,tlb_evict >"$work/events"
if awk '$3 == "tlb_fill" { n++; if (++held[$2] > 8) exit 1 }
	$3 == "tlb_evict" { m++; if (--held[$2] < 0) exit 1 } END { print n + 0, m + 0 }' \
	"$work/events" >"$work/got" &&
	[ "$(cat "$work/got")" = "$(jq -r '"\(.counts.tlb_fills) \(.counts.tlb_evicts)"' "$work/soft")" ]; then
	pass "hello, soft: the trace has what a CPU holds, at most 8 entries"
else
	fail "hello, soft: fills and evictions of the trace"
fi
