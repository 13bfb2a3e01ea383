#!/bin/sh
# SPDX-License-Identifier: MIT
# README.md as a newcomer would type it: the commands of "Using it" and "Looking at a run", in their order, in
# one shell. A command ends with status 0, or with the one that the comment behind it names, "(status 1: …".
. "$(dirname "$0")/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "README: mtd-utils is not installed"
	exit 0
fi
if ! command -v dtc >/dev/null; then
	skip "README: device-tree-compiler is not installed"
	exit 0
fi

awk '/^## / { on = /^## (Using it|Looking at a run)$/ }
	/^```/ { code = on && /^```sh$/; next }
	code && NF' README.md | sed "s|build/my|$work/my|; s|build/kvalab|$kvalab|g" >"$work/commands"
if [ "$(grep -c kvalab "$work/commands")" -ge 20 ]; then
	pass "README: $(wc -l <"$work/commands") commands to type"
else
	fail "README: its commands are not found"
fi

# Each is typed into this shell, so that what one defines the next have.
typed=$work/typed
set +u
while IFS= read -r line; do
	case $line in
	*"(status "*) wanted=${line##*"(status "} wanted=${wanted%%:*} ;;
	*) wanted=0 ;;
	esac
	eval "$line" >"$typed" 2>&1 </dev/null
	got=$?
	shown=$(echo "$line" | sed "s|$work/my|build/my|g; s|$kvalab|build/kvalab|g; s| *#.*||")
	cp "$typed" "$work/log"
	if [ $got = "$wanted" ]; then
		pass "README: $shown"
	else
		fail "README: $shown: exit status $got, not $wanted"
	fi
done <"$work/commands"
