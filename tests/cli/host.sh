#!/bin/sh
# SPDX-License-Identifier: MIT
# Hosts that cannot: /dev/kvm missing, or closed to this user. Exit status 3, a message for each.
. "$(dirname "$0")/common"

# In a mount namespace where /dev is empty.
# shellcheck disable=SC2016 # expanded inside
bare='mount -t tmpfs none /dev && exec "$@"'
for namespace in -m -rm none; do
	unshare $namespace true 2>/dev/null && break
done
if [ $namespace = none ]; then
	skip "no /dev/kvm: this user may not make a mount namespace"
else
	expect "no /dev/kvm" 3 "/dev/kvm does not exist.*modprobe" \
		unshare $namespace sh -c "$bare" sh "$kvalab" run hello
	# /dev stays as it is but for kvm: QEMU needs the rest
	# shellcheck disable=SC2016 # expanded inside
	no_kvm='mount --bind /dev/null /dev/kvm && exec "$@"'
	if [ ! -e /dev/kvm ]; then
		no_kvm='exec "$@"'
	fi
	if command -v qemu-system-x86_64 >/dev/null; then
		expect "--engine auto without KVM takes QEMU" 0 \
			"engine: qemu \\(.*qemu-system-x86_64\\), because /dev/kvm" \
			unshare $namespace sh -c "$no_kvm" sh "$kvalab" run hello --engine auto
	else
		skip "--engine auto without KVM takes QEMU: qemu-system-x86 is not installed"
	fi
	mkdir "$work/empty"
	expect "--engine auto with neither" 3 "no engine can run a guest here: .*kvm.*; .*is not in PATH" \
		unshare $namespace sh -c "$no_kvm" sh env PATH="$work/empty" "$kvalab" run hello --engine auto
	expect "probe without /dev/kvm" 3 "/dev/kvm does not exist" \
		unshare $namespace sh -c "$bare" sh "$kvalab" probe
fi

cp "$kvalab" "$work/kvalab"
if [ ! -c /dev/kvm ]; then
	skip "/dev/kvm closed: there is none"
elif [ "$(id -u)" != 0 ]; then
	if [ -w /dev/kvm ]; then
		skip "/dev/kvm closed: it is open to this user, and only root can become another"
	else
		expect "/dev/kvm closed" 3 "/dev/kvm is closed" "$work/kvalab" run hello
	fi
elif setpriv --reuid=65534 --regid=65534 --clear-groups test -w /dev/kvm; then
	skip "/dev/kvm closed: it is open to everybody here"
else
	expect "/dev/kvm closed" 3 "/dev/kvm is closed: mode [0-7]+, .*(run as|join the group)" \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$work/kvalab" run hello
fi
