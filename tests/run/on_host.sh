#!/bin/sh
# SPDX-License-Identifier: MIT
# on_host.sh HOST TEST: runs a guest test with KVALAB_HOST=HOST: kvm and qemu on this machine,
# amd-npt and amd-shadow as a whole in a box (scripts/kvmbox). The box has of this machine only what
# is brought: "# needs:" lines of the test and of what it includes name programs and files. One that
# this machine does not have stays away, for the test to say so.
set -u
cd "$(dirname "$0")/../.." || exit 1
host=$1 test=$2
export KVALAB_HOST="$host"
PATH=$PATH:/usr/sbin:/sbin

case $host in
kvm | qemu) exec "$test" ;;
amd-npt | amd-shadow) ;;
*)
	echo "FAIL: $test: no host $host: kvm, amd-npt, amd-shadow or qemu"
	exit 1
	;;
esac

set -- --with tests/cli/common --with tests/guest/common --with tests/guest/flash_image
# shellcheck disable=SC2013 # words on purpose
for need in $(sed -n "s/^# needs: //p" tests/guest/common tests/guest/flash_image "$test"); do
	if command -v "$need" >/dev/null || [ -e "$need" ]; then
		set -- "$@" --with "$need"
	fi
done
says=$(mktemp)
trap 'rm -f "$says"' EXIT
scripts/kvmbox --host "$host" "$@" -- "$test" 2>"$says"
status=$?
cat "$says" >&2
[ $status = 77 ] || exit $status
echo "SKIP: $(basename "$test" .sh): $(tail -n 1 "$says")"
