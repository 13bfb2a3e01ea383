#!/bin/sh
# SPDX-License-Identifier: MIT
# Chip files that are wrong, and a good one: the mounted tree equals the source tree, and its nodes
# are those that mtd-utils' jffs2dump sees in the same image.
. "$(dirname "$0")/common"
need_kvm
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "flash: mtd-utils is not installed"
	exit 0
fi

part=28f128j3
parts=partition=rootfs:0:2M,partition=log:2M:2M

chip="file=$work/chip,chip=$part,$parts"
run="$kvalab run flash-mount --arm fault --flash"
truncate -s 17M "$work/large"
# shellcheck disable=SC2086 # a command of several words
{
	expect "a file larger than the chip" 2 "large.*(larger|bigger|16 MiB|16777216)" \
		$run "file=$work/large,chip=$part"
	expect "a file that is not there" 2 "nowhere" $run "file=$work/nowhere,chip=$part"
	expect "a directory as a file" 2 "not a regular file|directory" $run "file=$work,chip=$part"
}
: >"$work/empty"
# shellcheck disable=SC2086
{
	expect "no partitions" 2 "no partition rootfs: add partition=rootfs:START:SIZE to --flash" \
		$run "file=$work/empty,chip=$part"
	expect "a partition too few" 2 "no partition log: .* or name another by --set log=LABEL" \
		$run "file=$work/empty,chip=$part,partition=rootfs:0:2M"
}
touch "$work/closed"
chmod 000 "$work/closed"
# Root may read everything; so without the capability for it.
obey=
[ "$(id -u)" != 0 ] || obey="setpriv --bounding-set=-dac_override,-dac_read_search"
# shellcheck disable=SC2086
expect "a file that may not be read" 2 "closed.*ermission denied" $obey $run "file=$work/closed,chip=$part"

# A tree of real files: text, an empty one, one larger than an erase block, a deep path, a link.
tree=$work/tree
mkdir -p "$tree/a/b/c" "$tree/none"
cp README.md LICENSE Makefile "$tree"
cp devices/flash/*.c "$tree/a"
cp docs/*.md "$tree/a/b/c"
: >"$tree/a/empty"
cat vmm/*.c >"$tree/a/b/large"
ln -s ../README.md "$tree/a/link"
mkfs.jffs2 --root="$tree" --output="$work/image" --eraseblock=128KiB --little-endian \
	--no-cleanmarkers --faketime --squash
# type, size and path of everything, by path
find "$tree" -mindepth 1 -printf '%y %s /%P\n' |
	awk '{ print $1, $1 == "d" ? 0 : $2, $3 }' | LC_ALL=C sort -k 3 >"$work/source"
jffs2dump -c "$work/image" >"$work/dump"
nodes=$(grep -cE '^ *(Dirent|Inode) ' "$work/dump")

for arm in copy fault; do
	cp "$work/image" "$work/chip"
	expect "$arm: mount beside a writer" 0 "0 lost, 0 unreported" "$kvalab" run flash-mount \
		--arm $arm --flash "$chip" --set list=full --json "$work/result"
	cp "$work/log" "$work/summary"
	# "ls: t size nodes crc path"; bad CRCs are not "ok"
	awk '$1 == "ls:" && $2 ~ /^[-dl]$/ { print $2 == "-" ? "f" : $2, $3, $6, $5 }' \
		"$work/log" | LC_ALL=C sort -k 3 >"$work/listed"
	if grep -v ' ok$' "$work/listed" >"$work/bad" || ! sed 's/ ok$//' "$work/listed" |
	   diff "$work/source" - >"$work/log"; then
		fail "$arm: the mounted tree is not the source tree"
	else
		pass "$arm: the mounted tree is the source tree ($(wc -l <"$work/source") entries)"
	fi
	if grep -q "\"nodes\": $nodes,\$" "$work/result"; then
		pass "$arm: $nodes nodes, as many as jffs2dump sees"
	else
		fail "$arm: other nodes than the $nodes that jffs2dump sees"
	fi
done

# Whatever follows a metric on its line begins where the others do.
if [ "$(sed -n '/^metrics/,/^trace/p' "$work/summary" | sed '$d; s/^metrics/       /' |
	LC_ALL=C awk 'match($0, /[0-9]  +[a-z]/) { print RSTART + RLENGTH }' | sort -u | wc -l)" = 1 ]; then
	pass "the columns of metrics are straight"
else
	fail "the columns of metrics have holes"
fi

# The partition that is not written is as it was: mounting changes nothing.
if cmp -s -n "$(wc -c <"$work/image")" "$work/image" "$work/chip"; then
	pass "the mounted partition is unchanged"
else
	fail "the mounted partition was changed"
fi

# One bit in the data of the last inode node: named, counted, the rest is mounted.
at=$(sed -n 's/^ *Inode *node at \(0x[0-9a-f]*\), .*/\1/p' "$work/dump" | tail -n 1)
cp "$work/image" "$work/chip"
byte=$(od -An -tu1 -j $((at + 80)) -N 1 "$work/image")
# shellcheck disable=SC2059 # the format is the byte
printf "\\$(printf %03o $((byte ^ 1)))" |
	dd of="$work/chip" bs=1 seek=$((at + 80)) conv=notrunc status=none
expect "a damaged node ends in status 1" 1 "$(printf '%x' $((at)))|damaged|bad" \
	"$kvalab" run flash-mount --arm fault --flash "$chip" --set list=full
if grep -q '^ls: - .* ok ' "$work/log"; then
	pass "a damaged node: the rest is mounted"
else
	fail "a damaged node: nothing else is listed"
fi
