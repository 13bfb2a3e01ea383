#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-mount, --set contents=on: what the guest finds in files, links and devices against the tree that
# the image was made of, by gzip's CRC. Images of mkfs.jffs2 and sumtool, then some as years of use
# leave them (tests/images/write_jffs2.c). Reading of bytes and the guest's own arithmetic, the same on
# every host, so it runs once: on QEMU, where a run takes least, or else on this machine's KVM.
if command -v qemu-system-x86_64 >/dev/null; then
	KVALAB_HOST=qemu
fi
. "$(dirname "$0")/../guest/flash_image"
if [ "$host" = qemu ]; then # the erase blocks that the other hosts' chip has
	chip_block=128KiB
	chip_set="--set sector=128K"
fi

write_jffs2=$out/tests/images/write_jffs2
if [ ! -x "$write_jffs2" ]; then
	fail "contents: $write_jffs2 is not there: make image-tests"
	exit 1
fi

# The CRC-32 of stdin, as gzip appends it.
crc() { gzip -1c | tail -c 8 | od -An -tx4 -N4 --endian=little | tr -d ' '; }

# contents_of TREE: "type contents path" of all that is in it
contents_of()
{
	find "$1" -mindepth 1 | while read -r path; do
		name=/${path#"$1"/}
		if [ -h "$path" ]; then
			echo "l $(readlink "$path" | tr -d '\n' | crc) $name"
		elif [ -d "$path" ]; then
			echo "d - $name"
		elif [ -p "$path" ]; then
			echo "p - $name"
		else
			echo "- $(crc <"$path") $name"
		fi
	done
}

# same_contents TEXT TREE OTHERS: what was listed is what is in TREE, and the devices OTHERS
same_contents()
{
	{
		contents_of "$2"
		printf "%s" "$3"
	} | LC_ALL=C sort >"$work/want"
	sed -n 's,^ls: \([-dlcbp]\) *[0-9]* *[0-9]*  [a-z]* *\([-0-9a-f:]*\) *\(/.*\),\1 \2 \3,p' "$work/log" |
		LC_ALL=C sort >"$work/got"
	if [ -s "$work/want" ] && diff "$work/want" "$work/got" >"$work/log"; then
		pass "$1: each file has the contents that it had ($(wc -l <"$work/want") paths)"
	else
		fail "$1: files have other contents"
	fi
}

# run_contents TEXT ARM IMAGE OPTIONS...; the run must end well
run_contents()
{
	text=$1 arm=$2
	fresh_chip "$3"
	shift 3
	try "$text" 0 "contents: [0-9]* files read, 0 not" "$arm" --set writer=program --set list=full \
		--set contents=on --json "$work/result" "$@"
}

# pieces WAY: of how many nodes that are compressed this way a file was put together
pieces() { jq ".metrics.pieces_$1" "$work/result"; }

# met TEXT WAY...: data came by these ways, and by no other
met()
{
	text=$1
	shift
	ways=
	for way in none zero rtime zlib; do
		[ "$(pieces $way)" = 0 ] || ways="$ways $way"
	done
	if [ "$ways" = " $*" ]; then
		pass "$text: data by$ways"
	else
		fail "$text: data by$ways, not $*"
	fi
}

# A smaller tree is enough: inflating takes some 45 instructions a byte.
rm -r "$work/tree/with space/deep/a b.c" "$work/tree/with space/"*.h
head -c 6000 /dev/urandom >"$work/tree/with space/deep/noise"
head -c 9000 README.md >"$work/tree/README.md"
mkfifo "$work/tree/with space/pipe"
ln "$work/tree/LICENSE" "$work/tree/with space/another name"
cat >"$work/devices" <<EOT
/tty c 600 0 0 4 64 - - -
/disk b 600 0 0 8 1 - - -
EOT
devices="c 4:64 /tty
b 8:1 /disk
"

# More than one block, for only full ones have a summary.
head -c 140000 /dev/urandom >"$work/tree/much"
make_image "$work/bare" --little-endian --devtable "$work/devices"
sumtool --littleendian --eraseblock=$chip_block --pad -i "$work/bare" -o "$work/image"
for arm in fault copy point kmap; do
	run_contents "$arm, with summaries" $arm "$work/image"
	same_contents "$arm, with summaries" "$work/tree" "$devices"
	if [ "$(jq .metrics.summaries "$work/result")" = 1 ]; then
		pass "$arm, with summaries: one was met"
	else
		fail "$arm, with summaries: $(jq .metrics.summaries "$work/result") were met"
	fi
done
rm "$work/tree/much"
for kind in none zlib rtime; do
	case $kind in
	none) options="-m none" ;;
	zlib) options="-x rtime" ;;
	rtime) options="-x zlib" ;;
	esac
	# shellcheck disable=SC2086 # an option of two words
	make_image "$work/image" --little-endian --no-cleanmarkers $options
	run_contents "$kind" point "$work/image"
	case $kind in
	none) met "$kind" none ;;
	*) met "$kind" none $kind ;;
	esac
	same_contents "$kind" "$work/tree" ""
done

# Compressed data that is damaged but for its CRC cannot be had from mkfs.jffs2: tests/unit. Data of which
# the CRC is wrong is not expanded, and its file is named.
jffs2dump -c "$work/image" >"$work/dump"
ino=$(sed -n 's/.* Dirent .*#ino *\([0-9]*\), .* name noise$/\1/p' "$work/dump")
node=$(sed -n "s/^ *Inode *node at \(0x[0-9a-f]*\), .*#ino *$ino, .*/\1/p" "$work/dump" | head -n 1)
flip_at $((node + 100))
fresh_chip "$work/image"
try "a file of which data is damaged" 0 "  bad     bad       /with space/deep/noise$" copy \
	--set expect_damaged=1 --set expect_unread=1 --set list=full --set contents=on --set writer=off

for seed in 1 2 3; do
	rm -rf "$work/used"
	mkdir "$work/used"
	"$write_jffs2" "$work/image" "$work/used" $seed >"$work/log" 2>&1 ||
		fail "an image of years of use"
	for arm in copy fault; do
		run_contents "$arm, years of use, seed $seed" $arm "$work/image" --set expect_damaged=2
		same_contents "$arm, years of use, seed $seed" "$work/used" "c 4:64 /ttyS0
"
	done
	met "years of use, seed $seed" none zero rtime zlib
	if [ "$(jq -c '.metrics | [.obsolete_nodes, .deleted_names, .orphans, .damaged]' "$work/result")" = \
		"[12,1,2,2]" ]; then
		pass "years of use, seed $seed: what is obsolete, deleted and damaged is counted"
	else
		fail "years of use, seed $seed: other counts of obsolete, deleted and damaged things"
	fi
done
