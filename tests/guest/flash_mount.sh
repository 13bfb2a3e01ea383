#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-mount end to end: the mounted tree node by node against mtd-utils' jffs2dump, damage named
# as jffs2dump names it, kinds of images, schedules and CPUs, what a user of a mapping must not do.
. "$(dirname "$0")/../cli/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null || ! command -v jffs2dump >/dev/null; then
	skip "flash-mount: mtd-utils is not installed"
	exit 0
fi

chip="file=$work/chip,chip=28f128j3,partition=rootfs:0:1M,partition=log:1M:1M"

# make_image FILE OPTIONS...
make_image()
{
	image=$1
	shift
	mkfs.jffs2 --root="$work/tree" --output="$image" --eraseblock=128KiB --faketime --squash "$@"
}

# The image at the start of the chip; the program erases what lies behind it.
fresh_chip()
{
	cp "$1" "$work/chip"
}

# try TEXT STATUS PATTERN ARM OPTIONS...
try()
{
	text=$1 status=$2 pattern=$3 arm=$4
	shift 4
	expect "$text" "$status" "$pattern" "$kvalab" run flash-mount --arm "$arm" --flash "$chip" "$@"
}

mkdir -p "$work/tree/with space/deep/deeper" "$work/tree/none"
cp README.md LICENSE "$work/tree"
cp guest/flash/*.h "$work/tree/with space"
cp devices/flash/chip.c "$work/tree/with space/deep/a b.c"
head -c 20000 /dev/zero >"$work/tree/zeroes"
: >"$work/tree/with space/empty"
ln -s "with space/empty" "$work/tree/link"

# By jffs2dump: for each path the number of inode nodes ("nodes path").
nodes_of()
{
	jffs2dump -c "$1" | awk '
	/^ *Dirent / {
		match($0, /#pino *[0-9]+/); pino = substr($0, RSTART + 5, RLENGTH - 5) + 0
		match($0, /#ino *[0-9]+/); ino = substr($0, RSTART + 4, RLENGTH - 4) + 0
		sub(/.*, name /, ""); name[ino] = $0; parent[ino] = pino
	}
	/^ *Inode / {
		match($0, /#ino *[0-9]+/); nodes[substr($0, RSTART + 4, RLENGTH - 4) + 0]++
	}
	END {
		for (ino in name) {
			path = ""
			for (at = ino; at != 1; at = parent[at])
				path = "/" name[at] path
			print nodes[ino] + 0, path
		}
	}' | LC_ALL=C sort
}

# What the guest listed: the same, only rows whose data CRCs are right.
nodes_listed()
{
	sed -n 's/^ls: [-dl] *[0-9]* *\([0-9]*\)  ok      \//\1 \//p' "$work/log" | LC_ALL=C sort
}

same_nodes()
{
	nodes_of "$2" >"$work/want"
	nodes_listed >"$work/got"
	if [ -s "$work/want" ] && diff "$work/want" "$work/got" >"$work/log"; then
		pass "$1: each path has the nodes that jffs2dump sees ($(wc -l <"$work/want") paths)"
	else
		fail "$1: the nodes are not those that jffs2dump sees"
	fi
}

for kind in plain cleanmarkers padded xattr uncompressed summary; do
	case $kind in
	plain) make_image "$work/image" --little-endian --no-cleanmarkers ;;
	cleanmarkers) make_image "$work/image" --little-endian ;;
	padded) make_image "$work/image" --little-endian --pad ;;
	xattr) make_image "$work/image" --little-endian --with-xattr ;;
	uncompressed) make_image "$work/image" --little-endian -m none ;;
	summary)
		make_image "$work/bare" --little-endian
		sumtool --littleendian --eraseblock=128KiB --pad -i "$work/bare" -o "$work/image"
		;;
	esac
	for arm in copy fault; do
		fresh_chip "$work/image"
		try "$arm, $kind image" 0 "0 lost, 0 unreported" $arm --set list=full \
			--set writer=program
		same_nodes "$arm, $kind image" "$work/image"
	done
done

# Damage of each kind, as "kind offset stored computed".
make_image "$work/image" --little-endian --no-cleanmarkers
jffs2dump -c "$work/image" >"$work/dump"
# flip_at OFFSET
flip_at()
{
	byte=$(od -An -tu1 -j "$1" -N 1 "$work/image")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %o $((byte ^ 4)))" |
		dd of="$work/image" bs=1 seek="$1" conv=notrunc status=none
}
# flip KIND NUMBER BYTE: byte BYTE of the NUMBER-th node of that kind
flip()
{
	node=$(sed -n "s/^ *$1 *node at \(0x[0-9a-f]*\), .*/\1/p" "$work/dump" | sed -n "$2p")
	flip_at $((node + $3))
}
flip Inode 2 80
flip Inode 4 30
flip Inode 6 5
flip Dirent 3 41
flip Dirent 5 18
jffs2dump -c "$work/image" 2>&1 |
	sed -n 's/^Wrong \([a-z]*\)_crc *at *0x\([0-9a-f]*\), 0x\([0-9a-f]*\) instead of 0x\([0-9a-f]*\)/\1 \2 \3 \4/p' |
	sed 's/^hdr/header/' | LC_ALL=C sort >"$work/want"
