#!/bin/bash
# Makes the ext4 image that every host's disk is a copy of.
#   host-image.sh ROOT_TAR IMAGES DEBS OUTPUT
# The container images are imported by the host's own containerd.
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
root_tar=$1 images=$2 debs=$3 output=$4
root=$(mktemp -d)
containerd_pid=

finish() {
    if [[ -n $containerd_pid ]]; then
        kill "$containerd_pid" 2>/dev/null && wait "$containerd_pid" || true
    fi
    if mountpoint -q "$root"; then umount --recursive "$root"; fi
    rmdir "$root"
}
trap finish EXIT

make_disk() {
    rm -f "$output.part"
    truncate -s 16G "$output.part"
    mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0 -J size=64 "$output.part"
    mount -o loop "$output.part" "$root"
    tar -C "$root" -xf "$root_tar"
}

install_files() {
    cp -rT --no-preserve=ownership "$LAB_DIR/host/files" "$root"
    mkdir -p "$root/srv/apt"
    cp "$debs"/* "$root/srv/apt/"
    rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/etc/resolv.conf"
    : >"$root/etc/machine-id"
    : >"$root/etc/resolv.conf"
    : >"$root/etc/apt/sources.list"
    rm -rf "$root/etc/apt/sources.list.d" "$root/etc/cni/net.d"
    mkdir -p "$root/etc/apt/sources.list.d" "$root/etc/cni/net.d"
}

# Nothing runs by itself that a node would not have, or that would take the
# dpkg lock at a time of its own choosing.
choose_units() {
    local unit
    for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
        systemd-networkd.service systemd-networkd-wait-online.service getty.target \
        console-getty.service sys-kernel-config.mount sys-kernel-debug.mount; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    chroot "$root" systemctl --quiet disable etcd.service haproxy.service nginx.service
    chroot "$root" systemctl --quiet enable lab-early.service containerd.service ssh.service
    chroot "$root" systemctl --quiet set-default multi-user.target
}

import_images() {
    local address=/run/import.sock image tries
    mkdir -p "$root/mnt/images"
    mount --bind "$images" "$root/mnt/images"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$root/run/import.toml"
    chroot "$root" containerd --config /run/import.toml --address "$address" \
        --state /run/import >"$output.log" 2>&1 &
    containerd_pid=$!
    for ((tries = 0; tries < 100; tries++)); do
        if [[ -S $root$address ]]; then break; fi
        sleep 0.1
    done
    for image in "$images"/*.tar; do
        chroot "$root" ctr --address "$address" -n k8s.io images import \
            "/mnt/images/${image##*/}" >>"$output.log"
    done
    kill "$containerd_pid" && wait "$containerd_pid" || true
    containerd_pid=
    umount "$root/dev" "$root/proc" "$root/mnt/images"
    rm -rf "$root"/run/import* "$root/mnt/images"
}

make_disk
install_files
choose_units
import_images
umount "$root"
mv "$output.part" "$output"
