#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the given tests one after the other and sums them up. A test is a program: a Check unit test
# (its summary line is read) or a script that prints "PASS: text", "FAIL: text", "SKIP: text" lines.
# A test that dies, runs too long or says nothing is one failure. The last line, alone, is
# "N passed, N failed, N skipped". Exit status 0 if nothing failed, else 1.
set -u

limit=${TEST_LIMIT:-900} # seconds for one test
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

fail()
{
	failed=$((failed + 1))
	echo "FAIL: $1"
}

# Sums of one test's output: "passed failed skipped"
sums()
{
	awk '
	/^PASS: / { p++ }
	/^FAIL: / { f++ }
	/^SKIP: / { s++ }
	/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
		gsub(",", "")
		p += $3 - $5 - $7
		f += $5 + $7
	}
	END { print p + 0, f + 0, s + 0 }' "$log"
}

for test in "$@"; do
	echo "== $test"
	timeout --kill-after=10 "$limit" "$test" >"$log" 2>&1
	status=$?
	cat "$log"
	# shellcheck disable=SC2046 # three numbers on purpose
	set -- $(sums)
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	if [ $status = 124 ] || [ $status = 137 ]; then
		fail "$test did not end within $limit s"
	elif [ $status != 0 ] && [ "$2" = 0 ]; then
		fail "$test ended with status $status without saying why"
	elif [ $(($1 + $2 + $3)) = 0 ]; then
		fail "$test said nothing"
	fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
