#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest's driver on every part of the table, and on other arrangements of some: mount, erase, program,
# through a mapping that is always valid, and by copies on one part of each command set; then with the write
# buffer, and with operations that rest for readers, which they do for each of their pages.
# The run's own checks and the trace's findings are what is checked.
. "$(dirname "$0")/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "flash_chips: mtd-utils is not installed"
	exit 0
fi

# Nodes that lie within the smallest erase blocks lie within the largest, too.
mkdir "$work/tree"
cp LICENSE devices/flash/flash.h "$work/tree"
mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock=8KiB --little-endian \
	--no-cleanmarkers

# on CHIP ARM [OPTION...]: by its size, where the partitions are
on()
{
	chip=$1 arm=$2
	shift 2
	case $chip in
	am29*) parts=partition=rootfs:0:1M,partition=log:1M:768K ;;
	*) parts=partition=rootfs:0:2M,partition=log:2M:2M ;;
	esac
	rm -f "$work/chip" "$work/chip.nv"
	cp "$work/image" "$work/chip"
	expect "$chip, $arm${*:+, $*}" 0 "^findings +0" "$kvalab" run flash-mount --arm "$arm" \
		--flash "file=$work/chip,chip=$chip,$parts" "$@"
}

small="--set blocks=1 --set words=20" # two sessions
# shellcheck disable=SC2086 # options
for part in $("$kvalab" flash parts | awk '/^$/ { exit } NR > 1 { print $1 }'); do
	case $part in
	28f128j3 | 28f256l18t | s29gl256n) # of each command set
		on "$part" fault
		on "$part" copy $small
		;;
	*) on "$part" fault $small ;;
	esac
done
# shellcheck disable=SC2086
for chip in 28f128j3,bus=8 28f128j3,chips=2 28f128j3,chips=2,bus=16 s29gl256n,bus=8 \
	s29gl256n,chips=2 am29lv160dt,bus=8 am29lv160db,chips=2,bus=16 28f256l18t,chips=2; do
	on $chip fault $small
done
for chip in 28f128j3 28f256l18 28f512p30 s29gl256n s29gl512s 28f128j3,chips=2 s29gl256n,bus=8; do
	on $chip fault --set program=buffer --set words=100 --set suspend=on --set blocks=1
done
for chip in 28f128j3 s29gl256n; do
	on $chip fault --set program=buffer --set words=200 --set blocks=1
done
on am29dl323db copy --set suspend=on --set blocks=1
on 28f640c3b copy --set suspend=on --set blocks=1 --cpus 4
on s29gl512s fault --set suspend=on --set blocks=1 --schedule free
