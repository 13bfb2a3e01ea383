#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the tables of arms before anything is compiled with them: guest/scenario/SCENARIO.arms, and those
# of a folder outside the tree (make ARMS=DIR; docs/adding-an-arm.md). Leaves in OUT, each touched only
# when it becomes another:
#
#   OUT/list                           the arms and the folder's files: on this, what is built depends
#   OUT/guest/scenario/SCENARIO.arms   the rows of the tree, and behind them those of such a table in DIR;
#                                      found before the tree's own (Makefile)
#
#   scripts/arms.sh OUT [DIR]
set -u
cd "$(dirname "$0")/.." || exit 1
tree=guest/scenario
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# wrong WHAT...: a line for each mistake; the script goes on to find the others
wrong()
{
	echo "arms: $*" >&2
	bad=1
}

# set_file FILE: takes stdin
set_file()
{
	mkdir -p "$(dirname "$1")"
	cat >"$work/new"
	cmp -s "$work/new" "$1" || cp "$work/new" "$1"
}

tables() { find "$1" -maxdepth 1 -name '*.arms' | LC_ALL=C sort; }
scenarios() { tables $tree | sed 's|.*/||; s|\.arms$||'; }

# The ops of every scenario's own arms, which another scenario may have in its table, too.
lent()
{
	for table in $(tables $tree) ${dir:+$(tables "$dir")}; do
		scenario=$(basename "$table" .arms)
		sed -n "s/^ARM(\"[^\"]*\", *\(${scenario}_[A-Za-z0-9_]*\),.*/\1/p" "$table"
	done | paste -s -d ' '
}

