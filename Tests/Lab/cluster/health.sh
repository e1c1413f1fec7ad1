# Is the lab well? `status` prints what it sees and fails when anything is not.
# shellcheck shell=bash

lab_status() {
    local name failed=0
    for name in "${LAB_HOSTS[@]}"; do host_status "$name" || failed=1; done
    echo
    if ! lab_kubectl --request-timeout=10s get nodes --output wide; then return 1; fi
    echo
    cluster_is_healthy || failed=1
    if ((failed)); then
        echo "The lab is not healthy." >&2
        return 1
    fi
    echo "The lab is healthy."
}

host_status() {
    local name=$1 units unit versions=
    if ! host_leader "$name" >/dev/null; then
        printf '%-10s is off\n' "$name"
        return 1
    fi
    units=(ssh containerd kubelet)
    if [[ $name == "$LAB_BASTION" ]]; then units=(ssh haproxy nginx); fi
    if [[ $name != "$LAB_BASTION" ]]; then
        versions=$(in_host "$name" dpkg-query --show --showformat='${Package} ${Version}  ' \
            kubeadm kubelet kubectl 2>/dev/null) || true
    fi
    # is-active with several names is content with one of them.
    for unit in "${units[@]}"; do
        if ! in_host "$name" systemctl --quiet is-active "$unit"; then
            printf '%-10s on    %s is not active  %s\n' "$name" "$unit" "$versions"
            return 1
        fi
    done
    printf '%-10s on    %s\n' "$name" "$versions"
}

# query RESOURCE… JSONPATH: what the API server says, soon or not at all.
query() {
    lab_kubectl --request-timeout=5s get "${@:1:$#-1}" --output "jsonpath=${*: -1}"
}

# Every node is ready, is not cordoned, and has said so since $LAB_STARTED, if
# that is set (a restored cluster remembers that it was ready once).
nodes_are_ready() {
    local lines name ready cordoned reported
    lines=$(query nodes '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].lastHeartbeatTime} {.spec.unschedulable}{"\n"}{end}') || return 1
    for name in "${LAB_NODES[@]}"; do
        read -r _ ready reported cordoned < <(grep "^$name " <<<"$lines") || true
        if [[ $ready != True || -n ${cordoned:-} ]]; then
            echo "The node $name is not ready, or is cordoned." >&2
            return 1
        fi
        if (($(date -d "$reported" +%s) < ${LAB_STARTED:-0})); then
            echo "The node $name has not reported yet." >&2
            return 1
        fi
    done
}

# Every Deployment and DaemonSet has as many ready pods as it wants, and every
# pod is ready, started since $LAB_STARTED if that is set.
workloads_are_ready() {
    local since missing
    since=$(date --utc --date="@${LAB_STARTED:-0}" +%Y-%m-%dT%H:%M:%SZ)
    missing=$({
        query deployments,daemonsets --all-namespaces '{range .items[*]}{.metadata.name} {.spec.replicas}{.status.desiredNumberScheduled} {.status.readyReplicas}{.status.numberReady}{"\n"}{end}' |
            awk '$2 != $3 { print $1 }'
        query pods --all-namespaces --field-selector=status.phase!=Succeeded '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.containerStatuses[0].state.running.startedAt}{"\n"}{end}' |
            awk -v since="$since" '$2 != "True" || $3 < since { print $1 }'
    }) || return 1
    if [[ -n $missing ]]; then
        echo "Not ready: ${missing//$'\n'/, }." >&2
        return 1
    fi
}

cluster_is_healthy() { nodes_are_ready && workloads_are_ready; }

# lab_etcd: a line for each member: healthy while it can read through a leader,
# leaderless while it runs but can't (as for a moment when the leader goes), or
# away.
lab_etcd() {
    local name
    for name in "${LAB_CONTROL_PLANES[@]}"; do
        echo "$name $(etcd_health "$name")" &
    done
    wait
}

etcd_health() {
    local answer
    # shellcheck disable=SC2016
    # Bounded here too: a host that goes down may take its own time with it.
    answer=$(timeout --kill-after=5 15 "$LAB_DIR/lab" exec "$1" -- timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2381
        printf "GET /health HTTP/1.0\r\n\r\n" >&3; grep -o "\"health\":\"[a-z]*\"" <&3' 2>/dev/null) || true
    case $answer in
    *true*) echo healthy ;;
    *false*) echo leaderless ;;
    *) echo away ;;
    esac
}
