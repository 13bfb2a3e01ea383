#!/bin/sh
# SPDX-License-Identifier: MIT
# flash-mount end to end, where the host has a part in it: the mounted tree node by node against
# mtd-utils' jffs2dump, damage named as jffs2dump names it, schedules and CPUs, what a user of a
# mapping must not do. What is the same on every host: tests/cli/flash_images.sh. In two parts: what
# runs on each host, and what in_full and once (tests/guest/common) leave to some.
. "$(dirname "$0")/flash_image"

# With KVM a block is enough for readers and writer to meet often.
[ $engine = qemu ] || chip_set="--set blocks=1"

# run_of FILE OPTIONS...: with a new chip, its result
run_of()
{
	file=$1
	shift
	fresh_chip "$work/image"
	rm -f "$work/$file"
	# shellcheck disable=SC2086 # an option of two words, or none
	"$kvalab" run flash-mount --engine $engine --flash "$chip" $chip_set --set list=off --json "$work/$file" "$@" \
		>"$work/log" 2>&1
}

# The soft TLB: nothing that is counted changes but its own fills; a page that another task reads over
# and over never shows anything else, also while the chip is busy.
# soft_as FILE TLB OPTIONS...: the run whose result is in FILE had these options
soft_as()
{
	hw=$1 tlb=$2
	shift 2
	run_of soft --tlb "$tlb" "$@"
	alike "$*, $tlb: the counts of the processor's TLB" "$counted" "$hw" soft
}
# equal_counts FILE OPTIONS...: in two runs, of which the first has left FILE
equal_counts()
{
	file=$1
	shift
	run_of again "$@"
	alike "$*: equal counts in two runs" "$counted" "$file" again
}

# Damage of each kind, as "kind offset stored computed".
damage()
{
	jffs2dump -c "$work/image" >"$work/dump"
	# flip KIND NUMBER BYTE: byte BYTE of the NUMBER-th node of that kind
	flip()
	{
		node=$(sed -n "s/^ *$1 *node at \(0x[0-9a-f]*\), .*/\1/p" "$work/dump" | sed -n "$2p")
		flip_at $((node + $3))
	}
	flip Inode 2 80
	flip Inode 4 30
	flip Inode 6 5
	flip Dirent 3 41
	flip Dirent 5 18
	jffs2dump -c "$work/image" 2>&1 |
		sed -n 's/^Wrong \([a-z]*\)_crc *at *0x\([0-9a-f]*\), 0x\([0-9a-f]*\) instead of 0x\([0-9a-f]*\)/\1 \2 \3 \4/p' |
		sed 's/^hdr/header/' | LC_ALL=C sort >"$work/want"
	for arm in copy fault; do
		fresh_chip "$work/image"
		try "$arm: five damaged nodes, as expected" 0 "5 damaged" $arm --set expect_damaged=5
		sed -n 's/^jffs2: damaged .* at \([0-9a-f]*\): \([a-z]*\) CRC: want \([0-9a-f]*\), got \([0-9a-f]*\)/\2 \1 \3 \4/p' \
			"$work/log" | LC_ALL=C sort >"$work/got"
		if [ "$(wc -l <"$work/want")" = 5 ] && diff "$work/want" "$work/got" >"$work/log"; then
			pass "$arm: damage named as jffs2dump names it"
		else
			fail "$arm: damage named otherwise than by jffs2dump"
		fi
	done
	try "damage that nobody expects fails the run" 1 "check damaged: got 5, want 0" fault
}

# tree ARM TEXT OPTIONS...: what is mounted is what jffs2dump sees
tree()
{
	arm=$1 text=$2
	shift 2
	fresh_chip "$work/image"
	try "$text" 0 "0 lost, 0 unreported" "$arm" --set list=full "$@"
	same_nodes "$text" "$work/image"
}

# --- on each host ----------------------------------------------------------------------------------------
make_image "$work/image" --little-endian --no-cleanmarkers
tree fault "fault, writer program" --set writer=program
# The rivals that hold the chip: the same tree (rows W8, W13, W14).
for arm in point kmap; do
	tree $arm "$arm, free schedule" --schedule free
done
fresh_chip "$work/image"
try "fault on 4 vCPUs, free schedule" 0 " 0 do not" fault --cpus 4 --schedule free --set list=off
try "fault, soft, free schedule" 0 " 0 do not" fault --schedule free --set list=off --tlb soft

