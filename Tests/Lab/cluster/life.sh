# The life of the lab: up, down, reset.
# shellcheck shell=bash

LAB_SNAPSHOT_DAYS=300 # the cluster's certificates last a year

lab_up() {
    local topology=single
    if [[ ${1:-} == --ha ]]; then topology=ha; fi
    if lab_is_up "$topology"; then
        echo "The lab is already up."
        print_client
        return
    fi
    lab_down quietly
    mkdir -p "$LAB_STATE"/{run,logs,hosts} "$LAB_CACHE"
    install_packages_here "${LAB_RUN_PACKAGES[@]}"
    set_topology "$topology"
    mount_disks
    make_ready
    raise_limits
    base_network_up
    if snapshot_is_good; then
        say "restoring the cluster"
        restore_snapshot
    else
        build_new_cluster
    fi
    say "the cluster is ready"
    print_client
}

lab_is_up() {
    local name
    if [[ $(cat "$LAB_STATE/topology" 2>/dev/null) != "$1" ]]; then return 1; fi
    set_topology "$1"
    for name in "${LAB_HOSTS[@]}"; do
        if ! host_pid "$name" >/dev/null; then return 1; fi
    done
}

# make_ready: names and makes what the cluster is built from.
make_ready() {
    local version=$LAB_CACHE/source-version
    if [[ ! -s $version ]]; then
        install_packages_here "${LAB_BUILD_PACKAGES[@]}"
        "$LAB_DIR/build/source.sh" --version >"$version"
    fi
    name_artifacts "$(<"$version")"
    if [[ ! -e $LAB_BASE_IMAGE || ! -e $LAB_BINARIES ]]; then
        install_packages_here "${LAB_BUILD_PACKAGES[@]}"
        make_artifacts
    fi
    prune_artifacts
    echo "$LAB_BINARIES" >"$LAB_STATE/binaries"
    echo "$LAB_SNAPSHOT" >"$LAB_STATE/snapshot"
    echo "$LAB_TOPOLOGY" >"$LAB_STATE/topology"
}

build_new_cluster() {
    local name
    say "making the hosts"
    rm -rf "$LAB_CLIENT" "$LAB_STATE/host-keys" "$LAB_DISKS/running"
    mkdir -p "$LAB_DISKS/running"
    make_keys
    write_known_hosts
    write_inventory
    for name in "${LAB_HOSTS[@]}"; do provision_host "$name"; done
    start_all_hosts
    say "building the cluster (output in $LAB_STATE/logs/cluster.log)"
    # In the background, because a function before || would not stop at errors.
    build_cluster >"$LAB_STATE/logs/cluster.log" 2>&1 &
    wait "$!" || {
        tail -20 "$LAB_STATE/logs/cluster.log" >&2
        echo "Building the cluster failed; all of its output is in $LAB_STATE/logs/cluster.log." >&2
        return 1
    }
    wait_until_healthy
    say "taking the snapshot"
    take_snapshot
}

start_all_hosts() {
    local name
    LAB_STARTED=$(date +%s)
    for name in "${LAB_HOSTS[@]}"; do start_host "$name"; done
    wait_for_hosts "${LAB_HOSTS[@]}"
}

wait_until_healthy() {
    wait_for 300 "the cluster does not become healthy (scripts/lab status says what is missing)" \
        cluster_is_healthy
}

# take_snapshot: the disks as they are on the instant, each held still while
# it is copied.
take_snapshot() {
    local name
    rm -rf "$LAB_SNAPSHOT" "$LAB_SNAPSHOT.new"
    mkdir -p "$LAB_SNAPSHOT.new"
    for name in "${LAB_HOSTS[@]}"; do
        nsenter --target "$(host_pid "$name")" --mount fsfreeze --freeze "$LAB_STATE/hosts/$name"
        copy_disk "$LAB_DISKS/running/$name.img" "$LAB_SNAPSHOT.new/$name.img" || true
        nsenter --target "$(host_pid "$name")" --mount fsfreeze --unfreeze "$LAB_STATE/hosts/$name"
    done
    cp -a "$LAB_CLIENT" "$LAB_STATE/host-keys" "$LAB_SNAPSHOT.new/"
    mv "$LAB_SNAPSHOT.new" "$LAB_SNAPSHOT"
}

snapshot_is_good() {
    [[ -d $LAB_SNAPSHOT && -z $(find "$LAB_SNAPSHOT" -maxdepth 0 -mtime "+$LAB_SNAPSHOT_DAYS") ]]
}

restore_snapshot() {
    local name
    rm -rf "$LAB_DISKS/running" "$LAB_CLIENT" "$LAB_STATE/host-keys"
    mkdir -p "$LAB_DISKS/running"
    for name in "${LAB_HOSTS[@]}"; do
        copy_disk "$LAB_SNAPSHOT/$name.img" "$LAB_DISKS/running/$name.img"
    done
    cp -a "$LAB_SNAPSHOT/client" "$LAB_CLIENT"
    cp -a "$LAB_SNAPSHOT/host-keys" "$LAB_STATE/host-keys"
    start_all_hosts
    wait_until_healthy
}

lab_reset() {
    if ! snapshot_is_good; then
        echo "There is no snapshot to go back to; run: scripts/lab down, then scripts/lab up." >&2
        return 69
    fi
    stop_hosts
    restore_snapshot
    say "the cluster is as it was built"
}

lab_down() {
    stop_hosts
    end_cgroup_processes || true
    remove_cgroups
    base_network_down
    unmount_disks
    restore_limits
    rmdir /run/systemd/nspawn/propagate/{bastion,cp-?,worker-?} 2>/dev/null || true
    rm -rf "$LAB_STATE"/{topology,binaries,snapshot,client,host-keys,run,hosts}
    if [[ ${1:-} != quietly ]]; then echo "The lab is down."; fi
}

# Four hosts need more inotify instances than the kernel's default.
raise_limits() {
    local limit=/proc/sys/fs/inotify/max_user_instances
    if (($(<"$limit") < 8192)); then
        cat "$limit" >"$LAB_STATE/inotify-instances"
        echo 8192 >"$limit"
    fi
}

restore_limits() {
    if [[ -s $LAB_STATE/inotify-instances ]]; then
        cat "$LAB_STATE/inotify-instances" >/proc/sys/fs/inotify/max_user_instances
        rm -f "$LAB_STATE/inotify-instances"
    fi
}

print_client() {
    echo "inventory    $LAB_CLIENT/inventory.yaml"
    echo "kubeconfig   $LAB_CLIENT/kubeconfig"
    echo "node key     $LAB_CLIENT/ssh/id_nodes"
    echo "bastion key  $LAB_CLIENT/ssh/id_bastion"
    echo "known hosts  $LAB_CLIENT/ssh/known_hosts"
}
