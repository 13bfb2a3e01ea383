#!/bin/sh
# SPDX-License-Identifier: MIT
# Trace directories: one that exists, one that cannot be written, a disk that fills up while the
# guest runs; and a good one, which babeltrace2 and "trace print" read alike.
. "$(dirname "$0")/common"
need_kvm

mkdir "$work/there"
expect "a trace directory that exists" 2 "there.*exists|exists.*there" \
	"$kvalab" run hello --trace "$work/there"
expect "a trace directory in none" 2 "nowhere" "$kvalab" run hello --trace "$work/nowhere/trace"
expect "a trace directory in a read-only place" 3 "/proc" "$kvalab" run hello --trace /proc/kvalab

# shellcheck disable=SC2016 # expanded inside
full='mount -t tmpfs -o size=128k none "$1" && "$0" run hello --trace "$1/trace"'
mkdir "$work/small"
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	expect "a disk that is full" 3 "No space left|disk.*full|full.*disk" \
		unshare -m sh -c "$full" "$kvalab" "$work/small"
else
	skip "a disk that is full: only root may mount a small one"
fi

# Stacks of threads that do not fit into the address space.
limits="prlimit --stack=4000000000 --as=2000000000"
if $limits true 2>/dev/null; then
	# shellcheck disable=SC2086 # a command of several words
	expect "no room for a vCPU's thread" 3 "no thread for vCPU" \
		$limits "$kvalab" run hello --mem 64M --trace "$work/never"
	if [ -e "$work/never" ]; then
		fail "a run that never started leaves a trace directory"
	else
		pass "a run that never started leaves no trace directory"
	fi
else
	skip "no room for a vCPU's thread: the limits cannot be set"
fi

expect "a run with a trace" 0 "0 lost, 0 unreported" "$kvalab" run hello --trace "$work/good"
readable "a run with a trace" "$work/good"
if "$kvalab" trace print "$work/good" >"$work/print" 2>"$work/log" && [ -s "$work/events" ] &&
   [ "$(grep -vc '^ *#' "$work/print")" = "$(wc -l <"$work/events")" ]; then
	pass "trace print shows as many events as babeltrace2"
elif [ ! -s "$work/events" ]; then
	skip "trace print beside babeltrace2: that is not installed"
else
	fail "trace print and babeltrace2 differ in the number of events"
fi
expect "trace check of a trace, and of another" 0 "good: [0-9]+ records, 0 findings" "$kvalab" trace check \
	"$work/good" "$work/good"
expect "trace check says what other ways of flushing would do" 0 "^  lazy=64K( +[0-9]+){9}$" \
	"$kvalab" trace check "$work/good" --policy eager --policy lazy=64K --policy batch=8 \
	--policy mask --policy seq
expect "a policy that is none" 2 'policy: "eagerly" must be eager' "$kvalab" trace check "$work/good" \
	--policy eagerly
expect "policies in one word" 0 "^ +seq " "$kvalab" trace check "$work/good" --policy eager,seq
expect "a policy that waits for nothing" 2 "lazy: 0 is nothing to wait for" "$kvalab" trace check "$work/good" \
	--policy lazy=0
expect "a CPU that is not there" 2 "has no CPU 7; there are 0 to 1, and vmm" \
	"$kvalab" trace print "$work/good" --cpu 7
expect "a policy without its number" 2 "policy: batch" "$kvalab" trace check "$work/good" --policy batch=
expect "trace check of none" 2 "No such file" "$kvalab" trace check "$work/good" "$work/none"
expect "trace print of one event" 0 "pt_set" "$kvalab" trace print "$work/good" --event pt_set
expect "trace print of two events" 0 "tlb_flush" \
	"$kvalab" trace print "$work/good" --event pt_set,tlb_flush
if grep -v '^ *#' "$work/log" | awk '{ print $3 }' | sort -u | tr '\n' ' ' |
   grep -qx 'pt_set tlb_flush '; then
	pass "trace print of two events shows these two"
else
	fail "trace print of two events shows others, or not both"
fi
expect "trace print of an unknown event" 2 "pt_sett" \
	"$kvalab" trace print "$work/good" --event pt_sett
expect "trace print into a full disk" 3 "." sh -c "'$kvalab' trace print '$work/good' >/dev/full"

# --- trace repair: cut anywhere, babeltrace2 opens it again ------------------------------------------
size() { stat -c %s "$1"; }

# cut_trace NAME: a copy of the good trace; each file loses its end somewhere, one gets zeros
cut_trace()
{
	rm -rf "${work:?}/$1"
	cp -r "$work/good" "$work/$1"
	truncate -s "$2" "$work/$1/vcpu0"
	truncate -s "$3" "$work/$1/vcpu1"
	truncate -s +"$4" "$work/$1/vmm"
}

for cut in "65537 30 1" "65535 65535 200000" "131136 64 65536" "200000 65536 70000"; do
	# shellcheck disable=SC2086 # three sizes
	cut_trace cut $cut
	expect "repair of a trace cut at $cut" 0 "vcpu0: cut off [0-9]+ bytes behind [0-3] packet" \
		"$kvalab" trace repair "$work/cut"
	if [ "$(size "$work/cut/vmm")" != "$(size "$work/good/vmm")" ] ||
	   [ $(($(size "$work/cut/vcpu0") % 65536)) != 0 ]; then
		fail "repair cut too much or too little"
	fi
	readable "a repaired trace" "$work/cut"
