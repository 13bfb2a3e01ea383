#!/bin/sh
# SPDX-License-Identifier: MIT
# What a user may get wrong on the command line: exit status 2, and the nearest valid name.
. "$(dirname "$0")/common"

chip=28f128j3
expect "no command" 2 "Usage" "$kvalab"
expect "unknown command" 2 "did you mean layout" "$kvalab" layuot
expect "help" 0 "kvalab compare SCENARIO" "$kvalab" help
expect "help for a command" 0 "--schedule MODE" "$kvalab" help run
expect "help for an unknown command" 2 "did you mean layout" "$kvalab" help layuot
expect "help for two commands" 2 "one argument too many: \"list\"" "$kvalab" help run list
expect "help for a command that is far from any" 2 "\"nosuch\"; there are run, compare, list" "$kvalab" help nosuch
expect "list of what is far from any" 2 "\"nosuch\"; there are hello, flash-mount" "$kvalab" list nosuch
expect "an option that is far from any" 2 "unknown option --wxyz \(--help" "$kvalab" run hello --wxyz 1
expect "an option of another command" 2 "unknown option --trace: it belongs to another command" \
	"$kvalab" compare hello --trace x
expect "an arm that is far from any" 2 "no arm \"foo\"; there are fault, point, kmap, copy" \
	"$kvalab" run flash-mount --arm foo
expect "a chip that is far from any" 2 "chip \"nosuch\"; there are $chip, " \
	"$kvalab" run flash-mount --arm fault --flash file=x,chip=nosuch
expect "the beginning of a name" 2 "did you mean am29dl323db" \
	"$kvalab" run flash-mount --arm fault --flash file=x,chip=am29d
expect "a value that is far from any" 2 "\"foo\" is not one of hw, soft$" "$kvalab" run hello --tlb foo
expect "unknown option" 2 "did you mean --seed" "$kvalab" run hello --sead 1
expect "unknown scenario" 2 "did you mean hello" "$kvalab" run helo
expect "unknown arm" 2 "no arm \"fualt\"; did you mean fault" "$kvalab" run flash-mount --arm fualt
expect "arm missing" 2 "needs --arm: one of .*copy.*fault|needs --arm: one of .*fault.*copy" \
	"$kvalab" run flash-mount
expect "arm where there are none" 2 "hello has no arms" "$kvalab" run hello --arm fault
expect "unknown chip" 2 "did you mean $chip" \
	"$kvalab" run flash-mount --arm fault --flash file=x,chip=28f128j
expect "chip missing" 2 "needs a chip: --flash" "$kvalab" run flash-mount --arm fault
expect "unknown parameter" 2 "did you mean fail" "$kvalab" run hello --set fial=hang
expect "unknown value" 2 "is not one of hang" "$kvalab" run hello --set fail=hagn
expect "number that is none" 2 "not a size" \
	"$kvalab" run flash-mount --arm fault --flash file=x,chip=$chip --set blocks=many
expect "scenario missing" 2 "kvalab run SCENARIO" "$kvalab" run
expect "one word too many" 2 "one argument too many" "$kvalab" run hello world
expect "a TLB that is none" 2 "not one of hw, soft" "$kvalab" run hello --tlb sotf
expect "PCIDs of the processor" 77 "skipped: --tlb hw,pcid=on: this processor has" "$kvalab" run hello --tlb hw,pcid=on
expect "two TLBs for one run" 2 "a run has one TLB, not 2" "$kvalab" run hello --tlb hw,soft

expect "compare: unknown arm" 2 "no arm \"fualt\"; did you mean fault" \
	"$kvalab" compare flash-mount --arms copy,fualt --flash file=x,chip=$chip
expect "compare: unknown host" 2 "did you mean qemu" "$kvalab" compare hello --hosts kvm,qmeu
expect "compare: option of run" 2 "unknown option --arm; did you mean --arms" \
	"$kvalab" compare flash-mount --arm copy
