#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-mount's storm: readers and writers of one chip, in rounds that the seed makes. In correct runs nobody reads
# a status word or any other wrong one, and the oracle has nothing to say. On QEMU a round costs least, but its
# chip is never busy; with kvalab's own chips operations take time and rest. docs/testing.md has the long runs.
. "$(dirname "$0")/common"
need_host

case $host in
qemu) rounds=200 ;;
kvm) rounds=4 ;;
*) rounds=2 ;; # in a box
esac

# storm TEXT CHIP OPTIONS...: on a new chip
storm()
{
	text=$1 part=$2
	shift 2
	rm -f "$work/chip.nv"
	: >"$work/chip"
	if timeout 300 "$kvalab" run flash-mount --engine $engine --set storm=$rounds --json "$work/result" \
		--flash "file=$work/chip,chip=$part,partition=rootfs:0:1M,partition=log:1M:1M" "$@" \
		>"$work/log" 2>&1 && sound; then
		pass "$text"
	else
		fail "$text"
	fi
}

# sound: the result says that the chip was read and written, and the oracle has nothing to tell
sound()
{
	jq -e '.exit.status == 0 and .findings == [] and .oracle.stale_uses == 0 and
		.oracle.flash_violations == 0 and .metrics.write_sessions > 0 and
		.metrics.storm_keepers + .metrics.storm_visits + .metrics.storm_users > 0' "$work/result" >/dev/null
}

if [ "$host" = qemu ]; then
	for tlb in hw soft,entries=8,policy=random soft; do
		for seed in 1 2; do
			storm "fault, $rounds rounds, TLB $tlb, seed $seed" qemu-x8 --arm fault --cpus 4 --tlb $tlb --seed $seed
			holds "pages were taken away" '.metrics.pages_revoked > 100'
		done
	done
	for arm in point kmap copy; do
		storm "$arm, $rounds rounds" qemu-x8 --arm $arm --cpus 4
	done
	storm "fault, $rounds rounds, free schedule" qemu-x8 --arm fault --cpus 2 --schedule free --tlb soft,entries=8
	exit 0
fi

# Of the two kinds of chip that whose operations rest for less time runs on each host.
parts=s29gl256n
! in_full || parts="28f128j3 s29gl256n"
for part in $parts; do
	storm "$part: fault, $rounds rounds, erases rest, TLB soft" $part --arm fault --cpus 4 --set suspend=on \
		--set writer=erase --tlb soft,entries=8
	holds "$part: operations rested" '.counts.flash_suspends > 0'
	for arm in point kmap; do
		storm "$part: $arm, $rounds rounds, operations rest" $part --arm $arm --cpus 2 --set suspend=on --set program=buffer
	done
	storm "$part: fault, free schedule" $part --arm fault --cpus 2 --schedule free --set program=buffer
	in_full || continue
	storm "$part: fault, $rounds rounds" $part --arm fault --cpus 4 --set program=buffer
	storm "$part: copy, $rounds rounds, operations rest" $part --arm copy --cpus 2 --set suspend=on --set program=buffer
	# The fourth erase is the storm's first: one fills the partition, two the writers' blocks.
	storm "$part: an erase that fails leaves nothing behind" $part --arm fault --cpus 2 --set writer=erase \
		--flash-fault erase=4 --set expect_failed=1
done
