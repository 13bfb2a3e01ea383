#!/bin/sh
# SPDX-License-Identifier: MIT
# The tables of docs/flash-under-the-kernel.md, from runs: what a mount costs by each arm of flash-mount over
# size of image, erase blocks, nodes and chips (seed row W6), in RAM (W12), and whom each arm makes wait
# (W7). Images are made here, out of a seed, so that the same tables come out anywhere. Stops at the first
# run that fails.
set -eu
cd "$(dirname "$0")/.."
kvalab=${OUT:-build}/kvalab
PATH=$PATH:/usr/sbin:/sbin
tab=$(printf '\t')

usage()
{
	cat <<'end'
usage: scripts/flash_sweep.sh [options]
  --markdown     tables as a document has them (default: aligned text)
  --tsv          one line for each run instead, all its numbers
  --from FILE    runs nothing: the tables of what --tsv has said
  --engine NAME  kvm (default) or qemu: where KVM counts no instructions; then the
                 part is qemu-x8, on one CPU, and nobody waits (its chip is never busy)
  --insn-ns N    time of an instruction for the modelled time, an assumption (default 5)
  --seed N       contents of the images, interleaving (default 1)
  --tiny         one image, one part, one kind of writer
OUT=DIR: where kvalab is (default build). Needs mkfs.jffs2 and sumtool (mtd-utils), and jq.
end
}

# refuse TEXT: the user's mistake
refuse()
{
	echo "flash_sweep: $*" >&2
	exit 2
}

format=text engine=kvm insn_ns=5 seed=1 tiny='' from=''
while [ $# -gt 0 ]; do
	case $1 in
	--markdown | --tsv) format=${1#--} ;;
	--tiny) tiny=1 ;;
	--engine | --insn-ns | --seed | --from)
		[ $# -gt 1 ] || refuse "$1 needs a value"
		case $1 in
		--engine) engine=$2 ;;
		--insn-ns) insn_ns=$2 ;;
		--seed) seed=$2 ;;
		--from) from=$2 ;;
		esac
		shift
		;;
	--help)
		usage
		exit 0
		;;
	*) refuse "unknown option $1 (--help lists them)" ;;
	esac
	shift
done
case $engine in kvm | qemu) ;; *) refuse "--engine $engine: kvm or qemu" ;; esac
case $insn_ns$seed in *[!0-9]*) refuse "--insn-ns and --seed take whole numbers" ;; esac
[ -z "$from" ] || [ -r "$from" ] || refuse "--from $from: there is no such file that can be read"
for tool in mkfs.jffs2 sumtool jq "$kvalab"; do
	[ -n "$from" ] || command -v "$tool" >/dev/null || refuse "$tool is not there"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# --- images ------------------------------------------------------------------------------------------
# What JFFS2 puts around data: 68 bytes before those of a node, 40 and the name before the first of a file. No
# node crosses the end of a block, so up to one of its size is left free there.
#
# make_tree BYTES BLOCK NODE PER_FILE: files of PER_FILE nodes of NODE bytes each, as many as BYTES of
# image hold in erase blocks of BLOCK
make_tree()
{
	rm -rf "$work/tree"
	mkdir "$work/tree"
	LC_ALL=C awk -v bytes="$1" -v block="$2" -v node="$3" -v per_file="$4" -v seed="$seed" \
		-v dir="$work/tree" '
	# a word of the minimal standard generator, which doubles hold exactly
	function draw() { x = x * 16807 % 2147483647; return x }
	function write_file(name, n,   i) {
		for (i = 0; i < n; i += 8)
			printf "%08x", draw() >name
		close(name)
	}
	BEGIN {
		x = seed % 2147483646 + 1
		each = node + 68 + 48 / per_file
		nodes = int(bytes / block) * int(block / each) + int(bytes % block / each)
		for (file = 0; nodes > 0; nodes -= per_file)
			write_file(sprintf("%s/%06d", dir, file++),
				node * (nodes < per_file ? nodes : per_file))
	}'
}