for arm in copy fault; do
	fresh_chip "$work/image"
	try "$arm: five damaged nodes, as expected" 0 "5 damaged" $arm --set expect_damaged=5
	sed -n 's/^jffs2: damaged .* at \([0-9a-f]*\): \([a-z]*\) CRC: want \([0-9a-f]*\), got \([0-9a-f]*\)/\2 \1 \3 \4/p' \
		"$work/log" | LC_ALL=C sort >"$work/got"
	if [ "$(wc -l <"$work/want")" = 5 ] && diff "$work/want" "$work/got" >"$work/log"; then
		pass "$arm: damage named as jffs2dump names it"
	else
		fail "$arm: damage named otherwise than by jffs2dump"
	fi
done
try "damage that nobody expects fails the run" 1 "check damaged: got 5, want 0" fault

# A directory whose only inode node is damaged: what lies below is there all the same.
make_image "$work/image" --little-endian --no-cleanmarkers
ino=$(sed -n 's/.* Dirent .*#ino *\([0-9]*\), .* name deep$/\1/p' "$work/dump")
node=$(sed -n "s/^ *Inode *node at \(0x[0-9a-f]*\), .*#ino *$ino, .*/\1/p" "$work/dump")
flip_at $((node + 30))
fresh_chip "$work/image"
for arm in copy fault; do
	try "$arm: a damaged directory keeps its files" 0 "  ok      /with space/deep/a b.c$" $arm \
		--set expect_damaged=1 --set list=full
	if grep -q "  missing /with space/deep$" "$work/log" &&
		grep -q "0 inodes without a name, 1 names without an inode, 0 inodes below no path" \
			"$work/log"; then
		pass "$arm: the damaged directory is listed as missing"
	else
		fail "$arm: the damaged directory is not named"
	fi
done
# Without the name as well, its files are counted.
node=$(sed -n "s/^ *Dirent *node at \(0x[0-9a-f]*\), .* name deep$/\1/p" "$work/dump")
flip_at $((node + 41))
fresh_chip "$work/image"
for arm in copy fault; do
	try "$arm: files below no path are named" 0 "jffs2: detached inode [0-9]*: [0-9]* bytes" $arm \
		--set expect_damaged=2 --set list=off
done

make_image "$work/big" --big-endian
fresh_chip "$work/big"
try "a big-endian image is refused by name" 1 "big-endian image" fault
head -c 300000 /dev/zero >"$work/zero"
fresh_chip "$work/zero"
try "a partition without nodes is refused by name" 1 "no valid JFFS2 node" copy

make_image "$work/image" --little-endian --no-cleanmarkers
fresh_chip "$work/image"
for arm in copy fault; do
	for mode in off erase program mixed; do
		try "$arm, writer $mode" 0 " 0 do not" $arm --set writer=$mode --set list=off
	done
	for cpus in 1 2 4; do
		try "$arm on $cpus vCPUs, free schedule" 0 " 0 do not" $arm --cpus $cpus \
			--schedule free --set list=off
	done
	try "$arm on 1 vCPU" 0 " 0 do not" $arm --cpus 1 --set list=off
	try "$arm, page tables in highmem" 0 " 0 do not" $arm --arena highmem --set list=off
	try "$arm, a session for each word" 0 " 0 do not" $arm --set batch=1 --set list=off
