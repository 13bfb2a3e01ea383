# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # kvmbox sets kvalab, cache, cwd
# For scripts/kvmbox: what travels into the box, what may travel out, and the script that the box
# runs. The box sees each file under the path that it has here, symbolic links on the way included.
# Lists are variables of lines; a word with a line break in it is no path.

travel_limit=$((512 << 20)) # bytes: files lie in the box's memory
nl='
'
links=$nl files=$nl directories=$nl paths=$nl

# resolve PATH: sets real to where it leads (the last parts need not exist), notes the links passed
resolve()
{
	case $1 in /*) rest=$1 ;; *) rest=$cwd/$1 ;; esac
	real='' hops=0
	while [ -n "$rest" ]; do
		part=${rest%%/*}
		case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
		case $part in
		'' | .) continue ;;
		..)
			real=${real%/*}
			continue
			;;
		esac
		if [ -L "$real/$part" ] && [ $hops -lt 40 ]; then
			hops=$((hops + 1))
			links=$links$real/$part$nl
			target=$(readlink "$real/$part")
			case $target in /*) real= ;; esac
			rest=$target/$rest
		else
			real=$real/$part
		fi
	done
}

# foreign PATH: the box has its own
foreign()
{
	case $1/ in
	/ | /proc/* | /sys/* | /dev/*) true ;;
	*) false ;;
	esac
}

# bring PATH: an existing file with what it needs to run, or a directory
bring()
{
	resolve "$1"
	case $nl$files in *"$nl$real$nl"*) return ;; esac
	foreign "$real" && return
	files=$files$real$nl
	[ -f "$real" ] && [ -x "$real" ] && bring_needs "$real"
}

# bring_needs PROGRAM: its interpreter, or its shared libraries
bring_needs()
{
	if [ "$(head -c 2 "$1" | tr '\0' ' ')" = "#!" ]; then
		bring_interpreter "$1"
		return
	fi
	# ldd fails where there is nothing to bring: static programs, data.
	for library in $(ldd "$1" 2>/dev/null | sed -n 's,^\(.*=> \|[[:space:]]*\)\(/[^ ]*\) (0x.*,\2,p'); do
		bring "$library"
		bring /etc/ld.so.cache
	done
}

# bring_interpreter SCRIPT: what its first line names
bring_interpreter()
{
	# shellcheck disable=SC2046 # words on purpose
	set -- $(sed -n '1s/^#! *//p' "$1")
	case ${1-} in
	*/env)
		bring_program "$1"
		shift
		;;
	esac
	[ $# = 0 ] || bring_program "$1"
}

# find_program NAME: sets program to a file of PATH, false if there is none
find_program()
{
	saved=$IFS
	IFS=:
	for folder in $PATH; do
		program=${folder:-.}/$1
		if [ -f "$program" ] && [ -x "$program" ]; then
			IFS=$saved
			return 0
		fi
	done
	IFS=$saved
	return 1
}

# bring_program NAME: from where this host has it, else busybox must have it; sets program to what
# has to be called: a path where there is one, because busybox prefers itself to all of PATH
bring_program()
{
	program=$1
	case $1 in
	kvalab)
		[ -x "$kvalab" ] || usage "there is no $kvalab: build it first (make)"
		program=$kvalab
		return
		;;
	*/*)
		[ -e "$1" ] || usage "there is no $1"
		bring "$1"
		return
		;;
	esac
	if find_program "$1"; then
		bring "$program"
	elif "$busybox" --list | grep -qxF -e "$1"; then
		program=$1
	else
		usage "no program $1 in PATH, nor in busybox: give its path"
	fi
}

# bring_with WORD: a program by its name, or any file or directory by its path
bring_with()
{
	case $1 in
	*/*) bring_program "$1" ;;
	*) if ! find_program "$1" && [ -e "$1" ]; then bring "$1"; else bring_program "$1"; fi ;;
	esac
}

