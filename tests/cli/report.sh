#!/bin/sh
# SPDX-License-Identifier: MIT
# The report as people get it: options, files that appear whole or not at all, damaged traces; then pages in
# headless Chromium (tests/report/page.mjs), one of a trace made by hand, which needs no KVM, with names that
# are markup, one of a real run. Pictures: $OUT/check/report-*.png.
. "$(dirname "$0")/common"
. tests/cli/browser

write_trace=$out/tests/report/write_trace
if [ ! -x "$write_trace" ]; then
	fail "report: $write_trace is not there: make report-tests"
	exit 1
fi
"$write_trace" "$work/made" 2500 >"$work/log" 2>&1 || fail "a trace made by hand"

# --- the command --------------------------------------------------------------------------------------
expect "report without -o" 2 "report needs -o FILE" "$kvalab" report "$work/made"
expect "report without a trace" 2 "report DIR" "$kvalab" report -o "$work/none.html"
expect "report of what is no trace" 2 "is no trace directory" \
	"$kvalab" report "$work" -o "$out/none.html"
expect "report into the trace itself" 2 "lies in the trace itself" \
	"$kvalab" report "$work/made" -o "$work/made/page.html"
expect "report into a place that is not there" 2 "cannot be created" \
	"$kvalab" report "$work/made" -o "$work/nowhere/page.html"
expect "report into a full disk" 3 "No space left" \
	sh -c "'$kvalab' report '$work/made' -o - >/dev/full"
expect "report with an option of another command" 2 "format" \
	"$kvalab" report "$work/made" --format ndjson -o "$work/none.html"
expect "help of report" 0 "one page for a browser" "$kvalab" report --help
if [ -e "$work/none.html" ] || [ -n "$(find "$work" "$out/" -maxdepth 1 -name 'none.html*')" ]; then
	fail "a report that failed leaves a file"
else
	pass "a report that failed leaves no file"
fi

quiet "report of a trace" "$kvalab" report "$work/made" -o "$work/made.html"
if "$kvalab" report "$work/made" -o - 2>"$work/log" | cmp -s - "$work/made.html"; then
	pass "the same trace gives the same page, on stdout too"
else
	fail "the same trace gives another page"
fi
alone "the page" "$work/made.html"

cp -r "$work/made" "$work/damaged"
printf x | dd of="$work/damaged/vcpu1" bs=1 seek=30000 conv=notrunc 2>/dev/null
expect "report of a damaged trace, and a whole one" 5 "damaged is damaged: vcpu1: packet 0" \
	"$kvalab" report "$work/damaged" "$work/made" -o "$work/damaged.html"
quiet "report with a limit" "$kvalab" report "$work/made" --limit 1000 -o "$work/limit.html"

# --- the page -------------------------------------------------------------------------------------------
need_browser

# layout NAME OPTION...: the maps that a page must have, as kvalab layout has them
layout()
{
	name=$1
	shift
	"$kvalab" layout "$@" --json "$work/$name" >/dev/null 2>"$work/log" || fail "$name: no layout"
}
# page NAME TRACE LAYOUT...: what page.mjs tries, each line with the page's name
page()
{
	name=$1 trace=$2
	shift 2
	"$kvalab" report "$trace" -o "$work/$name.html" &&
		"$kvalab" trace export "$trace" --format ndjson -o "$work/$name.json" || fail "$name: no page"
	node tests/report/page.mjs "$modules" "$browser" "$work/$name.html" "$work/$name.json" \
		"$out/check/report-$name.png" "$@" >"$work/page" 2>"$work/log" || fail "$name: the test of the page died"
	sed "s/^\([A-Z]*\): /\1: report of $name: /" "$work/page"
}

# The options are write_trace's.
holes="--mem 2G --cpus 3 --hole 256M:100M --hole 600M:3076K --hole 1500M:40M"
# shellcheck disable=SC2086 # several
layout before $holes --layout classic
# shellcheck disable=SC2086
layout after $holes --layout intermix
# That of write_trace's, of the first hole.
sed -i '0,/"name": "hole"/s,,"name": "<i>mpss</i>@10000000",' "$work/before" "$work/after"
page made "$work/made" "$work/before" "$work/after"
shows "a layout whose name is markup, and its kind" "$work/made.html" "^After: <i>intermix</i> .intermixed.\$"
shows "a hole whose name is markup" "$work/made.html" "<i>mpss</i>@10000000 100 MiB"
shows "a damaged trace: the page says so" "$work/damaged.html" "Damaged: vcpu1: packet 0 is left out"
shows "and that nothing was judged" "$work/damaged.html" "The rules were not judged"
shows "too many events: the page says so" "$work/limit.html" "more than this page holds one by one"
# Side by side: a kind that differs, and one that does not; alone a trace has no such table.
"$write_trace" "$work/other" 1500 >"$work/log" 2>&1 || fail "another trace made by hand"
"$kvalab" report "$work/made" "$work/other" -o "$work/two.html"
cp -r "$work/made" "$work/gone"
sed -i 's/\(kvalab_trace_version = \)[0-9]*/\199/' "$work/gone/metadata"
expect "report of a whole trace, and one of another version" 5 "version" \
	"$kvalab" report "$work/made" "$work/gone" -o "$work/gone.html"
