#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-mount: kinds of images, damaged directories, what is refused, a chip of small blocks. All of
# it is reading of bytes and the guest's own arithmetic, the same on every host, so it runs once: on
# QEMU, where a run takes least, or else on this machine's KVM; there alone what needs a chip of kvalab's.
if command -v qemu-system-x86_64 >/dev/null; then
	KVALAB_HOST=qemu
fi
. "$(dirname "$0")/../guest/flash_image"
if [ "$host" = qemu ]; then # the erase blocks that the other hosts' chip has
	chip_block=128KiB
	chip_set="--set sector=128K"
fi

for kind in plain cleanmarkers padded xattr uncompressed summary; do
	case $kind in
	plain) make_image "$work/image" --little-endian --no-cleanmarkers ;;
	cleanmarkers) make_image "$work/image" --little-endian ;;
	padded) make_image "$work/image" --little-endian --pad ;;
	xattr) make_image "$work/image" --little-endian --with-xattr ;;
	uncompressed) make_image "$work/image" --little-endian -m none ;;
	summary)
		make_image "$work/bare" --little-endian
		sumtool --littleendian --eraseblock=$chip_block --pad -i "$work/bare" -o "$work/image"
		;;
	esac
	for arm in copy fault; do
		fresh_chip "$work/image"
		try "$arm, $kind image" 0 "0 lost, 0 unreported" $arm --set list=full \
			--set writer=program
		same_nodes "$arm, $kind image" "$work/image"
	done
done

# sumtool writes a summary at the end of each block that is full, and there its offset and a mark. One that is
# damaged is named, and costs no node.
summaries=0
head -c 300000 /dev/urandom >"$work/tree/noise"
make_image "$work/bare" --little-endian
rm "$work/tree/noise"
sumtool --littleendian --eraseblock=$chip_block --pad -i "$work/bare" -o "$work/image"
for block in 0 1 2; do
	end=$(((block + 1) * 131072))
	[ "$(od -An -tx4 --endian=little -j $((end - 4)) -N 4 "$work/image")" = " 02851885" ] || continue
	summaries=$((summaries + 1))
	offset=$(od -An -tu4 --endian=little -j $((end - 8)) -N 4 "$work/image")
	summary=$((end - 131072 + offset))
done
for damaged in 0 1; do
	for arm in copy fault; do
		fresh_chip "$work/image"
		try "$arm, $summaries summaries, $damaged damaged" 0 "empty\), $damaged damaged$" $arm \
			--set list=full --set expect_damaged=$damaged --set writer=off --json "$work/result"
		named=$(grep -c "^jffs2: damaged summary at .*: data CRC" "$work/log")
		same_nodes "$arm, $summaries summaries, $damaged damaged" "$work/image"
		right=$(jq .metrics.summaries "$work/result")
		if [ $summaries -ge 2 ] && [ "$right" = $((summaries - damaged)) ] && [ "$named" = $damaged ]; then
			pass "$arm, $summaries summaries, $damaged damaged: $right are right, $named named"
		else
			fail "$arm, $summaries summaries, $damaged damaged: $right are right, $named named"
		fi
	done
	flip_at $((summary + 40))
done

# A directory whose only inode node is damaged: what lies below is there all the same.
make_image "$work/image" --little-endian --no-cleanmarkers
jffs2dump -c "$work/image" >"$work/dump"
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
try "a mistake that needs a mapping" 2 "needs an arm with a pointer" copy --set provoke=store
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
try "no such partition" 2 "no partition nowhere: add partition=nowhere:START:SIZE" fault --set partition=nowhere
try "more blocks than the log has" 2 "blocks=300: partition log" fault --set blocks=300
try "more words than fit" 2 "words=9999" fault --set words=9999
try "a storm and a mistake" 2 "nothing is mounted, so leave out provoke" fault --set storm=1 --set provoke=store
try "a storm and the contents of files" 2 "nothing is mounted" fault --set storm=1 --set contents=on
try "a storm on one partition" 2 "overlap" fault --set storm=1 --set log=rootfs

# The same on a chip of another shape, that is busy as its own: an 8-bit bus, and erase blocks of 4 KiB,
# smaller than any JFFS2 image's.
host=kvm engine=kvm chip_set=
need_host
expect "a storm without room to write" 2 "partition log has no 2 erase blocks" "$kvalab" run flash-mount --arm fault \
	--set storm=1 --flash "file=$work/chip,chip=28f128j3,partition=rootfs:0:1M,partition=log:1M:128K"
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
		"$kvalab" run flash-mount --engine $engine --arm $arm --seed $seed --flash "$chip" --set list=off \
			--set sector=64K --json "$work/result" >"$work/log" 2>&1
		if grep -q '"flash_status_busy": 101,' "$work/result" &&
			grep -qE '"flash_bits_set": 0,?$' "$work/result"; then
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
