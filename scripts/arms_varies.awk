# SPDX-License-Identifier: MIT
# Checks what a table of arms has besides its ARM rows (scripts/arms.sh): VARIES rows name a count, parameters
# and arms that there are, and nothing else stands there but comments of C and macros. The same rules as
# vmm/varies.c, which reads the finished image; here a mistake has a place.
#
#   awk -v counts="pt_set …" -v arms="copy …" -f scripts/arms_varies.awk SCENARIO.c TABLE
#
# The parameters are the rows of SCENARIO.c's "struct scenario_param …[] = {".

function wrong(at, text)
{
	printf "arms: %s:%d: %s\n", FILENAME, at, text >"/dev/stderr"
	bad = 1
}

# The text of literals side by side, of NULL, or of a macro of this table; *unknown* of any other.
function text_of(value,    text)
{
	if (value == "NULL")
		return ""
	if (value !~ /^"/)
		return value in macro ? macro[value] : "*unknown*"
	while (match(value, /"[^"]*"/)) {
		text = text substr(value, RSTART + 1, RLENGTH - 2)
		value = substr(value, RSTART + RLENGTH)
	}
	return text
}

function among(word, list) { return index(" " list " ", " " word " ") > 0 }

function check_word(at, word,    equals, key, n, i, value, list)
{
	equals = index(word, "=")
	key = substr(word, 1, equals - 1)
	sub(/!$/, "", key)
	if (!equals || key == "" || equals == length(word)) {
		wrong(at, "VARIES: \"" word "\" is no condition: write KEY=VALUE or KEY!=VALUE")
		return
	}
	if (key != "arm" && !(key in values)) {
		wrong(at, "VARIES: there is no parameter \"" key "\": arm, or one of " keys)
		return
	}
	list = key == "arm" ? arms : values[key]
	n = split(substr(word, equals + 1) "|", value, "|") - 1
	for (i = 1; i <= n; i++)
		if (value[i] == "")
			wrong(at, "VARIES: a value is missing in \"" word "\"")
		else if (list != "" && !among(value[i], list))
			wrong(at, "VARIES: \"" key "\" is never \"" value[i] "\": one of " list)
}

function check_varies(at, row,    rest, name, when, word, n, i)
{
	if (row !~ /^VARIES\( *"[^"]*" *, *(NULL|[A-Za-z_][A-Za-z0-9_]*|"[^"]*"( *"[^"]*")*) *, *[^ ,)].*\)$/) {
		wrong(at, "this row cannot be read: write VARIES(\"COUNT\", \"KEY=VALUE …\", \"why\")")
		return
	}
	split(row, word, "\"")
	name = word[2]
	if (!among(name, counts))
		wrong(at, "VARIES: there is no count \"" name "\": one of " counts)
	rest = substr(row, index(row, "\"" name "\"") + length(name) + 2)
	sub(/^ *, */, "", rest)
	if (rest ~ /^"/)
		match(rest, /^("[^"]*" *)+/)
	else
		match(rest, /^[A-Za-z0-9_]+/)
	when = text_of(substr(rest, 1, RLENGTH))
	if (when == "*unknown*")
		return
	n = split(when, word, " ")
	for (i = 1; i <= n; i++)
		check_word(at, word[i])
}

function check_directive(line,    word)
{
	if (match(line, /^#[ \t]*define[ \t]+[A-Za-z0-9_]+[ \t]+"/)) {
		split(line, word, /[ \t]+/)
		macro[line ~ /^#define/ ? word[2] : word[3]] = text_of(substr(line, RLENGTH))
		return
	}
	if (line !~ /^#[ \t]*(define|undef|include|if|ifdef|ifndef|elif|else|endif|error|pragma)([^A-Za-z0-9_]|$)/)
		wrong(FNR, "\"#\" begins no comment here: write /* … */")
}

# The line without comments of C; one may go on in the next.
function code_of(line,    end)
{
	if (commented) {
		end = index(line, "*/")
		if (!end)
			return ""
		line = substr(line, end + 2)
		commented = 0
	}
	while (line !~ /"[^"]*\/\*[^"]*"/ && (end = index(line, "/*"))) {
		if (!index(substr(line, end + 2), "*/")) {
			commented = 1
			line = substr(line, 1, end - 1)
			break
		}
		line = substr(line, 1, end - 1) " " \
			substr(line, end + 2 + index(substr(line, end + 2), "*/") + 1)
	}
	if (line !~ /"[^"]*\/\//)
		sub(/\/\/.*/, "", line)
	gsub(/^[ \t]+|[ \t]+$/, "", line)
	return line
}

# --- the scenario's parameters
NR == FNR {
	if (/struct scenario_param .*= \{/)
		inside = 1
	else if (/^\};/)
		inside = 0
	else if (inside && split($0, part, "\"") > 4) {
		keys = keys (keys == "" ? "" : " ") part[2]
		values[part[2]] = part[4] ~ /\|/ ? part[4] : ""
		gsub(/\|/, " ", values[part[2]])
	}
	next
}

# --- the table
{
	line = code_of($0)
	if (line == "")
		next
	if (row != "") {
		row = row " " line
	} else if (line ~ /^#/) {
		check_directive(line)
		next
	} else if (line ~ /^VARIES[ \t]*\(/) {
		row = line
		begun = FNR
	} else if (line ~ /^ARM[ \t]*\(/) {
		next
	} else {
		wrong(FNR, "this line cannot be read: a table has rows, ARM(…) and VARIES(…), and comments of C")
		next
	}
	if (row ~ /\)$/) {
		check_varies(begun, row)
		row = ""
	}
}

END {
	if (row != "")
		wrong(begun, "this row has no end: write VARIES(\"COUNT\", \"KEY=VALUE …\", \"why\")")
	exit bad
}
