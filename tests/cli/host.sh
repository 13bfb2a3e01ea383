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
