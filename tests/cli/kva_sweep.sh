#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/kva_sweep.sh against docs/dynamic-kernel-addresses.md.
page=docs/dynamic-kernel-addresses.md sweep=scripts/kva_sweep.sh needs="qemu-system-x86_64 jq"
tables="forms costs sharing roots cpus pool width"
roughly=. percent=25
. "$(dirname "$0")/sweep_page"

# Row T15: at 32 bits kva-seq never sends more than shared sf-buf, of the same work.
awk -F ' *[|] *' '
	!/^[|]/ { heading = ""; next }
	heading == "" { heading = $0; mask = ""; next }
	heading !~ /IPIs [|]$/ || heading ~ /bits/ { next }
	/sf-buf shared/ { mask = $(NF - 1) }
	/ kva-seq / && mask != "" { n++; if ($(NF - 1) + 0 > mask + 0) print; mask = "" }
	END { print n " compared" }' "$work/swept" >"$work/log"
if grep -qx '[1-9][0-9]* compared' "$work/log" && [ "$(wc -l <"$work/log")" = 1 ]; then
	pass "kva-seq sends no more than shared sf-buf"
else
	fail "kva-seq sends more than shared sf-buf"
fi