# rows TABLE: "scenario name ops table:line" for each row that can be read
rows()
{
	LC_ALL=C awk -v table="$1" -v limit="$limit" -v lent="$lent" '
	function wrong(text)
	{
		printf "arms: %s:%d: %s\n", table, NR, text >"/dev/stderr"
		bad = 1
	}
	BEGIN {
		scenario = table
		sub(/.*\//, "", scenario)
		sub(/\.arms$/, "", scenario)
		form = "ARM(\"name\", " scenario "_name, \"what it is\"), on one line"
	}
	/^[ \t]*ARM[ \t]*\(/ {
		if ($0 !~ /^ARM\("[^"]*", *[A-Za-z0-9_]+, *"[^"]+"\)$/) {
			wrong("this row cannot be read: write " form)
			next
		}
		split($0, part, "\"")
		name = part[2]
		ops = part[3]
		gsub(/[, ]/, "", ops)
		if (name !~ /^[a-z0-9][a-z0-9-]*$/)
			wrong("arm \"" name "\": a name consists of a-z, 0-9 and -: choose such a one")
		else if (length(name) >= limit)
			wrong("arm \"" name "\" has " length(name) " characters, and " limit - 1 \
				" is the most: shorten it")
		else if (index(ops, scenario "_") != 1 && index(" " lent " ", " " ops " ") == 0)
			wrong("arm \"" name "\": ops and file of an arm of this scenario begin with " \
				scenario "_: write " form)
		else
			print scenario, name, ops, table ":" NR
	}
	END { exit bad }' "$1"
}

# twice FIELD: rows that have it in common with an earlier one, of the same scenario
twice()
{
	LC_ALL=C awk -v field="$1" '($1, $field) in seen { print $field, seen[$1, $field], $4 }
		{ seen[$1, $field] = $4 }' "$work/rows"
}

# defined FOLDER...: "file type name" of each struct of its .c files that is const, and there for other files
defined()
{
	find "$@" -maxdepth 1 -name '*.c' -exec awk '
	/^const struct [A-Za-z0-9_]* [A-Za-z0-9_]*[ =]/ {
		sub(/=.*/, "", $4)
		print FILENAME, $3, $4
	}' {} +
}

# A row needs a file of its ops' name beside its table, that defines them; of another scenario's, in the tree.
check_row()
{
	file=${4%/*}/$3.c
	[ -f "$file" ] || [ "${3#"$1"_}" != "$3" ] || file=$tree/$3.c
	if [ ! -f "$file" ]; then
		wrong "$4: arm \"$2\" needs the file $file: write it, or take the row away"
	elif ! grep -F "$file " "$work/defined" | grep -q " $3\$"; then
		wrong "$file: defines no ops for the row $4: it needs a 'const struct …_ops $3 = {'" \
			"at the start of a line, not static"
	fi
}

# "type scenario": what the ops of each scenario's arms are, as those of the tree show
types()
{
	LC_ALL=C awk '
	FILENAME ~ /rows$/ {
		folder = $4
		sub(/[^\/]*$/, "", folder)
		scenario[folder $3 ".c", $3] = $1
		next
	}
	($1, $3) in scenario { print $2, scenario[$1, $3] }' "$work/rows" "$work/defined" | sort -u
}

# An arm that no table names would be built and never found: ops of an arm's type have a row, and so has a
# file outside the tree that is called as one.
unlisted()
{
	LC_ALL=C awk -v dir="$dir" -v scenarios="$(scenarios | paste -s -d ' ')" '
	# of FILE OPS SCENARIO
	function of(file, ops, scenario,   folder)
	{
		folder = file
		sub(/\/[^\/]*$/, "", folder)
		if (!(ops in row))
			printf "%s: %s has no row: add ARM(\"name\", %s, \"what it is\") to %s/%s.arms\n",
				file, ops, ops, folder, scenario
	}
	FILENAME ~ /rows$/ { row[$3]; next }
	FILENAME ~ /types$/ { types[$1] = types[$1] " " $2; next }
	FILENAME ~ /defined$/ {
		n = split(types[$2], scenario, " ")
		named = 0
		for (i = 1; i <= n; i++)
			named += index($3, scenario[i] "_") == 1
		for (i = 1; i <= n; i++)
			if (!named || index($3, scenario[i] "_") == 1)
				of($1, $3, scenario[i])
		next
	}
	{ # a list of the files outside the tree
		name = $1
		sub(/.*\//, "", name)
		sub(/\.c$/, "", name)
		n = split(scenarios, scenario, " ")
		for (i = 1; i <= n; i++)
			if (index(name, scenario[i] "_") == 1)
				of($1, name, scenario[i])
	}' "$work/rows" "$work/types" "$work/defined" "$work/outside" | LC_ALL=C sort -u
}

# Everything else in TABLE.
check_rest()
{
	scenario=$(basename "$1" .arms)
	LC_ALL=C awk -v counts="$counts" \
		-v arms="$(awk -v of="$scenario" '$1 == of { print $2 }' "$work/rows" | paste -s -d ' ')" \
		-f scripts/arms_varies.awk "$tree/$scenario.c" "$1" || bad=1
}

# said FILE: its lines, as wrong() says them
said()
{
	while read -r text; do
		wrong "$text"
	done <"$1"
}

# The folder itself, before what is in it.
check_folder()
{
	if [ ! -d "$dir" ]; then
		wrong "ARMS=$dir: there is no such folder: name one that holds arms" \
			"(docs/adding-an-arm.md)"
		return
	fi
	[ -n "$(tables "$dir")" ] ||
		wrong "ARMS=$dir: the folder has no table: write $dir/SCENARIO.arms," \
			"SCENARIO one of $(scenarios | paste -s -d ' ')"
	for table in $(tables "$dir"); do
		[ -f "$tree/${table##*/}" ] ||
			wrong "$table: no scenario of that name has arms:" \
				"name it after one of $(scenarios | paste -s -d ' ')"
	done
}

if [ $# -gt 2 ]; then
	wrong "ARMS='$(shift && echo "$*")': one folder, and no space in its path"
	exit 1
fi
out=$1 dir=${2:-}
counts=$(sed -n '/^#define KERNEL_COUNTERS/,/^$/s/.*X([A-Z_]*, "\([a-z_]*\)").*/\1/p' guest/kernel.h |
	paste -s -d ' ')
limit=$(sed -n 's/^#define KVL_ARM_NAME_BYTES \([0-9]*\).*/\1/p' devices/abi/catalog.h)
[ -z "$dir" ] || check_folder
[ $bad = 0 ] || exit 1
lent=$(lent)

for table in $(tables $tree) ${dir:+$(tables "$dir")}; do
	rows "$table" || echo "$table" >>"$work/unreadable"
done >"$work/rows"
[ ! -e "$work/unreadable" ] || exit 1
{
	twice 2 | while read -r name first again; do
		echo "$again: there is an arm \"$name\" already, $first: choose another name"
	done
	twice 3 | while read -r ops first again; do
		echo "$again: $ops is taken, $first: choose another name, also for the file"
	done
} >"$work/twice"
said "$work/twice"
defined $tree ${dir:+"$dir"} >"$work/defined"
while read -r scenario name ops where; do
	check_row "$scenario" "$name" "$ops" "$where"
done <"$work/rows"
for table in $(tables $tree) ${dir:+$(tables "$dir")}; do
	check_rest "$table"
done
types >"$work/types"
: >"$work/outside"
[ -z "$dir" ] || find "$dir" -maxdepth 1 -name '*.c' >"$work/outside"
unlisted >"$work/unlisted"
said "$work/unlisted"
[ $bad = 0 ] || exit 1

for scenario in $(scenarios); do
	{
		echo "#include <$tree/$scenario.arms>"
		[ ! -f "$dir/$scenario.arms" ] || printf '#include "%s"\n' "$(realpath "$dir")/$scenario.arms"
	} | set_file "$out/$tree/$scenario.arms"
done
{
	cut -d : -f 1 "$work/rows"
	[ -z "$dir" ] || ls "$dir"/*.c
} | set_file "$out/list"