# The order of events in each fault that maps a page, under a writer (row W4).
hot="--arm fault --cpus 4 --arena highmem --set hot=on --set writer=mixed"
# shellcheck disable=SC2086 # words
run_of hw $hot --trace "$work/trace"
# shellcheck disable=SC2086
soft_as hw soft,entries=8,policy=random $hot
maps_in_order "$work/trace"
if jq -e '.exit.status == 0' "$work/hw" >/dev/null && in_order && [ "$waited" -gt 0 ]; then
	pass "fault: (wait,) mark, map in each of $mapped faults; $waited waited"
else
	fail "fault: not wait, mark, map in each fault"
fi

try "a store through the mapping" 4 "wild pointer: write to " fault --set provoke=store \
	--trace "$work/store"
# Row W3: it never reaches the chip. (QEMU's chip reports no commands.)
if [ "$host" != qemu ]; then
	"$kvalab" trace print "$work/store" --event fault_enter,flash_command >"$work/events"
	awk '
	/<store/ { stores++ }
	$3 == "flash_command" && stores { after++ }
	$3 == "flash_command" && !stores { before++ }
	END { print before + 0, stores + 0, after + 0 }' "$work/events" >"$work/log"
	read -r before stores after <"$work/log"
	if [ "$before" -gt 0 ] && [ "$stores" = 1 ] && [ "$after" = 0 ]; then
		pass "a store through the mapping: no command behind its fault ($before before)"
	else
		fail "a store through the mapping: $before commands, $stores faults, then $after commands"
	fi
fi

# --- parameters, figures: on some hosts ----------------------------------------------------------------
if once; then
	for arm in copy fault; do
		run_of first --arm $arm --seed 2
		equal_counts first --arm $arm --seed 2
	done
	for options in "--arm copy" "--arm fault --cpus 1"; do
		# shellcheck disable=SC2086 # words
		run_of first $options
		for tlb in soft soft,entries=8,policy=random; do
			# shellcheck disable=SC2086
			soft_as first $tlb $options
		done
	done
	fresh_chip "$work/image"
	for arm in copy fault; do
		for writer in off erase program; do
			try "$arm, writer $writer" 0 " 0 do not" $arm --set writer=$writer --set list=off
		done
		for cpus in 1 2 4; do
			try "$arm on $cpus vCPUs, free schedule" 0 " 0 do not" $arm --cpus $cpus --schedule free \
				--set list=off
		done
		try "$arm on 1 vCPU" 0 " 0 do not" $arm --cpus 1 --set list=off
		try "$arm, page tables in highmem" 0 " 0 do not" $arm --arena highmem --set list=off
		try "$arm, a session for each word" 0 " 0 do not" $arm --set batch=1 --set list=off
	done
	atomic="pageable access in atomic context: task mount touches .*"
	try "a touch with a lock held" 4 "$atomic with 1 locks held" fault --set provoke=atomic
	try "a touch with interrupts off" 4 "$atomic with 0 locks held, interrupts off" fault --set provoke=irqs
	try "a fault inside the driver" 4 "fault in the flash driver: task mount" fault \
		--set provoke=driver
	for arm in copy fault; do
		try "$arm: a write with a lock held" 4 "wait in atomic context: task mount writes" $arm \
			--set provoke=write --set writer=off
	done
	# Who writes to the chip that he holds is told.
	for arm in point kmap; do
		try "$arm on 4 vCPUs, free schedule" 0 " 0 do not" $arm --cpus 4 --schedule free --set list=off
		try "$arm: the reader writes to the chip that it holds" 4 \
			"flash deadlock: task mount writes to the chip" $arm --set provoke=own --set list=off
	done
	try "copy: the same is no mistake" 2 "needs an arm that holds the chip" copy --set provoke=own
	damage
fi
in_full || exit 0

# The same values, each once, with a chip that is busy where there is one.
make_image "$work/image" --little-endian --no-cleanmarkers # without the damage
tree copy "copy, writer mixed" --set writer=mixed
try "copy on 4 vCPUs, free schedule, writer erase" 0 " 0 do not" copy --cpus 4 --schedule free --set writer=erase \
	--set list=off
try "copy on 1 vCPU, writer program, page tables in highmem" 0 " 0 do not" copy --cpus 1 --set writer=program \
	--arena highmem --set list=off
