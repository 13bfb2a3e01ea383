#!/bin/sh
# SPDX-License-Identifier: MIT
# highmem-io: files whose pages are anywhere in RAM, by each scheme of kernel addresses, both schedules and TLBs;
# with a disk (rows T11 to T13); and on each layout (seed row A11): what needs an address is the layout's doing, the
# same for every scheme.
# Every run checks the closed forms of its own size. Each scheme in each way on QEMU; with KVM, where an instruction
# is dear, a small size, one of these ways for each scheme in turn, and what only KVM has, a disk, in all of them.
. "$(dirname "$0")/common"
need_host
size=
disk=
if [ $engine = kvm ]; then
	size="--set pages=4 --set accesses=16 --set mapped=2 --set processes=1 --set memory=2 --set forks=1 \
--set touches=6 --set swaps=8 --set traces=8"
	disk="--disk 4M"
fi

arms=$("$kvalab" list highmem-io | sed -n 's/^  --arm \([^ ]*\).*/\1/p')
good="0 lost, 0 unreported"

# try TEXT OPTIONS...
try()
{
	text=$1
	shift
	# shellcheck disable=SC2086 # options are words
	expect "$text" 0 "$good" "$kvalab" run highmem-io --engine $engine $size "$@"
}

# The disk has bounce buffers where RAM goes on above what it reaches, and blocks that lie apart.
turn=0
for arm in $arms; do
	mem= arena="--arena highmem" even="--mem 6G --set ram=even"
	[ "$arm" != direct ] || mem="--mem 512M" arena= even=
	way=0
	for options in "--cpus 4 --schedule free" "--cpus 3 --tlb soft,entries=16 $even" \
		"--cpus 4 --schedule free $even" "--set slots=16 $arena" "--cpus 1"; do
		if [ $engine = qemu ] || [ $way = $((turn % 4)) ]; then
			# shellcheck disable=SC2086 # options are words
			try "$arm $options" --arm $arm $mem $disk $options
		fi
		way=$((way + 1))
	done
	turn=$((turn + 1))
done

# Sizes that leave a CPU without work, or do not fit.
if once; then
	expect "a CPU without an access" 2 "accesses=1: must be from 4" "$kvalab" run highmem-io --arm pkmap --engine $engine \
		--cpus 4 --set accesses=1
	expect "a CPU without a sector" 2 "pages=1: must be from 2" "$kvalab" run highmem-io --arm pkmap --engine $engine \
		--cpus 16 --set slots=128 --set pages=1
	expect "files larger than RAM" 2 "files of 1048576 pages in all, and [0-9]* are free: more --mem" "$kvalab" run \
		highmem-io --arm pkmap --engine $engine --set pages=1048576
	expect "processes larger than RAM" 2 "2 processes have 131072 pages in all, and [0-9]* are free: more --mem" \
		"$kvalab" run highmem-io --engine $engine --mem 512M --arm direct --set memory=65536
fi

# Processes that fork, and others that look into them: many of them, and where the source of a copy needs no address.
if in_full; then
	many="--set processes=4 --set forks=6 --set threads=3 --set touches=60 --set memory=4 --set swaps=200 --set traces=200"
	[ $engine = qemu ] || many="--set processes=3 --set forks=2 --set touches=16 --set memory=2 --set swaps=24 --set traces=24"
	size="--set accesses=8 --set pages=4"
	# shellcheck disable=SC2086 # options are words
	try "processes, soft TLB" --arm kmap-local --cpus 4 $many $disk --tlb soft,entries=64 --json "$work/result"
	holds "a scheme that keeps no address makes one each time that memory needs one" \
		'.metrics | .memory_addresses_made == .memory_maps and .copied > 0 and .copied_forced > 0'
	# shellcheck disable=SC2086 # options are words
	[ $engine = kvm ] || try "processes, free schedule" --arm kmap-local --cpus 4 $many --schedule free --set ram=even --mem 1G
fi

# A file that spaces map, by many touches; with a disk while it is written back and leaves memory.
size="--set accesses=4 --set pages=4 --set processes=1 --set memory=1 --set forks=0 --set traces=0"
often="--set touches=150 --set swaps=300"
[ $engine = qemu ] || often="--set touches=60 --set swaps=100" disk="--disk 1M"
for options in "--schedule free --set ram=even --mem 1G" "--tlb soft,entries=64"; do
	# shellcheck disable=SC2086 # options are words
	try "a mapped file $options" --arm pkmap --cpus 4 --set mapped=2 --set writes=50 $often $disk $options
	in_full || break
done

# maps OPTIONS...: of a million accesses, so many needed an address
maps()
{
	rm -f "$work/result"
	"$kvalab" run highmem-io --engine $engine --mem 1G --hole 100M:64M --hole 400M:24M --hole 600M:12M --set ram=even \
		--set pages=200 --set accesses=500 --json "$work/result" "$@" >"$work/log" 2>&1
	jq -r 'select(.exit.status == 0) | .metrics.maps_per_million' "$work/result"
}

if once; then
	for layout in classic translate table intermix; do
		first=
		for arm in $arms; do
			[ "$arm" != direct ] || continue
			now=$(maps --arm "$arm" --layout $layout)
			first=${first:-$now}
			[ "$now" = "$first" ] || break
		done
		if [ -n "$now" ] && [ "$now" = "$first" ]; then
			pass "$layout: $now of a million accesses need an address, whatever the scheme"
		else
			fail "$layout: $first of a million accesses need an address, with $arm '$now'"
		fi
		eval "$layout=\$now"
	done
	# shellcheck disable=SC2154 # they are set by name
	if [ "$intermix" -lt "$classic" ] && [ "$intermix" = "$translate" ] && [ "$intermix" = "$table" ]; then
		pass "where holes take no lowmem, fewer need one"
	else
		fail "where holes take no lowmem: $intermix, not fewer than $classic"
	fi
fi
