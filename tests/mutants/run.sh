#!/bin/sh
# SPDX-License-Identifier: MIT
# Plants each bug of tests/mutants/table in a copy of the tree, builds it, runs the command and
# expects the detector to fire: the exit status, and the message that names the bug. Proves also that
# the changed line was executed (each patch reports a mark there), and that the same command ends with
# status 0 without the bug. With names as arguments, only these.
. "$(dirname "$0")/../cli/common"
. tests/mutants/common
need_kvm
for tool in mkfs.jffs2 jffs2dump patch; do
	command -v $tool >/dev/null || {
		skip "mutants: $tool is not installed"
		exit 0
	}
done

names=$* # empty: all
mark=7173492 # 0x6d7574, "mut", in the mark event of every patch
partitions=partition=rootfs:0:2M,partition=log:2M:2M
flash="file=$work/chip,chip=28f128j3,$partitions"
flash_qemu="file=$work/chip,chip=qemu-x8,$partitions"
flash_amd="file=$work/chip,chip=s29gl256n,$partitions"
mkdir "$work/docs"
cp docs/flash*.md "$work/docs" # each node costs a mount instructions
mkfs.jffs2 --root="$work/docs" --output="$work/image" --eraseblock=128KiB --little-endian --no-cleanmarkers

# Flips one bit in the data of the first node that has data.
flip_data_bit()
{
	node=$(jffs2dump -c "$work/image" | sed -n 's/.*Inode *node at \(0x[0-9a-f]*\).*/\1/p' | head -n 1)
	at=$((node + 68 + 5))
	byte=$(od -An -tu1 -j $at -N 1 "$work/chip")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %03o $((byte ^ 4)))" | dd of="$work/chip" bs=1 seek=$at conv=notrunc status=none
}

# run PROGRAM [chip bug]: the mutant's command, with a fresh chip
run()
{
	rm -f "$work/chip.nv" # a new chip
	cp "$work/image" "$work/chip"
	rm -rf "$work/trace"
	[ "${2:-}" != chip-data-bit ] || flip_data_bit
	# shellcheck disable=SC2046 # the command is words
	"$1" $(echo "$command" | sed "s|\$FLASH|$flash|; s|\$QEMU|$flash_qemu|; s|\$AMD|$flash_amd|") --timeout 60 --trace "$work/trace" \
		>"$work/log" 2>&1
}

# Without the bug the command must pass; tried once for each command.
passes_clean()
{
	clean=$work/clean-$(echo "$command" | cksum | tr -d ' ')
	[ -e "$clean" ] && return 0
	run "$kvalab" && touch "$clean" && return 0
	fail "$name: '$command' fails without the bug"
	return 1
}

planted= # the bug that is in the copy
# build: the program with the bug; the one that was built last is still there
build()
{
	[ "$planted" != "$name" ] || return 0
	[ -z "$planted" ] || unplant "$planted"
	planted=$name
	if ! plant "$name"; then
		fail "$name: the patch does not apply"
	elif ! make_target all; then
		fail "$name: does not build"
	else
		return 0
	fi
	unplant "$name"
	planted=
	return 1
}

was_executed()
{
	[ "$name" = chip-data-bit ] && return 0 # no line of code was changed
	"$kvalab" trace print "$work/trace" --event mark | grep -q "mark=$mark"
}

# Some are caught only where stores to page tables leave the guest.
can_run()
{
	case $command in
	*"--tier trap"*) "$kvalab" probe --json - 2>/dev/null | jq -e .trap_tier.works >/dev/null ;;
	esac
}

# What was found while the guest ran is found in its trace, too.
found_again()
{
	case $detector in
	*"in the trace"* | *"from the trace"* | *"trap tier"*) "$kvalab" trace check "$work/trace" 2>&1 | grep -qE -e "$message" ;;
	esac
}

# wanted NAME...: the mutant is one of these, or none is named
wanted()
{
	[ $# = 0 ] && return
	for one; do
		[ "$one" != "$name" ] || return 0
	done
	return 1
}

one_mutant()
{
	# shellcheck disable=SC2086 # a list
	wanted $names || return 0
	can_run || {
		skip "$name: this host has no trap tier"
		return
	}
	passes_clean || return
	if [ "$name" = chip-data-bit ]; then
		run "$kvalab" chip-data-bit
	else
		build || return
		run "$tree/build/kvalab"
	fi
	got=$?
	if [ "$got" != "$status" ]; then
		fail "$name: exit status $got, not $status"
	elif ! grep -qE -e "$message" "$work/log"; then
		fail "$name: nothing says \"$message\""
	elif ! was_executed; then
		fail "$name: the changed line was never executed"
	elif ! found_again; then
		fail "$name: trace check does not find it again"
	else
		pass "$name: caught by $detector"
	fi
}

make_tree
each_mutant tests/mutants/table
