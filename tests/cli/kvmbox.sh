#!/bin/sh
# SPDX-License-Identifier: MIT
# The KVM host in a box: status and output are the command's, files travel in and out, it is the host
# that it says, and nothing is left of it, however it ends.
. "$(dirname "$0")/common"
box=scripts/kvmbox

mkdir "$work/bin" "$work/tmp"
export TMPDIR="$work/tmp"

# An apt-get without network, which tells on its caller.
cat >"$work/bin/apt-get" <<end
#!/bin/sh
echo "\$*" >>"$work/asked"
echo "E: there is no network" >&2
exit 100
end
chmod 755 "$work/bin/apt-get"

# check TEXT COMMAND...: passes if the command succeeds
check()
{
	text=$1
	shift
	if "$@" >"$work/log" 2>&1; then pass "$text"; else fail "$text"; fi
}

expect "no command" 2 "no command" $box
expect "no command after --" 2 "no command" $box --
expect "a command without --" 2 "has to stand before" $box kvalab run hello
expect "unknown option" 2 "no option --hots" $box --hots amd-npt -- true
expect "unknown host" 2 "intel: amd-npt or amd-shadow" $box --host intel -- true
expect "too many processors" 2 "1 to 16" $box --cpus 17 -- true
expect "too little memory" 2 "at least 512M" $box --mem 64M -- true
expect "memory without a unit" 2 "K, M or G" $box --mem 2048 -- true
expect "unknown program" 2 "no program no-such-program" $box -- no-such-program
expect "a path that is not there" 2 "there is no ./nowhere" $box -- ./nowhere
expect "--with what is not there" 2 "no program no-such-program" $box --with no-such-program -- true
truncate -s 600M "$work/huge"
expect "more than may travel" 2 "more than 512 MiB .* $work/huge" $box -- cat "$work/huge"
rm "$work/huge"
expect "--help" 0 "^usage: kvmbox" $box --help
expect "no cache and no network" 77 "no kernel in $work/empty/box.*there is no network" \
	env OUT="$work/empty" PATH="$work/bin:$PATH" $box -- true
check "no cache and no network: one line" [ "$(wc -l <"$work/log")" = 1 ]
check "no cache and no network: only the lock is left" [ "$(ls "$work/empty/box")" = lock ]
mkdir -p "$work/closed/box/lock"
expect "a cache that cannot be written" 77 "in $work/closed/box \\(Is a directory\\): .*set OUT" \
	env OUT="$work/closed" $box -- true
check "a cache that cannot be written: one line" [ "$(wc -l <"$work/log")" = 1 ]

# One box for much: bytes, status, files, variables, what is left running. It may have to fetch a
# kernel, which the others must not.
case=$work/case
mkdir "$case" "$case/in" "$case/in/deep"
awk 'BEGIN { for (i = 0; i < 256; i++) printf "\\%03o", i }' >"$work/octal"
# shellcheck disable=SC2059 # the format is the bytes
printf "$(cat "$work/octal")" >"$case/bytes"
i=0
while [ $i -lt 4096 ]; do
	cat "$case/bytes"
	i=$((i + 1))
done >"$case/mega"
echo old >"$case/in/kept"
echo old >"$case/in/changed"
echo old >"$case/in/deep/changed too"
echo old >"$case/in/removed"
echo secret >"$case/other"
ln -s in/changed "$case/link"
chmod 640 "$case/in/changed"
touch -d 2001-02-03 "$case/in/kept"
cat >"$case/inside" <<'end'
cat "$1"
cat "$2" >&2
cd "$3" || exit 1
echo new >changed
echo new >"deep/changed too"
rm removed
echo new >../unnamed
echo new >"it's new"
mkdir -p more/empty
printf '%s\n' "$4 $OUT $KVALAB_BOX $TEST_BOX ${TEST_NOT-unset}" >"${5#*=}"
[ ! -e ../other ] || exit 1
sleep 1000 &
exit 7
end
(cd "$case" && find .) >"$work/before"
TEST_BOX="two
lines" KVALAB_BOX="it's \$HOME \\n" $box --with "$case/inside" -- sh "$case/inside" "$case/bytes" \
	"$case/mega" "$case/in" 'a  "b" \n' "--json=$case/result" >"$work/stdout" 2>"$work/stderr" </dev/null
got=$?
if [ $got = 77 ]; then
	skip "kvmbox: $(head -n 1 "$work/stderr")"
	exit 0
