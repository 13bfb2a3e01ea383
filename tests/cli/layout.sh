#!/bin/sh
# SPDX-License-Identifier: MIT
# kvalab layout: its picture, its table and its JSON for each layout, and what run, compare and layout say of
# layouts that cannot be. All of it but the guest's own figures, which are the last, needs no KVM.
. "$(dirname "$0")/common"

# same TEXT OPTION...: the picture and the table of these options are what stdin has, but for the places in RAM
same()
{
	text=$1
	shift
	cat >"$work/want"
	"$kvalab" layout "$@" 2>&1 | sed '/^guest-physical:/,/^$/d' >"$work/got"
	if diff "$work/want" "$work/got" >"$work/log"; then
		pass "$text"
	else
		fail "$text: < expected, > drawn"
	fi
}

same "intermixed, as the proposal draws it" --hole 256M:100M --layout intermix <<'END'
            kernel-virtual                           guest-physical
 0xc0000000 +-------------------------+            0 +-------------------------+
            |  pageable, 2 MiB        |              |  low memory, 2 MiB      |
 0xc0200000 +-------------------------+     0x200000 +-------------------------+
            |  lowmem 1, 254 MiB      |              |  direct 1, 254 MiB      |
 0xd0000000 +-------------------------+<- 0x10000000 +-------------------------+
            |  vmalloc 1, 100 MiB     |              |x hole, 100 MiB xxxxxxxxx|
 0xd6400000 +-------------------------+<- 0x16400000 +-------------------------+
            |  lowmem 2, 544 MiB      |              |  direct 2, 544 MiB      |
 0xf8400000 +-------------------------+-> 0x38400000 +-------------------------+
            |  gap, 2 MiB             |              |  highmem, 124 MiB       |
 0xf8600000 +-------------------------+   0x40000000 +-------------------------+
            |  vmalloc 2, 12 MiB      |
 0xf9200000 +-------------------------+
            |  kva, 100 MiB           |
 0xff600000 +-------------------------+
            |  ukva, 8 MiB            |
 0xffe00000 +-------------------------+
            |  fixmap, 2 MiB          |
0x100000000 +-------------------------+

these options as       classic     translate         table    [intermix]
lowmem                 698 MiB       798 MiB       798 MiB       798 MiB
  recovered              0 MiB       100 MiB       100 MiB       100 MiB
addresses lost         100 MiB         0 MiB         0 MiB         0 MiB
highmem                224 MiB       124 MiB       124 MiB       124 MiB
vmalloc                112 MiB       112 MiB       112 MiB       112 MiB
  largest piece        112 MiB       112 MiB       112 MiB       100 MiB
  behind lowmem        112 MiB       112 MiB       112 MiB        12 MiB
leaves of 2 MiB            349           399           399           399
leaves of 4 KiB              0             0             0             0
END

same "by sections: holes that touch, and what is lost of a section" \
	--hole 600M:3076K --hole 610M:2M --hole 612M:3M --layout table <<'END'
            kernel-virtual                           guest-physical
 0xc0000000 +-------------------------+            0 +-------------------------+
            |  pageable, 2 MiB        |              |  low memory, 2 MiB      |
 0xc0200000 +-------------------------+     0x200000 +-------------------------+
            |  lowmem 1, 598 MiB      |              |  direct 1, 598 MiB      |
 0xe5800000 +-------------------------+   0x25800000 +-------------------------+
            |. lost, 1028 KiB ........|              |x hole, 3076 KiB xxxxxxxx|
 0xe5901000 +-------------------------+   0x25b01000 +-------------------------+
            |  lowmem 2, 7164 KiB     |              |  direct 2, 7164 KiB     |
 0xe6000000 +-------------------------+   0x26200000 +-------------------------+
            |. lost, 1 MiB ...........|              |x hole, 2 MiB xxxxxxxxxxx|
            |.........................|   0x26400000 +-------------------------+
            |.........................|              |x hole, 3 MiB xxxxxxxxxxx|
 0xe6100000 +-------------------------+   0x26700000 +-------------------------+
            |  lowmem 3, 191 MiB      |              |  direct 3, 191 MiB      |
 0xf2000000 +-------------------------+-> 0x32600000 +-------------------------+
            |  gap, 2 MiB             |              |  highmem, 218 MiB       |
 0xf2200000 +-------------------------+   0x40000000 +-------------------------+
            |  vmalloc, 112 MiB       |
 0xf9200000 +-------------------------+
            |  kva, 100 MiB           |
 0xff600000 +-------------------------+
            |  ukva, 8 MiB            |
 0xffe00000 +-------------------------+
            |  fixmap, 2 MiB          |
