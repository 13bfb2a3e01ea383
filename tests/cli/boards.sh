#!/bin/sh
# SPDX-License-Identifier: MIT
# --dtb-overlay: the reserved memory of real boards (tests/boards/), compiled by dtc, as holes; and files
# that are no device tree. What a tree may say in all: tests/unit/test_dtb_overlay.c.
. "$(dirname "$0")/common"
if ! command -v dtc >/dev/null || ! command -v fdtoverlay >/dev/null; then
	skip "boards: device-tree-compiler is not installed"
	exit 0
fi

# compile FILE.dts TREE [OPTIONS...]
compile()
{
	source=$1 tree=$2
	shift 2
	dtc -q -O dtb -o "$tree" "$@" "$source" >"$work/log" 2>&1 || fail "dtc does not compile $source"
}

# holes TEXT WANTED OPTIONS...: these alone are what kvalab layout says of holes
holes()
{
	text=$1 wanted=$2
	shift 2
	"$kvalab" layout "$@" >"$work/log" 2>&1
	got=$(sed -n 's/^hole  *//p' "$work/log" | tr -s ' ')
	if [ "$got" = "$wanted" ]; then
		pass "$text"
	else
		printf 'wanted:\n%s\ngot:\n%s\n' "$wanted" "$got" >>"$work/log"
		fail "$text: holes are not as on the board"
	fi
}