done

counts()
{
	"$kvalab" run flash-mount --arm "$1" --seed "$2" --flash "$chip" --set list=off \
		--json "$work/result" >"$work/log" 2>&1
	sed -n '/"counts"/,/}/p' "$work/result"
}
for arm in copy fault; do
	for seed in 1 2 3; do
		counts $arm $seed >"$work/first"
		counts $arm $seed >"$work/second"
		if [ -s "$work/first" ] && cmp -s "$work/first" "$work/second"; then
			pass "$arm, seed $seed: equal counts in two runs"
		else
			fail "$arm, seed $seed: counts differ"
		fi
	done
done

try "a store through the mapping" 4 "wild pointer: write to " fault --set provoke=store
try "a wait in atomic context" 4 "wait in atomic context: task mount" fault --set provoke=atomic
try "a fault inside the driver" 4 "fault in the flash driver: task mount" fault \
	--set provoke=driver
for arm in copy fault; do
	try "$arm: a write with a lock held" 4 "wait in atomic context: task mount writes" $arm \
		--set provoke=write --set writer=off
done
try "a mistake that needs a mapping" 2 "needs an arm with a mapping" copy --set provoke=store
if grep -q "^flash: " "$work/log"; then
	fail "a mistake that needs a mapping: refused only after the chip was opened"
else
	pass "a mistake that needs a mapping: refused before the chip is opened"
fi
try "what is mounted is not written" 2 "partition=rootfs at 0.* overlap" fault --set log=rootfs
if cmp -s -n "$(wc -c <"$work/image")" "$work/image" "$work/chip"; then
	pass "what is mounted is not written: the image is what it was"
else
	fail "what is mounted is not written: the image has changed"
fi
try "no such partition" 1 "no partition nowhere" fault --set partition=nowhere
try "more blocks than the log has" 2 "blocks=8: partition log" fault --set blocks=8
try "more words than fit" 2 "words=9999" fault --set words=9999

# The same on a chip of another shape: an 8-bit bus, and erase blocks of 4 KiB, smaller than any
# JFFS2 image's.
chip="file=$work/chip,chip=qemu-x8,partition=rootfs:0:1M,partition=log:1M:1M"
mkfs.jffs2 --root="$work/tree" --output="$work/small" --eraseblock=8KiB --faketime --squash \
	--little-endian
mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock=64KiB --faketime --squash \
	--little-endian
for arm in copy fault; do
	fresh_chip "$work/small"
	try "$arm, qemu-x8, 8 KiB blocks of JFFS2" 0 " in 128 erase blocks .*, 0 damaged" $arm \
		--set list=full
	same_nodes "$arm, qemu-x8, 8 KiB blocks of JFFS2" "$work/small"
	fresh_chip "$work/image"
	try "$arm, qemu-x8, 64 KiB blocks of JFFS2" 0 " in 16 erase blocks .*, 0 damaged" $arm \
		--set list=full --set sector=64K
	same_nodes "$arm, qemu-x8, 64 KiB blocks of JFFS2" "$work/image"
	for mode in off erase program mixed; do
		try "$arm, qemu-x8, writer $mode" 0 " 0 do not" $arm --set writer=$mode \
			--set list=off --set sector=64K
	done
	# As NOR does: busy after each operation, no bit set by programming.
	for seed in 1 2; do
		"$kvalab" run flash-mount --arm $arm --seed $seed --flash "$chip" --set list=off \
			--set sector=64K --json "$work/result" >"$work/log" 2>&1
		if grep -q '"flash_status_busy": 101,' "$work/result" &&
			grep -q '"flash_bits_set": 0$' "$work/result"; then
			pass "$arm, qemu-x8, seed $seed: the chip is NOR"
		else
			fail "$arm, qemu-x8, seed $seed: the chip is not NOR"
		fi
	done
done
for sector in 4K 12K 2M; do
	try "JFFS2's erase block cannot be $sector" 2 "sector=[0-9]*: must be a power of 2" fault \
		--set sector=$sector
done
