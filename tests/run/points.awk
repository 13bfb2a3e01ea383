# SPDX-License-Identifier: MIT
# What a test's output means. Reads PASS/FAIL/SKIP lines of a script or the TAP that Check writes;
# prints a line for each test point: "ok", "not" or "skip", its name, its message, with tabs between;
# and "#" lines with what the test said about a failure. With why=TEXT (the test did not end as it
# should) that is a failure too, unless the test has named one.

function point(result, name, message)
{
	gsub(/\t/, " ", name)
	gsub(/\t/, " ", message)
	print result "\t" name "\t" message
	count[result]++
}

# "name: the rest" in two
function split_name(text)
{
	head = tail = text
	if (match(text, /: /)) {
		head = substr(text, 1, RSTART - 1)
		tail = substr(text, RSTART + 2)
	}
}

{ last[NR % 20] = $0 }

/^PASS: / {
	point("ok", substr($0, 7), "")
	failing = 0
	next
}
/^FAIL: / {
	split_name(substr($0, 7))
	point("not", head, tail)
	failing = 1
	next
}
/^SKIP: / {
	split_name(substr($0, 7))
	point("skip", head, tail)
	failing = 0
	next
}
# Check: "ok 1 - file:case:test: message"; the file is the program's
/^(not )?ok [0-9]+ - / {
	text = $0
	sub(/^[^-]*- [^:]*:/, "", text)
	split_name(text)
	point($1 == "not" ? "not" : "ok", head, $1 == "not" ? tail : "")
	failing = checks = 1
	next
}
/^1\.\.[0-9]+$/ { plan = substr($0, 4) }
# Lines that a script prints behind a failure are set in.
failing && /^      / { print "#" substr($0, 6) }

END {
	points = count["ok"] + count["not"] + count["skip"]
	if (why != "" && (!count["not"] || why !~ /^ended/))
		point("not", "", why)
	else if (points == 0)
		point("not", "", "said nothing")
	else if (checks && plan != points)
		point("not", "", "ended before all of its tests were run")
	else
		exit
	for (i = NR < 20 ? 1 : NR - 19; i <= NR; i++)
		print "# " last[i % 20]
}
