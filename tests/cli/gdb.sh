#!/bin/sh
# SPDX-License-Identifier: MIT
# --gdb: a real gdb stops, looks, steps, changes and leaves, and the run counts what it counts without;
# whoever connects and talks nonsense harms nothing.
# shellcheck disable=SC2016 # what stands in single quotes, gdb or perl expands
. "$(dirname "$0")/common"

expect "compare has no --gdb" 2 "unknown option --gdb" "$kvalab" compare hello --gdb 0
expect "a port that is none" 2 "--gdb: .*65536" "$kvalab" run hello --gdb 65536
expect "a time limit beside it" 2 "--gdb and --timeout exclude each other" \
	"$kvalab" run hello --gdb 0 --timeout 9
expect "engine qemu" 2 "--gdb needs --engine kvm" "$kvalab" run hello --gdb 0 --engine qemu
need_kvm
for program in gdb perl jq; do
	if ! command -v $program >/dev/null; then
		skip "gdb: $program is not installed"
		exit 0
	fi
done

# start OPTION...: a run that waits for gdb, but not for ever; sets pid and port
start()
{
	perl -e 'alarm 120; exec @ARGV' "$kvalab" run hello --gdb 0 "$@" >"$work/out" 2>"$work/err" </dev/null &
	pid=$! port= i=0
	while [ -z "$port" ] && [ $i -lt 300 ]; do
		sleep 0.1
		port=$(sed -n "s/.*target remote 127.0.0.1:\([0-9]*\)'.*/\1/p" "$work/err")
		i=$((i + 1))
	done
}

# ended TEXT STATUS: the run has ended with it
ended()
{
	wait $pid
	got=$?
	cat "$work/out" "$work/err" >"$work/log"
	if [ $got = "$2" ]; then pass "$1: status $2"; else fail "$1: status $got, not $2"; fi
}

# in_gdb COMMAND...: runs them in a gdb of its own, which leaves behind the last
in_gdb()
{
	for command; do
		set -- "$@" -ex "$command"
		shift
	done
	timeout 100 gdb -nx -batch -ex "target remote 127.0.0.1:$port" "$@" "$out/guest.elf" \
		>"$work/gdb" 2>&1 </dev/null
}

# said TEXT PATTERN: gdb has
said()
{
	cp "$work/gdb" "$work/log"
	if grep -qE -e "$2" "$work/gdb"; then pass "$1"; else fail "$1: no \"$2\""; fi
}

# --- a session ------------------------------------------------------------------------------------
"$kvalab" run hello --json "$work/alone.json" >"$work/log" 2>&1
start --json "$work/debugged.json"
in_gdb 'print/x $pc' 'stepi' 'break scenario_run' 'continue' 'backtrace' 'info threads' \
	'print boot_options.seed' 'set $before = $pc' 'stepi' 'print $pc - $before' \
	'set variable boot_options.arm[31] = 42' 'print boot_options.arm[31]' \
	'set variable boot_options.arm[31] = 0' 'print $rax = 77' 'print $cr3 = 1' 'x/4x 0x12345678' \
	'delete' 'break pt_set' 'ignore 2 50' 'continue' 'info breakpoints' 'thread 2' 'detach'
said "the guest waits before its first instruction" '^\$1 = 0x1010000$'
said "a breakpoint stops it" 'hit Breakpoint 1, scenario_run'
said "the callers have names" '#1 .* in kernel_main \(\) at guest/main.c'
said "each vCPU is a thread" '^  2 +Thread 2 \(vCPU 1, CPL 0'
said "a variable" '^\$2 = 1$'
said "a step" '^\$3 = [1-9]$'
said "memory is written" "^\\\$4 = 42 "
said "a register is written" '^\$5 = 77$'
said "page tables are not changed from here" 'Could not write register "cr3"'
said "an address that nothing maps" 'Cannot access memory at address 0x12345678'
said "breakpoints are counted by gdb" 'breakpoint already hit 51 times'
said "it leaves" 'detached'
ended "without gdb the guest goes on" 0
if [ "$(jq -S .counts,.checks "$work/alone.json")" = "$(jq -S .counts,.checks "$work/debugged.json")" ]; then
	pass "it counts what it counts without gdb"
else
	fail "it counts something else than without gdb"
fi

start --cpus 4 --schedule free
in_gdb 'break tlb_poll' 'continue' 'continue' 'continue' 'info threads' 'delete' 'continue'
said "four CPUs at one breakpoint" 'Thread [1-4] hit Breakpoint 1, tlb_poll'
said "the end is told" 'exited normally'
ended "four CPUs" 0

start --set fail=fault
in_gdb 'continue' 'backtrace' 'continue'
said "a crash is told" 'The guest: wild pointer'
said "and can be looked at" 'wild_pointer \(\) at guest/scenario'
said "its status is told" 'exited with code 04'
ended "a crash under gdb" 4

start --set fail=hang
in_gdb 'detach'
sleep 1
in_gdb 'backtrace' 'kill'
said "a second gdb finds a guest that runs" 'kernel_main'
ended "kill" 1
if grep -q "^exit *1: killed by gdb" "$work/out"; then pass "kill: the reason"; else fail "kill: no reason"; fi

# --- not a gdb ------------------------------------------------------------------------------------
# talk CODE: perl that has say(PACKET), raw(BYTES), heard(PATTERN): true once it has come, with a limit
talk()
{
	cat >"$work/talk" <<'end'
use strict; use IO::Socket::INET; use IO::Select;
my $s = IO::Socket::INET->new("127.0.0.1:$ENV{port}") or die "no connection";
my $all = "";
sub raw { $s->syswrite($_[0]) }
sub say { my $sum = 0; $sum += ord for split //, $_[0]; raw(sprintf "\$%s#%02x", $_[0], $sum & 255) }
sub heard {
	for (1 .. 100) {
		return 1 if $all =~ s/^.*?$_[0]//s;
		return 0 if IO::Select->new($s)->can_read(0.3) && !$s->sysread($all, 4096, length $all);
	}
	return 0;
}
end
	printf '%s\n' "$1" >>"$work/talk"
	port=$port timeout 60 perl "$work/talk" >"$work/gdb" 2>&1
}

start
talk 'srand 1; for (1 .. 300) { raw(join "", map { chr rand 256 } 1 .. 1000) } raw("\$m0,");'
ended "noise, and then nobody" 0

start
talk 'raw("\$g#00"); print "again\n" if heard(qr/-/); say("m" . "0" x 5000); print "too long\n" if heard(qr/\+\$E/);
	say("Hg99"); print "no thread\n" if heard(qr/\$E16#/); say("nonsense"); print "empty\n" if heard(qr/\$#00/);
	say("D");'
said "a wrong sum is sent again" again
said "a packet that is too long" 'too long'
said "a thread that is not there" 'no thread'
said "a command that is not there" empty
ended "detach" 0

start --set fail=hang
talk 'say("c"); sleep 1; raw("\x03"); print "stopped\n" if heard(qr/\$T02thread:1;#/);
	say("vCont;c"); raw("\x03"); print "again\n" if heard(qr/\$T02thread:1;#/); say("k");'
said "Ctrl-C stops a guest that runs" stopped
said "and one that has hardly begun" again
ended "k" 1

start
expect "a port in use" 3 "nobody can connect" "$kvalab" run hello --gdb "$port"
kill "$pid"
ended "SIGTERM while the guest waits" 1