# name_path WORD: if it may be a path: what is there travels in, what will be there out
name_path()
{
	case $1 in '' | -* | *"$nl"*) return ;; esac
	resolve "$1"
	foreign "$real" && return
	parent=${real%/*}
	[ -d "${parent:-/}" ] || return
	paths=$paths$real$nl
	directories=$directories$parent$nl
	if [ -f "$real" ] || [ -d "$real" ]; then
		bring "$real"
	fi
}

# name_argument ARGUMENT: itself and its pieces between = and ,; a flash file has a sidecar, FILE.nv
name_argument()
{
	name_path "$1"
	case $1 in *[=,]*) ;; *) return ;; esac
	saved=$IFS before=
	IFS='=,'
	for piece in $1; do
		IFS=$saved
		name_path "$piece"
		[ "$before" != file ] || name_path "$piece.nv"
		before=$piece
	done
	IFS=$saved
}

# sizes: a line for each file that travels in
sizes()
{
	printf %s "$files" | while read -r path; do
		[ -z "$path" ] || find "$path" -path "$cache" -prune -o -type f -printf '%s\n'
	done
}

# pack: the tar of all that travels in, on stdout
pack()
{
	if ! sizes | awk -v limit=$travel_limit '{ sum += $1 } sum > limit { exit 1 }'; then
		usage "more than $((travel_limit >> 20)) MiB would travel into the box; the largest of$(
			printf %s "$files" | tr '\n' '\0' | du -s --apparent-size --files0-from=- 2>/dev/null |
				sort -rn | sed -n '1s/^[0-9]*\t/ the paths named is /p'): name less"
	fi
	printf '%s%s' "$links" "$files" | sed -n 's,^/,,p' | sort -u |
		tar -cf - -C / --owner=0 --group=0 --numeric-owner --warning=no-file-ignored \
			--exclude="${cache#/}" --verbatim-files-from -T -
}

# quote WORD: sets quoted to what the shell reads as this word
quote()
{
	quoted='' word=$1
	while :; do
		case $word in
		*\'*) quoted=$quoted${word%%\'*}"'\\''" word=${word#*\'} ;;
		*) break ;;
		esac
	done
	quoted="'$quoted$word'"
}

# environment: the variables that the command gets, quoted for env
environment()
{
	quote "PATH=${kvalab%/*}:$PATH"
	printf '%s HOME=/root ' "$quoted"
	for name in $(env | sed -n 's/^\(OUT\|KVALAB_[A-Za-z0-9_]*\|TEST_[A-Za-z0-9_]*\)=.*/\1/p'); do
		eval "quote \"$name=\${$name-}\""
		printf '%s ' "$quoted"
	done
}

# box_list NAME LINES: a shell function that prints these lines
box_list()
{
	quote "$(printf %s "$2" | sed '/^$/d' | sort -u)"
	printf "%s() { printf '%%s\\\\n' %s | sed '/^\$/d'; }\\n" "$1" "$quoted"
}

# box_script COMMAND...: read by the box's init for the lists, then by a shell to run the command
box_script()
{
	box_list named_paths "$paths"
	box_list named_directories "$directories"
	# shellcheck disable=SC2016 # expanded in the box
	printf '%s\n' '[ -z "$in_init" ] || return 0'
	quote "$cwd"
	printf 'exec 3<&-; umask %s; cd %s || exit 126\n' "$(umask)" "$quoted"
	printf 'exec env -i %s' "$(environment)"
	for argument in "$@"; do
		quote "$argument"
		printf ' %s' "$quoted"
	done
	echo
}

# receive: unpacks the results' tar, of which only what lies under the paths named may be in it
receive()
{
	[ -s /dev/fd/5 ] || return 0
	strangers=$(tar -t --quoting-style=literal -f /dev/fd/5 | paths=$paths awk '
	BEGIN { n = split(ENVIRON["paths"], path, "\n") }
	{
		for (i = 1; i <= n; i++)
			if (path[i] != "" && index("/" $0 "/", path[i] "/") == 1)
				next
		print
	}')
	if [ -n "$strangers" ]; then
		echo "kvmbox: the box sends what nobody named: $strangers" >&2
		return 1
	fi
	tar -x -f /dev/fd/5 -C / --overwrite --keep-directory-symlink --same-permissions \
		--no-same-owner
}
