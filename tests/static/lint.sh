#!/bin/sh
# SPDX-License-Identifier: MIT
# Rules of docs/architecture.md that grep can check: who may include whom, where assembly and
# printing may stand, a licence line in every file, scripts that any POSIX shell can run.
set -u
cd "$(dirname "$0")/../.." || exit 1

# rule TEXT FINDINGS: passes if there are none
rule()
{
	if [ -z "$2" ]; then
		echo "PASS: $1"
	else
		echo "FAIL: $1"
		printf '%s\n' "$2" | sed 's/^/      /'
	fi
}

# All source files, of this tree alone.
sources() { find "$@" -name '*.[chS]' | sort; }
scripts=$(find scripts tests .ci -type f ! -name '*.c' ! -name '*.h' -exec grep -l '^#!/bin/sh' {} + | sort)

without_licence()
{
	sources vmm arch guest devices tests | while read -r file; do
		head -n 1 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
	done
	for file in Makefile .clang-format $scripts $(find vmm tests -name '*.js' -o -name '*.mjs' -o -name '*.css' \
		-o -name '*.html'); do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
	done
}

not_posix()
{
	for file in $scripts; do
		sh -n "$file" 2>&1
	done
	if command -v checkbashisms >/dev/null; then
		# shellcheck disable=SC2086 # a list
		checkbashisms $scripts 2>&1
	fi
}

# The names under which the guest may fail.
undocumented_failures()
{
	grep -rhoE 'panic(_at)?\([^"]*"[^"]+"' guest arch/*/guest | sed -E 's/.*"([^"]+)"/\1/' | sort -u |
		while read -r name; do
			grep -qF "\`$name\`" docs/debugging.md || echo "$name"
		done
}

rule "every file names its licence" "$(without_licence)"
rule "the guest includes nothing of the VMM" \
	"$(grep -rn --include='*.[chS]' '#include "vmm/' guest arch/*/guest devices)"
rule "the VMM includes nothing of the guest" \
	"$(grep -rn --include='*.[ch]' '#include "guest/' vmm arch/*/vmm devices)"
rule "device models know no KVM, clock, thread or file" \
	"$(grep -rnE --include='*.[ch]' '#include <(linux/|time\.h|pthread\.h|stdio\.h|unistd\.h|sys/)' devices)"
rule "assembly stands in arch/ alone" \
	"$(grep -rnE --include='*.[ch]' '\b(__asm__|asm)\b *(volatile|goto)? *\(' vmm guest devices)"
rule "flushes are reported where they are executed" \
	"$(grep -rn --include='*.[ch]' -e KVL_EV_TLB_FLUSH -e KVL_EV_TLB_EVICT guest arch/*/guest | grep -v '^arch/[^/]*/guest/tlb\.c:')"
# process.c: a child between fork and exec may do nothing else
rule "only vmm/cli prints or exits" \
	"$(grep -rnE --include='*.c' '\b(printf|puts|putchar|perror|exit|_exit|abort) *\(' vmm arch/*/vmm devices |
		grep -vE '^vmm/cli/|^vmm/main\.c|^vmm/qemu/process\.c:[0-9]+:[[:space:]]*_exit\(127\)|^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)')"
rule "nothing is left to be done" \
	"$(grep -rnE --include='*.[chS]' --include='*.sh' --include='*.md' '\b(TODO|FIXME|XXX)\b' \
		vmm arch guest devices tests scripts docs README.md | grep -v '^tests/static/lint.sh')"
rule "no file of the program is longer than 600 lines" \
	"$(sources vmm arch guest devices | xargs wc -l | awk '$2 != "total" && $1 > 600')"
rule "every named failure is explained in docs/debugging.md" "$(undocumented_failures)"
rule "scripts are POSIX sh" "$(not_posix)"
exit 0