0x100000000 +-------------------------+

these options as       classic     translate       [table]      intermix
lowmem              808956 KiB    817152 KiB    815100 KiB    817152 KiB
  recovered              0 KiB      8196 KiB      6144 KiB      8196 KiB
addresses lost        8196 KiB         0 KiB      2052 KiB         0 KiB
highmem             229376 KiB    221180 KiB    223232 KiB    221180 KiB
vmalloc             114688 KiB    114688 KiB    114688 KiB    114688 KiB
  largest piece     114688 KiB    114688 KiB    114688 KiB    106492 KiB
  behind lowmem     114688 KiB    114688 KiB    114688 KiB    106492 KiB
leaves of 2 MiB            394           299           397           398
leaves of 4 KiB            511         51200           511           512
END

# A hole that takes no addresses has none beside it.
expect "packed: lowmem goes on beside a hole" 0 '^ +\|  +\| +\|x hole, 100 MiB x+\|$' \
	"$kvalab" layout --hole 256M:100M --layout translate
expect "packed: and then RAM from behind it" 0 '^ 0xd0000000 \+-+\+   0x16400000 \+-+\+$' \
	"$kvalab" layout --hole 256M:100M --layout translate
expect "classic: a hole's addresses are lost" 0 '\|\. lost, 100 MiB \.+\| +\|x hole, 100 MiB x+\|$' \
	"$kvalab" layout --hole 256M:100M
expect "classic: a hole across the limit is drawn in two" 0 '\+-> 0x32000000 ' "$kvalab" layout --hole 790M:30M
expect "behind 3 GiB: devices, then RAM" 0 '\|  devices, 1 GiB ' "$kvalab" layout --mem 8G --hole 5G:1G
expect "places in RAM are listed" 0 '^frames +0x2000000 +4 MiB +one struct page per frame$' "$kvalab" layout

same "the per-task kernel space, carved from user space" --set carve=user --split 1G --mem 512M <<'END'
            kernel-virtual                           guest-physical
 0x3fc00000 +-------------------------+
            |  ukva, 4 MiB            |
 0x40000000 +-------------------------+            0 +-------------------------+
            |  pageable, 2 MiB        |              |  low memory, 2 MiB      |
 0x40200000 +-------------------------+     0x200000 +-------------------------+
            |  lowmem, 510 MiB        |              |  direct, 510 MiB        |
 0x60000000 +-------------------------+-> 0x20000000 +-------------------------+
            |  gap, 2 MiB             |
 0x60200000 +-------------------------+
            |  vmalloc, 2456 MiB      |
 0xf9a00000 +-------------------------+
            |  kva, 100 MiB           |
 0xffe00000 +-------------------------+
            |  fixmap, 2 MiB          |
0x100000000 +-------------------------+

these options as     [classic]     translate         table      intermix
lowmem                 510 MiB       510 MiB       510 MiB       510 MiB
  recovered              0 MiB         0 MiB         0 MiB         0 MiB
addresses lost           0 MiB         0 MiB         0 MiB         0 MiB
highmem                  0 MiB         0 MiB         0 MiB         0 MiB
vmalloc               2456 MiB      2456 MiB      2456 MiB      2456 MiB
  largest piece       2456 MiB      2456 MiB      2456 MiB      2456 MiB
  behind lowmem       2456 MiB      2456 MiB      2456 MiB      2456 MiB
leaves of 2 MiB            255           255           255           255
leaves of 4 KiB              0             0             0             0
END

# --- any option set ------------------------------------------------------------------------------------
# straight: kernel space from first to last, columns that are straight, at most 80 columns; 1: something is not
straight()
{
	awk -v first="$1" '
		length($0) > 80 { print "long: " $0; bad = 1 }
		NR == 2 && $1 != first { print "begins at " $1; bad = 1 }
		/^guest-physical:/ { exit }
		NR == 1 || /^$/ { next }
		{ last = $1; if (length($0) > 40) width[length($0)]++ }
		substr($0, 13, 1) !~ /[|+]/ || substr($0, 39, 1) !~ /[|+]/ { print "left: " $0; bad = 1 }
		END { n = 0; for (w in width) n++
			if (n > 1) { print n " widths"; bad = 1 }
			if (last != "0x100000000") { print "ends at " last; bad = 1 }
			exit bad }'
}
sixteen=
hole=0
while [ $hole -lt 16 ]; do
	sixteen="$sixteen --hole $((96 + 20 * hole))M:$((1024 + 1028 * hole))K"
	hole=$((hole + 1))
