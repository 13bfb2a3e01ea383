#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing that a page fault may need can be made pageable (seed row W11): a link with such a function or
# such data fails, and says by what way it is needed; anything else can be.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$(realpath "${OUT:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/build"
tar cf - Makefile arch devices guest scripts vmm | tar xf - -C "$work"
cp -a "$out/guest" "$out/.deps-build" "$work/build/"

# mark FILE SED: marks something there as pageable, links, and takes it back
mark()
{
	cp "$1" "$work/$1"
	sed -i -e '0,/^#include/s//#include "guest\/mm\/pageable.h"\n#include/' -e "$2" "$work/$1"
	cmp -s "$1" "$work/$1" && echo "FAIL: $1 has not what is to be marked"
	make -s -C "$work" OUT=build build/guest.elf >"$work/log" 2>&1
	status=$?
	cp "$1" "$work/$1" # newer than what was made of the other
	return $status
}

# refused TEXT WAY FILE SED
refused()
{
	if mark "$3" "$4"; then
		echo "FAIL: $1: the link has not failed"
	elif grep -q "pageable, and a page fault may need it: $2" "$work/log"; then
		echo "PASS: $1"
	else
		echo "FAIL: $1: does not say by what way it is needed"
		head -n 5 "$work/log"
	fi
}

refused "a function on the path of faults" "trap_dispatch -> .*pt_sync_kernel" guest/mm/pt_space.c \
	's/^enum pt_sync pt_sync_kernel/__pageable &/'
refused "data on the path of faults" ".* -> freed" guest/mm/arena.c \
	's/^static u32 freed/& __pageable_data/'
refused "a function that only a fault function needs" "mapping_ops -> mapping_fault -> .*flash_read_lock" guest/flash/chip.c \
	's/^enum flash_error flash_read_lock/__pageable &/'
refused "what brings pages back" "pageable_ops -> pageable_fault -> .*get_frame" guest/mm/pageable.c \
	's/^static struct page \*get_frame/__pageable &/'
refused "a policy of replacement" "replacements -> fifo" guest/mm/replacement.c \
	's/^static struct pageable_page \*fifo/__pageable &/'
refused "what a store needs" "store_ops -> store_read -> block_read" guest/block/virtio_blk.c \
	's/^bool block_read/__pageable &/'
refused "the driver of a chip" "flash_intel_commands -> .*await_ready" guest/flash/intel.c \
	's/^static enum flash_error await_ready/__pageable &/'
if mark guest/flash/jffs2_list.c 's/^void jffs2_list(/__pageable &/'; then
	echo "PASS: a function that no fault needs can be pageable"
else
	echo "FAIL: a function that no fault needs cannot be pageable"
	head -n 5 "$work/log"
fi
