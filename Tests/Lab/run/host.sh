#!/bin/bash
# Runs one host from power-on to power-off: `host.sh NAME`. It mounts the disk
# in a mount namespace of its own (see start_host), boots it with
# systemd-nspawn, and boots it again when the host reboots. SIGTERM is the
# power cut. Everything it made is gone when it ends.
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
source "$LAB_DIR/run/network.sh"
source "$LAB_DIR/run/cgroups.sh"
name=$1
set_topology "$(<"$LAB_STATE/topology")"
root=$LAB_STATE/hosts/$name
nspawn=
power=on
readonly reboot_status=133

cut_power() {
    power=off
    if [[ -n $nspawn ]]; then kill -KILL "$nspawn" 2>/dev/null || true; fi
}

finish() {
    end_cgroup_processes "$name" || true
    host_network_down "$name"
    remove_cgroups "$name"
    rm -f "$LAB_STATE/run/$name.nspawn"
    if mountpoint -q "$root"; then umount --lazy "$root"; fi
}

start_nspawn() {
    join_host_cgroups "$name"
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_NSPAWN_LOCK=0
    exec systemd-nspawn --quiet --boot --register=no --keep-unit --console=passive \
        --machine="$name" --directory="$root" --capability=all --link-journal=no \
        --system-call-filter="@keyring bpf perf_event_open" --bind=/dev/kmsg \
        --resolv-conf=off --timezone=off \
        --network-namespace-path="/run/netns/$(host_namespace "$name")"
}

# run_once: one boot; its status is nspawn's.
run_once() {
    local status
    host_cgroups_up "$name"
    host_network_up "$name"
    (start_nspawn) </dev/null &
    nspawn=$!
    echo "$nspawn" >"$LAB_STATE/run/$name.nspawn"
    status=0
    wait "$nspawn" || status=$?
    while kill -0 "$nspawn" 2>/dev/null; do
        status=0
        wait "$nspawn" || status=$?
    done
    nspawn=
    end_cgroup_processes "$name" || true
    host_network_down "$name"
    return "$status"
}

trap cut_power TERM INT
trap finish EXIT
mkdir -p "$root"
mount -o loop,noatime "$LAB_STATE/disks/running/$name.img" "$root"
while [[ $power == on ]]; do
    status=0
    run_once || status=$?
    echo "$(date -Is) $name ended with status $status"
    if ((status != reboot_status)); then break; fi
done
