#!/bin/sh
# SPDX-License-Identifier: MIT
# The other compiler builds everything without a warning: host, guest, unit tests. What is proved of the
# guest's code holds of its code too. And the counts of a guest belong to the source, not to the compiler.
. "$(dirname "$0")/../cli/common"

if ! command -v clang >/dev/null; then
	skip "clang: it is not installed"
	exit 0
fi
if make --no-print-directory CC=clang OUT="$out/clang" all unit-tests-syntax static-tests \
	>"$work/make" 2>&1; then
	pass "clang builds it without a warning"
else
	grep -E 'warning|error|Error' "$work/make" | tail -n 8 >"$work/log"
	fail "clang does not build it"
	exit 0
fi
"$out/clang/tests/static/flush_proof" "$out/clang/guest.elf" >"$work/proof" ||
	grep -q '^FAIL' "$work/proof" || fail "built by clang: the proof of flushes does not end"
sed 's/^[A-Z]*: /&built by clang: /' "$work/proof"

counts()
{
	"$1" run hello --engine "$engine" --cpus 4 --seed 1 --json "$work/result" >"$work/log" 2>&1 &&
		jq -cS '[.counts, [.checks[].got]]' "$work/result"
}
engine=qemu # counts are those of KVM, in a tenth of the time
has_engine qemu || {
	need_kvm
	engine=kvm
}
if counts "$kvalab" >"$work/want" && counts "$out/clang/kvalab" >"$work/got" &&
	cmp -s "$work/want" "$work/got"; then
	pass "hello built by clang: equal counts"
else
	fail "hello built by clang: other counts"
fi
