# Is the lab well? `status` prints what it sees and fails when anything is not.
# shellcheck shell=bash

lab_status() {
    local name failed=0
    for name in "${LAB_HOSTS[@]}"; do host_status "$name" || failed=1; done
    echo
    if ! lab_kubectl --request-timeout=10s get nodes --output wide; then return 1; fi
    echo
    nodes_are_ready || failed=1
    workloads_are_ready || failed=1
    if ((failed)); then
        echo "The lab is not healthy." >&2
        return 1
    fi
    echo "The lab is healthy."
}

host_status() {
    local name=$1 units versions=
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
    if ! in_host "$name" systemctl --quiet is-active "${units[@]}"; then
        printf '%-10s on    not all of %s are active  %s\n' "$name" "${units[*]}" "$versions"
        return 1
    fi
    printf '%-10s on    %s\n' "$name" "$versions"
}

nodes_are_ready() {
    local name ready
    for name in "${LAB_NODES[@]}"; do
        ready=$(lab_kubectl --request-timeout=10s get node "$name" --output \
            jsonpath='{.status.conditions[?(@.type=="Ready")].status}{.spec.unschedulable}') || return 1
        if [[ $ready != True ]]; then
            echo "The node $name is not ready, or is cordoned." >&2
            return 1
        fi
    done
}

# Every Deployment and DaemonSet has as many ready pods as it wants, and the
# control plane's pods are ready.
workloads_are_ready() {
    local missing
    missing=$({
        lab_kubectl --request-timeout=10s get deployments --all-namespaces --output \
            jsonpath='{range .items[*]}{.metadata.name} {.spec.replicas} {.status.readyReplicas}{"\n"}{end}'
        lab_kubectl --request-timeout=10s get daemonsets --all-namespaces --output \
            jsonpath='{range .items[*]}{.metadata.name} {.status.desiredNumberScheduled} {.status.numberReady}{"\n"}{end}'
        lab_kubectl --request-timeout=10s get pods --namespace kube-system --selector tier=control-plane --output \
            jsonpath='{range .items[*]}{.metadata.name} True {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}'
    } | awk '$2 != $3 { print $1 }') || return 1
    if [[ -n $missing ]]; then
        echo "Not ready: ${missing//$'\n'/, }." >&2
        return 1
    fi
}
