# Starting, stopping and entering hosts. Process ids are kept with the start
# time of the process, so that a number used again is never taken for ours.
# shellcheck shell=bash

process_start() {
    # The 22nd field of stat; the name before it may hold spaces.
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# host_pid NAME: the process id of the host's supervisor, if it runs.
host_pid() {
    local pid start
    read -r pid start 2>/dev/null <"$LAB_STATE/run/$1.pid" || return 1
    if [[ $(process_start "$pid") != "$start" ]]; then return 1; fi
    echo "$pid"
}

start_host() {
    local pid
    if host_pid "$1" >/dev/null; then return; fi
    mkdir -p "$LAB_STATE/run" "$LAB_STATE/logs"
    # The lock of the command that starts it (descriptor 9) is not the host's.
    setsid unshare --mount --propagation private "$LAB_DIR/run/host.sh" "$1" \
        </dev/null >>"$LAB_STATE/logs/$1.log" 2>&1 9>&- &
    pid=$!
    echo "$pid $(process_start "$pid")" >"$LAB_STATE/run/$1.pid"
    disown "$pid"
}

# stop_host NAME: power cut, and wait until nothing of it is left.
stop_host() {
    local pid tries
    if pid=$(host_pid "$1"); then
        kill -TERM "$pid"
        for ((tries = 0; tries < 300; tries++)); do
            if ! host_pid "$1" >/dev/null; then break; fi
            sleep 0.1
        done
        if host_pid "$1" >/dev/null; then kill -KILL "$pid"; fi
    fi
    rm -f "$LAB_STATE/run/$1.pid" "$LAB_STATE/run/$1.nspawn"
}

stop_hosts() {
    local file pids=() name
    for file in "$LAB_STATE"/run/*.pid; do
        if [[ -e $file ]]; then
            name=$(basename "$file" .pid)
            stop_host "$name" &
            pids+=($!)
        fi
    done
    for name in "${pids[@]}"; do wait "$name"; done
}

# host_leader NAME: the process that is the host's process 1.
host_leader() {
    local nspawn
    nspawn=$(cat "$LAB_STATE/run/$1.nspawn" 2>/dev/null) || return 1
    pgrep --parent "$nspawn" --oldest
}

# in_host NAME COMMAND…: runs a command as root inside a host.
in_host() {
    local leader
    if ! leader=$(host_leader "$1"); then
        echo "The host $1 is not running." >&2
        return 1
    fi
    # A shell is the parent, not nsenter, which stops itself when its child is stopped. A host that goes down stops all
    # that runs in it before it ends it, and would wait for ever for somebody to take note of the end.
    # shellcheck disable=SC2016
    nsenter --no-fork --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wdns=/ -- \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
        /bin/sh -c '"$@"; exit $?' sh "${@:2}"
}

# wait_for SECONDS WHAT COMMAND…: tries a command until it succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    until "${@:3}" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            echo "Waited $1 s in vain: $what." >&2
            return 1
        fi
        sleep 1
    done
}

host_is_up() { in_host "$1" systemctl --quiet is-active ssh.service; }

wait_for_hosts() {
    local name
    for name in "$@"; do wait_for 60 "$name does not boot" host_is_up "$name"; done
}
