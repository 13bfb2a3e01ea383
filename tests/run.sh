#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs tests, TEST_JOBS at a time (default: one per core), and reports them in the order given: TAP
# on stdout, then what failed once more, and, alone on the last line, "N passed, N failed, N
# skipped"; JUnit XML in $OUT/check/junit.xml; what each test printed in $OUT/check/logs/; what each
# cost in $OUT/check/times: seconds of processors, seconds, its name. Exit status 0 if nothing
# failed.
#
#   tests/run.sh TEST[@HOST]...
#
# A test is a program: a Check unit test, or a script that prints "PASS: text", "FAIL: text",
# "SKIP: text" lines; each is one test point. With @HOST it runs on that host (tests/run/on_host.sh).
# A test that dies, runs longer than TEST_LIMIT seconds or says nothing is a failure. No test is run
# twice. What a test's output means is tests/run/points.awk's to say.
set -u
parts=$(dirname "$0")/run
out=${OUT:-build}
limit=${TEST_LIMIT:-1800} # seconds for one test

# name_of TEST[@HOST]: as it appears in reports
name_of()
{
	name=${1#"$out"/}
	case $name in
	asan/tests/*) name=asan/${name#asan/tests/} ;;
	*tests/guest/*) name=${name#*tests/guest/} ;;
	*tests/*) name=${name#*tests/} ;;
	esac
	case $name in
	*@*) name=${name%%.sh@*}@${name##*@} ;;
	*) name=${name%.sh} ;;
	esac
}

# clean: what any reader of text or XML can take: UTF-8 without control characters
clean()
{
	tr '\000-\010\013-\037\177' '[?*]' | iconv -c -f UTF-8 -t UTF-8 |
		LC_ALL=C sed 's/\xef\xbf[\xbe\xbf]/?/g'
}

# why STATUS SECONDS: of a test that did not end by itself or does not say what failed; else nothing
why()
{
	if [ "${2%.*}" -ge "$limit" ] && { [ "$1" = 124 ] || [ "$1" = 137 ]; }; then
		echo "did not end within $limit s"
	elif [ "$1" -gt 128 ] && signal=$(kill -l "$1" 2>/dev/null); then
		echo "died by SIG$signal"
	elif [ "$1" != 0 ]; then
		echo "ended with status $1 without saying why"
	fi
}

# job DIRECTORY NUMBER TEST: runs one test; leaves NUMBER.points, prints NUMBER when they are there
job()
{
	dir=$1 n=$2 test=$3
	[ ! -e "$dir/stop" ] || exit 255 # xargs starts no more
	name_of "$test"
	log=$out/check/logs/$(echo "$name" | tr / -).log
	case $test in
	*@*) set -- "$parts/on_host.sh" "${test##*@}" "${test%@*}" ;;
	*) set -- "$test" ;;
	esac
	start=$(date +%s.%N)
	# env: a shell starts background commands with SIGINT ignored.
	CK_TAP_LOG_FILE_NAME="$dir/$n.check" CK_VERBOSITY=normal env --default-signal=INT \
		timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null &
	child=$!
	stopped=
	trap 'stopped=yes; kill -s TERM $child 2>/dev/null' TERM
	echo $$ >"$dir/$n.pid"
	[ ! -e "$dir/stop" ] || kill -s TERM $$
	wait $child
	status=$?
	if [ -n "$stopped" ]; then # the signal has ended that wait
		wait $child
		exit 255
	fi
	seconds=$(echo "$start $(date +%s.%N)" | LC_ALL=C awk '{ printf "%.3f", $2 - $1 }')
	times >"$dir/$n.times" # the second line is about what has been waited for
	cpu=$(LC_ALL=C awk -F '[ms ]+' 'NR == 2 { printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4 }' \
		"$dir/$n.times")
	rm -f "$dir/$n.pid"
	if [ -s "$dir/$n.check" ]; then
		clean <"$dir/$n.check" >"$dir/$n.text"
	else
		clean <"$log" >"$dir/$n.text"
	fi
	{
		printf 'suite\t%s\t%s\t%s\t%s\n' "$name" "$seconds" "$log" "$cpu"
		LC_ALL=C awk -v why="$(why $status "$seconds")" -f "$parts/points.awk" "$dir/$n.text"
	} >"$dir/$n.new"
	mv "$dir/$n.new" "$dir/$n.points"
	echo "$n"
}

# report: reads the numbers of finished tests, prints each when all before it are printed
report()
{
	next=1 printed=0 ended=0
	: >"$dir/all"
	echo "TAP version 13"
	while read -r _; do
		ended=$((ended + 1))
		[ ! -t 1 ] || printf '\r\033[K'
		while [ -e "$dir/$next.points" ]; do
			print_points
		done
		[ ! -t 1 ] || printf '%s of %s tests have ended\r' $ended "$total"
	done
	if [ -e "$dir/stop" ]; then
		echo "Bail out! interrupted"
		return 1
	fi
	if [ $next -le "$total" ]; then # a job itself was killed
		printf 'suite\t%s\t0\t\nnot\t\tthe runner lost this test\n' "run.sh" >"$dir/$next.points"
		print_points
	fi
	echo "1..$printed"
	LC_ALL=C awk -f "$parts/junit.awk" "$dir/all" >"$out/check/junit.xml"
	LC_ALL=C awk -F '\t' '$1 == "suite" { print $5, $3, $2 }' "$dir/all" | LC_ALL=C sort -rn \
		>"$out/check/times"
	LC_ALL=C awk -F '\t' '$1 == "suite" { suite = $2 }
		$1 == "not" { print "# failed: " suite ": " $2 ($3 == "" || $3 == $2 ? "" : ": " $3) }' "$dir/all"
	LC_ALL=C awk -F '\t' '{ n[$1]++ } END {
		printf "%d passed, %d failed, %d skipped\n", n["ok"], n["not"], n["skip"]
		exit n["not"] > 0 }' "$dir/all"
}

print_points()
{
	LC_ALL=C awk -v n=$printed -f "$parts/tap.awk" "$dir/$next.points"
	printed=$((printed + $(grep -cE '^(ok|not|skip)	' "$dir/$next.points")))
	cat "$dir/$next.points" >>"$dir/all"
	next=$((next + 1))
}

# stop STATUS: no new test, an end to those that run, the report of what there is
stop()
{
	trap '' INT TERM HUP
	: >"$dir/stop"
	jobs=$(cat "$dir"/*.pid 2>/dev/null)
	# shellcheck disable=SC2086 # a list
	[ -z "$jobs" ] || kill -s TERM $jobs 2>/dev/null
	wait $pipeline 2>/dev/null
	# The report may have been stopped before: who stops a group stops all of it.
	for job in $jobs; do
		while kill -0 "$job" 2>/dev/null; do
			sleep 0.1
		done
	done
	exit "$1"
}

if [ "${1:-}" = --job ]; then
	shift
	job "$@"
	exit 0
fi

if [ $# = 0 ]; then
	echo "usage: tests/run.sh TEST[@HOST]..." >&2
	exit 2
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
rm -rf "$out/check"
mkdir -p "$out/check/logs"
total=$#
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 129' HUP
i=0
for test in "$@"; do
	i=$((i + 1))
	printf '%s\0%s\0%s\0' "$dir" $i "$test"
done | xargs -0 -r -n 3 -P "${TEST_JOBS:-$(nproc)}" "$0" --job | report &
pipeline=$!
wait $pipeline
