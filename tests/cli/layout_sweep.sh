#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/layout_sweep.sh against docs/layouts.md. Not how vmalloc fragments: that takes as long as the rest
# together.
page=docs/layouts.md sweep=scripts/layout_sweep.sh needs="qemu-system-x86_64 jq dtc"
tables="recovered boards conversions questions starved accesses maps"
roughly='instructions|^highmem$|^range|^bitmap|^tree|^walk|^[0-9]+( holes)?$|^pkmap|^IPIs' percent=5
. "$(dirname "$0")/sweep_page"
