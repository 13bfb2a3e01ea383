#!/bin/sh
# SPDX-License-Identifier: MIT
# A piece of a page on stdout. The data of a page lies between its body and the script: head, body, data,
# script, end (vmm/page/page.h).
#   page.sh head|script UPLOT: what all pages share, out of vmm/page/, with uPlot's package in the folder
#     UPLOT. If that is not there, pages have no curves, and say so.
#   page.sh body|end FOLDER: what one page has of its own
set -eu
piece=$1 from=$2
shared=$(dirname "$0")/../vmm/page

# There is no other file to load, and uPlot's licence wants its text in each copy.
case $piece in
head)
	cat "$shared/top.html"
	echo "<style>"
	[ ! -d "$from" ] || cat "$from/dist/uPlot.min.css"
	cat "$shared"/*.css
	;;
body)
	cat "$from"/*.css
	echo "</style>"
	cat "$from/body.html"
	;;
script)
	if [ -d "$from" ]; then
		printf '<script>\n/*! uPlot\n'
		cat "$from/LICENSE"
		printf '*/\n'
		cat "$from/dist/uPlot.iife.min.js"
		printf '\n</script>\n'
	fi
	printf '<script>\n"use strict";\n(() => {\n'
	cat "$shared"/*.js
	;;
end)
	# main.js starts the page: everything else must be there by then.
	for file in "$from"/*.js; do
		case $file in */main.js) ;; *) cat "$file" ;; esac
	done
	cat "$from/main.js"
	printf '})();\n</script>\n</body>\n</html>\n'
	;;
esac
