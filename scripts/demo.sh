#!/bin/sh
# SPDX-License-Identifier: MIT
# make demo: a JFFS2 image of real files, put at the start of an emulated NOR chip, mounted by the
# guest through a pageable kernel mapping of the flash while its second CPU erases and programs
# another partition of the same chip. Exits with the run's status.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

out=${OUT:-build}
dir=$out/demo
rm -rf "$dir"
mkdir -p "$dir/tree/empty"

# About 200 KB of this repository, with subdirectories, a symbolic link and an empty directory.
cp README.md LICENSE "$dir/tree"
cp -R devices "$dir/tree"
mkdir -p "$dir/tree/guest" "$dir/tree/docs"
cp docs/*.md "$dir/tree/docs" # without pictures, which would be more than all the rest
cp -R guest/flash guest/mm "$dir/tree/guest"
ln -s devices/flash/chip.c "$dir/tree/chip.c"

# -f and -q: the same tree gives the same image, whoever builds it and when.
mkfs.jffs2 --root="$dir/tree" --output="$dir/rootfs.jffs2" --eraseblock=128KiB --little-endian \
	--no-cleanmarkers --faketime --squash
rm -f "$dir/chip.bin.nv" # a new chip
cp "$dir/rootfs.jffs2" "$dir/chip.bin"
echo "JFFS2 image: $(wc -c <"$dir/rootfs.jffs2") bytes of $(find "$dir/tree" -type f | wc -l) files"

set -- run flash-mount --arm fault --cpus 2 --set writer=mixed \
	--flash "file=$dir/chip.bin,chip=28f128j3,partition=rootfs:0:2M,partition=log:2M:2M" \
	--trace "$dir/trace" --json "$dir/result.json"
echo "$out/kvalab $*"
status=0
"$out/kvalab" "$@" || status=$?
if [ -d "$dir/trace" ]; then
	echo
	echo "The trace lies in $dir/trace, the result in $dir/result.json. Look into it with"
	echo "  $out/kvalab trace print $dir/trace | less"
	echo "  babeltrace2 $dir/trace | less"
	echo "or look at it in a browser: $out/kvalab report $dir/trace -o $dir/report.html"
fi
exit $status