fi
[ $got = 7 ] || tail -n 30 "$work/stderr"
check "the exit status is the command's" [ $got = 7 ]
: >"$work/asked"
PATH=$work/bin:$PATH
check "stdout is the command's, all bytes" cmp "$case/bytes" "$work/stdout"
check "stderr is the command's, all bytes, a mebibyte" cmp "$case/mega" "$work/stderr"
# shellcheck disable=SC2028 # as it is
printf '%s\n' "a  \"b\" \\n ${OUT-} it's \$HOME \\n two" "lines unset" >"$work/want"
check "arguments and variables arrive as they are" diff "$work/want" "$case/result"
check "a changed file travels out" [ "$(cat "$case/in/changed" "$case/in/deep/changed too")" = "new
new" ]
check "its mode stays" [ "$(stat -c %a "$case/in/changed")" = 640 ]
check "an untouched file is not written" [ "$(stat -c %y "$case/in/kept" | cut -c 1-10)" = 2001-02-03 ]
check "a deletion does not travel" [ "$(cat "$case/in/removed")" = old ]
(cd "$case" && find .) | LC_ALL=C sort >"$work/after"
{
	cat "$work/before"
	printf '%s\n' "./in/it's new" ./in/more ./in/more/empty ./result
} | LC_ALL=C sort >"$work/want"
check "what is new under the named paths travels out, and nothing else" \
	diff "$work/want" "$work/after"

# Two at once, on a cache that lacks the initramfs; one box each for KVM's two ways with memory.
mkdir -p "$work/two/box" "$work/npt" "$work/shadow"
cp -R "$out"/box/kernel-* "$work/two/box"
cp "$kvalab" "$work/two/kvalab"
for host in npt shadow; do
	OUT=$work/two $box --host amd-$host -- kvalab run hello --trace "$work/$host/trace" \
		--json "$work/$host/json" >"$work/$host/log" 2>&1 </dev/null &
	eval "$host=$!"
done
for host in npt shadow; do
	eval "wait \$$host"
	check "hello on amd-$host, two boxes at once" [ $? = 0 ]
	check "it is amd-$host" grep -q "on kvm_amd ($host" "$work/$host/log"
	readable "hello on amd-$host" "$work/$host/trace"
	sed -n '/"counts"/,/}/p' "$work/$host/json" >"$work/$host/counts"
done
check "hello has the same counts on both" cmp "$work/npt/counts" "$work/shadow/counts"
check "hello has counts" [ -s "$work/npt/counts" ]
check "two boxes at once leave one cache" \
	[ "$(cd "$work/two/box" && ls | sed 's/-.*//' | tr '\n' ' ')" = "initramfs kernel lock " ]
rm -rf "$work/two"

expect "a box whose kernel panics" 5 "the box died before the command had ended" \
	$box -- sh -c 'echo c >/proc/sysrq-trigger; sleep 100'
check "its console is shown" [ "$(grep -c "Kernel panic" "$work/log")" -gt 0 ]

# The file of a chip is mapped: stores through the mapping are changes as well.
if ! command -v mkfs.jffs2 >/dev/null; then
	skip "kvmbox: a chip's file: mtd-utils is not installed"
else
	mkdir "$work/tree"
	cp LICENSE "$work/tree"
	mkfs.jffs2 --root="$work/tree" --output="$work/image" --eraseblock=128KiB --little-endian
	cp "$work/image" "$work/chip"
	expect "flash-mount on a chip's file" 0 " 0 do not" $box -- kvalab run flash-mount \
		--arm fault --set writer=mixed \
		--flash "file=$work/chip,chip=28f128j3,partition=rootfs:0:1M,partition=log:1M:1M"
	check "the chip's file travels out" [ "$(wc -c <"$work/chip")" = 16777216 ]
	check "the chip's file keeps what was not written" cmp -n "$(wc -c <"$work/image")" \
		"$work/image" "$work/chip"
	check "the chip's file has what the guest programmed" \
		[ "$(tail -c +1048577 "$work/chip" | head -c 1048576 | tr -d '\377' | wc -c)" -gt 0 ]
fi

# left SESSION: processes of this session that run, files in the temporary directory
left()
{
	ps -o pid=,stat=,args= -s "$1" | awk '$2 !~ /^Z/'
	find "$work/tmp" -mindepth 1
}

# killed SIGNAL STATUS WHEN: as soon as this command succeeds
killed()
{
	signal=$1 status=$2
	shift 2
	# The shell starts background commands with SIGINT ignored.
	setsid env --default-signal=INT $box -- sh -c 'echo started; sleep 1000' >"$work/stdout" \
		2>"$work/log" </dev/null &
	pid=$!
	i=0
	until "$@" || [ $i -ge 600 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	check "SIG$signal: it runs without files" [ -z "$(find "$work/tmp" -mindepth 1)" ]
	kill -s "$signal" $pid
	wait $pid 2>/dev/null
	got=$?
	check "SIG$signal ends the box: status $status" [ $got = "$status" ]
	i=0
	while [ -n "$(left $pid)" ] && [ $i -lt 50 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	left $pid >"$work/left"
	check "SIG$signal leaves no process and no file" diff /dev/null "$work/left"
}
command_runs() { grep -q started "$work/stdout"; }
box_boots() { ps -o args= -s $pid | grep -q '^qemu-system-x86_64'; }
killed TERM 143 command_runs
killed KILL 137 command_runs
killed INT 130 box_boots

# Whoever reads stdout may have enough.
{
	$box -- yes 2>"$work/log" </dev/null
	echo $? >"$work/status"
} | head -n 1 >"$work/stdout"
check "a reader that leaves ends the box: status 141" \
	[ "$(cat "$work/stdout" "$work/status")" = "y
141" ]

# A guest's crash, as an ordinary user if the tree is open to one.
as=
mkdir -m 777 "$work/open"
if [ "$(id -u)" = 0 ]; then
	as="setpriv --reuid 65534 --regid 65534 --clear-groups"
	if ! $as test -r "$out/box/lock"; then
		skip "kvmbox: an ordinary user cannot read $out"
		as=
	fi
fi
expect "a guest that panics ends with its status and its dump" 4 "wild pointer" \
	env TMPDIR="$work/open" $as $box -- kvalab run hello --set fail=fault --json "$work/open/json"
check "what travels out is the caller's" \
	[ "$(stat -c %u "$work/open/json")" = "$($as id -u)" ]

check "a full cache needs no network" [ ! -s "$work/asked" ]
