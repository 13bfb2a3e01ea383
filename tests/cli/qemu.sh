#!/bin/sh
# SPDX-License-Identifier: MIT
# Engine qemu: a QEMU that is missing, fails, dies or is silent; what only one engine has; how runs
# end; what is left behind.
. "$(dirname "$0")/common"

# A QEMU of this test's own: fake SCRIPT-TEXT
fake()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$work/bin/qemu-system-x86_64"
	chmod +x "$work/bin/qemu-system-x86_64"
}
# try_fake TEXT STATUS PATTERN OPTIONS...
try_fake()
{
	text=$1 want=$2 pattern=$3
	shift 3
	expect "$text" "$want" "$pattern" \
		env PATH="$work/bin:$PATH" "$kvalab" run hello --engine qemu "$@"
}
mkdir "$work/bin" "$work/empty"
expect "no QEMU" 3 "qemu-system-x86_64 is not in PATH: apt-get install" \
	env PATH="$work/empty" "$kvalab" run hello --engine qemu
fake 'echo "a warning" >&2; echo "no such machine" >&2; exit 1'
try_fake "a QEMU that fails at its start" 3 "ends at its start with status 1: no such machine"
fake 'printf "a \033[31mred\177 word\n" >&2; exit 1'
try_fake "control characters of QEMU" 3 "status 1: a [?]\[31mred[?] word"
fake 'exit 0'
try_fake "a QEMU that ends at once" 3 "ends at its start with status 0"
fake 'kill -KILL $$'
try_fake "a QEMU that is killed" 3 "does not come up"
printf '#!/no/such/program\n' >"$work/bin/qemu-system-x86_64"
try_fake "a QEMU that cannot be executed" 3 "status 127: it cannot be executed: No such file"
fake 'echo; exec sleep 1000'
try_fake "a QEMU that says nothing" 3 "does not come up" --timeout 100

expect "--strict-io" 2 "strict-io needs --engine kvm" "$kvalab" run hello --engine qemu --strict-io
expect "--icount" 2 "icount needs --engine qemu" "$kvalab" run hello --icount on
: >"$work/chip"
expect "another chip" 2 "its only chip is qemu-x8" "$kvalab" run flash-mount --arm fault \
	--engine qemu --flash "file=$work/chip,chip=28f128j3"

if ! command -v qemu-system-x86_64 >/dev/null; then
	skip "engine qemu: qemu-system-x86 is not installed"
	exit 0
fi
# try TEXT STATUS PATTERN OPTIONS...
try()
{
	text=$1 want=$2 pattern=$3
	shift 3
	expect "$text" "$want" "$pattern" "$kvalab" run hello --engine qemu "$@"
}
for icount in on off; do
	try "icount $icount" 0 "0 lost, 0 unreported" --cpus 4 --icount $icount
	try "icount $icount, free schedule" 0 "0 lost, 0 unreported" \
		--cpus 4 --icount $icount --schedule free
done
try "RAM beyond 4 GiB, with holes" 0 "0 lost, 0 unreported" \
	--mem 5G --hole 256M:16M --hole 1G:4K --hole 4G:64M
# What is opened next must not become the descriptor that is closed.
expect "a stdin and a stderr that are closed" 0 "0 lost, 0 unreported" \
	sh -c '"$0" run hello --engine qemu <&- 2>&-' "$kvalab"
expect "a stdout that is closed" 3 "writing to stdout: Bad file descriptor" \
	sh -c '"$0" run hello --engine qemu >&-' "$kvalab"
try "a vmalloc region that is too small" 2 "in one piece of vmalloc: give more --vmalloc" --vmalloc 2M
try "the trace" 0 "0 lost, 0 unreported" --trace "$work/trace"
readable "the trace" "$work/trace"
try "a panic, with the caller" 4 "called from .* wild_pointer" --set fail=fault
try "a panic, with the walk" 4 "walk of cr2 0x" --set fail=fault
try "a triple fault" 4 "4: triple fault" --set fail=triple
try "a ring that lies" 5 "5: trace: CPU 0: head is" --set fail=ring
try "a guest that hangs" 124 "time limit of 2 s: vCPU 0 at rip .* hang" \
	--set fail=hang --timeout 2
try "a call that nobody answers" 2 "needs a host that answers calls" --set fail=wild

# ends_with SIGNAL [qemu]: starts a guest that hangs, sends the signal to kvalab or to its QEMU, leaves
# the status in $got and the QEMU that was there in $qemu.
ends_with()
{
	"$kvalab" run hello --engine qemu --set fail=hang --timeout 100 --log debug --trace "$work/$1$#" \
		>"$work/log" 2>&1 &
	pid=$! i=0 qemu=
	until [ -n "$qemu" ] || [ $i = 600 ]; do
		sleep 0.1
		qemu=$(sed -n 's/.* runs as process //p' "$work/log")
		i=$((i + 1))
	done
	if [ "${2:-}" = qemu ]; then
		no_huge_pages
		kill -s "$1" "$qemu"
	else
		kill -s "$1" $pid
	fi
	wait $pid 2>/dev/null
	got=$?
}
# A process that was killed is gone at some time soon.
is_gone()
{
	i=0
	while [ -d "/proc/$1" ] && [ $i -lt 600 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ ! -d "/proc/$1" ]
}
# no_huge_pages: of the QEMU that runs. One beside a hole would look like a touch of the hole.
no_huge_pages()
{
	case $(sed -n 's/^THP_enabled:[[:space:]]*//p' "/proc/$qemu/status") in
	0) pass "QEMU uses no huge pages" ;;
	'') skip "huge pages: this kernel does not tell about them" ;;
	*) fail "QEMU may use huge pages" ;;
	esac
}
for signal in TERM KILL; do
	ends_with $signal
	if [ -n "$qemu" ] && is_gone "$qemu"; then
		pass "SIG$signal: QEMU has gone too"
	else
		fail "SIG$signal: QEMU is still there ($qemu)"
	fi
	if [ $signal = TERM ] && [ $got = 1 ] && grep -q '^exit *1: interrupted' "$work/log"; then
		pass "SIGTERM: status 1, interrupted"
		readable "SIGTERM" "$work/TERM1"
	elif [ $signal = TERM ]; then
		fail "SIGTERM: status $got"
	fi
done
ends_with KILL qemu
if [ $got = 5 ] && grep -q '^exit *5: .* ends with signal 9' "$work/log"; then
	pass "a QEMU that dies under its guest: status 5, said"
else
	fail "a QEMU that dies under its guest: status $got"
fi
