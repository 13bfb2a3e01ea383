#!/bin/sh
# SPDX-License-Identifier: MIT
# "The VM wouldn't care" (seed row L4): guest/mm/ is compiled, with the flags of the guest, in two copies of the tree,
# one that has no arm of pfn but sw-bit, and no memory beside page tables (guest/mm/pt_side.*), and one that has none
# but side-table. All objects but that memory's own must be the same, byte for byte, debugging information stripped
# (it names the folder); and none may refer to what an arm or that memory defines. Then differences are planted, each
# of which must be found.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${CC:?run by make}" "${GUEST_CFLAGS:?run by make}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$(echo "$GUEST_CFLAGS" | sed 's/-MMD -MP//')

# tree NAME ARM: a copy of what guest/mm/ is made from, with this arm alone, in $work/NAME
tree()
{
	mkdir -p "$work/$1/devices" "$work/$1/o"
	cp -r guest arch "$work/$1"
	cp -r devices/abi "$work/$1/devices"
	sed -i "/^ARM(/{/^ARM(\"$2\"/!d}" "$work/$1/guest/scenario/pfn.arms"
	sed -n 's/^ARM([^,]*, \([a-z_]*\),.*/\1/p' guest/scenario/pfn.arms | while read -r ops; do
		grep -q "$ops" "$work/$1/guest/scenario/pfn.arms" || rm "$work/$1/guest/scenario/$ops.c"
	done
}

# compile NAME FILES...: to $work/NAME/o. False, with the reason in $work/log: one cannot be
compile()
{
	(
		cd "$work/$1" || exit
		shift
		# shellcheck disable=SC2016 # is expanded there
		printf '%s\n' "$@" | CC=$CC FLAGS=$flags xargs -P "$(nproc)" -n 1 sh -c '
			o=o/$(basename "$1" .c).o
			rm -f "$o"
			$CC $FLAGS -c -o "$o" "$1" && objcopy --strip-debug "$o"' sh
	) >"$work/log" 2>&1
}

# differ: what is not as it must be, of all objects
differ()
{
	for o in $(find "$work"/*/o -name '*.o' -exec basename {} \; | sort -u); do
		cmp -s "$work/sw-bit/o/$o" "$work/side-table/o/$o" || echo "$o differs"
	done | grep -v '^pt_side.o '
	nm -A -u "$work"/*/o/*.o | sed "s,^$work/,," | grep -v '/pt_side.o:' | awk '
		NR == FNR { defined[$1] = 1; next }
		$NF in defined { print $1, "refers to " $NF }' "$work/own" -
}

# planted TEXT: guest/mm/pfn_others.c with what stdin adds to it is found
planted()
{
	for one in sw-bit side-table; do
		cp guest/mm/pfn_others.c "$work/$one/guest/mm"
	done
	tee -a "$work/sw-bit/guest/mm/pfn_others.c" >>"$work/side-table/guest/mm/pfn_others.c"
	if ! compile side-table guest/mm/pfn_others.c; then
		echo "FAIL: a difference cannot be planted: $1: $(head -n 1 "$work/log")"
		return
	fi
	# What does not compile leaves no object.
	compile sw-bit guest/mm/pfn_others.c
	if [ -n "$(differ)" ]; then
		echo "PASS: a planted difference is found: $1"
	else
		echo "FAIL: a planted difference is not found: $1"
	fi
}

tree sw-bit sw-bit
tree side-table side-table
rm "$work/sw-bit/guest/mm/pt_side.c" "$work/sw-bit/guest/mm/pt_side.h"
sed -n 's/^ARM([^,]*, \([a-z_]*\),.*/\1/p' guest/scenario/pfn.arms >"$work/own"
for one in sw-bit side-table; do
	# shellcheck disable=SC2046 # names without blanks
	if ! compile $one $(cd "$work/$one" && ls guest/mm/*.c); then
		echo "FAIL: with arm $one alone, guest/mm/ does not compile: $(head -n 1 "$work/log")"
		exit 0
	fi
done
nm -g --defined-only "$work/side-table/o/pt_side.o" | awk '{ print $NF }' >>"$work/own"
differ >"$work/found"
if [ -s "$work/found" ]; then
	echo "FAIL: guest/mm/ knows which rule is in use:"
	sed 's/^/      /' "$work/found"
else
	echo "PASS: $(find "$work/sw-bit/o" -name '*.o' | wc -l) objects of guest/mm/ are the same for sw-bit and side-table"
fi

planted "asks for an arm of the table" <<'END'
#include "guest/scenario/pfn.h"
bool planted(void);
bool planted(void)
{
	return page_rule == &pfn_side_table;
}
END
planted "asks for an arm by its symbol" <<'END'
extern const struct page_rule pfn_side_table;
bool planted(void);
bool planted(void)
{
	return page_rule == &pfn_side_table;
}
END
planted "does as the table says" <<'END'
#define ARM(name, ops, about) name
#define VARIES(count, when, why)
const char *planted(void);
const char *planted(void)
{
	return
#include "guest/scenario/pfn.arms"
		;
}
END
planted "asks for memory beside page tables" <<'END'
u64 pt_side_bytes(void);
u64 planted(void);
u64 planted(void)
{
	return pt_side_bytes();
}
END
