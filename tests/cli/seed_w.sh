#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/seed-w.md as a reader would type it: what stands in its first block, then in one shell each line that
# begins with "$ ", which must say what stands below it. Numbers of two digits and more are the image's and the
# guest's: that there is one is compared, not which.
. "$(dirname "$0")/common"
need_kvm
for tool in mkfs.jffs2 jq; do
	command -v $tool >/dev/null || {
		skip "docs/seed-w.md: $tool is not installed"
		exit 0
	}
done
page=docs/seed-w.md
here="s|build/w|$work/w|g; s|build/kvalab|$kvalab|g; s|OUT=build|OUT=$out|g"
numbers_left_out() { sed 's/[0-9a-f]*[0-9][0-9][0-9a-f]*/N/g' "$1"; }

awk '/^```/ { code = /^```sh$/; next } code' $page | sed "$here" >"$work/setup"
awk -v dir="$work/row" '
	/^## W/ { row = substr($2, 2) }
	/^```/ { code = /^```console$/; next }
	code && sub(/^\$ /, "") { print >(dir row ".sh"); next }
	code { print >(dir row ".want") }' $page
set +u
. "$work/setup" >"$work/log" 2>&1 || fail "docs/seed-w.md: its first block"
# Ticks are instructions only where KVM, or nothing, counts them
"$kvalab" run hello --json "$work/hello" >"$work/log" 2>&1
ticks=$(jq -r .guest.ticks "$work/hello")
for n in $(seq 18); do
	[ -s "$work/row$n.sh" ] && [ -s "$work/row$n.want" ] || {
		fail "W$n: docs/seed-w.md has no command, or not what it says"
		continue
	}
	sed "$here" "$work/row$n.sh" >"$work/typed"
	if [ "$ticks" != insn ] && grep -q _ticks "$work/typed"; then
		skip "W$n: this host counts no instructions"
		continue
	fi
	. "$work/typed" >"$work/got" 2>"$work/errors" </dev/null
	numbers_left_out "$work/got" >"$work/got.text"
	numbers_left_out "$work/row$n.want" >"$work/want.text"
	if diff "$work/want.text" "$work/got.text" >"$work/log"; then
		pass "W$n: docs/seed-w.md: as it says"
	else
		cat "$work/errors" >>"$work/log"
		fail "W$n: docs/seed-w.md: says something else"
	fi
done
