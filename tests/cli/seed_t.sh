#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed about dynamic kernel addresses, row by row.
page=docs/seed-t.md letter=T rows=16 numbers=these
. "$(dirname "$0")/seed_page"
