# SPDX-License-Identifier: MIT
# The tables "tasks" and "written" of scripts/pfn_sweep.sh as a picture (SVG): bytes that each rule keeps for a page
# of the segment. What a rule keeps for each of 8 tasks is drawn on for more tasks, dashed, up to where it meets what
# struct pages cost; the meeting points are marked.

function log2(x) { return log(x) / log(2) }
function across(panel, x) { return left[panel] + (log2(x) - log2(low[panel])) / (log2(high[panel]) - log2(low[panel])) * WIDTH }
function down(y) { return TOP + HEIGHT - (log2(y) - log2(LEAST)) / (log2(MOST) - log2(LEAST)) * HEIGHT }

function text(x, y, anchor, words, class) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, class, words
}

function axis(panel, title, ticks, n, i, at, y) {
	printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"frame\"/>\n", left[panel], TOP, WIDTH, HEIGHT
	n = split(ticks, at, " ")
	for (i = 1; i <= n; i++)
		text(across(panel, at[i]), TOP + HEIGHT + 18, "middle", at[i], "")
	text(left[panel] + WIDTH / 2, TOP + HEIGHT + 38, "middle", title, "")
	for (y = 0.125; y <= MOST; y *= 8) {
		printf "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>\n", left[panel], down(y), left[panel] + WIDTH, down(y)
		text(left[panel] - 6, down(y) + 4, "end", y, "")
	}
}

function line(panel, rule, n, i, x, y, points) {
	points = ""
	for (i = 1; i <= count[panel]; i++) {
		x = value[panel, i, 0]
		y = value[panel, i, rule] / PAGES
		if (!x || y < LEAST)
			continue
		points = points sprintf(" %.1f,%.1f", across(panel, x), down(y))
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"r%d\"/>\n", across(panel, x), down(y), rule
	}
	printf "<polyline points=\"%s\" class=\"r%d\"/>\n", substr(points, 2), rule
}

# Where what grows with the tasks reaches what struct pages cost.
function meeting(rule, each, page, last, x) {
	last = count[1]
	each = value[1, last, rule] / value[1, last, 0]
	page = value[1, last, 3]
	x = page / each
	if (x > value[1, last, 0])
		printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"r%d on\"/>\n", across(1, value[1, last, 0]),
			down(value[1, last, rule] / PAGES), across(1, x), down(page / PAGES), rule
	mark(1, x, page / PAGES, sprintf(x < 10 ? "%.1f" : "%.0f", x))
}

# In the panel of what is written: between two points, on a straight line, as the number of areas is one.
function met_by_split(i, x, y, next_x, next_y, page) {
	page = value[2, 1, 3]
	for (i = 1; i < count[2]; i++) {
		x = value[2, i, 0]; y = value[2, i, 4]; next_x = value[2, i + 1, 0]; next_y = value[2, i + 1, 4]
		if (y <= page && next_y > page)
			x += (page - y) / (next_y - y) * (next_x - x)
		else
			continue
		mark(2, x, page / PAGES, sprintf("%.0f", x))
	}
}

function mark(panel, x, y, words) {
	printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" class=\"mark\"/>\n", across(panel, x), down(y)
	text(across(panel, x), down(y) - 10, "middle", words, " class=\"bold\"")
}

BEGIN {
	WIDTH = 330; HEIGHT = 300; TOP = 40; LEAST = 1 / 16; MOST = 4096; PAGES = 1024
	left[1] = 60; left[2] = 460; low[1] = 1; high[1] = 1024; low[2] = 4; high[2] = 1000
	split("side-table, a bit each|side-table, doubled|struct-page|vma-split", names, "|")
}
/^[|] *(tasks|pages)/ { panel++; next }
/^[|]--/ || !NF { next }
{
	i = ++count[panel]
	for (column = 0; column <= 4; column++)
		value[panel, i, column] = $(column + 2)
}
END {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"820\" height=\"450\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<!-- SPDX-License-Identifier: MIT; made by scripts/pfn_sweep.sh (SVG of its tables) -->"
	print "<style>.frame{fill:none;stroke:#888}.grid{stroke:#ddd}.bold{font-weight:bold}.mark{fill:none;stroke:#000;stroke-width:2}"
	print "polyline{fill:none;stroke-width:2}circle{stroke:none}.on{stroke-width:2;stroke-dasharray:5 4}"
	split("#2a7ab0 #d08a00 #b03030 #3a8a3a", colours, " ")
	for (rule = 1; rule <= 4; rule++)
		printf "polyline.r%d,line.r%d{stroke:%s}circle.r%d{fill:%s}\n", rule, rule, colours[rule], rule, colours[rule]
	print "</style>"
	print "<rect width=\"820\" height=\"450\" fill=\"#fff\"/>"
	text(60, 20, "start", "Bytes kept for each page of a segment of 4 MiB (structures as large as Linux's; sw-bit and linear keep none)", " class=\"bold\"")
	axis(1, "tasks that map all of it, and write 2 %", "1 2 4 8 16 32 64 128 256 512 1024")
	axis(2, "of 1,000 pages written apart by each of 8 tasks", "5 10 20 50 100 250 500")
	for (panel = 1; panel <= 2; panel++)
		for (rule = 1; rule <= 4; rule++)
			line(panel, rule)
	last = count[1]
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"r3 on\"/>\n", across(1, value[1, last, 0]),
		down(value[1, last, 3] / PAGES), across(1, 1024), down(value[1, last, 3] / PAGES)
	meeting(1)
	meeting(2)
	meeting(4)
	met_by_split()
	for (rule = 1; rule <= 4; rule++) {
		printf "<circle cx=\"%d\" cy=\"430\" r=\"4\" class=\"r%d\"/>\n", 70 + (rule - 1) * 190, rule
		text(80 + (rule - 1) * 190, 434, "start", names[rule], "")
	}
	print "</svg>"
}
