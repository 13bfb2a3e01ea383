#!/bin/sh
# SPDX-License-Identifier: MIT
# The first seed, row by row.
page=docs/seed-w.md letter=W rows=18 numbers=any
. "$(dirname "$0")/seed_page"
