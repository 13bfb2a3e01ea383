#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/adding-an-arm.md as a newcomer would follow it: its files, its rows and its commands, in a copy of
# the tree, with the arm in a folder outside. Then what may be wrong with a folder, and that the tree's own
# build stays what it was.
# shellcheck disable=SC2016 # what has a $ is jq's
. "$(dirname "$0")/common"
need_kvm
for tool in mkfs.jffs2 jq; do
	command -v $tool >/dev/null || {
		skip "outside arms: $tool is not installed"
		exit 0
	}
done
page=$PWD/docs/adding-an-arm.md
tree=$work/tree
# Not those of the make that runs this test.
unset OUT MAKEFLAGS MAKELEVEL ARMS

# The sources, and the objects with their times: make compiles only what an arm changes.
mkdir -p "$tree/build/tests"
cp -a Makefile README.md LICENSE arch devices docs guest scripts tests vmm "$tree"
for part in host guest guest.elf guest_image guest_image.o kvalab libhost.a libtest.a tests/static \
	.deps-build; do
	[ ! -e "$out/$part" ] || cp -a "$out/$part" "$tree/build/$part"
done

# section FIRST END: the page from heading "## FIRST" to "## END" as a script. A block of sh is commands; any
# other named one becomes the file that the text in front of it names.
section()
{
	awk -v first="## $1" -v end="## $2" '
		index($0, first) == 1 { on = 1 }
		index($0, end) == 1 { on = 0 }
		/^```/ && kind {
			if (kind != "sh" && on)
				print "END"
			kind = ""
			next
		}
		/^```/ {
			kind = substr($0, 4)
			if (kind != "sh" && on)
				print "cat >" file " <<\"END\""
			next
		}
		kind && on { print }
		!kind && match($0, /`\.\.\/my-[a-z]+\/[a-z_.]+`/) { file = substr($0, RSTART + 1, RLENGTH - 2) }
		' "$page"
}

# follow NAME FIRST END: its commands, typed in the tree
follow()
{
	{
		echo "cd '$tree' || exit"
		cat "$work/variables" 2>/dev/null
		section "$2" "$3"
		echo "echo \"chip=\$chip\" >'$work/variables'"
	} >"$work/script"
	if sh -eu "$work/script" >"$work/log" 2>&1 </dev/null; then
		pass "$1: every command of the page works"
	else
		fail "$1: a command of the page fails"
		exit 0
	fi
	cp "$work/log" "$work/said"
}

# says TEXT PATTERN...: what was followed last says each
says()
{
	text=$1
	shift
	for pattern; do
		grep -qE -e "$pattern" "$work/said" && continue
		fail "$text: nothing says \"$pattern\""
		return
	done
	pass "$text"
}

follow "a look at what is there" "1." "2."
cp "$tree/build/guest_image" "$work/own"
follow "an arm from outside" "2." "11."
says "the arm is listed like any other" "^  --arm mine  +each piece copied"
says "the arm runs" "--arm mine, seed 1" "checks +[0-9]+ hold, 0 do not" "^exit +0"
says "the planted bug is found" "leak.heap_bytes: got [0-9]+, want 0" "^exit status 1$"
says "the arm that maps runs" "--arm paged, seed 1"
if [ "$(grep -cE '^checks +[0-9]+ hold, 0 do not' "$work/said")" -ge 4 ] &&
	[ "$(sed -n '/--arm paged, seed 1/,$s/^exit  *//p' "$work/said")" = 0 ]; then
	pass "the arm that maps is right"
else
	fail "the arm that maps is wrong"
fi
says "its events are traced" " wait_end "
says "the proof of flushes covers it" "^PASS: "

