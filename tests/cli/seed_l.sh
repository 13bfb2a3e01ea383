#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed about frames without struct page, row by row.
page=docs/seed-l.md letter=L rows=8 numbers=these
. "$(dirname "$0")/seed_page"
