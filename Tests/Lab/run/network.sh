# The lab's network: a public bridge with this machine and the bastion, a
# private bridge in a namespace of its own, and one namespace for each host.
# shellcheck shell=bash

host_namespace() { echo "pawl-lab-$1"; }

# in_namespace NAMESPACE ARGS…: `ip` in a namespace.
in_namespace() { ip -n "$@"; }

set_in_namespace() {
    ip netns exec "$1" sysctl --quiet --write "${@:2}"
}

base_network_up() {
    ip link add "$LAB_PUBLIC_BRIDGE" type bridge
    sysctl --quiet --write "net.ipv6.conf.$LAB_PUBLIC_BRIDGE.disable_ipv6=1"
    ip address add "$LAB_MACHINE_ADDRESS/$LAB_PREFIX" dev "$LAB_PUBLIC_BRIDGE"
    ip link set "$LAB_PUBLIC_BRIDGE" up
    # The machine has no way to the private side, not even by its default route.
    ip route add unreachable "$LAB_PRIVATE_NETWORK"
    ip netns add "$LAB_PRIVATE_SWITCH"
    set_in_namespace "$LAB_PRIVATE_SWITCH" net.ipv6.conf.all.disable_ipv6=1 \
        net.ipv6.conf.default.disable_ipv6=1
    in_namespace "$LAB_PRIVATE_SWITCH" link add private type bridge
    in_namespace "$LAB_PRIVATE_SWITCH" link set private up
}

base_network_down() {
    local namespace
    ip link delete "$LAB_PUBLIC_BRIDGE" 2>/dev/null || true
    ip route delete unreachable "$LAB_PRIVATE_NETWORK" 2>/dev/null || true
    for namespace in /run/netns/pawl-lab-*; do
        if [[ -e $namespace ]]; then ip netns delete "${namespace##*/}" 2>/dev/null || rm -f "$namespace"; fi
    done
}

# host_network_up NAME: a fresh namespace, as after the boot of a machine.
host_network_up() {
    local namespace
    namespace=$(host_namespace "$1")
    ip netns add "$namespace"
    set_in_namespace "$namespace" net.ipv6.conf.all.disable_ipv6=1 \
        net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0
    in_namespace "$namespace" link set lo up
    if [[ $1 == "$LAB_BASTION" ]]; then
        bastion_network_up "$namespace"
    else
        node_network_up "$1" "$namespace"
    fi
}

bastion_network_up() {
    ip link add pawl-v-bastion type veth peer name eth0 netns "$1"
    ip link set pawl-v-bastion master "$LAB_PUBLIC_BRIDGE" up
    in_namespace "$1" address add "$LAB_BASTION_PUBLIC/$LAB_PREFIX" dev eth0
    in_namespace "$1" link set eth0 up
    join_private "$LAB_BASTION" "$1" eth1
    # The bastion forwards connections (sshd, haproxy), never packets.
    set_in_namespace "$1" net.ipv4.ip_forward=0
}

node_network_up() {
    local name=$1 namespace=$2 node
    join_private "$name" "$namespace" eth0
    set_in_namespace "$namespace" net.ipv4.ip_forward=1
    in_namespace "$namespace" route add default via "$LAB_BASTION_PRIVATE"
    # kubelet would wait for a cloud's metadata service there.
    in_namespace "$namespace" route add unreachable 169.254.0.0/16
    for node in "${LAB_NODES[@]}"; do
        if [[ $node == "$name" ]]; then continue; fi
        in_namespace "$namespace" route add "$(host_pods "$node")" via "$(host_address "$node")"
    done
}

join_private() {
    local name=$1 namespace=$2 device=$3
    ip link add "v-$name" netns "$LAB_PRIVATE_SWITCH" type veth peer name "$device" netns "$namespace"
    in_namespace "$LAB_PRIVATE_SWITCH" link set "v-$name" master private up
    in_namespace "$namespace" address add "$(host_address "$name")/$LAB_PREFIX" dev "$device"
    in_namespace "$namespace" link set "$device" up
}

host_network_down() {
    local namespace
    namespace=$(host_namespace "$1")
    in_namespace "$LAB_PRIVATE_SWITCH" link delete "v-$1" 2>/dev/null || true
    if [[ $1 == "$LAB_BASTION" ]]; then ip link delete pawl-v-bastion 2>/dev/null || true; fi
    ip netns delete "$namespace" 2>/dev/null || rm -f "/run/netns/$namespace"
}
