#!/bin/sh
# SPDX-License-Identifier: MIT
# kvalab compare: every host that can be had counts the same; a difference that nothing declares is
# found; each run has the same chip; a host that cannot says why; nothing is left behind.
# shellcheck disable=SC2016 # what stands in single quotes, a fake kvmbox expands
. "$(dirname "$0")/../cli/common"
if ! command -v jq >/dev/null; then
	skip "compare: jq is not installed"
	exit 0
fi
mkdir "$work/tmp"
export TMPDIR="$work/tmp"

# holds TEXT JQ-EXPRESSION
holds()
{
	if jq -e "$2" "$work/result" >"$work/log" 2>&1; then
		pass "$1"
	else
		fail "$1: $2"
	fi
}

clean()
{
	if [ -z "$(ls -A "$TMPDIR")" ]; then
		pass "$1: no temporary file is left"
	else
		fail "$1: left behind: $(ls -A "$TMPDIR")"
	fi
}

# --- hosts: what can be had here -------------------------------------------------------------------
# With either TLB: what a soft one holds is the seed's, too.
"$kvalab" compare hello --hosts all --tlb hw,soft,entries=8,policy=random --cpus 2 --json "$work/result" >"$work/log" 2>&1
got=$?
if [ $got = 3 ] && jq -e 'all(.columns[]; .state == "cannot")' "$work/result" >/dev/null; then
	skip "compare: no host can be had: $(jq -r '.columns[0].reason' "$work/result")"
	exit 0
elif [ $got = 0 ] && grep -qE "hosts: the same counts|not judged" "$work/log"; then
	pass "hello on all hosts"
else
	fail "hello on all hosts: exit status $got"
fi
holds "hello on all hosts: each ran or says why not" '(.columns | length == 8) and
	all(.columns[]; .state == "ran" or (.state == "cannot" and (.reason | length > 5)))'
holds "hello on all hosts: no count differs" '.differences == []'
holds "hello on all hosts: the runs are those of the TLBs" 'all(.columns[] | select(.state == "ran");
	.result.guest.tlb == .tlb and (.result.counts.tlb_fills > 0) == (.tlb != "hw"))'
echo "hello ran on: $(jq -r '[.columns[] | select(.state == "ran") | .host] | unique | join(", ")' "$work/result")"
clean "hello on all hosts"
# Interrupts that come in the midst of what another CPU does come at the same point, however late a host delivers them.
expect "kva with many interrupts on all hosts" 0 "hosts: the same counts|not judged" "$kvalab" compare kva --arms kva-seq,kmap-local \
	--hosts all --cpus 3 --set atomic=50 --set refs=0 --set looks=0 --set frees=0 --json "$work/result"
holds "kva with many interrupts on all hosts: there were some" 'all(.columns[] | select(.state == "ran");
	.result.metrics.interrupts > 50)'
need_kvm # from here on the column of kvm is what others are set against

expect "one host" 0 "^hosts: one host: nothing to set against$" "$kvalab" compare hello --hosts kvm