try "fault on 1 vCPU, free schedule, writer erase" 0 " 0 do not" fault --cpus 1 --schedule free \
	--set writer=erase --set list=off
try "fault, a session for each word" 0 " 0 do not" fault --set batch=1 --set list=off
for arm in point kmap; do
	try "$arm on 1 vCPU, soft TLB" 0 " 0 do not" $arm --cpus 1 --tlb soft,entries=8 --set list=off
done
# shellcheck disable=SC2086 # words
soft_as hw soft $hot

# Of the arms that hold the chip a writer waits for all of the mount, or for one piece.
for arm in copy fault point kmap; do
	run_of $arm-1-mixed --arm $arm --set writer=mixed
done
for arm in copy fault; do
	equal_counts $arm-1-mixed --arm $arm --set writer=mixed
done
# A writer's longest wait: with point for what is left of the mount when it asks, with kmap for one piece.
# Counted where ticks are instructions.
delay() { jq .metrics.writer_delay_max_ticks "$work/$1-1-mixed"; }
if jq -e '.guest.ticks == "insn"' "$work/point-1-mixed" >/dev/null; then
	if [ "$(delay point)" -gt $(($(delay kmap) * 10)) ]; then
		pass "a writer waits more than ten times as long with point as with kmap"
	else
		fail "a writer waits $(delay point) instructions with point, $(delay kmap) with kmap"
	fi
fi

# How long at most each arm lets a writer wait (row W7), with a full record, under the seeded schedule. What
# is stated beforehand: a revocation is one shootdown, whatever is mapped. An entry that is cleared and flushed on
# two CPUs takes up to 250 instructions, all else of it 2,500, a fault that is under way 3,000. A page of 2,048 words
# is copied at two instructions a word, with 1,000 for all else.
# value NAME: of the last run
value() { jq ".metrics.$1 // .counts.$1" "$work/result"; }
# Instructions, of a chip that is busy
in_insns() { [ "$host" != qemu ] && [ "$(jq -r .guest.ticks "$work/result")" = insn ]; }
# delays ARM SEED WRITER: the result of this run, which may have been made before, in $work/result
delays()
{
	[ -e "$work/$1-$2-$3" ] || run_of "$1-$2-$3" --arm "$1" --seed "$2" --set "writer=$3"
	cp "$work/$1-$2-$3" "$work/result"
	jq -e '.exit.status == 0' "$work/result" >"$work/log" || fail "$1, seed $2, writer $3: not 0"
}
# at_most TEXT NUMBER BOUND
at_most()
{
	echo "$1: $2" >"$work/log"
	if [ "$2" -gt 0 ] && [ "$2" -le "$3" ]; then
		pass "$1: at most $3"
	else
		fail "$1: not in 1 to $3"
	fi
}
seeds="1 2"
[ $engine = kvm ] || seeds="1 2 3" # where one more costs nothing
for seed in $seeds; do
	delays copy $seed mixed
	others=$(value shootdowns)
	delay=$(value writer_delay_max_ticks)
	! in_insns || at_most "seed $seed: copy lets a writer wait for a buffer fill" "$delay" 5096
	for mode in off mixed; do
		delays fault $seed $mode
		left=$(($(value mapping_faults) > $(value pages_revoked))) # these go when the area does
		if [ "$(value shootdowns)" = $((others + $(value chip_revokes) + left)) ]; then
			pass "seed $seed, writer $mode: fault shoots down once for each revocation"
		else
			fail "seed $seed, writer $mode: $(value shootdowns) shootdowns, $(value chip_revokes) revocations"
		fi
		in_insns || continue
		revocation=$((2500 + 250 * $(value pages_touched)))
		if [ $mode = off ]; then
			at_most "seed $seed: with all pages mapped, who writes waits for one revocation" \
				"$(value own_delay_ticks)" $revocation
		else
			at_most "seed $seed: fault lets a writer wait for one fault and one revocation" \
				"$(value writer_delay_max_ticks)" $((revocation + 3000))
		fi
	done
	in_insns || continue
	delays point $seed mixed
	delay=$(value writer_delay_max_ticks)
	at_most "seed $seed: point lets a writer wait for what is left of the mount" "$delay" "$(value mount_ticks)"
	if [ "$delay" -gt $((revocation + 3000)) ]; then
		pass "seed $seed: that is more than fault's bound"
	else
		fail "seed $seed: $delay is not more than fault's bound"
	fi
done
