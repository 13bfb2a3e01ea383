#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/flash_sweep.sh on one image, one part, one kind of writer: what must hold between the arms, however
# many instructions they take; and its tables.
. "$(dirname "$0")/common"
need_kvm
for tool in mkfs.jffs2 sumtool jq; do
	command -v $tool >/dev/null || {
		skip "the sweep: $tool is not installed"
		exit 0
	}
done
sweep=scripts/flash_sweep.sh
export OUT="$out"

expect "an option that is none" 2 "unknown option --html" $sweep --html
expect "an engine that is none" 2 "engine box: kvm or qemu" $sweep --engine box
expect "no such file of runs" 2 "no such file" $sweep --from "$work/nowhere"
expect "a program that is not there" 2 "nowhere/kvalab is not there" env OUT="$work/nowhere" $sweep --tiny

if $sweep --tiny --tsv >"$work/rows" 2>"$work/log"; then
	pass "a tiny sweep"
else
	fail "a tiny sweep: status $?"
	exit 0
fi

# holds TEXT AWK-PROGRAM: which prints what is wrong; at["mount_ticks", "copy"] is a number of a mount,
# at["ipis", "copy", "on"] of a mount that somebody writes meanwhile, with suspend=on
holds()
{
	wrong=$(LC_ALL=C awk -F '\t' '
	function wrong(what) { print what; bad = 1 }
	$1 == "what" || $1 == "part" || $1 == "image" {
		writers = $1 == "part"
		delays = $1 == "image"
		for (i = 1; i <= NF; i++)
			name[i] = $i
		next
	}
	{
		for (i = 1; i <= NF; i++)
			if (delays)
				delay[name[i], $2] = $i
			else if (writers)
				at[name[i], $4, $3] = $i # of the seeded schedule
			else
				at[name[i], $7] = $i
		runs++
	}
	END {
		split("copy fault point kmap", arms, " ")
		'"$2"'
	}' "$work/rows" 2>&1)
	if [ -z "$wrong" ]; then
		pass "$1"
	else
		echo "$wrong" >"$work/log"
		fail "$1"
	fi
}

holds "four mounts, four delays, and eight mounts that somebody writes meanwhile" 'if (runs != 16) wrong(runs " runs")'
holds "with all pages mapped a writer waits longer than for copy, and less than the mount takes" '
	own = delay["own_delay_ticks", "fault"]
	if (own != "-" && (own <= delay["own_delay_ticks", "copy"] || own >= at["mount_ticks", "fault"]))
		wrong("fault: " own)
	if (delay["pages_touched", "fault"] < 32)
		wrong(delay["pages_touched", "fault"] " pages")'
holds "all arms mount the same" 'for (a in arms)
	if (!(at["nodes", arms[a]] > 20) || at["nodes", arms[a]] != at["nodes", "copy"])
		wrong(arms[a] ": " at["nodes", arms[a]] " nodes")'
holds "who has a pointer reads the same words, and no more than copy" '
	for (a in arms)
		if (arms[a] != "copy" && at["words_read", arms[a]] != at["words_read", "fault"])
			wrong(arms[a] ": " at["words_read", arms[a]] " words")
	if (!(at["words_read", "fault"] > 0) || at["words_read", "fault"] >= at["words_read", "copy"])
		wrong(at["words_read", "fault"] " words, and copy " at["words_read", "copy"])'
holds "the chip takes 150 ns for each word" 'for (a in arms)
	if (at["mount_read_ns", arms[a]] != 150 * at["words_read", arms[a]])
		wrong(arms[a] ": " at["mount_read_ns", arms[a]] " ns")'
holds "copying, parsing and waiting are the mount, and nobody waits without a writer" 'for (a in arms) {
	if (at["mount_ticks", arms[a]] == "-")
		continue
	parts = at["copy_ticks", arms[a]] + at["parse_ticks", arms[a]] + at["mount_wait_ticks", arms[a]]
	if (parts != at["mount_ticks", arms[a]])
		wrong(arms[a] ": the parts are not the whole")
	if (at["mount_wait_ticks", arms[a]] != 0)
		wrong(arms[a] " waits for " at["mount_wait_ticks", arms[a]])
	if ((at["copy_ticks", arms[a]] > 0) != (arms[a] == "copy"))
		wrong(arms[a] " copies for " at["copy_ticks", arms[a]])
}'
holds "RAM: a page of buffer with copy, table pages with all others" '
	if (at["image_ram_bytes", "copy"] != 4096 || at["image_table_bytes", "copy"] != 0)
		wrong("copy: " at["image_ram_bytes", "copy"] " and " at["image_table_bytes", "copy"])
	for (a in arms)
		if (arms[a] != "copy" && (at["image_table_bytes", arms[a]] < 4096 ||
		    at["image_table_bytes", arms[a]] > at["image_ram_bytes", arms[a]]))
			wrong(arms[a] ": " at["image_table_bytes", arms[a]] " of " at["image_ram_bytes", arms[a]])'
holds "an operation rests only with suspend=on, and for somebody" 'for (a in arms) {
	if (at["flash_suspends", arms[a], "off"] != 0 || at["turns_lent", arms[a], "off"] != 0)
		wrong(arms[a] ": rests with suspend=off")
	if (at["turns_lent", arms[a], "on"] < at["flash_suspends", arms[a], "on"] ||
	    at["flash_suspends", arms[a], "on"] == 0)
		wrong(arms[a] ": " at["flash_suspends", arms[a], "on"] " rests")
}'
holds "with suspend=off a reader waits for an erase, with on for less than a thousandth of that" 'for (a in arms)
	if (at["reader_wait_max_ns", arms[a], "off"] < 1000000000 ||
	    at["reader_wait_max_ns", arms[a], "on"] > 1000000)
		wrong(arms[a] ": " at["reader_wait_max_ns", arms[a], "off"] ", " at["reader_wait_max_ns", arms[a], "on"])'
holds "only fault takes faults" 'for (a in arms)
	if ((at["mapping_faults", arms[a], "off"] > 0) != (arms[a] == "fault"))
		wrong(arms[a] ": " at["mapping_faults", arms[a], "off"] " faults")'

# --- tables --------------------------------------------------------------------------------------------
expect "the tables of these runs" 0 "^ *size  *28f128j3 " $sweep --from "$work/rows"
cp "$work/log" "$work/text"
expect "the same for a document" 0 "^\| size +\| 28f128j3 " $sweep --from "$work/rows" --markdown
if [ "$(grep -c '^| size ' "$work/log")" = 3 ] && [ "$(grep -c '^|--' "$work/log")" = 6 ] &&
	[ "$(grep -c '^| 28f128j3 ' "$work/log")" = 8 ]; then
	pass "six tables, a row for each mount and for each that is written meanwhile"
else
	fail "not six tables with a row for each mount and for each that is written meanwhile"
fi
if [ "$(grep '^| ' "$work/log" | tr -d '| -')" = "$(sed -n '/^  /p' "$work/text" | tr -d ' -')" ]; then
	pass "both say the same"
else
	fail "the document says something else than the text"
fi
# The factor is a quotient of two numbers of the table.
want=$(LC_ALL=C awk -F '\t' '$7 == "copy" { copy = $13 } $7 == "fault" { printf "%.1f", copy / $13 }' "$work/rows")
if grep -q "^| size .* | *$want | *[0-9.-]* | *[0-9.-]* | *[0-9.-]* | *[0-9.-]* |$" "$work/log"; then
	pass "words of copy are $want times those of fault"
else
	fail "words of copy are $want times those of fault: the table does not say so"
fi
