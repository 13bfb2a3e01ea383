#!/bin/sh
# SPDX-License-Identifier: MIT
# Two readers of one trace, event by event and field by field: babeltrace2's text and our own NDJSON, both
# brought into one form. Soft TLBs and a chip bring nearly all kinds of event there are.
. "$(dirname "$0")/common"
need_kvm
for tool in babeltrace2 jq mkfs.jffs2; do
	command -v $tool >/dev/null || {
		skip "readers: $tool is not installed"
		exit 0
	}
done

# TICKET CPU EVENT SITE FIELD=VALUE…: of fields that nobody uses nothing; tsc is no field here
by_babeltrace2()
{
	babeltrace2 --clock-cycles --no-delta "$1" | sed -E '
		s/ : container = [0-9]+ \)//g
		s/\( <unknown> : container = ([0-9]+) \)/\1/g
		s/\( "([^"]*)"/\1/g
		s/^\[0*([0-9]+)\] ([a-z_]+): \{ cpu_id = ([0-9]+) \}, \{ site = ([^ ]*) \}, /\1 \3 \2 \4/
		s/^\[0*([0-9]+)\] ([a-z_]+): \{ site = ([^ ]*) \}, /\1 vmm \2 \3/
		s/[{}]//g
		s/ (unused[0-9]|tsc) = [0-9A-Fx]+,?//g
		s/ = /=/g
		s/,//g
		s/ +/ /g
		s/ $//' | tr A-FX a-fx
}

by_kvalab()
{
	"$kvalab" trace export "$1" --format ndjson -o - | jq -r '
		[(.ticket | tostring), (.cpu | tostring), .event, .site,
			(.fields | to_entries[] | "\(.key)=\(.value)")] | join(" ")' | tr A-FX a-fx
}

# agree TEXT EVENTS: on the trace of the last run, which has at least so many kinds of event
agree()
{
	by_babeltrace2 "$work/trace" >"$work/theirs"
	by_kvalab "$work/trace" >"$work/ours"
	kinds=$(cut -d' ' -f3 "$work/ours" | sort -u | wc -l)
	if [ "$kinds" -lt "$2" ]; then
		fail "$1: only $kinds kinds of event"
	elif diff "$work/theirs" "$work/ours" >"$work/log"; then
		pass "$1: two readers agree on $(wc -l <"$work/ours") events of $kinds kinds"
	else
		fail "$1: two readers differ"
	fi
	rm -rf "$work/trace"
}

"$kvalab" run hello --cpus 4 --tlb soft,entries=8 --tier trap --trace "$work/trace" >/dev/null 2>&1 ||
	"$kvalab" run hello --cpus 4 --tlb soft,entries=8 --trace "$work/trace" >"$work/log" 2>&1 ||
	fail "hello with a trace"
agree "hello with soft TLBs" 25

mkdir "$work/files"
cp README.md "$work/files"
mkfs.jffs2 --root="$work/files" --output="$work/chip" --eraseblock=128KiB --little-endian --no-cleanmarkers
"$kvalab" run flash-mount --arm fault --set suspend=on --trace "$work/trace" \
	--flash "file=$work/chip,chip=28f128j3,partition=rootfs:0:1M,partition=log:1M:1M" >"$work/log" 2>&1 ||
	fail "flash-mount with a trace"
agree "flash-mount" 20
