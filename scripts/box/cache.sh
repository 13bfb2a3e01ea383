# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # kvmbox sets busybox, parts, cache, cache_advice
# For scripts/kvmbox: the box's kernel and initramfs, made once and kept under $cache by content:
#
#   kernel-HASH/      of the Debian package with this sha256: vmlinuz, modules/, modules/order
#   initramfs-HASH    of this kernel, this busybox and this init
#   lock              held by who makes one of them
#
# What lies there under these names is complete. Only a cache without a kernel needs the network.

box_modules="virtio_pci virtio_blk virtio_console overlay kvm-amd"
meta_package=linux-image-cloud-amd64

# find_kernel: sets kernel to the folder of the cache's kernel, false if there is none
find_kernel()
{
	set +f
	for kernel in "$cache"/kernel-*; do
		[ -d "$kernel" ] && break
	done
	set -f
	[ -d "$kernel" ]
}

find_initramfs()
{
	initramfs=$cache/initramfs-$(cat "$busybox" "$parts/init" "$parts/cache.sh" \
		"$kernel/modules/order" | sha256sum - | cut -c 1-16)-${kernel##*-}
	[ -f "$initramfs" ]
}

# apt COMMAND...: as root without the switch to another user, who could not write here
apt() { setpriv --pdeathsig TERM apt-get -qq -o APT::Sandbox::User=root "$@" >>"$new/log" 2>&1; }

# download_kernel: the package that the meta package stands for, as $new/*.deb; apt verifies it
download_kernel()
{
	package=$(apt-cache depends "$meta_package" 2>>"$new/log" |
		sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)$/\1/p' | head -n 1)
	[ -n "$package" ] && (cd "$new" && apt download "$package")
}

# module_order RELEASE: the modules' paths, each behind all that it needs
module_order()
{
	(cd "$new/x" && busybox depmod -b . "$1") || return
	for module in $box_modules; do
		sed -n "s,^\(.*/$module\.ko\):\(.*\),\1\2,p" "$new/x/lib/modules/$1/modules.dep" |
			tr ' ' '\n' | sed '1!G; h; $!d'
	done | sed '/^$/d' | awk '!seen[$0]++'
}

# unpack_kernel: from $new/*.deb to $new/kernel, of which only what the box needs
unpack_kernel()
{
	set +f
	{ dpkg-deb -x "$new"/*.deb "$new/x" && mkdir -p "$new/kernel/modules"; } || return
	mv "$new"/x/boot/vmlinuz-* "$new/kernel/vmlinuz" || return
	release=$(basename "$new"/x/lib/modules/*)
	hash=$(cat "$new"/*.deb | sha256sum - | cut -c 1-16)
	set -f
	module_order "$release" >"$new/order"
	while read -r module; do
		mv "$new/x/lib/modules/$release/$module" "$new/kernel/modules" || return
	done <"$new/order"
	sed 's,.*/,,' "$new/order" >"$new/kernel/modules/order"
	[ "$(grep -c -e '^kvm-amd.ko$' -e '^virtio_console.ko$' "$new/kernel/modules/order")" = 2 ]
}

make_kernel()
{
	# The lists may be absent on a fresh machine.
	if ! download_kernel; then
		{ [ "$(id -u)" = 0 ] && apt update && download_kernel; } ||
			cannot "no kernel in $cache, and apt-get cannot download $meta_package ($(
				grep '^E:' "$new/log" | head -n 1)): run it once with network"
	fi
	unpack_kernel || cannot "$package from apt-get is not a kernel with modules $box_modules"
	mv "$new/kernel" "$cache/kernel-$hash"
	kernel=$cache/kernel-$hash
}

# make_initramfs: busybox under all its names for the command (base) and for init (bin)
make_initramfs()
{
	tree=$new/tree
	mkdir -p "$tree/dev" "$tree/proc" "$tree/sys" "$tree/box" "$tree/base/etc" \
		"$tree/base/usr/bin" "$tree/base/usr/sbin" "$tree/base/usr/lib" "$tree/base/usr/lib64" \
		"$tree/base/dev" "$tree/base/proc" "$tree/base/sys" "$tree/base/run" \
		"$tree/base/root" "$tree/base/tmp" "$tree/base/var/tmp"
	cp "$parts/init" "$tree/init" && cp -R "$kernel/modules" "$tree/modules" &&
		cp "$busybox" "$tree/base/usr/bin/busybox" || return
	chmod 755 "$tree/init" "$tree/base/usr/bin/busybox"
	for name in $("$busybox" --list); do
		[ "$name" = busybox ] || ln -s busybox "$tree/base/usr/bin/$name"
	done
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$tree/base/$name"
	done
	ln -s base/usr/bin "$tree/bin"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/base/etc/passwd"
	echo 'root:x:0:' >"$tree/base/etc/group"
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$new/initramfs" || return
	mv "$new/initramfs" "$initramfs"
}

# The lock goes with the descriptor, so that no death can keep it.
make_missing()
{
	flock 9
	set +f
	rm -rf "$cache"/new.*
	set -f
	new=$cache/new.$$
	mkdir "$new" || exit 77
	trap 'rm -rf "$new"' EXIT
	find_kernel || make_kernel
	find_initramfs || make_initramfs || cannot "cannot make $initramfs"
}

# fill_cache: sets kernel and initramfs
fill_cache()
{
	find_kernel && find_initramfs && return
	why=$({ mkdir -p "$cache" && : >>"$cache/lock"; } 2>&1) ||
		cannot "cannot make kernel and initramfs in $cache (${why##*: }): $cache_advice"
	# In the background: a trap waits for what runs in the foreground.
	make_missing 9>"$cache/lock" &
	maker=$!
	wait "$maker" || exit
	maker=
	{ find_kernel && find_initramfs; } || cannot "$cache lacks what was just made"
}
