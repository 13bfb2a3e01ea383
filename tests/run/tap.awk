# SPDX-License-Identifier: MIT
# Prints one test's points (see points.awk) as TAP; n=NUMBER points have been printed before.

function escaped(text)
{
	gsub(/[\\#]/, "\\\\&", text)
	return text
}

function title()
{
	return escaped(suite ($2 == "" ? "" : ": " $2))
}

BEGIN { FS = "\t" }
/^#/ {
	print
	next
}
$1 == "suite" {
	suite = $2
	log_file = $4
}
$1 == "ok" { print "ok " ++n " - " title() }
$1 == "skip" { print "ok " ++n " - " title() " # SKIP " escaped($3) }
$1 == "not" {
	print "not ok " ++n " - " title() ($3 == "" || $3 == $2 ? "" : ": " escaped($3))
	print "# in " log_file
}
