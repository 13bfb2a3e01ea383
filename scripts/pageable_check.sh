#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing that a page fault may run is pageable (seed row W11): looks at a linked guest. From the handler
# of page faults, and from every table of functions that it may call through (FAULT_TABLE,
# guest/mm/vm.h), it follows whatever the code refers to: functions that it calls or whose address it
# takes, and data, with the functions that these point to. What is reached so must not lie in a pageable
# section. It says how it got there.
#
#   scripts/pageable_check.sh GUEST.ELF
set -eu
elf=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -S --defined-only "$elf" >"$work/symbols"
objdump -d --no-show-raw-insn "$elf" >"$work/code"
# of a static PIE all relocations are "here lies the address ADDEND"
readelf -rW "$elf" | awk '$3 == "R_X86_64_RELATIVE" { print $1, $4 }' >"$work/pointers"

LC_ALL=C awk '
	function number(hex,   n, i)
	{
		n = 0
		hex = tolower(hex)
		sub(/^0x/, "", hex)
		for (i = 1; i <= length(hex); i++)
			n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
		return n
	}

	# the number of the symbol that holds an address; 0: none. One of assembly goes on to the next one.
	function holder(address,   low, high, middle)
	{
		low = 1
		high = n
		while (low < high) {
			middle = int((low + high + 1) / 2)
			if (start[middle] <= address)
				low = middle
			else
				high = middle - 1
		}
		return size[low] && address >= start[low] + size[low] ? 0 : low
	}

	function refers(from, to)
	{
		if (from && to && from != to && !((from, to) in seen)) {
			seen[from, to] = 1
			edge[from, ++edges[from]] = to
		}
	}

	FILENAME ~ /symbols$/ {
		if (NF == 4 && $3 ~ /[tTdDrRbB]/)
			printf "%d %d %s\n", number($1), number($2), $4 | sort
		else if (NF == 3 && $2 ~ /[tT]/)
			printf "%d 0 %s\n", number($1), $3 | sort
		if (NF == 3 && $3 ~ /^(pageable_(text_start|data_end)|fault_tables_(start|end))$/)
			mark[$3] = number($1)
		next
	}
	FILENAME ~ /code$/ && FNR == 1 {
		close(sort)
		while ((getline line <sorted) > 0) {
			split(line, field, " ")
			if (n && start[n] == field[1])
				n-- # of those that begin there the largest
			start[++n] = field[1]
			size[n] = field[2]
			name[n] = field[3]
			if (field[3] == "trap_dispatch")
				root[n] = name[n]
		}
	}
	FILENAME ~ /code$/ && /^[0-9a-f]+ <.*>:$/ { inside = holder(number($1)) }
	FILENAME ~ /code$/ && /<[^>]*>$/ {
		match($0, /[0-9a-f]+ <[^<]*>$/)
		split(substr($0, RSTART), field, " ")
		refers(inside, holder(number(field[1])))
	}
	FILENAME ~ /pointers$/ {
		where = number($1)
		to = holder(number($2))
		refers(holder(where), to)
		if (to && where >= mark["fault_tables_start"] && where < mark["fault_tables_end"])
			root[to] = name[holder(where)] " -> " name[to]
	}
	END {
		for (r in root)
			traps += name[r] == "trap_dispatch"
		if (!traps || mark["fault_tables_end"] <= mark["fault_tables_start"] || mark["pageable_data_end"] == "") {
			print "pageable_check: the image lacks symbols that this looks for" >"/dev/stderr"
			exit 1
		}
		for (r in root) {
			how[r] = root[r]
			todo[++last] = r
		}
		for (i = 1; i <= last; i++) {
			from = todo[i]
			if (start[from] >= mark["pageable_text_start"] && start[from] < mark["pageable_data_end"]) {
				print "pageable_check: pageable, and a page fault may need it: " how[from] >"/dev/stderr"
				bad = 1
				continue
			}
			for (k = 1; k <= edges[from]; k++) {
				to = edge[from, k]
				if (to in how)
					continue
				how[to] = how[from] " -> " name[to]
				todo[++last] = to
			}
		}
		if (!bad)
			printf "%d functions and data that a page fault may need, none of them pageable\n", last
		exit bad
	}
' sorted="$work/sorted" sort="sort -n -k1,1 -k2,2 >$work/sorted" \
	"$work/symbols" "$work/code" "$work/pointers"
