#!/bin/sh
# SPDX-License-Identifier: MIT
# The test runner: how a test may end, what it may print, and that perl's TAP reader and an XML
# reader understand what the runner makes of it.
. "$(dirname "$0")/common"
run=$PWD/tests/run.sh
mkdir -p "$work/tests/cli"
cd "$work" || exit 1

# test_is NAME TEXT: a test of one or more lines of shell
test_is()
{
	printf '#!/bin/sh\n%s\n' "$2" >"tests/cli/$1.sh"
	chmod +x "tests/cli/$1.sh"
}

# runs STATUS SUMS TEST...: the runner ends so, its last line is SUMS, and what it prints is TAP
runs()
{
	want=$1 sums=$2 tests=
	shift 2
	for name in "$@"; do
		tests="$tests tests/cli/$name.sh"
	done
	# shellcheck disable=SC2086 # a list
	OUT=out TEST_LIMIT=2 "$run" $tests >tap 2>log </dev/null
	got=$?
	if [ $got != "$want" ]; then
		fail "$*: exit status $got, not $want"
	elif [ "$(tail -n 1 tap)" != "$sums" ]; then
		fail "$*: the last line is not \"$sums\", but $(tail -n 1 tap)"
	else
		pass "$*: $sums"
	fi
	is_tap "$*"
	is_xml "$*"
}

# A reader that shares no code with the writer: no error, and the same sums.
is_tap()
{
	if ! perl -MTAP::Parser -e 1 2>/dev/null; then
		skip "$1, as TAP: perl has no TAP::Parser"
		return
	fi
	perl -MTAP::Parser -we '
		my $p = TAP::Parser->new({ source => \*STDIN });
		while (my $result = $p->next) { }
		print map { "$_\n" } $p->parse_errors;
		printf "%d passed, %d failed, %d skipped\n", $p->actual_passed - $p->skipped,
			scalar $p->actual_failed, scalar $p->skipped' <tap >log 2>&1
	if [ "$(cat log)" = "$sums" ]; then
		pass "$1, as TAP: $sums"
	else
		fail "$1, as TAP: the reader does not see \"$sums\""
	fi
}

is_xml()
{
	if ! command -v xmllint >/dev/null; then
		skip "$1, as XML: xmllint is not installed"
	elif xmllint --noout out/check/junit.xml >log 2>&1; then
		tests=$(xmllint --xpath "count(//testcase)" out/check/junit.xml)
		failed=$(xmllint --xpath "count(//testcase[failure])" out/check/junit.xml)
		skipped=$(xmllint --xpath "count(//testcase[skipped])" out/check/junit.xml)
		same "$1, as XML" "$sums" \
			"$((tests - failed - skipped)) passed, $failed failed, $skipped skipped"
	else
		fail "$1, as XML: xmllint does not read it"
	fi
}

# same TEXT WANT GOT
same()
{
	if [ "$2" = "$3" ]; then
		pass "$1: $2"
	else
		fail "$1: \"$3\", not \"$2\""
	fi
}

# says TEXT PATTERN: the report has a line like this
says()
{
	if grep -qE -e "$2" tap; then
		pass "$1"
	else
		cp tap log
		fail "$1: nothing says \"$2\""
	fi
}

test_is good 'echo "PASS: one thing"; echo "PASS: another: thing"'
runs 0 "2 passed, 0 failed, 0 skipped" good
says "a point has the name of its test" "^ok 2 - cli/good: another: thing$"
says "there is a plan" "^1\.\.2$"

test_is bad 'echo "PASS: before"; echo "FAIL: a thing: broken"; echo "      by this"; exit 1'
runs 1 "1 passed, 1 failed, 0 skipped" bad
says "a failure says what the test says" "^not ok 2 - cli/bad: a thing: broken$"
says "a failure has its lines" "^# by this$"
says "a failure names the log" "^# in out/check/logs/cli-bad\.log$"
grep -q "by this" out/check/logs/cli-bad.log
same "the log is what the test printed" 0 $?