# make_image BYTES BLOCK NODE PER_FILE: $work/image; data as it is, so that nodes have that size
make_image()
{
	make_tree "$@"
	mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock="$2" --pagesize="$3" \
		--compression-mode=none --little-endian --no-cleanmarkers --faketime --squash
	rm -rf "$work/tree"
}

# make_text BYTES: files of text made of words out of the seed, some 0.3 to 40 KiB each, BYTES in all
make_text()
{
	rm -rf "$work/tree"
	mkdir "$work/tree"
	LC_ALL=C awk -v bytes="$1" -v seed="$seed" -v dir="$work/tree" '
	function draw(n) { x = x * 16807 % 2147483647; return int(x / 2147483647 * n) }
	BEGIN {
		x = seed % 2147483646 + 1
		for (i = 0; i < 2000; i++)
			for (n = 2 + draw(8); n > 0; n--)
				word[i] = word[i] substr("etaoinshrdlucmfwypvbgkqjxz", 1 + draw(26), 1)
		for (file = 0; bytes > 0; file++) {
			name = sprintf("%s/file-%04d.txt", dir, file)
			size = 300 * exp(draw(1000) / 1000 * 4.9)
			for (line = 0; size > 0 && bytes > 0; size -= length(text) + 1) {
				text = ""
				while (length(text) < 70)
					text = text word[int(2000 * (draw(1000) / 1000) ^ 2)] " "
				print text >name
				bytes -= length(text) + 1
			}
			close(name)
		}
	}'
}

# make_default_image BYTES BLOCK SUMS: of such text, as mkfs.jffs2 makes it by default (zlib, and what else it
# finds smaller); SUMS: then sumtool adds a summary to each block
make_default_image()
{
	make_text "$1"
	mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock="$2" --little-endian \
		--no-cleanmarkers --faketime --squash
	[ -z "$3" ] || {
		sumtool --input="$work/image" --output="$work/summed" --eraseblock="$2" --littleendian \
			--no-cleanmarkers
		mv "$work/summed" "$work/image"
	}
	rm -rf "$work/tree"
}

# --- runs --------------------------------------------------------------------------------------------
# run ARM PART PARTITION LOG SECTOR OPTIONS...: on a fresh chip; PARTITION, LOG are bytes: the log lies behind
run()
{
	arm=$1 part=$2 partition=$3 log=$4 sector=$5
	shift 5
	case $engine in
	qemu) part=qemu-x8 cpus=1 ;;
	*) cpus=2 ;;
	esac
	rm -f "$work/chip" "$work/chip.nv"
	cp "$work/image" "$work/chip"
	"$kvalab" run flash-mount --engine "$engine" --cpus $cpus --tier off --arm "$arm" --seed "$seed" \
		--set list=off --set "sector=$sector" "$@" --json "$work/result" \
		--flash "file=$work/chip,chip=$part,partition=rootfs:0:$partition,partition=log:$partition:$log" \
		>"$work/log" 2>&1 || {
		echo "flash_sweep: --arm $arm on $part failed:" >&2
		tail -n 20 "$work/log" >&2
		exit 1
	}
}

# numbers LIST: metrics and counts of the run, by name; "-" for ticks that are no instructions
numbers()
{
	jq -r --arg names "$1" '. as $r | (.metrics + .counts) as $n | $names | [splits("[ \n]")] | map(
		if test("_ticks$") and $r.guest.ticks != "insn" then "-" else $n[.] // error("no " + .) end
	) | @tsv' "$work/result"
}

mount_numbers="nodes mount_ticks copy_ticks parse_ticks mount_wait_ticks words_read mount_read_ns image_ram_bytes
image_table_bytes"
writer_numbers="writer_delay_max_ticks reader_waits reader_wait_max_ticks reader_wait_p99_ticks reader_wait_max_ns
mapping_faults ipis flash_suspends turns_lent"
delay_numbers="pages_touched writer_delay_max_ticks own_delay_ticks"

# head_line WORDS: a line of names
head_line() { echo "$*" | tr '\n' ' ' | sed 's/ $//' | tr ' ' '\t' && echo; }

