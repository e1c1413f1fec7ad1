# Settings of the lab: versions, names, addresses, places. Sourced by every
# part; nothing here has an effect beyond variables.
# shellcheck shell=bash disable=SC2034

LAB_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_CACHE=${PAWL_LAB_CACHE:-/var/cache/pawl-lab}
LAB_STATE=${PAWL_LAB_STATE:-/var/lib/pawl-lab}

# Kubernetes versions, each with the revision of its Debian packages. The
# first is what a new cluster runs.
LAB_RELEASES=(1.19.16-00 1.20.14-00 1.20.15-00 1.21.14-1.1)
LAB_VERSIONS=("${LAB_RELEASES[@]%%-*}")
LAB_START_RELEASE=${LAB_RELEASES[0]}
LAB_START_VERSION=${LAB_VERSIONS[0]}
LAB_CNI_RELEASE=0.8.7-00
LAB_CRI_TOOLS_RELEASE=1.13.0-01

# A package that does nothing, for patching: the one that is installed, and an
# update that the repository's index does not name until it is published.
LAB_TOOL_RELEASE=1.0-1
LAB_TOOL_UPDATE=1.1-1

# Tags that the lab's etcd, CoreDNS stand-in and pause image carry: those that
# the kubeadm of this source asks for (cmd/kubeadm/app/constants).
LAB_IMAGE_PREFIX=k8s.gcr.io
LAB_ETCD_TAG=3.4.13-0
LAB_COREDNS_TAG=1.7.0
LAB_PAUSE_TAG=3.2

# The public side: this machine and the bastion. The private side: the bastion
# and the nodes; this machine has no interface there.
LAB_PUBLIC_BRIDGE=pawl-public
LAB_PRIVATE_SWITCH=pawl-lab-switch # a network namespace that holds the private bridge
LAB_PREFIX=24
LAB_PRIVATE_NETWORK=10.213.77.0/24
LAB_MACHINE_ADDRESS=10.213.76.1
LAB_BASTION_PUBLIC=10.213.76.10
LAB_BASTION_PRIVATE=10.213.77.1
LAB_REPOSITORY=http://$LAB_BASTION_PRIVATE:8080/
LAB_POD_NETWORK=10.244.0.0/16

LAB_BASTION=bastion
LAB_WORKERS=(worker-1 worker-2)

# Checks of kubeadm that cannot pass in a container (none so far).
LAB_IGNORED_CHECKS=none

# host_address NAME: the private address of a node.
host_address() {
    case $1 in
    bastion) echo "$LAB_BASTION_PRIVATE" ;;
    cp-[1-9]) echo "10.213.77.1${1#cp-}" ;;
    worker-[1-9]) echo "10.213.77.2${1#worker-}" ;;
    *) return 1 ;;
    esac
}

# host_pods NAME: the pod subnet of a node.
host_pods() {
    local address
    address=$(host_address "$1") && echo "10.244.${address##*.}.0/24"
}

# host_memory NAME: the memory limit of a host.
host_memory() {
    case $1 in
    bastion) echo 1G ;;
    cp-*) echo 4G ;;
    *) echo 2G ;;
    esac
}

# set_topology single|ha: sets LAB_TOPOLOGY, LAB_CONTROL_PLANES, LAB_NODES, LAB_HOSTS.
set_topology() {
    LAB_TOPOLOGY=$1
    LAB_CONTROL_PLANES=(cp-1)
    if [[ $1 == ha ]]; then LAB_CONTROL_PLANES=(cp-1 cp-2 cp-3); fi
    LAB_NODES=("${LAB_CONTROL_PLANES[@]}" "${LAB_WORKERS[@]}")
    LAB_HOSTS=("$LAB_BASTION" "${LAB_NODES[@]}")
}
