#!/bin/sh
# SPDX-License-Identifier: MIT
# The checked-in corpus of fuzz_flash: an input a line, in base64. In tests/fuzz/corpus/flash what was
# found and covers more than the rest, in tests/fuzz/corpus/seeds what was written by hand, and why.
#
#   tests/fuzz/corpus.sh unpack DIRECTORY		a file for each
#   tests/fuzz/corpus.sh pack DIRECTORY [FUZZER]	those of DIRECTORY that cover more than the others
set -eu
packed=$(dirname "$0")/corpus/flash
dir=$2

unpack()
{
	mkdir -p "$dir"
	n=0
	cat "$(dirname "$packed")/seeds" "$packed" | while read -r line _; do
		n=$((n + 1))
		echo "$line" | base64 -d >"$dir/corpus-$n"
	done
}

# The shortest first.
pack()
{
	fuzzer=${1:-${OUT:-build}/fuzz/fuzz_flash}
	least=$(mktemp -d)
	trap 'rm -rf "$least"' EXIT
	"$fuzzer" -merge=1 -max_len=200 "$least" "$dir"
	mkdir -p "$(dirname "$packed")"
	for file in "$least"/*; do
		base64 -w 0 "$file"
		echo
	done | awk '{ print length($0), $0 }' | sort -n | cut -d ' ' -f 2- >"$packed"
}

case $1 in
unpack) unpack ;;
pack) pack "${3:-}" ;;
esac
