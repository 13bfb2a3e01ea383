#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed about layouts, row by row.
page=docs/seed-a.md letter=A rows=11 numbers=these
. "$(dirname "$0")/seed_page"
