#!/bin/sh
# SPDX-License-Identifier: MIT
# page.sh head|tail UPLOT: one half of the report's page on stdout, joined out of vmm/trace/report/ and
# uPlot's package in the folder UPLOT. If that is not there, the page has no curves, and says so.
set -eu
half=$1 uplot=$2
parts=$(dirname "$0")/../vmm/trace/report

# There is no other file to load, and uPlot's licence wants its text in each copy.
if [ "$half" = head ]; then
	cat "$parts/top.html"
	echo "<style>"
	[ ! -d "$uplot" ] || cat "$uplot/dist/uPlot.min.css"
	cat "$parts"/*.css
	echo "</style>"
	cat "$parts/body.html"
else
	if [ -d "$uplot" ]; then
		printf '<script>\n/*! uPlot\n'
		cat "$uplot/LICENSE"
		printf '*/\n'
		cat "$uplot/dist/uPlot.iife.min.js"
		printf '\n</script>\n'
	fi
	printf '<script>\n"use strict";\n(() => {\n'
	# main.js starts the page: everything else must be there by then.
	for file in "$parts"/*.js; do
		case $file in */main.js) ;; *) cat "$file" ;; esac
	done
	cat "$parts/main.js"
	printf '})();\n</script>\n</body>\n</html>\n'
fi