done
for layout in classic translate table intermix; do
	for split in 1G 2G 3G; do
		: >"$work/log"
		for mem in 64M 512M 1G 3G 4G 8G; do
			holes=
			[ $mem = 64M ] || holes=$sixteen
			start=$(printf '0x%x' $((${split%G} << 30)))
			# shellcheck disable=SC2086 # several
			"$kvalab" layout --layout $layout --split $split --mem $mem $holes >"$work/drawn" 2>&1 &&
				straight "$start" <"$work/drawn" >>"$work/log" || echo "--mem $mem" >>"$work/log"
			# shellcheck disable=SC2086
			"$kvalab" layout --layout $layout --split $split --mem $mem --set carve=user $holes \
				>"$work/drawn" 2>&1 &&
				straight "$(printf '0x%x' $((start - ((${split%G} + 1) << 21))))" \
					<"$work/drawn" >>"$work/log" || echo "--mem $mem, carve=user" >>"$work/log"
		done
		if [ -s "$work/log" ]; then
			fail "$layout, --split $split, 64M to 8G, 16 holes"
		else
			pass "$layout, --split $split, 64M to 8G, 16 holes"
		fi
	done
done
# Sixteen holes take 136 MiB: 16 of 1 MiB, and 0 to 15 times 1028 KiB.
# shellcheck disable=SC2086 # several
expect "16 holes: all that they took is recovered" 0 \
	"^  recovered +0 KiB +$((16 * 1024 + 120 * 1028)) KiB +[0-9]+ KiB +$((16 * 1024 + 120 * 1028)) KiB\$" \
	"$kvalab" layout --vmalloc 200M $sixteen
# shellcheck disable=SC2086
expect "16 holes: seventeen pieces" 0 'lowmem 17,.*direct 17,' "$kvalab" layout --layout translate $sixteen

# --- JSON ---------------------------------------------------------------------------------------------
if "$kvalab" layout --hole 256M:100M --layout intermix --json - 2>"$work/drawn" >"$work/json" &&
	grep -q '"schema": "kvalab-layout-1"' "$work/json" && grep -q "kernel-virtual" "$work/drawn"; then
	pass "--json -: the object on stdout, the picture on stderr"
else
	fail "--json -: where is what"
fi
if command -v jq >/dev/null; then
	got=$(jq -c '[.layout, .mem, .split, (.kernel | length), .kernel[2].kind, .kernel[2].other,
		.physical[2].kind, .layouts.intermix.recovered_bytes]' "$work/json" 2>"$work/log")
	if [ "$got" = '["intermix",1073741824,3221225472,9,"vmalloc",268435456,"hole",104857600]' ]; then
		pass "--json: boxes and figures"
	else
		fail "--json: boxes and figures: $got"
	fi
else
	skip "--json: boxes and figures: jq is not installed"
fi
expect "--json into a place that is not there" 2 "cannot be created" \
	"$kvalab" layout --json "$work/nowhere/file"

# --- refusals ------------------------------------------------------------------------------------------
# refused TEXT REASON OPTION...: status 2 of run, compare and layout, with reason and map (stdin, on stderr)
refused()
{
	text=$1 reason=$2
	shift 2
	cat >"$work/want"
	for command in "layout" "run hello --trace $work/trace" "compare hello"; do
		# shellcheck disable=SC2086 # a command and its words
		"$kvalab" $command "$@" >"$work/out" 2>"$work/log" </dev/null
		got=$?
		if [ $got = 2 ] && [ ! -s "$work/out" ] && [ ! -e "$work/trace" ] &&
			tail -n 1 "$work/log" | grep -qE -e "^kvalab: .*$reason" &&
			sed '$d' "$work/log" | cmp -s - "$work/want"; then
			pass "${command%% *}: $text"
		else
			fail "${command%% *}: $text: exit status $got"
		fi
	done
}
refused "holes that overlap" "holes 0x10000000:0x1000000 and 0x10800000:0x1000000 overlap: make one of them, or move one .--hole." \
	--hole 256M:16M --hole 100M:1M --hole 264M:16M <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
     0x6400000    0x6500000        1 MiB  hole (--hole)
