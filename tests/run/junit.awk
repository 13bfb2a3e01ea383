# SPDX-License-Identifier: MIT
# Prints the points of all tests (see points.awk) as JUnit XML: a suite for each test, a case for
# each point. The input is UTF-8 without control characters, so that only markup is to be escaped.

function xml(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

function end_failure()
{
	if (in_failure)
		body = body "</failure></testcase>\n"
	in_failure = 0
}

function end_suite()
{
	end_failure()
	if (suite == "")
		return
	printf "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" time=\"%s\">\n%s</testsuite>\n", \
		xml(suite), tests, failures, skipped, seconds, body
}

function begin_case()
{
	tests++
	body = body "<testcase classname=\"" xml(suite) "\" name=\"" xml($2 == "" ? suite : $2) "\""
}

BEGIN {
	FS = "\t"
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
}
/^#/ {
	if (in_failure)
		body = body xml(substr($0, 3)) "\n"
	next
}
{ end_failure() }
$1 == "suite" {
	end_suite()
	suite = $2
	seconds = $3
	body = ""
	tests = failures = skipped = 0
}
$1 == "ok" {
	begin_case()
	body = body "/>\n"
}
$1 == "skip" {
	begin_case()
	skipped++
	body = body "><skipped message=\"" xml($3) "\"/></testcase>\n"
}
$1 == "not" {
	begin_case()
	failures++
	in_failure = 1
	body = body "><failure message=\"" xml($3) "\">"
}
END {
	end_suite()
	print "</testsuites>"
}
