#!/bin/sh
# SPDX-License-Identifier: MIT
# Plants each bug of tests/mutants/units in a copy of the tree and runs the unit test that is there to catch
# it: the test must fail, in the test case that the table names. (Without the bug it passes: it is one of
# the tests of make check.) A test that fails has executed the changed line; those that pass tell nothing.
. "$(dirname "$0")/../cli/common"
. tests/mutants/common
command -v patch >/dev/null || {
	skip "mutants of units: patch is not installed"
	exit 0
}
unset CK_TAP_LOG_FILE_NAME CK_VERBOSITY # what a mutant reports is no test point

# catchers: the test cases that failed; of a line "FILE:LINE:F:GROUP:CASE:TURN: what" only the case
catchers() { grep -E ':[FE]:' "$work/log" | cut -d: -f 5; }

one_mutant()
{
	if ! plant "$name"; then
		fail "$name: the patch does not apply"
		return
	fi
	rm -f "$tree/build/tests/unit/$test"
	if ! make_target "build/tests/unit/$test"; then
		fail "$name: does not build"
	elif timeout 300 "$tree/build/tests/unit/$test" >"$work/log" 2>&1; then
		fail "$name: $test passes with the bug"
	elif ! catchers | grep -qE -e "$message"; then
		fail "$name: not caught by \"$message\""
	else
		pass "$name: caught by $test, $(catchers | grep -E -m 1 -e "$message")"
	fi
	unplant "$name"
}

make_tree
each_mutant tests/mutants/units