# --- counts, beside those of the tree -----------------------------------------------------------------
# holds TEXT FILTER: of what the page's compare has said
holds()
{
	if jq -e "def of(\$arm): .columns[] | select(.arm == \$arm) | .result; $2" "$work/my-compare.json" \
		>"$work/log" 2>&1; then
		pass "$1"
	else
		fail "$1"
	fi
}
holds "compare: a column for each" '[.columns[].arm] == ["mine", "copy", "fault"]'
holds "compare: the checks of each hold" '[.columns[].result.checks[].ok] | all'
holds "mine maps nothing: the entries of copy, no fault, no flush" 'of("mine").counts as $m |
	of("copy").counts as $c | $m.faults == 0 and $m.flush_page == 0 and $m.pt_set == $c.pt_set'
holds "mine reads what a mapping reads, copy more" '[of("mine", "fault", "copy").metrics.words_read] |
	.[0] > 0 and .[0] == .[1] and .[2] > .[0]'
holds "the writer did the same beside each" '[.columns[].result.counts |
	{flash_programs, flash_erases, flash_unlocks}] | unique | length == 1'
holds "the arm's own metric and check are in the result" 'of("mine") |
	.metrics["mine.pieces"] > 0 and any(.checks[]; .name == "mine.pieces_put_back" and .ok)'

# --- what an arm must not do is found in one from outside, too -----------------------------------------
# Maps the chip's window by itself, whatever the chip does, and flushes in a way of its own.
bad=$work/bad
mkdir "$bad"
echo 'ARM("wild", flash_mount_wild, "does what must not be done")' >"$bad/flash_mount.arms"
cat >"$bad/flash_mount_wild.c" <<'END'
#include "guest/scenario/flash_mount.h"
#include "guest/trace.h"

static const struct vma_ops wild_ops FAULT_TABLE = { .name = "wild" };

static bool wild_open(struct flash_reader *reader)
{
	reader->private = vma_map_kernel(2 * PAGE_BYTES, PROT_READ, &wild_ops, NULL, 0);
	return reader->private != NULL;
}

static void wild_close(struct flash_reader *reader)
{
	vma_unmap(reader->private);
}

static const void *wild_get(struct flash_reader *reader, u32 offset, u32 need, u32 ahead)
{
	const struct vma *vma = reader->private;
	u64 first = ALIGN_DOWN(offset, PAGE_BYTES), gpa = boot_options.flash_gpa + reader->partition->offset;

	(void)ahead;
	for (u64 at = first; at < offset + need; at += PAGE_BYTES)
		pt_map_new(&init_mm, vma->start + at - first, gpa + at, PROT_READ, SITE("wild.get"));
	return (const u8 *)vma->start + (offset - first);
}

static void wild_put(struct flash_reader *reader)
{
	const struct vma *vma = reader->private;

	pt_unmap(&init_mm, vma->start, 2 * PAGE_BYTES, SITE("wild.put"));
	__asm__ volatile("invlpg (%0)" : : "r"(vma->start) : "memory");
}

const struct flash_reader_ops flash_mount_wild = {
	.open = wild_open, .close = wild_close, .get = wild_get, .put = wild_put,
};
END
expect "an arm that breaks the rules is built" 0 "flash_mount_wild.c" \
	make -C "$tree" --no-print-directory ARMS="$bad" all
expect "a mapping of the chip that nobody revokes is found" 1 "chip-mapped .* wild.get maps va" \
	"$tree/build/kvalab" run flash-mount --arm wild --set list=off \
	--flash "file=$work/my-arms/chip.bin,chip=28f128j3,partition=rootfs:0:2M,partition=log:2M:2M"
expect "a flush that nobody reports is found" 1 "^FAIL: .*wild_put" \
	"$tree/build/tests/static/flush_proof" "$tree/build/guest.elf"

# --- what is wrong with a folder ----------------------------------------------------------------------
rm -rf "$bad"

