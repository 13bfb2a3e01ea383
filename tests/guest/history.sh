#!/bin/sh
# SPDX-License-Identifier: MIT
# One page-table history on every host that can be had: of a flash-mount, with stores trapped where the
# host can do that and reported alone where it cannot.
. "$(dirname "$0")/../cli/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "history: mtd-utils is not installed"
	exit 0
fi
box=$PWD/scripts/kvmbox
export OUT="$out" # the box's kernel lies there
mkfs.jffs2 --root=tests/guest --output="$work/image" --eraseblock=8KiB --pad=1048576 --little-endian
cd "$work" || exit 1

# Engine qemu has one kind of chip, so all have that; without a writer, whose turns depend on its times.
mount="run flash-mount --arm fault --set writer=off --tier auto --log info
	--flash file=chip,chip=qemu-x8,partition=rootfs:0:2M,partition=log:2M:2M"

# record HOST: leaves its trace in HOST
record()
{
	rm -f chip chip.nv
	cp image chip
	# shellcheck disable=SC2086 # $mount is words
	case $1 in
	kvm) "$kvalab" $mount --trace "$1" ;;
	qemu) "$kvalab" $mount --engine qemu --trace "$1" ;;
	*) "$box" --host "$1" -- kvalab $mount --trace "$1" ;;
	esac >log 2>&1 </dev/null
}

for host in ${KVALAB_HOSTS:-kvm}; do
	record "$host"
	got=$?
	tier=$(sed -n 's/.*info: tier auto: \([a-z]*\).*/\1/p' log)
	if [ $got = 3 ] || [ $got = 77 ]; then
		skip "history on $host: $(tail -n 1 log)"
	elif [ $got != 0 ]; then
		fail "history on $host: exit status $got"
	elif [ "$host" = kvm ]; then
		pass "history on kvm, tier $tier: $("$kvalab" trace print kvm --event pt_set | grep -c ' pt_set ') entries"
	elif "$kvalab" trace diff kvm "$host" --event pt_set,table_alloc,table_free >log 2>&1; then
		pass "history on $host, tier $tier: $(cat log)"
	else
		fail "history on $host, tier $tier, differs"
	fi
done
