#!/bin/sh
# SPDX-License-Identifier: MIT
# hello on several machines: counts that the seed determines, both schedules, splits, arenas.
. "$(dirname "$0")/common"
need_kvm
if ! command -v jq >/dev/null; then
	skip "hello: jq is not installed"
	exit 0
fi

good="0 lost, 0 unreported"
for cpus in 1 2 4; do
	expect "hello on $cpus vCPUs" 0 "$good" "$kvalab" run hello --cpus $cpus
done
expect "hello, free schedule" 0 "$good" "$kvalab" run hello --cpus 4 --schedule free
for split in 1G 2G; do
	expect "hello, split $split" 0 "$good" "$kvalab" run hello --split $split --mem 4G
done
expect "hello, page tables in highmem" 0 "$good" "$kvalab" run hello --arena highmem
expect "hello, 5 GiB with holes" 0 "$good" \
	"$kvalab" run hello --mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M
expect "hello, smallest machine" 0 "$good" "$kvalab" run hello --mem 64M
expect "hello, nothing recorded" 0 "off: nothing" "$kvalab" run hello --tier off

# signature FILE SEED: the counts, and the order of who did what
signature()
{
	rm -rf "$work/trace"
	"$kvalab" run hello --cpus 4 --seed "$2" --trace "$work/trace" --json "$work/result" \
		>"$work/log" 2>&1 || return 1
	jq -cS '[.counts, [.checks[].got]]' "$work/result" >"$1.counts"
	"$kvalab" trace print "$work/trace" | awk '$2 != "vmm" { print $2, $3, $4 }' >"$1.order"
}

signature "$work/first" 1
i=1 same=1
while [ $i -lt 10 ]; do
	signature "$work/again" 1 && cmp -s "$work/first.counts" "$work/again.counts" &&
		same=$((same + 1))
	i=$((i + 1))
done
if [ $same = 10 ]; then
	pass "one seed: equal counts in ten runs"
else
	fail "one seed: equal counts in $same of ten runs"
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

# The counts belong to the source, not to the compiler (tests/static/clang.sh has built the other).
if [ ! -x "$out/clang/kvalab" ]; then
	skip "hello built by clang: it has not been built"
elif "$out/clang/kvalab" run hello --cpus 4 --seed 1 --json "$work/result" >"$work/log" 2>&1 &&
	jq -cS '[.counts, [.checks[].got]]' "$work/result" >"$work/clang.counts" &&
	cmp -s "$work/first.counts" "$work/clang.counts"; then
	pass "hello built by clang: equal counts"
else
	fail "hello built by clang: other counts"
fi