# wrong TEXT PATTERN: make refuses $bad, which is then as it should be again
wrong()
{
	expect "$1" 2 "^arms: .*$2" make -C "$tree" --no-print-directory ARMS="$bad" all
	rm -rf "$bad"
	mkdir "$bad"
	cp "$work/my-arms/flash_mount_mine.c" "$work/my-arms/flash_mount.arms" "$bad"
}
row() { sed -i "s/^ARM.*/$1/" "$bad/flash_mount.arms"; }

wrong "no such folder" "bad: there is no such folder: name one that holds arms"
rm "$bad/flash_mount_mine.c"
wrong "a row without its file" 'flash_mount.arms:1: arm "mine" needs the file .*/flash_mount_mine.c: write it'
: >"$bad/flash_mount.arms"
wrong "an arm without a row" 'flash_mount_mine.c: flash_mount_mine has no row: add ARM\(.*to .*bad/flash_mount.arms'
rm "$bad/flash_mount.arms"
wrong "no table" "the folder has no table: write .*bad/SCENARIO.arms, SCENARIO one of flash_mount"
mv "$bad/flash_mount.arms" "$bad/flash_munt.arms"
wrong "a table of no scenario" "flash_munt.arms: no scenario of that name has arms: name it after one of flash_mount"
row 'ARM("copy", flash_mount_mine, "a copy")'
wrong "a name of the tree's" 'there is an arm "copy" already, guest/scenario/flash_mount.arms:[0-9]*: choose another'
echo 'ARM("mine", flash_mount_other, "another")' >>"$bad/flash_mount.arms"
sed 's/flash_mount_mine/flash_mount_other/' "$bad/flash_mount_mine.c" >"$bad/flash_mount_other.c"
wrong "a name twice" 'flash_mount.arms:2: there is an arm "mine" already, .*bad/flash_mount.arms:1'
row 'ARM("mine", flash_mount_copy, "not mine")'
wrong "a file of the tree's" "flash_mount_copy is taken, guest/scenario/flash_mount.arms:[0-9]*: choose another"
row 'ARM("a-name-that-is-longer-than-any-may-be", flash_mount_mine, "long")'
wrong "a name that is too long" "has 37 characters, and 31 is the most: shorten it"
row 'ARM("mine|copy", flash_mount_mine, "odd")'
wrong "a name of other characters" "consists of a-z, 0-9 and -"
row 'ARM("mine", flash_mount_mine)'
wrong "a row that cannot be read" 'flash_mount.arms:1: this row cannot be read: write ARM\("name", flash_mount_name'
row 'ARM("mine", mine, "odd")'
wrong "ops that are called otherwise" "begin with flash_mount_: write ARM"
sed -i 's/^const struct/static const struct/' "$bad/flash_mount_mine.c"
wrong "ops that nobody else sees" "flash_mount_mine.c: defines no ops for the row .*not static"
# more LINE...: behind the row of the arm
more() { printf '%s\n' "$@" >>"$bad/flash_mount.arms"; }

more 'VARIES("pt_sett", NULL, "because")'
wrong "a difference of no count" 'flash_mount.arms:2: VARIES: there is no count "pt_sett": one of pt_set '
more '/* two' ' * lines */' 'VARIES("pt_set", "writer!=off arm=mine|nobody",' '       "because")'
wrong "a difference of no arm" 'flash_mount.arms:4: VARIES: "arm" is never "nobody": one of .*mine'
more 'VARIES("pt_set", "writr=off", "because")'
wrong "a difference by no parameter" 'flash_mount.arms:2: VARIES: there is no parameter "writr": arm, or one of .*writer'
more 'VARIES("pt_set", "writer=of", "because")'
wrong "a difference by no value" 'flash_mount.arms:2: VARIES: "writer" is never "of": one of off erase'
more '#define WHEN "arm"' 'VARIES("pt_set", WHEN, "because")'
wrong "a difference by no condition" 'flash_mount.arms:3: VARIES: "arm" is no condition: write KEY=VALUE'
more 'VARIES("pt_set", "arm=mine")'
wrong "a difference without a reason" 'flash_mount.arms:2: this row cannot be read: write VARIES'
more '# a comment'
wrong "a comment of another language" 'flash_mount.arms:2: "#" begins no comment here: write /\* … \*/'
more 'VARIED("pt_set", NULL, "because")'
wrong "a row of no kind" 'flash_mount.arms:2: this line cannot be read'
if [ -x "$tree/build/kvalab" ]; then
	pass "no mistake in a table takes the program away"
