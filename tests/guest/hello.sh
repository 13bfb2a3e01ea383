#!/bin/sh
# SPDX-License-Identifier: MIT
# hello on several machines: counts that the seed determines, both schedules, splits, arenas.
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
for cpus in 1 2 4; do
	expect "hello on $cpus vCPUs" 0 "$good" "$kvalab" run hello --engine $engine --cpus $cpus
done
expect "hello, free schedule" 0 "$good" "$kvalab" run hello --engine $engine --cpus 4 --schedule free
for split in 1G 2G; do
	expect "hello, split $split" 0 "$good" "$kvalab" run hello --engine $engine --split $split --mem 4G
done
expect "hello, page tables in highmem" 0 "$good" "$kvalab" run hello --engine $engine --arena highmem
expect "hello, 5 GiB with holes" 0 "$good" \
	"$kvalab" run hello --engine $engine --mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M
expect "hello, smallest machine" 0 "$good" "$kvalab" run hello --engine $engine --mem 64M
expect "hello, nothing recorded" 0 "off: nothing" "$kvalab" run hello --engine $engine --tier off

# signature FILE SEED: the counts, and the order of who did what
signature()
{
	rm -rf "$work/trace"
	"$kvalab" run hello --engine $engine --cpus 4 --seed "$2" --trace "$work/trace" --json "$work/result" \
		>"$work/log" 2>&1 || return 1
	jq -cS '[.counts, [.checks[].got]]' "$work/result" >"$1.counts"
	"$kvalab" trace print "$work/trace" | awk '$2 != "vmm" { print $2, $3, $4 }' >"$1.order"
}

runs=5
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
