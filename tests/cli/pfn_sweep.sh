#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/pfn_sweep.sh against docs/frames-without-struct-page.md and its picture.
page=docs/frames-without-struct-page.md sweep=scripts/pfn_sweep.sh needs="qemu-system-x86_64 jq"
tables="size shares crossings tasks written areas costs wrong"
roughly="instructions|first write|after a fork|first page" percent=10
. "$(dirname "$0")/sweep_page"

# The first two tables of what tasks keep are in the output, so the picture is made of that.
picture=${page%.md}.svg
awk '/^[|] (tasks|pages written, of 1,000) [|] side/, /^$/' "$work/swept" |
	awk -F ' *[|] *' -f scripts/pfn_picture.awk >"$work/picture"
if diff "$picture" "$work/picture" >"$work/log"; then
	pass "$picture is drawn from these tables"
else
	fail "$picture is not what scripts/pfn_sweep.sh --svg draws"
fi

# The mail's arithmetic: struct pages are 64 bytes of 4 KiB, bits 64 and doubled tables 4 KiB for 2 MiB, and what tasks
# keep goes with their number.
shares=$(awk -F ' *[|] *' '$2 == "64 MiB" && $3 ~ /%/ { print $3, $4, $5 }' "$work/swept")
if [ "$shares" = "1.56 % 0.0032 % 0.208 %" ]; then
	pass "of 64 MiB: struct pages, bits and doubled tables: $shares"
else
	fail "of 64 MiB: struct pages, bits and doubled tables: $shares"
fi