else
	fail "a mistake in a table has taken the program away"
fi
more '/* of C: */ // both' '#define WHY "(because)"' 'VARIES("pt_set", "arm=mine blocks!=0", WHY)' '#undef WHY'
expect "what a table may hold is taken" 0 "LINK" make -C "$tree" --no-print-directory ARMS="$bad" all
bad="$work/my-arms $work/my-mutant"
expect "two folders" 2 "arms: ARMS='.*': one folder" make -C "$tree" --no-print-directory ARMS="$bad" all

# --- the tree -----------------------------------------------------------------------------------------
differ=
for part in Makefile arch devices docs guest scripts tests vmm; do
	diff -r $part "$tree/$part" >>"$work/log" 2>&1 || differ="$differ $part"
done
if [ -z "$differ" ]; then
	pass "no file of the tree was touched"
else
	fail "touched in the tree:$differ"
fi
if make -C "$tree" all >"$work/log" 2>&1 && cmp "$tree/build/guest_image" "$work/own" >>"$work/log" 2>&1; then
	pass "without the folder the guest is the tree's own, byte for byte"
else
	fail "without the folder the guest is not the tree's own"
fi
follow "the arm in the tree" "11." "An arm of layout"
says "one file and one row are all that the tree needs" "checks +[0-9]+ hold, 0 do not"

# --- a layout -----------------------------------------------------------------------------------------
follow "a layout from outside" "An arm of layout" "An arm of kva"
says "it is compared with the others" "phys_to_virt_last_ticks" "^  arm +classic +translate +search"
says "in the map's table its column has its name" "^these options as +classic +\[search\] +table +intermix\$"
if "$tree/build/kvalab" layout --layout search --hole 256M:64M --json - 2>"$work/log" | jq -e '
	.layout == "search" and .layouts[.layout].recovered_bytes == 64 * 1048576 and
	(.layouts | keys == ["classic", "intermix", "search", "table"])' >>"$work/log" 2>&1; then
	pass "and so it has in JSON"
else
	fail "in JSON the layout from outside has another name"
fi
says "another scenario runs on it" "^run +hello" "checks +[0-9]+ hold, 0 do not" "^exit +0"

# --- a scheme of kernel addresses -----------------------------------------------------------------------
follow "a scheme from outside" "An arm of kva" "An arm of task-pt"
says "it is compared with another" "^  arm +per-map +per-map +per-map +late +late +late" "kva_installs"
says "its counts are what it predicts, and what it reads is right" "^run +kva --arm late" "checks +[0-9]+ hold, 0 do not" "^exit +0"

# --- a way to page tables -------------------------------------------------------------------------------
follow "a way to tables from outside" "An arm of task-pt" "An arm of pfn"
says "it is compared with another" "^  arm +highpte +highpte +late +late" "table_flushes"
says "its counts are what it predicts, and its tables right" "^run +task-pt --arm late" "checks +[0-9]+ hold, 0 do not" "^exit +0"

# --- a rule about frames --------------------------------------------------------------------------------
follow "a rule from outside" "An arm of pfn" "A scenario"
says "it is compared with another" "^  arm +sw-bit +valid" "write_fault_ticks +[0-9]+ +[0-9]+" " unused_bytes "
says "it misjudges no page, in whatever order frames lie, and needs no bit" "^run +pfn --arm valid" \
	"judged_wrong 0" "fuzz.misjudged 0" "checks +[0-9]+ hold, 0 do not" "^exit +0"
