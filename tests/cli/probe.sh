#!/bin/sh
# SPDX-License-Identifier: MIT
# kvalab probe: its object is whole and sane, its words say the same, and it still says what there is
# where KVM or QEMU is missing. No figure is compared with a time.
. "$(dirname "$0")/common"
if ! command -v jq >/dev/null; then
	skip "probe.sh: jq is not installed"
	exit 0
fi

# holds TEXT JQ-EXPRESSION
holds()
{
	if jq -e "$2" "$work/probe.json" >"$work/log" 2>&1; then
		pass "$1"
	else
		fail "$1: $2"
	fi
}

# Words in $work/words, object in $work/probe.json, both of one run.
# look TEXT STATUS COMMAND...
look()
{
	text=$1 want=$2
	shift 2
	rm -f "$work/probe.json"
	"$@" --json "$work/probe.json" >"$work/words" 2>"$work/errors" </dev/null
	got=$?
	if [ $got != "$want" ]; then
		fail "$text: exit status $got, not $want"
	elif [ ! -s "$work/probe.json" ]; then
		fail "$text: no object"
	else
		pass "$text: exit status $want"
	fi
}

# The figures in the words, as the object has them: units of 1/s or ns, "null" for "-".
figures_in_words()
{
	sed -n '/^Figures/,/^$/p' "$work/words" | awk '
	BEGIN {
		scale["/s"] = scale["ns"] = 1
		scale["thousand/s"] = scale["us"] = 1e3
		scale["million/s"] = scale["ms"] = 1e6
		scale["billion/s"] = scale["s"] = 1e9
	}
	NR == 1 || NF == 0 { next }
	$NF == "-" { print "null"; next }
	{ print $(NF - 1) * scale[$NF] }'
}

agree()
{
	jq '.figures[]' "$work/probe.json" >"$work/numbers"
	if figures_in_words | paste - "$work/numbers" | awk '
		$1 == $2 { n++; next }
		$1 == "null" || $2 == "null" || $1 > $2 * 1.01 + 1 || $1 < $2 * 0.99 - 1 { bad = 1; print }
		{ n++ }
		END { exit bad || n != '"$(wc -l <"$work/numbers")"' }' >"$work/log"; then
		pass "$1: words and object agree in $(wc -l <"$work/numbers") figures"
	else
		fail "$1: words and object do not agree in the figures"
	fi
}

from_guest='.figures | [.insn_per_s, .user_insn_per_s, .syscall_ns, .page_fault_ns, .port_exit_ns,
	.mmio_exit_ns, .ipi_user_ns, .ipi_kernel_ns, .flash_switch_ns] | all(type == "number" and . > 0)'
from_kvm='.figures | [.slot_switch_idle_ns, .slot_switch_busy_ns, .remap_idle_ns, .remap_busy_ns]'

if [ ! -w /dev/kvm ]; then
	skip "probe, engine kvm: /dev/kvm cannot be used here"
else
	look "probe" 0 "$kvalab" probe
	holds "probe: schema and host" '.schema == "kvalab-probe-2" and .usable and .reason == null and
		.engine == "kvm" and (.class | startswith("kvm")) and .max_vcpus > 0 and .max_slots > 0'
	holds "probe: every figure from the guest" "$from_guest"
	holds "probe: slots were changed and remapped while a vCPU ran" "$from_kvm | all(type == \"number\" and . > 0)"
	holds "probe: every needed capability" '[.capabilities | del(.KVM_CAP_BINARY_STATS_FD)[]] | all and length >= 7'
	holds "probe: the rate is the one of the figures" '.insn_per_s == .figures.insn_per_s'
	holds "probe: the trap tier works where KVM walks the tables" 'if .paging == "shadow" then .trap_tier.works
		elif .paging == "npt" then .trap_tier.works | not else true end'
	holds "probe: whatever does not work has a reason" \
		'[.engines[], .insn_counts.perf] | all((.works or .found) == (.reason == null))'
	agree "probe"
	class=$(jq -r .class "$work/probe.json") paging=$(jq -r .paging "$work/probe.json")
	if grep -q "host class  *$class:" "$work/words" && grep -q "paging  *$paging$" "$work/words"; then
		pass "probe: words and object agree on the host"
	else
		fail "probe: words and object do not agree on the host"
	fi
	"$kvalab" run hello --json "$work/run.json" >/dev/null 2>&1
	if [ "$(jq -r .host.class "$work/run.json")" = "$class" ]; then
		pass "probe and run agree on the host"
	else
		fail "probe and run do not agree on the host"
	fi
	look "probe without QEMU" 0 env PATH="$work" "$kvalab" probe
	holds "probe without QEMU: what to do" '.engines.qemu.works == false and .insn_counts.icount == false and
		any(.advice[]; .missing == "qemu" and (.do | contains("apt-get install")))'
fi

look "probe --engine qemu without QEMU" 3 env PATH="$work" "$kvalab" probe --engine qemu
if grep -q "qemu-system-x86_64 is not in PATH" "$work/errors"; then
	pass "probe --engine qemu without QEMU: says so"
else
	fail "probe --engine qemu without QEMU: does not say so"
fi
if ! command -v qemu-system-x86_64 >/dev/null; then
	skip "probe --engine qemu: QEMU is not installed"
else
	look "probe --engine qemu" 0 "$kvalab" probe --engine qemu
	holds "probe --engine qemu: every figure from the guest" "$from_guest"
	holds "probe --engine qemu: no figures of KVM's" "$from_kvm | all(. == null) and true"
	holds "probe --engine qemu: says whose they are" '.engine == "qemu" and (.engines.qemu.version | length > 0)'
	agree "probe --engine qemu"
fi

# In a mount namespace where /dev has no kvm.
for namespace in -m -rm none; do
	unshare $namespace true 2>/dev/null && break
done
if [ $namespace = none ]; then
	skip "probe without /dev/kvm: this user may not make a mount namespace"
	exit 0
fi
# shellcheck disable=SC2016 # expanded inside
bare='mount -t tmpfs none /dev && exec "$@"'
look "probe without /dev/kvm" 3 unshare $namespace sh -c "$bare" sh "$kvalab" probe
holds "probe without /dev/kvm: why, and what to do" '.usable == false and (.reason | contains("does not exist")) and
	.class == null and .capabilities == null and .engine == null and .insn_per_s == null and
	any(.advice[]; .missing == "/dev/kvm")'
if grep -q "^What can run a guest here" "$work/words" && grep -q "/dev/kvm does not exist" "$work/errors"; then
	pass "probe without /dev/kvm: still says what can run a guest"
else
	fail "probe without /dev/kvm: does not say what can run a guest"
fi
if command -v qemu-system-x86_64 >/dev/null; then
	holds "probe without /dev/kvm: engine qemu works" \
		'.engines.qemu.works and any(.advice[]; .missing == "meanwhile")'
fi