# mount_arms WHAT PART BLOCK PARTITION NODE PER_FILE: of $work/image, a line for each arm
mount_arms()
{
	for arm in copy fault point kmap; do
		# the scenario writes two words to the last block of the log
		run "$arm" "$2" "$4" $((512 * 1024)) "$3" --set writer=off
		got=$(numbers "$mount_numbers")
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$part" "$3" "$(wc -c <"$work/image")" "$5" "$6" \
			"$arm" "$got"
	done
}

# mount WHAT PART BLOCK BYTES NODE PER_FILE [FREE]: FREE: erased blocks behind the image
mount()
{
	make_image "$4" "$3" "$5" "$6"
	mount_arms "$1" "$2" "$3" $((($4 + $3 - 1) / $3 * $3 + ${7:-0} * $3)) "$5" "$6"
}

# mount_default WHAT PART BLOCK BYTES SUMS: text as people have it, and one free block
mount_default()
{
	make_default_image "$4" "$3" "$5"
	size=$(wc -c <"$work/image")
	mount_arms "$1" "$2" "$3" $(((size + $3 - 1) / $3 * $3 + $3)) 4096 -
}

# delays PART BYTES: how long a writer waits at most, by each arm; and the mount's own word when nobody else writes
delays()
{
	make_image "$2" $((128 * 1024)) 4096 16
	for arm in copy fault point kmap; do
		run "$arm" "$1" "$2" $((1024 * 1024)) $((128 * 1024)) --set writer=erase --set blocks=6
		with=$(numbers "$delay_numbers")
		run "$arm" "$1" "$2" $((1024 * 1024)) $((128 * 1024)) --set writer=off
		printf '%s\t%s\t%s\t%s\n' "$2" "$arm" "$(echo "$with" | cut -f 1,2)" \
			"$(numbers "$delay_numbers" | cut -f 3)"
	done
}

# writer PART MODE SUSPEND SCHEDULE
writer()
{
	for arm in copy fault point kmap; do
		run "$arm" "$1" $((128 * 1024)) $((1024 * 1024)) $((128 * 1024)) --set "writer=$2" --set "suspend=$3" \
			--schedule "$4"
		got=$(numbers "$writer_numbers")
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$part" "$2" "$3" "$arm" "$4" "$got"
	done
}

# Full blocks of 4 KiB nodes are where each axis begins.
all_mounts()
{
	k=1024 intel=28f128j3
	head_line what part block image node per_file arm "$mount_numbers"
	mount size $intel $((128 * k)) $((128 * k)) $((4 * k)) 16
	[ -z "$tiny" ] || return 0
	mount size $intel $((128 * k)) $((256 * k)) $((4 * k)) 16
	mount size $intel $((128 * k)) $((512 * k)) $((4 * k)) 16
	mount size $intel $((128 * k)) $((1024 * k)) $((4 * k)) 16
	mount "half a block free" $intel $((128 * k)) $((192 * k)) $((4 * k)) 16
	mount "6 blocks free" $intel $((128 * k)) $((256 * k)) $((4 * k)) 16 6
	mount block qemu-x8 $((8 * k)) $((256 * k)) $((4 * k)) 16
	[ "$engine" = qemu ] || mount block am29lv160dt $((64 * k)) $((256 * k)) $((4 * k)) 16
	mount block $intel $((256 * k)) $((256 * k)) $((4 * k)) 16
	mount node $intel $((128 * k)) $((256 * k)) 256 16
	mount node $intel $((128 * k)) $((256 * k)) 1024 16
	mount node $intel $((128 * k)) $((256 * k)) $((16 * k)) 4
	mount "small files" $intel $((128 * k)) $((256 * k)) 256 1
	mount_default "text, zlib" $intel $((128 * k)) $((512 * k)) ''
	mount_default "the same, summaries" $intel $((128 * k)) $((512 * k)) 1
	[ "$engine" = qemu ] || mount chip s29gl256n $((128 * k)) $((256 * k)) $((4 * k)) 16
}

