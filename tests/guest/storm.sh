#!/bin/sh
# SPDX-License-Identifier: MIT
# hello's storm, all else left as it is: maps, uses and flushes by all CPUs, in rounds that the seed makes. In correct
# runs nobody reads a wrong word and the oracle has nothing to say, with the processor's TLB and with the
# guest's own. On QEMU, where a round costs least, a thousand rounds in each mode; elsewhere a few, in modes in which
# each value appears, and the processor's TLB with each schedule and each way of kernel tasks.
. "$(dirname "$0")/common"
need_host

case $host in
qemu) rounds=250 seeds="1 2 3 4" ;;
*) rounds=4 seeds=1 ;;
esac

# sound: the result says that the oracle has seen uses, and nothing else to tell
sound()
{
	jq -e '.exit.status == 0 and .oracle.stale_uses == 0 and (.findings | length) == 0 and
		.metrics.storm_kernel_reads > 0 and .metrics.storm_user_reads > 0 and
		.oracle.ipis >= .oracle.ipis_needed and .oracle.ipis > 0' "$work/result" >/dev/null
}

# storm TEXT OPTIONS...
storm()
{
	text=$1
	shift
	if timeout 600 "$kvalab" run hello --engine $engine --cpus 4 --set storm=$rounds --json "$work/result" "$@" \
		>"$work/log" 2>&1 && sound; then
		pass "$text"
	else
		fail "$text"
	fi
}

storm "$rounds rounds, free schedule, TLB hw" --schedule free
storm "$rounds rounds, kernel tasks on init_mm's root, TLB hw" --set lazy_tlb=off
storm "$rounds rounds, kernel tasks on init_mm's root, free schedule, PCIDs" --set lazy_tlb=off --schedule free \
	--tlb soft,pcid=on
if [ $host != qemu ]; then
	storm "$rounds rounds, TLB hw" --seed 1
	storm "$rounds rounds, TLB soft" --tlb soft,entries=8,policy=random
	exit 0
fi
for tlb in hw soft,entries=8,policy=random soft,entries=64 soft,pcid=on; do
	for seed in $seeds; do
		storm "$rounds rounds, TLB $tlb, seed $seed" --tlb $tlb --seed "$seed"
	done
done
storm "$rounds rounds, free schedule, TLB soft" --schedule free --tlb soft,entries=8
storm "$rounds rounds, free schedule, PCIDs" --schedule free --tlb soft,entries=16,pcid=on
for tlb in soft soft,entries=8,policy=random,pcid=on; do
	storm "$rounds rounds, kernel tasks on init_mm's root, TLB $tlb" --set lazy_tlb=off --tlb $tlb
done