# --- arms and vCPUs --------------------------------------------------------------------------------
if command -v mkfs.jffs2 >/dev/null; then
	mkdir "$work/tree"
	cp README.md LICENSE guest/flash/*.h "$work/tree"
	mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock=128KiB --little-endian \
		--no-cleanmarkers --faketime --squash
	cp "$work/image" "$work/chip"
	chip="file=$work/chip,chip=28f128j3,partition=rootfs:0:1M,partition=log:1M:1M"
	expect "arms and vCPUs" 0 "^\* faults " "$kvalab" compare flash-mount --arms fault,copy \
		--base copy --cpus 1,2 --seed 7 --set list=off --flash "$chip" --json "$work/result"
	if sed -n '/^times that of arm copy$/,/^$/p' "$work/log" >"$work/factors" &&
		grep -q "^  words_read  *0\.[0-9]*  *0\.[0-9]*  *1.00  *1.00$" \
			"$work/factors"; then
		pass "arms and vCPUs: fault reads less than copy, each of its number of vCPUs"
	else
		fail "arms and vCPUs: no multiples of copy: $(cat "$work/factors")"
	fi
	holds "arms and vCPUs: a run for each pair" '[.columns[] | "\(.arm) \(.cpus) \(.state)"] ==
		["fault 1 ran", "fault 2 ran", "copy 1 ran", "copy 2 ran"]'
	holds "arms and vCPUs: the runs are those of the columns" \
		'all(.columns[]; .result.arm == .arm and .result.guest.cpus == .cpus)'
	holds "arms and vCPUs: other options reach the runs" 'all(.columns[]; .result.seed == 7)'
	holds "arms and vCPUs: differences are shown, not judged" '.differences == [] and
		.judged == false and .columns[0].result.counts.faults > .columns[2].result.counts.faults'
	if cmp -s "$work/image" "$work/chip"; then
		pass "the runs did not write to the chip's file"
	else
		fail "the runs wrote to the chip's file"
	fi
	clean "arms and vCPUs"
	"$kvalab" list flash-mount | sed -n '/may differ$/,$s/^    \([a-z_].*\)/\1/p' | tr -d ' ' |
		tr , '\n' | sort -u >"$work/declared"
	jq -r '.columns[0].result.counts | keys[]' "$work/result" | sort >"$work/counts"
	if [ -s "$work/declared" ] && [ -z "$(comm -23 "$work/declared" "$work/counts")" ]; then
		pass "what flash-mount declares are counts of its"
	else
		fail "flash-mount declares what it does not count: $(comm -23 "$work/declared" "$work/counts")"
	fi
else
	skip "arms and vCPUs: mtd-utils is not installed"
fi

# --- a box that is none ------------------------------------------------------------------------------
# A program and a kvmbox beside it, which does what $work/fake says with the command.
mkdir "$work/bin"
cp "$kvalab" "$work/bin/kvalab"
cat >"$work/bin/kvmbox" <<'end'
#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
for json in "$@"; do :; done
. "${0%/*}/../fake"
end
chmod 755 "$work/bin/kvmbox"

# with_box TEXT STATUS PATTERN HOSTS FAKE...: hello on these hosts
with_box()
{
	text=$1 status=$2 pattern=$3 hosts=$4
	shift 4
	printf '%s\n' "$@" >"$work/fake"
	rm -f "$work/result"
	expect "$text" "$status" "$pattern" "$work/bin/kvalab" compare hello --hosts "$hosts" \
		--json "$work/result"
	clean "$text"
}
with_box "a box that runs it" 0 "hosts: the same counts" kvm,amd-npt '"$@"'
with_box "an undeclared difference" 1 "pt_set: 2 vCPUs: kvm [0-9]* amd-shadow 9[0-9]*$" \
	kvm,amd-shadow '"$@"' 'sed -i "s/\"pt_set\": /&9/" "$json"'
holds "an undeclared difference: in the object" '.status == 1 and (.differences | length) == 1 and
	.differences[0].count == "pt_set" and .differences[0].why == null and
	.differences[0].values == [.columns[].result.counts.pt_set]'
with_box "a count that is missing" 1 "pt_set: 2 vCPUs: kvm [0-9]* amd-npt -" kvm,amd-npt \
	'"$@"' 'sed -i "/\"pt_set\": /d" "$json"'
with_box "a result that is none" 5 "exit 5: its result cannot be read" kvm,amd-npt \
	'echo "{" >"$json"'
with_box "a result of something else" 5 "exit 5: its result is of another run" kvm,amd-npt \
	'"$@"' 'sed -i "s/\"cpus\": 2/\"cpus\": 3/" "$json"'
with_box "no result" 5 "exit 5: exit status 0 without a result: not today" kvm,amd-npt \
	'echo not today >&2'
with_box "a status that is not the result's" 5 "not that of its result" kvm,amd-npt '"$@"' 'exit 4'
with_box "a box that a signal ends" 5 "ended by signal 9" kvm,amd-npt 'kill -s KILL $$'
with_box "a host that cannot, by its name" 3 "amd-npt, 2 vCPUs: cannot: kvmbox: no kernel" \
	kvm,amd-npt 'echo "kvmbox: no kernel" >&2' 'exit 77'
with_box "hosts that cannot, among all" 0 "amd-shadow, 2 vCPUs: cannot: kvmbox: no kernel" all \
	'echo "kvmbox: no kernel" >&2' 'exit 77'
# skips REASON: what a run of kvalab leaves that has seen that it is not for this machine
skips='"$@"; sed -i "s/\"status\": 0/\"status\": 77/; s/\"reason\": \"\"/\"reason\": \"skipped: not for it\"/" "$json"'
with_box "a run that was skipped" 0 "amd-npt, 2 vCPUs: skipped: not for it" kvm,amd-npt "$skips" 'exit 77'
holds "a run that was skipped: in the object" '.status == 0 and (.columns[1] | .state == "skipped" and
	.status == 77 and .reason == "not for it")'
with_box "a run that says so before there is a guest" 0 "amd-npt, 2 vCPUs: skipped: no such thing" kvm,amd-npt \
	'echo "kvalab: skipped: no such thing" >&2' 'exit 77'
with_box "a run that was skipped, and a host that cannot" 3 "^exit: 3" amd-npt,amd-shadow \
	'[ "${json%/1.json}" = "$json" ] || exit 77' "$skips" 'exit 77'
with_box "all runs were skipped" 77 "^exit: 77" amd-npt,amd-shadow "$skips" 'exit 77'
with_box "none that can" 3 "^exit: 3" amd-npt,amd-shadow 'exit 77'

# --- ended from outside ------------------------------------------------------------------------------
gone()
{
	i=0
	while [ -e "/proc/$1" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ ! -e "/proc/$1" ]
}

# interrupt SIGNAL STATUS: while the second of its runs goes on
interrupt()
{
	printf '%s\n' 'echo $$ >"${0%/*}/../child"' 'exec sleep 100' >"$work/fake"
	rm -f "$work/child" "$work/result"
	env --default-signal=INT "$work/bin/kvalab" compare hello --hosts kvm,amd-npt,amd-shadow \
		--json "$work/result" >"$work/log" 2>&1 &
	pid=$!
	i=0
	while [ ! -s "$work/child" ] && [ $i -lt 600 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kill -s "$1" $pid
	wait $pid 2>/dev/null
	got=$?
	if [ $got = "$2" ]; then
		pass "SIG$1 ends it: status $got"
	else
		fail "SIG$1: status $got, not $2"
	fi
	if gone "$(cat "$work/child")"; then
		pass "SIG$1: the run has ended too"
	else
		fail "SIG$1: a run is left"
	fi
	i=0
	while [ -n "$(ls -A "$TMPDIR")" ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	clean "SIG$1"
}
for signal in INT TERM HUP; do
	interrupt $signal 1
	holds "SIG$signal: what has run is kept" '[.columns[].state] == ["ran", "failed", "not run"] and
		.columns[1].reason == "interrupted"'
done
interrupt KILL 137

# --- QEMU's chip ---------------------------------------------------------------------------------------
if ! command -v qemu-system-x86_64 >/dev/null || ! command -v mkfs.jffs2 >/dev/null; then
	skip "compare with QEMU's chip: qemu-system-x86 or mtd-utils is not installed"
	exit 0
fi
expect "a chip that QEMU does not have" 3 "qemu --arm copy, 2 vCPUs: cannot: .*qemu-x8" \
	"$kvalab" compare flash-mount --arms copy --hosts kvm,qemu --set list=off --flash "$chip"
mkfs.jffs2 --root="$work/tree" --output="$work/chip" --eraseblock=8KiB --little-endian \
	--no-cleanmarkers --faketime --squash
chip="file=$work/chip,chip=qemu-x8,partition=rootfs:0:256K,partition=log:256K:256K"
expect "flash-mount on QEMU's chip: differences are declared" 0 "differs: " \
	"$kvalab" compare flash-mount --hosts kvm,qemu --set list=off --flash "$chip"
expect "flash-xip on QEMU's chip: differences are declared" 0 "differs: " \
	"$kvalab" compare flash-xip --hosts kvm,qemu --set partition=rootfs --flash "$chip"
expect "flash-mount without a writer on QEMU's chip" 0 "differs: " \
	"$kvalab" compare flash-mount --hosts kvm,qemu --set list=off --set writer=off \
	--flash "$chip" --json "$work/result"
holds "without a writer only the chip's nature differs" \
	'[.differences[].count] | unique == ["flash_bits_set", "flash_status_busy"]'