all_writers()
{
	head_line part writer suspend arm schedule "$writer_numbers"
	make_image $((128 * 1024)) $((128 * 1024)) 1024 16
	for part in ${tiny:+28f128j3} ${tiny:-28f128j3 s29gl256n}; do
		[ "$part" != 1 ] || continue
		for mode in ${tiny:+mixed} ${tiny:-erase program mixed}; do
			[ "$mode" != 1 ] || continue
			writer "$part" "$mode" off seeded
			writer "$part" "$mode" on seeded
		done
		# Side by side in earnest: in the seeded schedule one CPU stands still while the other parses.
		[ -n "$tiny" ] || writer "$part" mixed off free
	done
}

all_delays()
{
	head_line image arm pages_touched writer_delay_max_ticks own_delay_ticks
	delays 28f128j3 $((128 * 1024))
	[ -z "$tiny" ] || return 0
	for kib in 256 512 1024; do
		delays 28f128j3 $((kib * 1024))
	done
}

# --- tables ------------------------------------------------------------------------------------------
# show TITLE: lines with tabs, the first of which is the head, as a table
show()
{
	LC_ALL=C awk -F '\t' -v title="$1" -v markdown="$([ "$format" != markdown ] || echo 1)" '
	# digits in groups of three
	function grouped(number,   text) {
		if (number !~ /^[0-9]+$/)
			return number
		for (; length(number) > 3; number = substr(number, 1, length(number) - 3))
			text = "," substr(number, length(number) - 2) text
		return number text
	}
	{
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = grouped($i)
			if (length(cell[NR, i]) > width[i])
				width[i] = length(cell[NR, i])
			if (NR > 1 && $i !~ /^[-0-9.]+$/)
				words[i] = 1
		}
		columns = NF
	}
	END {
		printf "%s\n\n", markdown ? "### " title : title
		for (row = 1; row <= NR; row++) {
			line = markdown ? "|" : " "
			for (i = 1; i <= columns; i++)
				line = line sprintf(words[i] ? " %-" width[i] "s" : " %" width[i] "s",
						    cell[row, i]) (markdown ? " |" : " ")
			sub(/ +$/, "", line)
			print line
			if (row > 1 || !markdown)
				continue
			line = "|"
			for (i = 1; i <= columns; i++)
				line = line (words[i] ? "---|" : "--:|")
			print line
		}
		print ""
	}'
}

# A line for each sweep's four runs: what they have in common, and at["mount", "copy"], …
# shellcheck disable=SC2016 # awk's own
each_mount='function each_line() {
	at["mount", $7] = $9 == "-" ? "-" : $9 - $12
	at["copying", $7] = $10
	at["parsing", $7] = $11
	at["words", $7] = $13
	at["chip", $7] = $14 / 1000000
	at["ms", $7] = $9 == "-" ? "-" : ($9 - $12) * insn_ns / 1000000 + $14 / 1000000
	return $7 == "kmap"
}
function common() { return $1 OFS $2 OFS $3 / 1024 OFS int($4 / 1024) OFS $5 }
function factor(what, arm,   a, b) {
	a = at[what, "copy"]
	b = at[what, arm]
	return a == "-" || b == "-" || b == 0 ? "-" : sprintf("%.1f", a / b)
}'
common_head="swept${tab}part${tab}block KiB${tab}image KiB${tab}node"

insn_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' -v head="$common_head" "$each_mount"'
	NR == 1 { print head, "nodes", "copy", "of it copying", "parsing", "fault", "point", "kmap"; next }
	each_line() {
		print common(), $8, at["mount", "copy"], at["copying", "copy"], at["parsing", "copy"],
			at["mount", "fault"], at["mount", "point"], at["mount", "kmap"]
	}'
}

