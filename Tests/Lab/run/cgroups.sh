# Control groups: each host has one of its own in every hierarchy, and its
# cgroup namespace begins there.
# shellcheck shell=bash

LAB_CGROUP=pawl-lab

cgroup_hierarchies() {
    awk '($3 == "cgroup" || $3 == "cgroup2") && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/mounts | sort -u
}

host_cgroups_up() {
    local hierarchy group
    for hierarchy in $(cgroup_hierarchies); do
        for group in "$hierarchy/$LAB_CGROUP" "$hierarchy/$LAB_CGROUP/$1"; do
            mkdir -p "$group"
            if [[ -e $group/cpuset.cpus ]]; then
                cat "$group/../cpuset.cpus" >"$group/cpuset.cpus"
                cat "$group/../cpuset.mems" >"$group/cpuset.mems"
            fi
        done
        if [[ -e $group/memory.limit_in_bytes ]]; then
            echo "$(host_memory "$1")" >"$group/memory.limit_in_bytes"
        fi
    done
}

# join_host_cgroups NAME: moves the calling shell into the host's groups.
join_host_cgroups() {
    local hierarchy
    for hierarchy in $(cgroup_hierarchies); do
        echo "$BASHPID" >"$hierarchy/$LAB_CGROUP/$1/cgroup.procs"
    done
}

# end_cgroup_processes [NAME]: ends what still runs in the lab's groups.
end_cgroup_processes() {
    local hierarchy=/sys/fs/cgroup/memory tries pids
    for ((tries = 0; tries < 100; tries++)); do
        pids=$(find "$hierarchy/$LAB_CGROUP/${1:-}" -name cgroup.procs -exec cat {} + 2>/dev/null) || true
        if [[ -z $pids ]]; then return 0; fi
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || true
        sleep 0.1
    done
    return 1
}

# remove_cgroups [NAME]: removes the groups of one host, or all.
remove_cgroups() {
    local hierarchy tries
    for hierarchy in $(cgroup_hierarchies); do
        for ((tries = 0; tries < 50; tries++)); do
            if [[ ! -d $hierarchy/$LAB_CGROUP/${1:-} ]]; then break; fi
            find "$hierarchy/$LAB_CGROUP/${1:-}" -depth -type d -exec rmdir {} + 2>/dev/null && break
            sleep 0.1
        done
    done
}
