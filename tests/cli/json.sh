#!/bin/sh
# SPDX-License-Identifier: MIT
# The result object: its fields, that it appears whole or not at all, that it agrees with itself.
. "$(dirname "$0")/common"
need_kvm
if ! command -v jq >/dev/null; then
	skip "json: jq is not installed"
	exit 0
fi

# holds TEXT JQ-EXPRESSION
holds()
{
	if jq -e "$2" "$work/result" >"$work/log" 2>&1; then
		pass "json: $1"
	else
		fail "json: $1: $2"
	fi
}

expect "--json FILE" 0 "^exit +0" "$kvalab" run hello --json "$work/result"
holds "all fields are there" 'has("schema") and has("scenario") and has("arm") and has("seed") and
	has("schedule") and has("engine") and (.host | has("class") and has("paging") and
	has("insn_per_s")) and (.guest | has("arch") and has("cpus") and has("mem") and has("split") and
	has("tlb") and has("ticks")) and (.trace | has("tier") and has("events") and has("lost") and
	has("unreported")) and has("counts") and has("host_counts") and has("metrics") and
	has("checks") and (.oracle | has("stale_uses") and has("flash_violations") and
	has("reuse_windows") and has("ipis_needed")) and (.exit | has("status") and has("reason"))'
holds "the run was good" '.exit.status == 0 and .trace.lost == 0 and .trace.unreported == 0'
holds "every check holds and says what it wants" \
	'(.checks | length > 0) and all(.checks[]; .ok and has("want") and has("got"))'
holds "boot within 200,000 instructions" \
	'.guest.ticks != "insn" or (.metrics.boot_ticks > 0 and .metrics.boot_ticks <= 200000)'
holds "without an option the TLB is the processor's" \
	'.guest.tlb == "hw" and .counts.tlb_fills == 0 and .counts.tlb_evicts == 0'
holds "events were recorded" '.trace.events > 100 and .counts.pt_set > 0'

"$kvalab" run hello --json - >"$work/result" 2>"$work/log"
holds "--json - leaves stdout to the object" '.scenario == "hello"'
"$kvalab" run hello --tlb soft,entries=9 --json - >"$work/result" 2>"$work/log"
if grep -q "^tlb  *soft,entries=9,policy=fifo$" "$work/log"; then
	pass "json: and on the table"
else
	fail "json: the table does not name the TLB"
fi
holds "the TLB is named" '.guest.tlb == "soft,entries=9,policy=fifo" and .counts.tlb_fills > 0'
"$kvalab" run hello --tier off --json - >"$work/result" 2>"$work/log"
holds "nothing is claimed of a trace that is off" \
	'.trace.tier == "off" and .trace.lost == null and .oracle.flash_violations == null'

odd=$(printf 'tr\377ce')
if "$kvalab" run hello --trace "$work/$odd" --json "$work/result" >"$work/log" 2>&1; then
	holds "a path that is no UTF-8 is not left out" '.trace.dir | endswith("tr\ufffdce")'
else
	fail "json: a run with a path that is no UTF-8"
fi

for command in "run hello" "compare hello" probe; do
	# shellcheck disable=SC2086 # words
	expect "$command --json into a directory that is not there" 2 \
		"nowhere/result cannot be created: No such" \
		"$kvalab" $command --json "$work/nowhere/result"
	if [ "$(wc -l <"$work/log")" = 1 ]; then
		pass "$command: that is told before anything runs"
	else
		fail "$command: that is told after the work"
	fi
done
timeout -s KILL 1 "$kvalab" run hello --set fail=hang --json "$work/killed" >"$work/log" 2>&1
case $(stat -f -c %T "$work") in
tmpfs | ext2/ext3 | xfs | btrfs | overlayfs)
	if ! ls "$work" | grep -q killed; then
		pass "json: a run that is killed leaves no file"
	else
		fail "json: a run that is killed leaves a file"
	fi
	;;
*) skip "json: files without a name: not on every file system" ;;
esac
expect "--json into a full device" 3 "/dev/full" "$kvalab" run hello --json /dev/full
if [ -c /dev/full ] && ! ls "$work" | grep -q tmp; then
	pass "json: no temporary file is left, no device replaced"
else
	fail "json: a temporary file is left, or a device was replaced"
fi