>   0x10000000   0x11000000       16 MiB  hole (--hole)
>   0x10800000   0x11800000       16 MiB  hole (--hole)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "a hole in the core" "kernel's core, which ends at 0x2400000: move it .--hole." --hole 16M:2M <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
>    0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
>    0x1000000    0x1200000        2 MiB  hole (--hole)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "a hole across devices" "lies where this machine has devices .3 to 4 GiB., with any --mem: move it .--hole." \
	--mem 4G --hole 3071M:2M <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x3400000       36 MiB  core: image, heap, page tables, frame table (--mem)
>   0xbff00000   0xc0100000        2 MiB  hole (--hole)
>   0xc0000000  0x100000000        1 GiB  devices
   0x140000000  0x140000000               RAM ends (--mem)
END
refused "a hole where there would be devices" "lies where this machine has devices" --hole 3G:4K <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
    0x40000000   0x40000000               RAM ends (--mem)
>   0xc0000000  0x100000000        1 GiB  devices
>   0xc0000000   0xc0001000        4 KiB  hole (--hole)
END
refused "a hole in low memory" "RAM, which begins at 2 MiB for the kernel: move it .--hole." --hole 1M:4K <<'END'
guest-physical, and who wants what:
>            0     0x200000        2 MiB  low memory, not the kernel's
>     0x100000     0x101000        4 KiB  hole (--hole)
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "a hole behind RAM" "RAM, which ends at 0x40000000: it needs --mem 1026M, or move it .--hole." --hole 1G:5000 <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
>   0x40000000   0x40002000        8 KiB  hole (--hole)
>   0x40000000   0x40000000               RAM ends (--mem)
END
refused "a hole at the last address" "reaches beyond all addresses: move it .--hole." \
	--hole 0xfffffffffffff000:0x1000 <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
>   0x40000000   0x40000000               RAM ends (--mem)
> 0xfffffffffffff000 0xffffffffffffffff        4 KiB  hole (--hole)
END
refused "holes that grew into one another" "holes 0x4000000:0x1000 .in whole pages. and 0x4000000:0x1000 .in whole pages. overlap" \
	--hole 64M:1 --hole 67108865:1 <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x2400000       20 MiB  core: image, heap, page tables, frame table (--mem)
>    0x4000000    0x4001000        4 KiB  hole (--hole)
>    0x4000000    0x4001000        4 KiB  hole (--hole)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "a hole in the arena" "move it .--hole., or give --arena lowmem" --arena highmem --hole 1020M:2M <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
     0x1000000    0x1c00000       12 MiB  core: image, heap, page tables, frame table (--mem)
>   0x3f800000   0x40000000        8 MiB  page tables (--arena)
>   0x3fc00000   0x3fe00000        2 MiB  hole (--hole)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "an arena without highmem" "give more --mem, or --arena lowmem" --mem 512M --arena highmem <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
>     0x200000   0x20000000      510 MiB  lowmem (--vmalloc, --kva)
>   0x1f800000   0x20000000        8 MiB  page tables, last of this RAM (--arena)
    0x20000000   0x20000000               RAM ends (--mem)
END
refused "an arena that is larger than highmem" "give --arena highmem,224M at most, more --mem, or --arena lowmem" \
	--arena highmem,256M <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
>     0x200000   0x32000000      798 MiB  lowmem (--vmalloc, --kva)
>   0x30000000   0x40000000      256 MiB  page tables, last of this RAM (--arena)
    0x40000000   0x40000000               RAM ends (--mem)
END
refused "an arena for which no --mem is enough" "give --arena highmem,220M at most, or --arena lowmem" \
	--mem 8G --arena highmem,300M --split 1G <<'END'
guest-physical, and who wants what:
             0     0x200000        2 MiB  low memory, not the kernel's
>     0x200000   0xb2400000     2850 MiB  lowmem (--vmalloc, --kva)
>   0xad400000   0xc0000000      300 MiB  page tables, last of this RAM (--arena)
    0xc0000000  0x100000000        1 GiB  devices
   0x240000000  0x240000000               RAM ends (--mem)
END
refused "vmalloc larger than what is left" "make --vmalloc or --kva smaller, or --split lower" \
	--split 2G --vmalloc 2G <<'END'
kernel space, and who wants how much:
  pageable                2 MiB
  lowmem                 34 MiB  --mem, at the least: the core
  gap                     2 MiB
  vmalloc              2048 MiB  --vmalloc
  kva                   100 MiB  --kva
  ukva                    6 MiB
  fixmap                  2 MiB
  together             2194 MiB
  there are            2048 MiB  --split
  too much              146 MiB
