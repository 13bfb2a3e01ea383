#!/bin/sh
# SPDX-License-Identifier: MIT
# --segment: what a user may get wrong, that guests see what is in it and share it, and what becomes of a store.
. "$(dirname "$0")/common"

# hello TEXT STATUS PATTERN OPTIONS...: as expect(), of a short run
hello()
{
	what=$1 status=$2 says=$3
	shift 3
	expect "$what" "$status" "$says" "$kvalab" run hello --cpus 1 --set storm=0 "$@"
}

# same TEXT A B: the file is as it was
same()
{
	if cmp -s "$2" "$3"; then
		pass "$1"
	else
		fail "$1"
	fi
}

expect "no file" 2 "segment file $work/none does not exist: give its size, and it is made" \
	"$kvalab" run hello --segment "$work/none"
expect "a directory" 2 "is a directory" "$kvalab" run hello --segment "$work,size=1M"
: >"$work/empty"
expect "a file of nothing" 2 "is empty: its size is the segment's" "$kvalab" run hello --segment "$work/empty"
head -c 5000 /dev/zero >"$work/odd"
expect "a file of half a page" 2 "has 5000 bytes, which is no multiple of 4 KiB" \
	"$kvalab" run hello --segment "file=$work/odd"
expect "a device" 2 "is not a regular file" "$kvalab" run hello --segment /dev/null
expect "a size of half a page" 2 "\"6K\" is no multiple of 4 KiB, 1024M at most" "$kvalab" run hello --segment size=6K
expect "another flag" 2 "\"readonly\" is not size=SIZE" "$kvalab" run hello --segment "$work/odd,readonly"
expect "twice" 2 "--segment is given twice" "$kvalab" run hello --segment size=1M --segment size=1M
if [ "$(id -u)" = 0 ]; then
	skip "a file that may not be read: root may read all"
else
	: >"$work/closed"
	chmod 0 "$work/closed"
	expect "a file that may not be read" 2 "cannot be opened: Permission denied" \
		"$kvalab" run hello --segment "$work/closed"
fi
expect "layout places it behind RAM" 0 "^segment +0x[0-9a-f]+ +16 MiB" "$kvalab" layout --segment "$work/none,size=16M"
expect "segment_guests: a guest that ends" 1 "guest 1 of 1 has ended: kvalab: " \
	env KVALAB="$kvalab" scripts/segment_guests.sh --guests 1 --size 1M "$work/none" -- --set nosuch=1
expect "segment_guests: no guest at all" 2 "numbers from 1 on" scripts/segment_guests.sh --guests 1,0
if [ -e "$work/none" ]; then
	fail "who runs no guest made the file"
else
	pass "who runs no guest makes no file"
fi

# guests ENGINE: with a file of one page more than a large page
guests()
{
	file=$work/$1
	hello "$1: a file is made, and seen" 0 "^checks +[0-9]+ hold, 0 do not" \
		--engine "$1" --segment "$file,size=2052K" --json "$work/json"
	cp "$file" "$work/before"
	head -c 4K "$file" >"$work/page"
	if [ "$(jq -c '[.checks[] | select(.name | test("segment")) | .ok]' "$work/json")" = "[true,true]" ]; then
		pass "$1: its last page is right, and has no struct page"
	else
		fail "$1: hello did not look at the segment"
	fi
	hello "$1: behind RAM that the device gap cuts" 0 "0 do not" --engine "$1" --mem 3070M --segment "$file"
	hello "$1: above 4 GiB, with a soft TLB" 0 "0 do not" --engine "$1" --mem 4G --tlb soft --segment "$file"
	hello "$1: one that goes with the run" 0 "0 do not" --engine "$1" --segment size=68K
	hello "$1: one that is too small to be made" 2 "is too small for the user programs and 16 pages.*size=68K at least" \
		--engine "$1" --segment "$work/small.$1,size=4K"
	hello "$1: it leaves nothing" 0 "0 do not" --engine "$1" --segment "$work/small.$1,size=1M"
	hello "$1: it is the chip too" 2 "is this run's --segment and its --flash: give --flash another file" \
		--engine "$1" --segment "$file" --flash "file=$file,chip=qemu-x8"
	hello "$1: one of a page that is there" 0 "0 do not" --engine "$1" --segment "$work/page"
	hello "$1: zeros are no programs" 2 "does not begin with the user programs of this kvalab" \
		--engine "$1" --segment "$work/zeros"
	hello "$1: another size than the file's" 2 "has 2101248 bytes, not the 1048576 of size=" \
		--engine "$1" --segment "$file,size=1M"
	"$kvalab" run hello --engine "$1" --cpus 1 --segment "$file" >"$work/one" 2>&1 &
	hello "$1: two at once" 0 "0 do not" --engine "$1" --segment "$file"
	wait $!
	got=$?
	if [ $got = 0 ]; then
		pass "$1: the other one"
	else
		fail "$1: the other one: exit status $got"
	fi
}

# store ENGINE STATUS PATTERN
store()
{
	hello "$1: a store" "$2" "$3" --engine "$1" --set fail=segment --segment "$file"
	hello "$1: a store to none" 2 "fail=segment needs a segment" --engine "$1" --set fail=segment
	same "$1: the file is kept" "$file" "$work/before"
}

# cut ENGINE: while a guest has as good as endless work with its pages
cut()
{
	: >"$work/log"
	timeout 120 "$kvalab" run pfn --arm sw-bit --engine "$1" --cpus 1 --tier off --set ops=100000000 \
		--segment "$work/cut.$1,size=1M" >"$work/log" 2>&1 </dev/null &
	until grep -q '^pfn: sw-bit' "$work/log" || ! kill -0 $!; do sleep 0.05; done
	chmod u+w "$work/cut.$1"
	truncate -s 8192 "$work/cut.$1"
	wait $!
	got=$?
	if [ $got != 3 ]; then
		fail "$1: a file that is cut: exit status $got, not 3"
	elif ! grep -qE "exit +3: segment file .*/cut.$1 has 8192 bytes, and had 1048576 when" "$work/log"; then
		fail "$1: a file that is cut: it does not say so"
	else
		pass "$1: a file that is cut"
	fi
}

head -c 64K /dev/zero >"$work/zeros"
if has_engine kvm; then
	guests kvm
	cut kvm
	hello "kvm: it is the disk too" 2 "is this run's --segment and its --disk: give --disk another file, or ,readonly" \
		--segment "$file" --disk "file=$file"
	hello "kvm: it is a disk to read too" 0 "0 do not" --segment "$file" --disk "file=$file,readonly"
	store kvm 4 "exit +4: write to the segment: vCPU 0 writes to 0x40200000, in the segment 0x40200000-0x40401000"
	expect "compare: all share one" 0 "exit: 0" "$kvalab" compare hello --set storm=0 --hosts kvm --cpus 1,2 \
		--segment "$file"
else
	skip "kvm: $(head -n 1 "$work/log")"
fi
if has_engine qemu; then
	guests qemu
	cut qemu
	store qemu 0 "0 do not"
else
	skip "qemu: $(head -n 1 "$work/log")"
fi
