#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed about a per-task kernel space, row by row.
page=docs/seed-b.md letter=B rows=13 numbers=these
. "$(dirname "$0")/seed_page"