for board in tests/boards/*.dts; do
	compile "$board" "$work/$(basename "$board" .dts).dtb"
done
holes "MSM8974: nine ranges that touch" "0x8000000 127 MiB mpss@8000000 to rmtfs@fd80000" \
	--dtb-overlay "$work/msm8974.dtb"
holes "MSM8916: RAM from 2 GiB on" "0x6000000 63 MiB tz-apps@86000000 to venus@89900000
0xea00000 1 MiB mba@8ea00000" --dtb-overlay "$work/msm8916.dtb"
holes "STM32MP157C-DK2: what is no RAM is no hole" "0x14000000 64 MiB gpu@d4000000" \
	--dtb-overlay "$work/stm32mp157c-dk2.dtb" --mem 512M
holes "holes of a board, and others" "0x8000000 127 MiB mpss@8000000 to rmtfs@fd80000
0x20000000 16 MiB" --hole 512M:16M --dtb-overlay "$work/msm8974.dtb"

# overlay START SIZE: of a range that is no board's
overlay()
{
	cat <<-END
		/dts-v1/;
		/plugin/;
		&{/reserved-memory} {
			#address-cells = <1>;
			#size-cells = <1>;
			firmware@$1 { reg = <0x$1 0x$2>; no-map; };
		};
	END
}
overlay 20000000 100000 >"$work/overlay.dts"
compile "$work/overlay.dts" "$work/overlay.dtbo"
holes "an overlay alone" "0x20000000 1 MiB firmware@20000000" --dtb-overlay "$work/overlay.dtbo"
fdtoverlay -i "$work/msm8974.dtb" -o "$work/merged.dtb" "$work/overlay.dtbo" >"$work/log" 2>&1
holes "an overlay in its board's tree" "0x8000000 127 MiB mpss@8000000 to rmtfs@fd80000
0x20000000 1 MiB firmware@20000000" --dtb-overlay "$work/merged.dtb"

refused()
{
	what=$1 says=$2
	shift 2
	for command in "layout" "run hello" "compare hello"; do
		# shellcheck disable=SC2086 # two words
		expect "$what: $command" 2 "$says" "$kvalab" $command "$@"
	done
}

overlay 1200000 100000 >"$work/core.dts"
compile "$work/core.dts" "$work/core.dtbo"
refused "a node in the kernel's core" "\(firmware@1200000\) lies in the kernel's core" --dtb-overlay "$work/core.dtbo"
refused "less RAM than the board's" "\(gpu@d4000000\) does not lie in RAM, which ends at 0x10000000: it needs --mem 384M \(--mem 512M reaches as far as the board's RAM\)" \
	--mem 256M --dtb-overlay "$work/stm32mp157c-dk2.dtb"

# banks NODE-OF-RESERVED-MEMORY: a board with 256 MiB and, 1 GiB behind their beginning, 4 GiB
banks()
{
	cat <<-END
		/dts-v1/;
		/ {
			#address-cells = <2>;
			#size-cells = <2>;
			memory@80000000 {
				device_type = "memory";
				reg = <0 0x80000000 0 0x10000000>, <0 0xc0000000 1 0>;
			};
			reserved-memory {
				#address-cells = <2>;
				#size-cells = <2>;
				ranges;
				$1
			};
		};
	END
}
banks "" >"$work/banks.dts"
compile "$work/banks.dts" "$work/banks.dtb"
holes "a gap between banks" "0x10000000 768 MiB no RAM" --mem 2G --dtb-overlay "$work/banks.dtb"
holes "as much of it as RAM reaches" "0x10000000 256 MiB no RAM" --dtb-overlay "$work/banks.dtb" --mem 512M
holes "none of it" "" --mem 256M --dtb-overlay "$work/banks.dtb"
banks "firmware@8ff00000 { reg = <0 0x8ff00000 0 0x100000>; no-map; };" >"$work/touches.dts"
compile "$work/touches.dts" "$work/touches.dtb"
holes "a gap that touches what is reserved" "0xff00000 769 MiB firmware@8ff00000 to no RAM" \
	--mem 2G --dtb-overlay "$work/touches.dtb"
holes "and what of it is left" "0xff00000 1 MiB firmware@8ff00000 to no RAM" \
	--mem 256M --dtb-overlay "$work/touches.dtb"
banks "far@148000000 { reg = <1 0x48000000 0 0x100000>; no-map; };" >"$work/far.dts"
compile "$work/far.dts" "$work/far.dtb"
refused "a node where this machine has devices" "\(far@148000000\) lies where this machine has devices .*: disable its node" \
	--mem 8G --dtb-overlay "$work/far.dtb"
refused "a hole that another node has" "\(mpss@8000000 to rmtfs@fd80000\) overlap" \
	--hole 128M:4K --dtb-overlay "$work/msm8974.dtb"

# file TEXT PATTERN FILE: that is no tree
file()
{
	expect "$1" 2 "$2" "$kvalab" layout --dtb-overlay "$3"
}

file "source text" "msm8974.dts is source text: compile it first \(dtc -O dtb" tests/boards/msm8974.dts
file "no file" "nowhere cannot be opened: No such file" "$work/nowhere"
file "a directory" "is not a regular file" "$work"
mkfifo "$work/fifo"
file "a FIFO" "is not a regular file" "$work/fifo"
: >"$work/empty"
file "an empty file" "empty is damaged" "$work/empty"
printf '\177ELF\0\0\0\0%01000d' 0 >"$work/elf"
file "another file" "is no compiled device tree" "$work/elf"
head -c 300 "$work/msm8974.dtb" >"$work/cut.dtb"
file "a tree that is cut" "cut.dtb is damaged: FDT_ERR_TRUNCATED" "$work/cut.dtb"
cp "$work/msm8974.dtb" "$work/large.dtb"
truncate -s 2097153 "$work/large.dtb"
file "a large file" "more than 2 MiB" "$work/large.dtb"
truncate -s 2097152 "$work/large.dtb"
holes "a file that is just not too large" "0x8000000 127 MiB mpss@8000000 to rmtfs@fd80000" \
	--dtb-overlay "$work/large.dtb"
many=$(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do printf ' --hole %dM:4K' $((512 + i)); done)
# shellcheck disable=SC2086 # a list
expect "more holes than there may be" 2 "2 holes in .* and 15 others are too many: at most 16" \
	"$kvalab" layout $many --dtb-overlay "$work/msm8916.dtb"
expect "two boards" 2 "given twice" "$kvalab" layout --dtb-overlay "$work/msm8916.dtb" --dtb-overlay "$work/msm8974.dtb"

need_kvm
for layout in classic intermix; do
	expect "MSM8974's holes under a kernel, layout $layout" 0 "^exit +0" \
		"$kvalab" run hello --layout $layout --dtb-overlay "$work/msm8974.dtb"
done
expect "a touch of a board's hole names its node" 4 "touch of a hole: .*\(tz-apps@86000000 to venus@89900000\)" \
	"$kvalab" run hello --set fail=hole --dtb-overlay "$work/msm8916.dtb"
expect "a board's holes in each run of compare" 0 "^exit: 0" \
	"$kvalab" compare hello --set storm=0 --cpus 1,2 --hosts kvm --dtb-overlay "$work/msm8974.dtb"