END
refused "more than numbers hold" "are 17592186043390 MiB too small" \
	--vmalloc 8589934592G --kva 8589934592G <<'END'
kernel space, and who wants how much:
  pageable                2 MiB
  lowmem                 34 MiB  --mem, at the least: the core
  gap                     2 MiB
  vmalloc          8796093022208 MiB  --vmalloc
  kva              8796093022208 MiB  --kva
  ukva                    8 MiB
  fixmap                  2 MiB
  together         17592186044414 MiB
  there are            1024 MiB  --split
  too much         17592186043390 MiB
END
refused "more vmalloc behind lowmem than in all" "make --vmalloc-upper smaller, or --vmalloc larger" \
	--vmalloc 64M --vmalloc-upper 66M <<'END'
kernel space, and who wants how much:
  pageable                2 MiB
  lowmem                 34 MiB  --mem, at the least: the core
  gap                     2 MiB
> vmalloc                64 MiB  --vmalloc
>   behind lowmem        66 MiB  --vmalloc-upper
  kva                   100 MiB  --kva
  ukva                    8 MiB
  fixmap                  2 MiB
  together              212 MiB
  there are            1024 MiB  --split
END
refused "a per-task space of the user's is not the kernel's" "are 28 MiB too small" \
	--set carve=user --kva 900M <<'END'
kernel space, and who wants how much:
  pageable                2 MiB
  lowmem                 34 MiB  --mem, at the least: the core
  gap                     2 MiB
  vmalloc               112 MiB  --vmalloc
  kva                   900 MiB  --kva
  fixmap                  2 MiB
  together             1052 MiB
  there are            1024 MiB  --split
  too much               28 MiB
END
refused "an arena that RAM cannot hold" "give --arena lowmem,486M at most, or more --mem" \
	--mem 512M --arena lowmem,700M </dev/null
refused "an arena that the window cannot show" "give --arena lowmem,768M at most$" --arena lowmem,800M </dev/null
refused "a core that kernel space cannot hold" "make --vmalloc, --arena or --kva smaller" \
	--mem 2G --arena lowmem,768M --kva 102M <<'END'
kernel space, and who wants how much:
  pageable                2 MiB
  lowmem                798 MiB  --mem, at the least: the core
  gap                     2 MiB
  vmalloc               112 MiB  --vmalloc
  kva                   102 MiB  --kva
  ukva                    8 MiB
  fixmap                  2 MiB
  together             1026 MiB
  there are            1024 MiB  --split
  too much                2 MiB
END
refused "a side that there is not" '"users" is not one of kernel.user .default kernel.' --set carve=users </dev/null
expect "layout: of what --set can say there is carve alone" 2 "of a layout there is carve alone" \
	"$kvalab" layout --set storm=1
expect "where the arena is, and how large" 0 '^arena +0x36000000 +160 MiB +page tables, in highmem$' \
	"$kvalab" layout --arena highmem,160M
refused "a size that is none has no map" "not a multiple of 2 MiB: change --mem" --mem 65M </dev/null
expect "compare: a layout that only one of its runs cannot have" 2 "a soft TLB|--tlb" \
	"$kvalab" compare hello --tlb hw,soft,entries=4

# --- what a guest counts -----------------------------------------------------------------------------
need_kvm
if ! command -v jq >/dev/null; then
	skip "the guest's own figures: jq is not installed"
	exit 0
fi
figures='[.lowmem_bytes, .recovered_bytes, .large_leaves, .small_leaves, .vmalloc_bytes,
	.vmalloc_upper_bytes, .vmalloc_largest_bytes]'
for layout in classic table intermix; do
	odd="--hole 100M:65684K --hole 400M:24532K --hole 600M:12180K"
	# shellcheck disable=SC2086 # several
	"$kvalab" run layout --arm $layout $odd --json "$work/result" >"$work/log" 2>&1
	# shellcheck disable=SC2086
	"$kvalab" layout --layout $layout $odd --json "$work/json" >>"$work/log" 2>&1
	want=$(jq -c ".layouts.$layout | $figures" "$work/json")
	got=$(jq -c ".metrics | $figures" "$work/result")
	if [ -n "$want" ] && [ "$want" = "$got" ]; then
		pass "$layout: the guest has these figures"
	else
		fail "$layout: drawn $want, of the guest $got"
	fi
done
