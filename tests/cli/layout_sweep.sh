#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/layout_sweep.sh against docs/layouts.md: what it prints must stand there. Bytes and counts as they are;
# instructions, which another compiler may make a few more or less of, within 5 %. Not how vmalloc fragments:
# that takes as long as the rest together.
. "$(dirname "$0")/common"
for tool in qemu-system-x86_64 jq dtc; do
	command -v $tool >/dev/null || {
		skip "layout_sweep: $tool is not installed"
		exit 0
	}
done

tables="recovered boards conversions questions starved accesses maps"
# shellcheck disable=SC2086 # names
OUT=$out scripts/layout_sweep.sh $tables >"$work/swept" 2>"$work/log" || {
	fail "the sweep ends: $(cat "$work/log")"
	exit 0
}

# A table of the page is that one which has the same heading.
awk -F ' *[|] *' '
	function near(a, b) { return a == b || (a - b) * (a - b) <= (0.05 * b) * (0.05 * b) && a * b > 0 }
	function same(row, other, n, k, a, b) {
		n = split(row, a)
		if (split(other, b) != n)
			return 0
		for (k = 1; k <= n; k++)
			if (a[k] != b[k] && !(counts[k] && near(a[k], b[k])))
				return 0
		return 1
	}
	FNR == 1 { file++ }
	!/^[|]/ { table = ""; next }
	table == "" { table = $0; row = 0 }
	{ row++ }
	file == 1 { page[table, row] = $0; rows[table] = row; next }
	row == 1 {
		for (k = 1; k <= NF; k++)
			counts[k] = $k ~ /instructions|^highmem$|^range|^bitmap|^tree|^walk|^[0-9]+( holes)?$/
	}
	!same($0, page[table, row]) { print "swept: " $0; print "page:  " page[table, row] }
	row == 1 { found++ }
	END { print found " tables" }' docs/layouts.md "$work/swept" >"$work/compared"
if [ "$(cat "$work/compared")" = "7 tables" ]; then
	pass "docs/layouts.md: its tables are what the sweep prints"
else
	cp "$work/compared" "$work/log"
	fail "docs/layouts.md: its tables are not what the sweep prints"
fi
