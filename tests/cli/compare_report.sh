#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of a comparison: the option, files that appear whole or not at all; then pages in headless Chromium
# (tests/report/compare.mjs), of results that are made up (no KVM), with reasons that are markup, and of real
# runs. Pictures: $OUT/check/compare-*.png.
# shellcheck disable=SC2016,SC2154 # what stands in single quotes, the fake kvmbox expands; cpus is its own
. "$(dirname "$0")/common"
. tests/cli/browser

# A program, and beside it a kvmbox that makes up the result of a run from the run's options.
mkdir "$work/bin"
cp "$kvalab" "$work/bin/kvalab"
cat >"$work/bin/kvmbox" <<'end'
#!/bin/sh
host=$2
while [ $# -gt 0 ]; do
	case $1 in
	--arm) arm=$2 ;;
	--cpus) cpus=$2 ;;
	--tlb) tlb=$2 ;;
	--json) json=$2 ;;
	esac
	shift
done
status=0 reason= ipis=0 more=
case $arm in
per-map) ipis=$((580 * (cpus - 1))) ;;
pkmap) ipis=$((13 * (cpus - 1))) more=', "saved_per_million": '$((-3 * cpus)) ;;
direct) status=77 reason='no </script><img src=x onerror=alert(1)> here' ;;
esac
[ "$arm$cpus" != pkmap4 ] || status=1 reason='<!-- a check does not hold'
[ "$host" != amd-shadow ] || ipis=$((ipis + 7))
cat >"$json" <<result
{"schema": "kvalab-result-1", "scenario": "kva", "arm": "$arm", "seed": 1, "schedule": "seeded",
 "engine": "kvm", "host": {"class": "made-up", "paging": "npt"},
 "guest": {"cpus": $cpus, "tlb": "$tlb", "ticks": "insn"},
 "counts": {"same": 7, "pt_set": $((100 * cpus)), "none": 0, "flush_page": $((5 + ipis)), "ipis": $ipis},
 "metrics": {"boot_ticks": $((120000 + cpus)), "<b>bytes</b>": $((4096 * cpus)),
  "stale_per_million": $((ipis / 3))$more},
 "exit": {"status": $status, "reason": "$reason"}}
result
exit $status
end
chmod 755 "$work/bin/kvmbox"

# --- the command --------------------------------------------------------------------------------------
made="$work/bin/kvalab compare kva --base kmap-local"
all="--hosts amd-npt --arms direct,kmap-local,per-map,pkmap --cpus 1,2,4"
two="--hosts amd-npt --arms kmap-local,per-map --cpus 2"
# shellcheck disable=SC2086 # several words
{
	expect "a page into a place that is not there" 2 "^kvalab: --report: .* cannot be created" \
		$made $two --report "$work/nowhere/page.html"
	expect "page and object in one file" 2 "cannot both go to -" $made $two --report - --json -
	expect "a page into a full disk" 3 "^kvalab: --report: writing to stdout" \
		sh -c "$made $two --report - >/dev/full"
	expect "--report of another command" 2 "unknown option|compare" "$kvalab" run hello --report "$work/none.html"
	expect "a page" 1 "direct, 2 vCPUs: skipped: no </script>" $made $all \
		--report "$work/made.html" --json "$work/made.json"
	$made $all --report - 2>"$work/log" >"$work/again.html"
}
if cmp -s "$work/again.html" "$work/made.html" && grep -q "^exit: 1$" "$work/log"; then
	pass "the same results give the same page, on stdout too, and the table is on stderr then"
else
	fail "the same results give another page"
fi
alone "the page" "$work/made.html"
if grep -q '<img src=x\|<!-- a check\|<b>bytes' "$work/made.html"; then
	fail "markup in names and reasons is markup of the page"
else
	pass "markup in names and reasons is escaped"
fi
# shellcheck disable=SC2086
$made $two --report "$work/one.html" --json "$work/one.json" >"$work/log" 2>&1 ||
	fail "a page of one number of vCPUs"
"$work/bin/kvalab" compare kva --hosts amd-npt,amd-shadow --arms per-map --cpus 1,2 \
	--report "$work/hosts.html" >"$work/log" 2>&1
if [ -n "$(find "$work" -name '*.tmp')" ] || [ -e "$work/none.html" ]; then
	fail "a file is left behind"
else
	pass "no file is left behind"
fi

# --- the page -------------------------------------------------------------------------------------------
need_browser

# page NAME: what compare.mjs tries, each line with the page's name
page()
{
	node tests/report/compare.mjs "$modules" "$browser" "$work/$1.html" "$work/$1.json" \
		"$out/check/compare-$1.png" >"$work/page" 2>"$work/log" || fail "$1: the test of the page died"
	sed "s/^\([A-Z]*\): /\1: page of $1: /" "$work/page"
}
page made
shows "a run that was skipped" "$work/made.html" "skipped: no </script><img src=x onerror=alert.1.> here"
shows "a run whose check failed" "$work/made.html" "exit 1: <!-- a check does not hold"
page one
shows "hosts that differ: each count" "$work/hosts.html" \
	"^ipis: per-map 2 vCPUs, amd-npt 580, amd-shadow 587. A correct run counts the same"
shows "hosts that differ: the row has a mark" "$work/hosts.html" "^ipis !"
shows "several hosts: each has a line" "$work/hosts.html" "^amd-shadow\$"

need_kvm
"$kvalab" compare hello --cpus 1,2,4 --report "$work/hello.html" --json "$work/hello.json" >"$work/log" 2>&1 ||
	fail "hello with 1, 2 and 4 vCPUs"
page hello
