#!/bin/bash
# Installs the Debian root that every host starts from, as a tar file.
#   root.sh OUTPUT.tar
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
source "$LAB_DIR/build/mirror.sh"
output=$1

packages=(systemd systemd-sysv libpam-systemd dbus openssh-server sudo
    iproute2 iputils-ping procps kmod ca-certificates less
    containerd runc containernetworking-plugins conntrack iptables ipset
    ebtables ethtool socat haproxy nginx-light etcd-server etcd-client
    unattended-upgrades)

root=$(mktemp -d "$(dirname "$output")/root.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
# mktemp makes it for root alone, and it becomes every host's /.
chmod 755 "$root"

include=$(IFS=,; echo "${packages[*]}")
debootstrap --variant=minbase --include="$include" "$(debian_codename)" "$root" "$(debian_mirror)"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar --one-file-system -C "$root" -cf "$output.part" .
mv "$output.part" "$output"
