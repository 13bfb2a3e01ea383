#!/bin/sh
# SPDX-License-Identifier: MIT
# hello on several machines: counts that the seed determines, both schedules, splits, arenas. In two parts:
# what runs on each host, and what in_full and once (tests/guest/common) leave to some.
. "$(dirname "$0")/common"
need_host

"$kvalab" run hello --engine $engine --json "$work/result" >"$work/log" 2>&1
is=$(jq -r '.host.class + " " + .host.paging' "$work/result")
case "$host $is" in
"kvm kvm"*" "* | "amd-npt kvm_amd npt" | "amd-shadow kvm_amd shadow" | "qemu qemu "*)
	pass "the host $host is $is"
	;;
*) fail "the host $host is $is" ;;
esac

good="0 lost, 0 unreported"
for cpus in 1 4; do
	expect "hello on $cpus vCPUs" 0 "$good" "$kvalab" run hello --engine $engine --cpus $cpus
done
expect "hello, free schedule" 0 "$good" "$kvalab" run hello --engine $engine --cpus 4 --schedule free
expect "hello, split 1G" 0 "$good" "$kvalab" run hello --engine $engine --split 1G --mem 4G
expect "hello, page tables in highmem" 0 "$good" "$kvalab" run hello --engine $engine --arena highmem
expect "hello, a large arena in highmem" 0 "$good" \
	"$kvalab" run hello --engine $engine --mem 2G --arena highmem,160M
expect "hello, a per-task kernel space of the user's side" 0 "$good" \
	"$kvalab" run hello --engine $engine --set carve=user
expect "hello, a per-task kernel space of the user's side, soft" 0 "$good" \
	"$kvalab" run hello --engine $engine --set carve=user --tlb soft,entries=16
expect "hello, 5 GiB with holes" 0 "$good" \
	"$kvalab" run hello --engine $engine --mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M
expect "hello, nothing recorded" 0 "off: nothing" "$kvalab" run hello --engine $engine --tier off

# --- processes ---------------------------------------------------------------------------------
# families OPTIONS...: their closed forms hold
families()
{
	expect "hello, processes: $*" 0 "$good" "$kvalab" run hello --engine $engine --set storm=0 \
		--set processes=3 "$@"
}
families --cpus 4 --tlb soft,entries=8,policy=random
families --cpus 4 --schedule free
[ $engine = qemu ] || families --cpus 2 --disk 1M

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
! in_full || runs=5
signature "$work/first" 1
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
signature "$work/other" 2
if [ -s "$work/other.order" ] && ! cmp -s "$work/first.order" "$work/other.order"; then
	pass "another seed: another interleaving"
else
	fail "another seed: the same interleaving"
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
but_fills='[(.counts | del(.tlb_fills, .tlb_evicts)), [.checks[] | [.name, .got]]]'

# as_hw TLB OPTIONS...
as_hw()
{
	tlb=$1
	shift
	set -- "$@" --set storm=0
	if ! result "$work/hw" "$@" || ! result "$work/soft" --tlb "$tlb" "$@"; then
		fail "hello, $tlb $*: it does not end well"
	elif [ "$(jq -cS "$but_fills" "$work/hw")" != "$(jq -cS "$but_fills" "$work/soft")" ]; then
		fail "hello, $tlb $*: other counts than with the processor's TLB"
	elif ! jq -e '.counts.tlb_fills > 40 and .counts.tlb_evicts <= .counts.tlb_fills and
		.trace.unreported == 0' "$work/soft" >"$work/log"; then
		fail "hello, $tlb $*: fills and evictions"
	else
		pass "hello, $tlb $*: the processor's counts, and $(jq .counts.tlb_fills "$work/soft") fills"
	fi
}
as_hw soft,entries=8,policy=random --cpus 4
as_hw soft --mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M
expect "hello, soft, free schedule" 0 "$good" "$kvalab" run hello --engine $engine --cpus 4 \
	--schedule free --tlb soft,entries=8
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

# --- parameters: on some hosts ---------------------------------------------------------------------------
if once; then
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
	expect "hello, soft, nothing recorded" 0 "off: nothing" "$kvalab" run hello --engine $engine \
		--tlb soft --tier off
fi
in_full || exit 0
for cpus in 1 2 4; do
	for schedule in seeded free; do
		for tlb in hw soft; do
			set -- --cpus $cpus --schedule $schedule --tlb $tlb
			families "$@"
			[ $engine = qemu ] || families "$@" --disk 1M
		done
	done
done
families --arena highmem
families --mem 64M
families --split 1G --mem 4G
expect "hello on 2 vCPUs" 0 "$good" "$kvalab" run hello --engine $engine --cpus 2
expect "hello, split 2G" 0 "$good" "$kvalab" run hello --engine $engine --split 2G --mem 4G
expect "hello, smallest machine" 0 "$good" "$kvalab" run hello --engine $engine --mem 64M
result "$work/soft" --tlb soft,entries=8,policy=random --cpus 4
result "$work/again" --tlb soft,entries=8,policy=random --cpus 4
if [ "$(jq -cS .counts "$work/soft")" = "$(jq -cS .counts "$work/again")" ]; then
	pass "hello, soft, random: the seed determines who makes room"
else
	fail "hello, soft, random: other counts the second time"
fi
