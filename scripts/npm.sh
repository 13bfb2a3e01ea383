#!/bin/sh
# SPDX-License-Identifier: MIT
# npm.sh FROM TO: the packages that FROM/package-lock.json names, by version and checksum, into
# TO/node_modules. Status 1 and one line of reason where that cannot be: no npm, no network.
set -u
from=$1 to=$2

if ! command -v npm >/dev/null; then
	echo "npm is not installed" >&2
	exit 1
fi
mkdir -p "$to" && cp "$from/package.json" "$from/package-lock.json" "$to" || exit 1
if ! why=$(timeout 120 npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --loglevel=error \
	--fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 2>&1); then
	rm -rf "$to/node_modules"
	# Not where from: addresses are npm's affair.
	code=$(echo "$why" | sed -n 's/^npm \(error\|ERR!\) code //p' | head -n 1)
	echo "npm cannot fetch the packages: ${code:-it says nothing}" >&2
	exit 1
fi
