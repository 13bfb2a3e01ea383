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
tree=$work/tree
unset CK_TAP_LOG_FILE_NAME CK_VERBOSITY # what a mutant reports is no test point

# The sources and the objects with their times, once: make compiles what a patch has touched.
mkdir -p "$tree/build"
tar cf - Makefile arch devices guest vmm scripts tests | tar xf - -C "$tree"
cp -a "$out/host" "$out/libhost.a" "$out/libtest.a" "$out/npm" "$out/page" "$out/guest" "$out/guest.elf" "$out/guest_image.o" \
	"$out/.deps-build" "$out/.deps-test" "$tree/build/"

# plant: the bug goes in. unplant: it goes out again, and what was made with it; what was made before comes
# back with its time, so that make compiles nothing of it for the next
plant()
{
	touch "$work/planted"
	patch -s -F0 -p1 -d "$tree" <"tests/mutants/$name.patch" >"$work/log" 2>&1
}
unplant()
{
	for file in $(sed -n 's,^+++ b/,,p' "tests/mutants/$name.patch"); do
		cp -p "$file" "$tree/$file"
	done
	find "$tree/build" -type f -newer "$work/planted" | while read -r made; do
		before=$out/${made#"$tree/build/"}
		if [ -e "$before" ] && [ "${made#*/build/tests/}" = "$made" ]; then
			cp -p "$before" "$made"
		else
			rm -f "$made"
		fi
	done
}

# catchers: the test cases that failed; of a line "FILE:LINE:F:GROUP:CASE:TURN: what" only the case
catchers() { grep -E ':[FE]:' "$work/log" | cut -d: -f 5; }

one_mutant()
{
	if ! plant; then
		fail "$name: the patch does not apply"
		return
	fi
	rm -f "$tree/build/tests/unit/$test"
	if ! make -s -C "$tree" OUT=build "build/tests/unit/$test" >"$work/log" 2>&1; then
		fail "$name: does not build"
	elif timeout 300 "$tree/build/tests/unit/$test" >"$work/log" 2>&1; then
		fail "$name: $test passes with the bug"
	elif ! catchers | grep -qE -e "$message"; then
		fail "$name: not caught by \"$message\""
	else
		pass "$name: caught by $test, $(catchers | grep -E -m 1 -e "$message")"
	fi
	unplant
}

each_mutant tests/mutants/units
