#!/bin/sh
# SPDX-License-Identifier: MIT
# flash_storm.sh [ROUNDS [OPTIONS OF RUN...]]: a long storm of readers and writers of one chip, with arm fault
# on engine qemu (docs/testing.md), by default 100,000 rounds. Prints the commit, the command and what the run
# says; its exit status is the run's. TIMEOUT: seconds that it may take (default 1500).
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-build}
rounds=${1:-100000}
[ $# = 0 ] || shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

: >"$work/chip.bin"
echo "commit: $(git describe --always --dirty 2>/dev/null || echo unknown)"
set -- run flash-mount --arm fault --engine qemu --cpus 4 --set "storm=$rounds" --timeout "${TIMEOUT:-1500}" \
	--flash "file=$work/chip.bin,chip=qemu-x8,partition=rootfs:0:1M,partition=log:1M:1M" "$@"
echo "kvalab $*" | sed "s,$work/,,"
began=$(date +%s)
status=0
"$out/kvalab" "$@" || status=$?
echo "took $(($(date +%s) - began)) s"
exit $status