expect "compare: arms where there are none" 2 "^kvalab: --arms: hello has no arms" "$kvalab" compare hello --arms x
expect "compare: a base that does not run" 2 "^kvalab: --base: kmap is none of the arms that are compared$" \
	"$kvalab" compare flash-mount --arms copy,fault --base kmap --flash file=x,chip=$chip
expect "compare: a base where there are no arms" 2 "^kvalab: --base: x is none .* has none$" "$kvalab" compare hello --base x
expect "compare: a TLB twice" 2 "hw is named twice" "$kvalab" compare hello --tlb hw,soft,hw
expect "compare: unknown parameter" 2 "did you mean fail" "$kvalab" compare hello --set fial=hang
expect "compare: chip missing" 2 "needs a chip: --flash" "$kvalab" compare flash-mount
expect "compare: no such chip file" 2 "nowhere" \
	"$kvalab" compare flash-mount --flash "file=$work/nowhere,chip=$chip"
expect "compare: --icount without QEMU" 2 "needs --hosts qemu" \
	"$kvalab" compare hello --hosts kvm --icount off
expect "compare: too little RAM on one of the columns" 2 "64" \
	"$kvalab" compare hello --cpus 1,2 --mem 32M

expect "size that is none" 2 "\"1GB\" is not a size" "$kvalab" run hello --mem 1GB
expect "size beyond 64 bits" 2 "does not fit into 64 bits" "$kvalab" layout --mem 17179869184G
expect "too little RAM" 2 "64" "$kvalab" layout --mem 32M
expect "too much RAM" 2 "65536M|64G" "$kvalab" layout --mem 65G
expect "odd RAM" 2 "2 MiB|2M" "$kvalab" layout --mem 65M
expect "windows beyond the split" 2 "--split|--kva|--vmalloc" "$kvalab" layout --kva 900M
expect "the same windows with another split" 0 "kva, 900 MiB" "$kvalab" layout --kva 900M --split 2G
expect "arena in highmem that is not there" 2 "highmem" "$kvalab" layout --mem 512M --arena highmem
expect "arena of no zone" 2 "not one of lowmem, highmem" "$kvalab" layout --arena ,64M
expect "arena of half a large page" 2 "not a multiple of 2 MiB: change --arena" "$kvalab" layout --arena 1M
expect "arena of a size alone" 0 "64 MiB" "$kvalab" layout --arena 64M
expect "arena elsewhere than the arm has it" 2 "arm ukva of task-pt has page tables in highmem: leave the zone out" \
	"$kvalab" run task-pt --arm ukva --arena lowmem
expect "compare: arena elsewhere than one arm has it" 2 "arm highpte of task-pt has page tables in highmem" \
	"$kvalab" compare task-pt --arms lowmem,highpte --arena lowmem
expect "hole outside RAM" 2 "hole" "$kvalab" layout --hole 2G:16M
expect "hole in the core" 2 "hole" "$kvalab" layout --hole 16M:2M
expect "holes that overlap" 2 "overlap" "$kvalab" layout --hole 256M:16M --hole 264M:16M
expect "hole off a page" 0 "hole +0x10000000 +4 KiB" "$kvalab" layout --hole 256M:100
expect "hole of nothing" 2 "0x10000000:0x0 is empty" "$kvalab" layout --hole 256M:0
expect "hole beyond all addresses" 2 "beyond all addresses" \
	"$kvalab" layout --hole 0xffffffffffffffff:0xffffffffffffffff

expect "trace print without a trace" 2 "nowhere" "$kvalab" trace print "$work/nowhere"
expect "trace: unknown action" 2 "did you mean \"trace repair\"" "$kvalab" trace repiar "$work"
expect "trace: no directory" 2 "kvalab trace repair DIR" "$kvalab" trace repair
expect "trace: an option of another action" 2 "trace repair does not take --limit" \
	"$kvalab" trace repair "$work" --limit 3
