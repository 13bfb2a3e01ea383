#!/bin/sh
# SPDX-License-Identifier: MIT
# Chips that lose their power, are slow, stuck, worn or weak, and what is kept beside their array: from the
# command line, with a guest that works on them.
# shellcheck disable=SC2086 # $mount is a command of several words, without blanks in any
. "$(dirname "$0")/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "flash_faults: mtd-utils is not installed"
	exit 0
fi

mkdir "$work/docs"
cp docs/*.md "$work/docs"
mkfs.jffs2 --root="$work/docs" --output="$work/image" --eraseblock=128KiB --little-endian --no-cleanmarkers
parts=partition=rootfs:0:2M,partition=log:2M:2M
chip=$work/chip

fresh()
{
	cp "$work/image" "$chip"
	rm -f "$chip.nv"
}

# use PART: the chip of the runs from here on
use() { mount="$kvalab run flash-mount --arm fault --flash file=$chip,chip=$1,$parts"; }
use 28f128j3

# --- power --------------------------------------------------------------------------------------
fresh
expect "a whole run" 0 "flash_steps" $mount
steps=$(sed -n 's/.*flash_steps  *\([0-9]*\).*/\1/p' "$work/log")
expect "its chip in the list" 0 "chip 0: 2 erases, at most 1 of one block; .* 0 erases were interrupted" \
	"$kvalab" flash info "$chip"
fresh
expect "power that goes in the middle" 0 "power was cut after step $((steps / 2)), as asked" \
	$mount --flash-cut $((steps / 2))
fresh
expect "the last step" 0 "power was cut after step $steps, as asked" $mount --flash-cut "$steps"
fresh
expect "a cut that never comes" 1 "never cut, the chips took $steps steps in all" \
	$mount --flash-cut $((steps + 1))
# The first operation is a word of 16 bits at most; then a block is erased.
fresh
expect "an erase that is cut" 0 "power was cut after step 45" $mount --flash-cut 45
expect "its block in the list" 0 "1 erases were interrupted, 1 blocks unstable" \
	"$kvalab" flash info "$chip"
expect "the next run mounts what is left" 0 "mounted" $mount --set writer=off
cat "$work/image" >"$chip" # the same file, another content: as by a programmer
expect "an array that was rewritten since" 0 "was rewritten since its last run" $mount --set writer=off

# --- faults -------------------------------------------------------------------------------------
# fault TEXT FAULT PATTERN
fault()
{
	fresh
	expect "$1" 1 "$3" $mount --flash-fault "$2"
}
fault "a slow chip is given up" slow "busy for longer than it may be"
fresh
expect "a stuck chip is given up, and its mappings with it" 4 "chip out of service" \
	$mount --flash-fault stuck=3
fault "a program that fails" program=3 "programming failed"
fault "an erase that fails" erase "erasing failed"
fault "no voltage" vpp "programming voltage too low"
fault "a fault whose operation never comes" erase=99 "--flash-fault erase=99 never struck"
fault "weak cells are seen by who reads back" weak=3 "writer_read_back_wrong"
fresh
$mount >/dev/null 2>&1
expect "a block that is worn out" 1 "erasing failed" $mount --flash-fault endurance=1
fresh
expect "slowest times" 0 "^exit +0" "$kvalab" run flash-mount --arm fault \
	--flash "file=$chip,chip=28f128j3,times=slowest,$parts"

# --- set 0002: it says itself that it has failed, and what was programmed is read back --------------
use s29gl256n
fault "set 0002: a slow chip gives up by itself" slow "programming failed"
fault "set 0002: so does a stuck one" stuck=3 "erasing failed"
fault "set 0002: a program that fails" program=3 "programming failed"
fault "set 0002: an erase that fails" erase=1 "erasing failed"
fault "set 0002: weak cells are seen by the driver" weak=3 "programming failed"
fresh
expect "set 0002: an erase that is cut" 0 "power was cut after step 45" $mount --flash-cut 45
expect "set 0002: its block in the list" 0 "1 erases were interrupted, 1 blocks unstable" \
	"$kvalab" flash info "$chip"
expect "set 0002: the next run mounts what is left" 0 "mounted" $mount --set writer=off
use 28f128j3

# --- words that are wrong -----------------------------------------------------------------------
fresh
expect "an unknown fault" 2 "stuck" $mount --flash-fault stock
expect "a fault without its number" 2 "weak needs a number" $mount --flash-fault weak
expect "a number that is none" 2 "0.*between 1|between 1.*0" $mount --flash-fault stuck=0
expect "the same fault twice" 2 "erase is given twice" $mount --flash-fault erase --flash-fault erase=2
expect "no voltage for who does not look at it" 2 "set 0002, as the s29gl256n" "$kvalab" run flash-mount \
	--arm fault --flash "file=$chip,chip=s29gl256n" --flash-fault vpp
expect "two widths" 2 "bus= is given twice" "$kvalab" run flash-mount --flash "bus=8,bus=16"
expect "a bank that vmalloc cannot map" 2 "2 x 28f512p30, 128 MiB, .* give --vmalloc more" "$kvalab" run \
	flash-mount --arm fault --flash "file=$chip,chip=28f512p30,chips=2"
expect "a cut at nothing" 2 "between 1" $mount --flash-cut 0
expect "a fault of no chip" 2 "needs --flash" "$kvalab" run hello --flash-fault slow
expect "a cut of QEMU's own chip" 2 "needs --engine kvm" "$kvalab" run flash-mount --arm fault --engine qemu \
	--flash "file=$chip,chip=qemu-x8" --flash-cut 5
expect "times of QEMU's own chip" 2 "leave out chips=, bus= and times=" "$kvalab" run flash-mount --arm fault \
	--engine qemu --flash "file=$work/none,chip=qemu-x8,times=seeded"
expect "a bus that no chip has" 2 "no data bus of that width" "$kvalab" run flash-mount --arm fault \
	--flash "file=$chip,chip=28f256p30,bus=8"
expect "three chips" 2 "chips.*between 1 and 2" "$kvalab" run flash-mount --arm fault \
	--flash "file=$chip,chip=28f256p30,chips=3"
$mount >/dev/null 2>&1
expect "another chip's sidecar" 2 "sidecar .*chip.nv .*use that, or remove it" "$kvalab" run flash-mount \
	--arm fault --flash "file=$chip,chip=28f256p30,$parts"
expect "which changed nothing" 0 "^findings +0" $mount
truncate -s 100 "$chip.nv"
expect "a sidecar that was cut off" 0 "sidecar .*chip.nv cannot be read" "$kvalab" flash info "$chip"
mkfifo "$work/fifo"
expect "a FIFO" 2 "is not a regular file" "$kvalab" flash info "$work/fifo"

# --- arrangements -------------------------------------------------------------------------------
# on CHIP[,KEY=VALUE...]: mounts and writes on another kind of chip
on()
{
	fresh
	expect "flash-mount on $1" 0 "^findings +0" "$kvalab" run flash-mount --arm fault \
		--flash "file=$chip,chip=$1,$parts"
}
on 28f128j3,bus=8
on 28f128j3,chips=2
on 28f128j3,chips=2,bus=16
on 28f128j3,times=seeded
