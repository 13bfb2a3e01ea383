#!/bin/sh
# SPDX-License-Identifier: MIT
# Random sequences of bus cycles, times and power cuts for every flash part: those of the corpus, then
# new ones for FUZZ_SECONDS (60; 0: without end) or FUZZ_RUNS. FUZZ_CORPUS=DIRECTORY keeps what is
# found for the next run. A sequence that breaks a rule is kept in $OUT/fuzz/found and named.
. "$(dirname "$0")/../cli/common"
corpus=${FUZZ_CORPUS:-$work/corpus}
fuzzer=$out/fuzz/fuzz_flash
found=$out/fuzz/found

if ! scripts/deps.sh fuzz 2>"$work/log"; then
	skip "flash: $(cat "$work/log")"
	exit 0
fi
if ! make --no-print-directory OUT="$out" "$fuzzer" >"$work/log" 2>&1; then
	fail "flash: the fuzzer does not build"
	exit 0
fi
mkdir -p "$corpus" "$found"
tests/fuzz/corpus.sh unpack "$corpus"

# fuzz TEXT OPTION...: passes if no sequence breaks a rule
fuzz()
{
	text=$1
	shift
	if "$fuzzer" -dict=tests/fuzz/flash.dict -max_len=300 -timeout=300 -report_slow_units=300 \
		-artifact_prefix="$found/" -print_final_stats=1 "$@" "$corpus" >"$out/fuzz/log" 2>&1; then
		pass "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/fuzz/log") $text"
		return
	fi
	grep -aE '^VIOLATED|^SUMMARY|ERROR: ' "$out/fuzz/log" >"$work/log"
	input=$(sed -n 's/.*Test unit written to //p' "$out/fuzz/log")
	echo "to see it: FUZZ_TRACE=1 $fuzzer ${input:-(no input was written: $out/fuzz/log)}" >>"$work/log"
	fail "$text: one breaks a rule"
	exit 0
}

fuzz "sequences of the corpus break no rule" -runs=0
fuzz "random sequences break no rule" -runs="${FUZZ_RUNS:--1}" -max_total_time="${FUZZ_SECONDS:-60}"