# insn_ns is an assumption: what a processor of such a machine takes for an instruction
time_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' -v insn_ns="$insn_ns" -v head="$common_head" "$each_mount"'
	NR == 1 {
		print head, "words: copy", "others", "chip ms: copy", "others", "words, copy : fault",
			"instructions, copy : fault", "time, copy : fault", "copy : point", "copy : kmap"
		next
	}
	each_line() {
		print common(), at["words", "copy"], at["words", "fault"], sprintf("%.2f", at["chip", "copy"]),
			sprintf("%.2f", at["chip", "fault"]), factor("words", "fault"), factor("mount", "fault"),
			factor("ms", "fault"), factor("ms", "point"), factor("ms", "kmap")
	}'
}

# What the factor is on other machines: computed from the instructions and words of a row
ns_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' "$each_mount"'
	function ms(arm, insn, read) { return at["mount", arm] * insn + at["words", arm] * read }
	function ratio(insn, read) { return sprintf("%.1f", ms("copy", insn, read) / ms("fault", insn, read)) }
	BEGIN { ninsn = split("2 5 20", insn, " "); nread = split("60 90 150", read, " ") }
	NR == 1 {
		line = "swept" OFS "node" OFS "image KiB"
		for (i = 1; i <= ninsn; i++)
			for (j = 1; j <= nread; j++)
				line = line OFS insn[i] "; " read[j]
		print line
		next
	}
	each_line() && at["mount", "copy"] != "-" && $3 == 131072 && $1 !~ /free|chip/ {
		line = $1 OFS $5 OFS int($4 / 1024)
		for (i = 1; i <= ninsn; i++)
			for (j = 1; j <= nread; j++)
				line = line OFS ratio(insn[i], read[j])
		print line
	}'
}

# A line for the four runs of each image
delay_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' '
	NR == 1 {
		print "image KiB", "pages", "copy", "fault", "point", "kmap", "fault, all pages mapped"
		next
	}
	{ delay[$2] = $4; own[$2] = $5 }
	$2 == "kmap" {
		print int($1 / 1024), $3, delay["copy"], delay["fault"], delay["point"], delay["kmap"], own["fault"]
	}'
}

ram_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' '
	NR == 1 { print "image KiB", "arm", "buffer bytes", "table bytes, if all is mapped", "table bytes taken"; next }
	$1 == "size" {
		print int($4 / 1024), $7, $7 == "copy" ? $15 : 0, $7 == "copy" ? 0 : $15, $16
	}'
}

writer_table()
{
	LC_ALL=C awk -F '\t' -v OFS='\t' '
	NR == 1 {
		print "part", "writer", "suspend", "schedule", "arm", "writer waits, at most", "reader waits", "at most", "99 %",
			"at most, chip ms", "faults", "IPIs", "rests"
		next
	}
	{ print $1, $2, $3, $5, $4, $6, $7, $8, $9, sprintf("%.1f", $10 / 1000000), $11, $12, $13 }'
}

if [ -n "$from" ]; then
	cp "$from" "$work/rows"
else
	all_mounts >"$work/rows"
	# QEMU's chip is never busy
	[ "$engine" = qemu ] || {
		all_delays
		all_writers
	} >>"$work/rows"
fi
if [ "$format" = tsv ]; then
	cat "$work/rows"
	exit 0
fi
# part NAME: the lines from that head to the next
part()
{
	LC_ALL=C awk -F '\t' -v head="$1" '$1 ~ /^(what|image|part)$/ { on = $1 == head } on' "$work/rows"
}
part what >"$work/mounts"
part image >"$work/delays"
part part >"$work/writers"
insn_table <"$work/mounts" | show "Instructions of a mount"
time_table <"$work/mounts" | show "Words of a mount, and time: the chip's, and $insn_ns ns an instruction (assumed)"
ns_table <"$work/mounts" | show "Time, copy : fault, by ns an instruction and ns a read (computed)"
ram_table <"$work/mounts" | show "RAM"
[ ! -s "$work/delays" ] || delay_table <"$work/delays" |
	show "How long a writer waits at most, in instructions, by the size of the image"
[ ! -s "$work/writers" ] ||
	writer_table <"$work/writers" | show "Who waits (in instructions; chip ms: flash clock)"
