#!/bin/sh
# SPDX-License-Identifier: MIT
# Looks for what the given purposes (build test check fuzz demo box) need. Nothing missing: silent, 0.
# Something missing: one message with the line to type, 1. With --install it types the line itself
# where it may: as root, on a system with apt-get.
set -u

install=no
missing=

# need PACKAGE COMMAND...: the package is missing if the command fails
need()
{
	package=$1
	shift
	"$@" >/dev/null 2>&1 && return
	case " $missing " in
	*" $package "*) ;;
	*) missing="$missing $package" ;;
	esac
}

program() { command -v "$1"; }
header() { printf '#include <%s>\n' "$1" | "$cc" -E -x c -; }
cross_header() { printf '#include <%s>\n' "$1" | "${CROSS_CC:-aarch64-linux-gnu-gcc}" -E -x c -; }
archive() { case $("$cc" -print-file-name="$1") in */*) ;; *) return 1 ;; esac; }

# Of the clang that there is; else of Debian's default one, which will be installed with it.
fuzzer_package()
{
	version=$("$clang" -dumpversion 2>/dev/null) || version=
	echo "libclang-rt-${version%%.*}-dev" | sed 's/--/-/'
}
fuzzer_runtime() { ls "$("$clang" -print-resource-dir)"/lib/*/libclang_rt.fuzzer*.a; }

browser() { program chromium || program chromium-browser || program google-chrome; }

static_busybox() { busybox=$(command -v busybox) && ! ldd "$busybox"; }

# need_lib PACKAGE HEADER ARCHIVE
need_lib()
{
	need "$1" header "$2"
	need "$1" archive "$3"
}

look()
{
	case $1 in
	build)
		case ${CC:-gcc} in *clang*) need clang program "${CC%% *}" ;; esac
		need gcc program gcc
		need libc6-dev header stdio.h
		need binutils program ld
		need binutils program objcopy
		need_lib libfdt-dev libfdt.h libfdt.a
		need libbsd-dev header bsd/sys/tree.h
		need_lib libcapstone-dev capstone/capstone.h libcapstone.a
		need_lib libjansson-dev jansson.h libjansson.a
		need_lib libxxhash-dev xxhash.h libxxhash.a
		;;
	test)
		need_lib check check.h libcheck_pic.a
		need libsubunit-dev archive libsubunit.so
		need_lib zlib1g-dev zlib.h libz.a
		;;
	check)
		look fuzz
		need clang program clang
		need clang-format program "${CLANG_FORMAT:-clang-format}"
		need gcc-aarch64-linux-gnu program "${CROSS_CC:-aarch64-linux-gnu-gcc}"
		need libc6-dev-arm64-cross cross_header stdlib.h
		need babeltrace2 program babeltrace2
		need jq program jq
		need gzip program gzip
		need protobuf-compiler program protoc
		need gdb program gdb
		need libxml2-utils program xmllint
		need perl perl -MTAP::Parser -e 1
		need mtd-utils program mkfs.jffs2
		need mtd-utils program jffs2dump
		need util-linux program unshare
		need patch program patch
		need device-tree-compiler program dtc
		need device-tree-compiler program fdtoverlay
		need npm program npm # uPlot for reports, playwright-core for their tests
		need nodejs program node
		need chromium browser
		need qemu-system-x86 program qemu-system-x86_64
		need qemu-system-arm program qemu-system-arm
		;;
	fuzz)
		need clang program "$clang"
		need "$(fuzzer_package)" fuzzer_runtime
		;;
	demo)
		need mtd-utils program mkfs.jffs2
		;;
	box)
		need qemu-system-x86 program qemu-system-x86_64
		need busybox-static static_busybox
		need cpio program cpio
		need util-linux program setpriv
		need util-linux program flock
		need dpkg program dpkg-deb
		need mawk program awk
		;;
	*)
		echo "deps.sh: unknown purpose '$1' (build test check fuzz demo box)" >&2
		exit 2
		;;
	esac
}

# mkfs.jffs2 lies in /usr/sbin, which an ordinary user's PATH may lack.
PATH=$PATH:/usr/sbin:/sbin
if [ "${1:-}" = --install ]; then
	install=yes
	shift
fi
purposes=$*

look_all()
{
	missing=
	cc=$(command -v "${CC:-gcc}" || echo gcc)
	clang=${CLANG:-clang}
	for purpose in $purposes; do
		look "$purpose"
	done
	[ -z "$missing" ]
}

look_all && exit 0
line="apt-get install -y --no-install-recommends$missing"
if [ $install = yes ] && [ "$(id -u)" = 0 ] && program apt-get >/dev/null; then
	echo "Installing what is missing: $line"
	log=$(mktemp)
	# The package lists may be old or absent on a fresh machine: look again only if that is so.
	if DEBIAN_FRONTEND=noninteractive $line >"$log" 2>&1 ||
	   { apt-get update && DEBIAN_FRONTEND=noninteractive $line; } >"$log" 2>&1; then
		rm -f "$log"
		look_all && exit 0
	else
		tail -n 20 "$log" >&2
		rm -f "$log"
	fi
fi
echo "Packages are missing:$missing. Type (as root): apt-get install -y --no-install-recommends$missing" >&2
exit 1
