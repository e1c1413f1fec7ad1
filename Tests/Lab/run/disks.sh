# Disks: one XFS file in the cache holds the base image, the snapshot of a
# freshly built cluster and the disks of the running hosts, all sharing blocks.
# shellcheck shell=bash

LAB_DISKS=$LAB_STATE/disks
LAB_DISKS_FILE=$LAB_CACHE/disks.xfs

mount_disks() {
    if mountpoint -q "$LAB_DISKS"; then return; fi
    mkdir -p "$LAB_DISKS" "$LAB_CACHE"
    if [[ ! -e $LAB_DISKS_FILE ]]; then
        rm -f "$LAB_DISKS_FILE.part"
        truncate -s 60G "$LAB_DISKS_FILE.part"
        mkfs.xfs -q -m reflink=1 "$LAB_DISKS_FILE.part"
        mv "$LAB_DISKS_FILE.part" "$LAB_DISKS_FILE"
    fi
    mount -o loop,noatime "$LAB_DISKS_FILE" "$LAB_DISKS"
}

unmount_disks() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if ! mountpoint -q "$LAB_DISKS"; then return 0; fi
        umount "$LAB_DISKS" 2>/dev/null || sleep 0.1
    done
    umount "$LAB_DISKS"
}

copy_disk() { cp --reflink=always --sparse=auto "$1" "$2"; }
