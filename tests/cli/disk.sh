#!/bin/sh
# SPDX-License-Identifier: MIT
# --disk: what a user may get wrong, and what compare makes of it.
. "$(dirname "$0")/common"

expect "a size that is none" 2 "\"disk.img\" is not a size" "$kvalab" run hello --disk disk.img
expect "half a sector" 2 "is no multiple of 512 bytes" "$kvalab" run hello --disk 1000
expect "no file" 2 "file= is empty" "$kvalab" run hello --disk file=
expect "another flag" 2 "is not \"readonly\"" "$kvalab" run hello --disk file=x,ro
expect "twice" 2 "--disk is given twice" "$kvalab" run hello --disk 1M --disk 2M
expect "layout has none" 2 "belongs to another command" "$kvalab" layout --disk 1M
expect "QEMU has none" 3 "needs --engine kvm: QEMU's pc machine has no virtio-mmio" \
	"$kvalab" run hello --engine qemu --disk 1M
need_kvm

expect "a file that is not there" 2 "does not exist: make one with \"truncate" \
	"$kvalab" run hello --disk "file=$work/none"
: >"$work/empty"
expect "a file of nothing" 2 "is empty: its size is the disk's" "$kvalab" run hello --disk "file=$work/empty"
head -c 1000 /dev/zero >"$work/odd"
expect "a file of half a sector" 2 "has 1000 bytes, which is no multiple of 512" \
	"$kvalab" run hello --disk "file=$work/odd"
expect "a directory" 2 "is a directory" "$kvalab" run hello --disk "file=$work"
expect "a disk that is too small" 2 "hello writes 32 KiB: at least so large a --disk" \
	"$kvalab" run hello --set storm=0 --disk 16K
expect "auto takes kvm, and says why" 0 "engine: kvm \(.*\), which --disk needs" \
	"$kvalab" run hello --set storm=0 --engine auto --disk 64K

truncate -s 64K "$work/file"
cp "$work/file" "$work/before"
expect "compare: zeros for each run" 0 "exit: 0" "$kvalab" compare hello --set storm=0 --cpus 1,2 --hosts kvm --disk 64K
expect "compare: a file" 0 "exit: 0" "$kvalab" compare hello --set storm=0 --cpus 1,2 --hosts kvm \
	--disk "file=$work/file"
if cmp -s "$work/file" "$work/before"; then
	pass "compare: runs write to copies"
else
	fail "compare: the file has changed"
fi
expect "compare: a file that is only read" 0 "exit: 0" "$kvalab" compare hello --set storm=0 --hosts kvm \
	--disk "file=$work/file,readonly"
expect "compare: QEMU has none" 3 "^qemu, 2 vCPUs: cannot: --disk needs --engine kvm" \
	"$kvalab" compare hello --set storm=0 --hosts kvm,qemu --disk 64K
expect "compare: a file that is not there" 2 "disk file .* cannot be opened" \
	"$kvalab" compare hello --hosts kvm --disk "file=$work/none"
exec 3<"$work/file"
flock -s 3
expect "a disk in use" 2 "is the disk of another run" "$kvalab" run hello --disk "file=$work/file"
exec 3<&-

# What babeltrace2 makes of the event and its words.
expect "a trace with a disk" 0 "exit +0" "$kvalab" run hello --set storm=0 --disk 64K --trace "$work/trace"
readable "a trace with a disk" "$work/trace"
if [ -s "$work/events" ] && grep -q 'disk_request:.*what = .*write.*outcome = .*done' "$work/events"; then
	pass "a trace with a disk: babeltrace2 knows the words"
elif command -v babeltrace2 >/dev/null; then
	fail "a trace with a disk: babeltrace2 does not know the words"
fi
