# Builds the cluster on running hosts, as an operator would: packages from the
# repository, on hold; kubeadm init; kubeadm join; a workload.
# shellcheck shell=bash

install_packages() {
    local release=$LAB_START_RELEASE
    in_host "$1" apt-get update -qq
    in_host "$1" apt-get install -y -qq --no-install-recommends \
        "kubeadm=$release" "kubelet=$release" "kubectl=$release" "pawl-lab-tool=$LAB_TOOL_RELEASE"
    in_host "$1" apt-mark hold kubeadm kubelet kubectl
}

install_tool_on_bastion() {
    in_host "$LAB_BASTION" apt-get update -qq
    in_host "$LAB_BASTION" apt-get install -y -qq "pawl-lab-tool=$LAB_TOOL_RELEASE"
}

# control_plane_endpoint: where the nodes find the API server.
control_plane_endpoint() {
    if [[ $LAB_TOPOLOGY == ha ]]; then
        echo "$LAB_BASTION_PRIVATE:6443"
    else
        echo "$(host_address cp-1):6443"
    fi
}

kubeadm_config() {
    local name
    cat <<CONFIG
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: $(host_address cp-1)
nodeRegistration:
  criSocket: /run/containerd/containerd.sock
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v$LAB_START_VERSION
controlPlaneEndpoint: $(control_plane_endpoint)
apiServer:
  certSANs:
    - $LAB_BASTION_PUBLIC
    - $LAB_BASTION_PRIVATE
$(for name in "${LAB_CONTROL_PLANES[@]}"; do echo "    - $(host_address "$name")"; done)
# A leader that is gone is replaced within seconds, not after up to 17.
controllerManager:
  extraArgs: &leases
    leader-elect-lease-duration: 6s
    leader-elect-renew-deadline: 4s
    leader-elect-retry-period: 1s
scheduler:
  extraArgs: *leases
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
imageGCHighThresholdPercent: 100
# A pod with a startup probe and no readiness probe (etcd) is reported ready
# only at the next sync: after up to 90 s with the default of 1m.
syncFrequency: 10s
nodeStatusUpdateFrequency: 4s
# The defaults since 1.27. With those before (5 and 10) the kubelet's own
# requests are what the end of many pods at once waits for.
kubeAPIQPS: 50
kubeAPIBurst: 100
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clusterCIDR: $LAB_POD_NETWORK
conntrack:
  maxPerCore: 0
  tcpEstablishedTimeout: 0s
  tcpCloseWaitTimeout: 0s
CONFIG
}

init_first_control_plane() {
    kubeadm_config | in_host cp-1 tee /root/kubeadm.yaml >/dev/null
    in_host cp-1 kubeadm init --config /root/kubeadm.yaml --upload-certs \
        --ignore-preflight-errors="$LAB_IGNORED_CHECKS"
}

# join_node NAME COMMAND…: the join command, as kubeadm printed it.
join_node() {
    in_host "$1" "${@:2}" --cri-socket /run/containerd/containerd.sock \
        --ignore-preflight-errors="$LAB_IGNORED_CHECKS"
}

join_nodes() {
    local command name key pids=()
    read -ra command < <(in_host cp-1 kubeadm token create --print-join-command)
    for name in "${LAB_WORKERS[@]}"; do
        join_node "$name" "${command[@]}" &
        pids+=($!)
    done
    if [[ $LAB_TOPOLOGY == ha ]]; then
        key=$(in_host cp-1 kubeadm init phase upload-certs --upload-certs | tail -1)
        for name in cp-2 cp-3; do
            join_node "$name" "${command[@]}" --control-plane --certificate-key "$key" \
                --apiserver-advertise-address "$(host_address "$name")"
        done
    fi
    wait_for_all "${pids[@]}"
}

# wait_for_all PID…: fails when one of them failed.
wait_for_all() {
    local pid failed=0
    for pid in "$@"; do wait "$pid" || failed=1; done
    return "$failed"
}

build_cluster() {
    local name pids=()
    for name in "${LAB_NODES[@]}"; do
        install_packages "$name" &
        pids+=($!)
    done
    wait_for_all "${pids[@]}"
    install_tool_on_bastion
    init_first_control_plane
    write_kubeconfig
    join_nodes
    lab_kubectl apply -f "$LAB_DIR/cluster/workload.yaml"
}
