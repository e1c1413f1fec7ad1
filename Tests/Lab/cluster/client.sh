# What a client of the lab gets: keys, known hosts, an inventory, a kubeconfig.
# shellcheck shell=bash

LAB_CLIENT=$LAB_STATE/client

# make_keys: user keys, and the host keys of every host.
make_keys() {
    local name type
    mkdir -p "$LAB_CLIENT/ssh" "$LAB_STATE/host-keys"
    chmod 700 "$LAB_CLIENT/ssh" "$LAB_STATE/host-keys"
    make_key "$LAB_CLIENT/ssh/id_nodes" ed25519 pawl
    make_key "$LAB_CLIENT/ssh/id_nodes_ecdsa" ecdsa pawl
    make_key "$LAB_CLIENT/ssh/id_bastion" ed25519 jump
    for name in "${LAB_HOSTS[@]}"; do
        for type in ed25519 ecdsa; do
            make_key "$LAB_STATE/host-keys/$name.$type" "$type" "root@$name"
        done
    done
}

make_key() {
    if [[ ! -e $1 ]]; then ssh-keygen -q -t "$2" -N '' -C "$3" -f "$1"; fi
}

# client_address HOST: the address by which a client knows the host.
client_address() {
    if [[ $1 == "$LAB_BASTION" ]]; then echo "$LAB_BASTION_PUBLIC"; else host_address "$1"; fi
}

write_known_hosts() {
    local name type address
    for name in "${LAB_HOSTS[@]}"; do
        address=$(client_address "$name")
        for type in ed25519 ecdsa; do
            echo "$address $(cut -d ' ' -f 1,2 "$LAB_STATE/host-keys/$name.$type.pub")"
        done
    done >"$LAB_CLIENT/ssh/known_hosts"
}

write_inventory() {
    local name role
    {
        cat <<INVENTORY
apiVersion: pawl.dev/v1alpha1
kind: Inventory
metadata:
  name: lab
kubernetes:
  kubeconfig: ./kubeconfig
  context: lab
ssh:
  user: pawl
  port: 22
  keys: [./ssh/id_nodes]
  agent: false
  knownHosts: [./ssh/known_hosts]
  connectTimeout: 10s
  bastions:
    - name: $LAB_BASTION
      address: $LAB_BASTION_PUBLIC
      user: jump
      keys: [./ssh/id_bastion]
hosts:
INVENTORY
        for name in "${LAB_NODES[@]}"; do
            role=worker
            if [[ $name == cp-* ]]; then role=control-plane; fi
            printf '  - name: %s\n    address: %s\n    roles: [%s]\n' \
                "$name" "$(host_address "$name")" "$role"
        done
        printf 'packages:\n  manager: apt\npolicy:\n  maxUnavailable: 1\n'
    } >"$LAB_CLIENT/inventory.yaml"
}

# write_kubeconfig: the cluster's own admin file, by way of the bastion.
write_kubeconfig() {
    in_host cp-1 cat /etc/kubernetes/admin.conf |
        sed -E -e "s#server: .*#server: https://$LAB_BASTION_PUBLIC:6443#" \
            -e 's/kubernetes-admin@kubernetes/lab/' >"$LAB_CLIENT/kubeconfig"
    chmod 600 "$LAB_CLIENT/kubeconfig"
}

# ssh_command HOST: prints the options and target of the way through the
# bastion, one a line.
ssh_options() {
    local options=(-F none -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10
        -o "UserKnownHostsFile=$LAB_CLIENT/ssh/known_hosts" -o GlobalKnownHostsFile=/dev/null
        -o StrictHostKeyChecking=yes -o LogLevel=ERROR)
    local jump
    printf -v jump '%q ' ssh "${options[@]}" -i "$LAB_CLIENT/ssh/id_bastion" \
        -W '[%h]:%p' "jump@$LAB_BASTION_PUBLIC"
    options+=(-i "$LAB_CLIENT/ssh/id_nodes" -o "ProxyCommand=${jump//\\%/%}")
    printf '%s\n' "${options[@]}"
}

# ssh_node HOST COMMAND…: a command on a node as an operator runs it.
ssh_node() {
    local options
    mapfile -t options < <(ssh_options)
    ssh "${options[@]}" "pawl@$(host_address "$1")" "${@:2}"
}

lab_kubectl() {
    "$LAB_BINARIES/$LAB_START_VERSION/kubectl" --kubeconfig "$LAB_CLIENT/kubeconfig" "$@"
}
