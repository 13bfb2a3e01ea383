#!/bin/sh
# SPDX-License-Identifier: MIT
# What guests that share one segment cost the host (seed row L7): starts some at once, waits until each has touched
# all of the segment, and adds up what the host's kernel says of their memory (/proc/PID/smaps): resident (Rss), and
# with each page divided by the number of those who have it (Pss), which is what there really is of it.
set -u
export LC_ALL=C
sets=1,8,32
size=16M
limit=1800 # seconds for all guests of a row to be ready
file=

help()
{
	cat <<'end'
usage: segment_guests.sh [--guests N,…] [--size SIZE] [FILE] [-- OPTION…]

Host memory of 1, 8 and 32 guests of scenario pfn (--set hold=on) that share FILE as their segment, in KiB. FILE is
made if it is not there; without it there is one that goes with the script.

  --guests N,…    so many at once, one row each; default 1,8,32
  --size SIZE     of the segment, where it is made; default 16M
  -- OPTION…      of each run; default --arm sw-bit --cpus 1 --mem 64M --tier off,
                  --set tasks=1 --set written=20

KVALAB=PROGRAM is run instead of build/kvalab. Exit status: 1 a guest ended, or was not ready in 1,800 s; 2 usage;
3 this host cannot.
end
}

die()
{
	status=$1
	shift
	echo "segment_guests: $*" >&2
	exit "$status"
}

numbers() { case ,$1, in *[!0-9,]* | *,,* | *,0*) false ;; esac; }

while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) help && exit 0 ;;
	--guests | --size)
		[ $# -gt 1 ] || die 2 "$1 needs a value (see --help)"
		if [ "$1" = --size ]; then size=$2; else sets=$2; fi
		shift
		;;
	--) break ;;
	-*) die 2 "unknown option $1 (see --help)" ;;
	*)
		[ -z "$file" ] || die 2 "one file, not $file and $1"
		file=$1
		;;
	esac
	shift
done
numbers "$sets" || die 2 "--guests $sets: numbers from 1 on, with commas between them"
if [ $# -gt 0 ]; then shift; else set -- --arm sw-bit --cpus 1 --mem 64M --tier off --set tasks=1 --set written=20; fi

kvalab=${KVALAB:-$(dirname "$0")/../build/kvalab}
command -v "$kvalab" >/dev/null || die 3 "there is no $kvalab: type make, or set KVALAB"
work=$(mktemp -d) || exit 3
pids=
file=$(readlink -f "${file:-$work/segment}")

# shellcheck disable=SC2086 # a list
end_guests()
{
	[ -n "$pids" ] || return 0
	kill -TERM $pids 2>/dev/null
	wait $pids
	pids=
}
trap 'end_guests; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Of a file that is there the size is its own.
segment=$file
[ -e "$file" ] || segment=$file,size=$size

# Starts so many; each says in a log of its own how it gets on.
start_guests()
{
	n=$1
	shift
	while [ "$n" -gt 0 ]; do
		: >"$work/log$n"
		"$kvalab" run pfn --set hold=on --set pages=0 --engine kvm --timeout $((2 * limit)) \
			--segment "$segment" "$@" >"$work/log$n" 2>&1 </dev/null &
		pids="$pids $!"
		echo $! >"$work/pid$n"
		n=$((n - 1))
	done
}

# runs N: has the Nth guest not ended? One that has is kept by the kernel until its parent asks for it.
runs()
{
	state=$(sed -n 's/^State:[^A-Z]*\([A-Z]\).*/\1/p' "/proc/$(cat "$work/pid$1")/status" 2>/dev/null)
	[ -n "$state" ] && [ "$state" != Z ]
}

# all_run N: or the script ends, with what the guest said last
all_run()
{
	n=$1
	while [ "$n" -gt 0 ]; do
		runs "$n" || die 1 "guest $n of $1 has ended: $(tail -n 1 "$work/log$n")"
		n=$((n - 1))
	done
}

# Until each has touched all of the segment.
await_guests()
{
	waited=0
	while [ "$(cat "$work"/log* | grep -c '^pfn: holds')" -lt "$1" ]; do
		all_run "$1"
		[ $waited -lt $limit ] || die 1 "not all of $1 guests are ready after $limit s"
		sleep 1
		waited=$((waited + 1))
	done
}

# A mapping begins with its addresses, and ends its first line with its file's name.
add_up()
{
	n=$1
	while [ "$n" -gt 0 ]; do
		cat "/proc/$(cat "$work/pid$n")/smaps"
		n=$((n - 1))
	done | SEGMENT=$file awk -v guests="$1" '
		/^[0-9a-f]+-[0-9a-f]+ / {
			for (i = 0; i < 5; i++)
				sub(/^[^ ]+ +/, "")
			segment = $0 == ENVIRON["SEGMENT"]
		}
		/^Rss:/ && segment { rss += $2; mapped += $2 > 0 }
		/^Pss:/ && segment { pss += $2 }
		/^Pss:/ && !segment { rest += $2 }
		END {
			if (mapped != guests)
				exit 1
			printf "%6d %16d %16d %12d %12d\n", guests, rss, pss, rest, (pss + rest) / guests
		}'
}

printf '%6s %16s %16s %12s %12s\n' guests "segment, Rss" "segment, Pss" "rest, Pss" "Pss a guest"
for guests in $(echo "$sets" | tr , ' '); do
	rm -f "$work"/log* "$work"/pid*
	start_guests "$guests" "$@"
	await_guests "$guests"
	row=$(add_up "$guests") || die 1 "not each of $guests guests has the segment in its memory"
	all_run "$guests"
	echo "$row"
	end_guests
done