tab=$(printf '\t')
# numbers of kind DIR KIND: of lines of JSON, with which the page shares no code; entries that the VMM sets apart
kind()
{
	"$kvalab" trace export "$1" --format ndjson -o - | grep "\"event\":\"$2\"" |
		if [ "$2" = pt_set ]; then grep -cv '"cpu":"vmm"'; else wc -l; fi
}
# grouped N: as the page writes it
grouped()
{
	echo "$1" | sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; ta'
}
for name in use pt_set; do
	shows "two traces: $name of both stand side by side" "$work/two.html" \
		"^$name$tab$(grouped "$(kind "$work/made" $name)")$tab$(grouped "$(kind "$work/other" $name)")\$"
done
shows "two traces, one that cannot be read: it has a column without numbers" "$work/gone.html" "^events$tab[0-9,]*$tab–\$"
if grep -q "^Side by side$" "$work/log" && node tests/report/text.mjs "$modules" "$browser" "$work/made.html" >"$work/log" 2>&1 &&
	! grep -q "Side by side" "$work/log"; then
	pass "one trace stands beside nothing"
else
	fail "one trace: the page has a table of traces"
fi
need_kvm
"$kvalab" run hello --cpus 4 --trace "$work/hello" --json "$work/result" >"$work/log" 2>&1 ||
	fail "a run of hello"
layout plain --cpus 4
page hello "$work/hello" "$work/plain"
shows "the regions of the kernel" "$work/hello.html" "^lowmem 798 MiB"
# result NAME: a number of the run's result
result()
{
	sed -n "s/^ *\"$1\": *\([0-9]*\).*/\1/p" "$work/result" | head -n 1
}
shows "the result of the run has as many events" "$work/hello.html" "^$(grouped "$(result events)")$"
node tests/report/text.mjs "$modules" "$browser" "$work/hello.html" >"$work/text" 2>&1
# card TEXT NUMBER NAME: in one card of the page
card()
{
	if grep -A 2 "^$(grouped "$2")\$" "$work/text" | grep -q "^$3"; then
		pass "$1"
	else
		fail "$1: no card \"$3\" with $2"
	fi
}
card "as many entries, without the VMM's" "$(result pt_set)" "Entries set, +"
card "as many flushes" "$(($(result flush_page) + $(result flush_space)))" "Flushes"
card "as many interrupts" "$(result ipis)" "IPIs sent"

# Two runs of one scenario: their columns say what is not the same in both, and what the guests counted.
entries=$(result pt_set)
"$kvalab" run hello --cpus 2 --seed 7 --trace "$work/seven" --json "$work/result" >"$work/log" 2>&1 ||
	fail "another run of hello"
"$kvalab" report "$work/hello" "$work/seven" -o "$work/both.html"
shows "two runs: one head says what differs" "$work/both.html" "seed 1, CPUs 4"
shows "two runs: so does the other" "$work/both.html" "seed 7, CPUs 2"
shows "two runs: entries are those that the runs count" "$work/both.html" \
	"^pt_set$tab$(grouped "$entries")$tab$(grouped "$(result pt_set)")\$"
shows "two runs: the VMM's entries stand apart" "$work/both.html" "^pt_set by the VMM$tab[1-9]"
cp -r "$work/seven" "$work/twin"
"$kvalab" report "$work/seven" "$work/twin" -o "$work/twins.html"
node tests/report/text.mjs "$modules" "$browser" "$work/twins.html" >"$work/log" 2>&1
if [ "$(grep -c "^$work/twin\$" "$work/log")" = 2 ] && [ "$(grep -c "^$work/seven\$" "$work/log")" = 2 ]; then
	pass "two runs with the same options: their directories tell them apart, in the choice and in the table"
else
	fail "two runs with the same options: nothing tells them apart in the table"
fi

# The way of a hole's name: a board's tree, the run, its trace, the page.
if ! command -v dtc >/dev/null; then
	skip "a board's holes: device-tree-compiler is not installed"
	exit 0
fi
dtc -q -O dtb -o "$work/board.dtb" tests/boards/msm8974.dts >"$work/log" 2>&1 || fail "dtc does not compile a board"
"$kvalab" run hello --dtb-overlay "$work/board.dtb" --layout intermix --trace "$work/board" >"$work/log" 2>&1 ||
	fail "a run of hello with the holes of a board"
"$kvalab" report "$work/board" -o "$work/board.html"
shows "the holes of a board have their names" "$work/board.html" "^mpss@8000000 to rmtfs@fd80000 127 MiB\$"