expect "trace repair without a trace" 2 "is no trace directory" "$kvalab" trace repair "$work"
expect "trace: its actions" 0 "repair DIR" "$kvalab" help trace
expect "trace export without a format" 2 "needs --format ndjson or perfetto" \
	"$kvalab" trace export "$work" -o -
expect "trace export to nowhere" 2 "needs -o FILE" "$kvalab" trace export "$work" --format ndjson
expect "trace export: unknown format" 2 "did you mean perfetto" \
	"$kvalab" trace export "$work" --format perfeto -o -
expect "trace export without a trace" 2 "is no trace directory" \
	"$kvalab" trace export "$work" --format ndjson -o -
expect "trace: an action far from any" 2 "\"nosuch\"; there are print, check" "$kvalab" trace nosuch "$work"
expect "trace diff of one" 2 "kvalab trace diff A B" "$kvalab" trace diff "$work"
expect "trace diff without a trace" 2 "nowhere is no trace and no result" \
	"$kvalab" trace diff "$work" "$work/nowhere"
expect "trace diff of a trace and a file" 2 "takes two traces or two results" \
	"$kvalab" trace diff "$work" "$work/log"
expect "flash info without a file" 2 "nowhere" "$kvalab" flash info "$work/nowhere"
echo "<html>" >"$work/page.html"
expect "flash info of what is no chip's file" 0 "begins neither with a JFFS2 node nor with erased flash" \
	"$kvalab" flash info "$work/page.html"
if grep -q "erase blocks" "$work/log"; then
	fail "flash info calls a page a chip"
else
	pass "flash info calls a page no chip"
fi
: >"$work/empty"
printf '\205\031' >"$work/image"
expect "flash info of an empty file" 0 "as a $chip: 128 erase blocks, 128 of them erased" "$kvalab" flash info "$work/empty"
expect "flash info of an image" 0 "as a $chip: 128 erase blocks, 127 of them erased" "$kvalab" flash info "$work/image"
expect "output that nobody takes" 3 "writing to stdout" sh -c "'$kvalab' list >/dev/full"

for command in "" run compare list layout probe trace flash; do
	# shellcheck disable=SC2086 # no argument where it is empty
	if "$kvalab" $command --help >"$work/help" && ! grep -v … "$work/help" | grep -q '.\{81\}'; then
		pass "help of \"kvalab${command:+ }$command\" fits 80 columns"
	else
		fail "help of \"kvalab${command:+ }$command\" does not fit 80 columns"
	fi
done
expect "help of run: sizes" 0 "Sizes take K, M, G" "$kvalab" help run
expect "help of compare: sizes" 0 "Sizes take K, M, G" "$kvalab" help compare
expect "help of flash: where more is" 0 "docs/flash-model.md" "$kvalab" help flash
expect "help of layout: vmalloc with little RAM" 0 "little RAM it$" "$kvalab" help layout

# even TEXT COMMAND...: all rows of the table end at the same column
even()
{
	text=$1
	shift
	# shellcheck disable=SC2016 # its $
	if [ "$("$@" | LC_ALL=C awk '/^$/ { exit } { print length($0) }' | sort -u | wc -l)" = 1 ]; then
		pass "$text: columns are straight"
	else
		fail "$text: columns are not straight"
	fi
}
even "flash parts" "$kvalab" flash parts
if [ "$("$kvalab" layout --mem 64G | LC_ALL=C awk '/^$/ { exit } NR > 1 && length($0) > 40 { print length($0) }' |
	sort -u | wc -l)" = 1 ]; then
	pass "layout with 64 GiB: columns are straight"
else
	fail "layout with 64 GiB: columns are not straight"
fi
expect "layout needs no KVM" 0 "lowmem, 798 MiB" "$kvalab" layout
expect "list names scenarios" 0 "^flash-mount: .*--flash" "$kvalab" list
expect "flash parts" 0 "^$chip .*16 MiB" "$kvalab" flash parts