done
find "$work/good" -type f -exec ls -l --full-time {} + >"$work/before"
expect "repair of a whole trace" 0 "vcpu0: whole, [0-9]+ packets" "$kvalab" trace repair "$work/good"
if find "$work/good" -type f -exec ls -l --full-time {} + | cmp -s - "$work/before"; then
	pass "repair of a whole trace touches nothing"
else
	fail "repair of a whole trace touches something"
fi
cut_trace second 70000 30 1
expect "repair of two traces, the first of which is none" 2 "second/vcpu0: cut off 4464 bytes" \
	"$kvalab" trace repair "$work/nowhere" "$work/second"
cut_trace middle 250000 30 1
printf x | dd of="$work/middle/vcpu0" bs=1 seek=70000 conv=notrunc 2>/dev/null
expect "repair of a trace damaged in the middle" 5 "still damaged: vcpu0: packet 1 is damaged" \
	"$kvalab" trace repair "$work/middle"
expect "which kvalab reads around" 5 "# vcpu0: packet 1 is left out" \
	"$kvalab" trace print "$work/middle" --event mark

# --- trace export: read by programs that share no code with it ----------------------------------------
# export_as FORMAT FILE
export_as()
{
	if "$kvalab" trace export "$work/good" --format "$1" -o "$2" >"$work/log" 2>&1 &&
	   [ ! -s "$work/log" ]; then
		pass "export as $1"
	else
		fail "export as $1"
	fi
}

export_as ndjson "$work/lines"
lines=$(wc -l <"$work/lines")
if ! command -v jq >/dev/null; then
	skip "jq on the NDJSON: it is not installed"
elif [ "$lines" = "$(grep -vc '^ *#' "$work/print")" ] &&
   jq -es "length == $lines and all(.[]; has(\"tsc\") | not) and
	(map(select(.event == \"pt_set\" and .cpu == \"vmm\")) | length > 0)" "$work/lines" \
	>"$work/log" 2>&1; then
	pass "jq reads $lines lines of NDJSON"
else
	fail "jq does not read the NDJSON"
fi
if "$kvalab" trace export "$work/good" --format ndjson -o - 2>"$work/log" | cmp -s - "$work/lines"; then
	pass "the same trace gives the same lines"
else
	fail "the same trace gives other lines"
fi
export_as perfetto "$work/pft"
if ! command -v protoc >/dev/null; then
	skip "protoc on the export for Perfetto: it is not installed"
elif protoc --decode=Trace -I tests/cli tests/cli/perfetto.proto <"$work/pft" >"$work/text" 2>"$work/log" &&
   ! grep -q '^ *[0-9]' "$work/text" && # no field that is unknown
   [ "$(grep -c 'type: TYPE_[SI]' "$work/text")" = "$lines" ] &&
   [ "$(grep -c 'type: TYPE_SLICE_BEGIN' "$work/text")" = "$(grep -c 'type: TYPE_SLICE_END' "$work/text")" ] &&
   grep -q 'name: "vCPU 1"' "$work/text"; then
	pass "protoc reads $lines events of Perfetto's format"
else
	fail "protoc does not read the export for Perfetto"
fi
expect "export of a damaged trace" 5 "is damaged" \
	"$kvalab" trace export "$work/middle" --format ndjson -o "$work/part"
if [ "$(wc -l <"$work/part")" -gt 1000 ]; then
	pass "what is left of a damaged trace is exported"
else
	fail "what is left of a damaged trace is not exported"
fi
expect "export into a full disk" 3 "No space left" \
	sh -c "'$kvalab' trace export '$work/good' --format ndjson -o - >/dev/full"
expect "export into the trace itself" 2 "lies in the trace itself" \
	"$kvalab" trace export "$work/good" --format ndjson -o "$work/good/vcpu0"

# --- trace diff: two runs with the same seed, and with another -----------------------------------------
"$kvalab" run hello --trace "$work/again" --json "$work/again.json" >"$work/log" 2>&1 ||
	fail "a second run"
"$kvalab" run hello --cpus 3 --trace "$work/other" --json "$work/other.json" >"$work/log" 2>&1 ||
	fail "a run on three vCPUs"
expect "diff of two runs with the same seed" 0 "the same: $lines records" \
	"$kvalab" trace diff "$work/good" "$work/again"
expect "diff of runs on two and three vCPUs" 1 "^> .* pt_set|^> .* cpu" \
	"$kvalab" trace diff "$work/good" "$work/other"
expect "diff of one event" 0 "the same: 2 records" \
	"$kvalab" trace diff "$work/good" "$work/other" --event mark
expect "diff with a damaged trace" 5 "still|damaged" \
	"$kvalab" trace diff "$work/good" "$work/middle"
expect "diff of results" 1 "^counts" "$kvalab" trace diff "$work/again.json" "$work/other.json"
expect "diff of a result with itself" 0 "the same: counts" \
	"$kvalab" trace diff "$work/again.json" "$work/again.json"
expect "diff of results by event" 2 "event needs two traces" \
	"$kvalab" trace diff "$work/again.json" "$work/again.json" --event mark
