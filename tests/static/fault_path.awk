# SPDX-License-Identifier: MIT
# What of an architecture lies on the way of a page fault: a walk over the compiler's call graph (gcc
# -fcallgraph-info, static functions named with their file) and over the labels of assembly.
#
# Variables, lists of words: @ordinary, @area, @other: where a fault that is filled from init_mm, a fault in
# an area of the kernel, and the kernel without such areas begin. @ends: functions that are not followed.
# @instruments: files whose functions are not. @traps: callees of trap_dispatch that other traps have.
# @only_ordinary, @only_other: edges "caller>callee" that these do not take. @waits: functions of arch/ by
# which a fault may wait. Prints a row for each function: name, file, lines, and who needs it.

function field(name,    s)
{
	s = $0
	if (!match(s, name ": \"[^\"]*\""))
		return ""
	return substr(s, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
}

function add_edge(from, to)
{
	if (!((from, to) in known)) {
		known[from, to] = 1
		callees[from] = callees[from] " " to
	}
}

function set_of(words, set,    n, i, word)
{
	n = split(words, word, " ")
	for (i = 1; i <= n; i++)
		set[word[i]] = 1
}

# "file:line" of the definition.
function place(label)
{
	sub(/.*\\n/, "", label)
	sub(/:[0-9]+$/, "", label)
	sub(/^\.\//, "", label)
	return label
}

FILENAME ~ /\.ci$/ && /^node:/ && !/shape : ellipse/ { where[field("title")] = place(field("label")) }
FILENAME ~ /\.ci$/ && /^edge:/ { add_edge(field("sourcename"), field("targetname")) }

# Assembly: a paragraph is a function, of the name of its first label that is no number.
FILENAME ~ /\.S$/ && /^$/ { label = "" }
FILENAME ~ /\.S$/ && /^[a-z_][a-z0-9_]*:/ && label == "" {
	label = substr($1, 1, length($1) - 1)
	where[label] = FILENAME ":" FNR
}
FILENAME ~ /\.S$/ && label != "" {
	lines[label]++
	if ($1 == "call" || $1 == "jmp")
		add_edge(label, $2)
}

# Fills @reached with what is called from @roots, but for the edges @not.
function walk(roots, not, reached,    queue, callee, avoided, n, m, i, j)
{
	set_of(not, avoided)
	n = split(roots, queue, " ")
	for (i = 1; i <= n; i++) {
		if (!(queue[i] in where))
			missing = missing " " queue[i]
		reached[queue[i]] = 1
	}
	for (i = 1; i <= n; i++) {
		m = split(callees[queue[i]], callee, " ")
		for (j = 1; j <= m; j++) {
			if (callee[j] in reached || callee[j] in ended || is_instrument(callee[j]) ||
			    (queue[i] ">" callee[j]) in avoided ||
			    (queue[i] == "trap_dispatch" && callee[j] in of_other_traps))
				continue
			reached[callee[j]] = 1
			queue[++n] = callee[j]
		}
	}
}

function is_instrument(name,    file)
{
	file = where[name]
	sub(/:.*/, "", file)
	return file in instrument
}

# Lines of a C function: from its first to the brace in column one.
function length_of(name,    part, line, n, last)
{
	if (name in lines)
		return lines[name]
	split(where[name], part, ":")
	last = 0
	for (n = 1; (getline line < part[1]) > 0; n++)
		if (n >= part[2] && line ~ /^}/) {
			last = n
			break
		}
	close(part[1])
	return last - part[2] + 1
}

function bare(name)
{
	sub(/.*:/, "", name)
	return name
}

function who_needs(name)
{
	if (!(name in by_ordinary) && !(name in by_other))
		return "kernel areas alone"
	if (bare(name) in waiting)
		return "a fault that may wait"
	return name in by_ordinary ? "ordinary faults too" : "the rest of the kernel too"
}

END {
	set_of(ends, ended)
	set_of(instruments, instrument)
	set_of(traps, of_other_traps)
	set_of(waits, waiting)
	walk(ordinary, only_ordinary, by_ordinary)
	walk(ordinary " " area, "", by_area)
	walk(other, only_other, by_other)
	if (missing != "") {
		print "no such function:" missing >"/dev/stderr"
		exit 1
	}
	for (name in by_area)
		if (where[name] ~ /^arch\//) {
			file = where[name]
			sub(/:.*/, "", file)
			sub(/.*\//, "", file)
			print bare(name) "\t" file "\t" length_of(name) "\t" who_needs(name)
		} else if (name ~ /^(arch_|tlb_cpu_)/) # there is no arch/ of it
			print name "\t-\t-\t" who_needs(name)
}
