#!/bin/sh
# SPDX-License-Identifier: MIT
# The checked-in corpus of a fuzzer: an input a line, in base64. In tests/fuzz/corpus/NAME what was
# found and covers more than the rest; in tests/fuzz/corpus/seeds what was written by hand for flash, and
# why.
#
#   tests/fuzz/corpus.sh unpack NAME DIRECTORY		a file for each
#   tests/fuzz/corpus.sh pack NAME DIRECTORY [FUZZER]	those of DIRECTORY that cover more than the others
set -eu
name=$2
dir=$3
folder=$(dirname "$0")/corpus
packed=$folder/$name
seeds=
[ "$name" != flash ] || seeds=$folder/seeds

unpack()
{
	mkdir -p "$dir"
	n=0
	# shellcheck disable=SC2086 # no file, or one
	cat $seeds "$packed" | while read -r line _; do
		n=$((n + 1))
		echo "$line" | base64 -d >"$dir/corpus-$n"
	done
}

# The shortest first.
pack()
{
	fuzzer=${1:-${OUT:-build}/fuzz/fuzz_$name}
	least=$(mktemp -d)
	trap 'rm -rf "$least"' EXIT
	"$fuzzer" -merge=1 -max_len=200 "$least" "$dir"
	mkdir -p "$folder"
	for file in "$least"/*; do
		base64 -w 0 "$file"
		echo
	done | awk '{ print length($0), $0 }' | sort -n | cut -d ' ' -f 2- >"$packed"
}

case $1 in
unpack) unpack ;;
pack) pack "${4:-}" ;;
esac