test_is quiet 'exit 0'
runs 1 "0 passed, 1 failed, 0 skipped" quiet
says "silence is named" "^not ok 1 - cli/quiet: said nothing$"

test_is status 'echo "PASS: before"; echo "a last word"; exit 3'
runs 1 "1 passed, 1 failed, 0 skipped" status
says "a status without a failure is named" "^not ok 2 - cli/status: ended with status 3 without"
says "and the last lines are shown" "^# a last word$"

test_is killed 'echo "PASS: before"; kill -s SEGV $$'
runs 1 "1 passed, 1 failed, 0 skipped" killed
says "a signal is named" "^not ok 2 - cli/killed: died by SIGSEGV$"

test_is hangs 'echo "PASS: before"; sleep 100'
runs 1 "1 passed, 1 failed, 0 skipped" hangs
says "the limit is named" "^not ok 2 - cli/hangs: did not end within 2 s$"
runs 1 "0 passed, 1 failed, 0 skipped" missing
says "a test that is not there is a failure" "^not ok 1 - cli/missing: ended with status 12[67]"

test_is skips 'echo "SKIP: a thing: no such host # here"'
runs 0 "0 passed, 0 failed, 1 skipped" skips
says "a skip has its reason" "^ok 1 - cli/skips: a thing # SKIP no such host "

# Bytes that XML or TAP would read as their own, or cannot hold.
test_is bytes 'printf "PASS: <a> & \"b\" # todo c \\\\ ]]>\\nPASS: \\001\\033[1m\\377\\303(\\357\\277\\277 é\\n"
printf "FAIL: <x>: &\\000;\\n      \\002<y>\\377\\n"'
runs 1 "2 passed, 1 failed, 0 skipped" bytes

# What Check writes, without Check: a complete suite, and one that dies in its midst.
test_is suite 'printf "ok 1 - f.c:case:first: Passed\nnot ok 2 - f.c:case:second: f.c:7: no: x\n1..2\n" \
	>"$CK_TAP_LOG_FILE_NAME"; echo "50%: Checks: 2, Failures: 1, Errors: 0"; exit 1'
runs 1 "1 passed, 1 failed, 0 skipped" suite
says "Check's failure is named" "^not ok 2 - cli/suite: case:second: f\.c:7: no: x$"
test_is half 'printf "ok 1 - f.c:case:first: Passed\n" >"$CK_TAP_LOG_FILE_NAME"'
runs 1 "1 passed, 1 failed, 0 skipped" half
says "a suite without its end is named" "^not ok 2 - cli/half: ended before all of its tests"

# The first ends after the others: what is printed is in order and whole.
test_is last 'until [ -e go ]; do sleep 0.1; done; echo "PASS: a"; echo "PASS: b"'
test_is first 'echo "PASS: c"; : >go'
TEST_JOBS=2 runs 0 "5 passed, 0 failed, 0 skipped" last first good
grep -oE '(last|first|good): .*' tap | tr '\n' ' ' >order
same "side by side, the report is in order" \
	"last: a last: b first: c good: one thing good: another: thing " "$(cat order)"
rm -f go

expect "no test is no success" 2 "usage" "$run"

# Who stops the runner, or all of its group, stops its tests; nothing is left.
test_is waits 'echo $$ >pid; exec sleep 100'
mkdir tmp
# stopped NAME TARGET: TARGET is the runner's process, or its group with "-" before it
stopped()
{
	rm -f pid
	TMPDIR=$work/tmp OUT=out TEST_LIMIT=60 setsid "$run" tests/cli/waits.sh tests/cli/good.sh \
		>tap 2>log </dev/null &
	runner=$!
	until [ -s pid ]; do sleep 0.1; done
	kill -s TERM -- "$2$runner"
	wait $runner
	same "$1: the status" 143 $?
	if kill -0 "$(cat pid)" 2>/dev/null; then
		fail "$1: its test goes on"
	else
		pass "$1: its test has ended"
	fi
	same "$1: what it leaves" "" "$(ls tmp)"
}
stopped "a runner that is stopped" ""
says "a runner that is stopped says so" "^Bail out!"
stopped "a runner whose group is stopped" -
