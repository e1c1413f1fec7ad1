# Gives the disk of a host what makes it that host. It works on the mounted
# disk, before the first boot.
# shellcheck shell=bash

provision_host() {
    local name=$1 root
    root=$(mktemp -d)
    copy_disk "$LAB_BASE_IMAGE" "$LAB_DISKS/running/$name.img"
    mount -o loop,noatime "$LAB_DISKS/running/$name.img" "$root"
    write_identity "$name" "$root"
    if [[ $name == "$LAB_BASTION" ]]; then
        write_bastion "$root"
    else
        write_node "$name" "$root"
    fi
    umount "$root"
    rmdir "$root"
}

write_identity() {
    local name=$1 root=$2 type other
    echo "$name" >"$root/etc/hostname"
    {
        echo "127.0.0.1 localhost"
        for other in "${LAB_HOSTS[@]}"; do echo "$(host_address "$other") $other"; done
    } >"$root/etc/hosts"
    # unattended-upgrades takes what the lab's repository offers.
    echo "Unattended-Upgrade::Origins-Pattern { \"site=$LAB_BASTION_PRIVATE\"; };" \
        >"$root/etc/apt/apt.conf.d/52lab"
    tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
    for type in ed25519 ecdsa; do
        install -m 600 "$LAB_STATE/host-keys/$name.$type" "$root/etc/ssh/ssh_host_${type}_key"
        install -m 644 "$LAB_STATE/host-keys/$name.$type.pub" "$root/etc/ssh/ssh_host_${type}_key.pub"
    done
}

# add_user ROOT NAME KEY…: a user who logs in by key only.
add_user() {
    local root=$1 name=$2
    chroot "$root" useradd --create-home --shell /bin/bash "$name"
    mkdir -m 700 "$root/home/$name/.ssh"
    cat "${@:3}" >"$root/home/$name/.ssh/authorized_keys"
    chroot "$root" chown -R "$name:$name" "/home/$name/.ssh"
}

write_node() {
    local name=$1 root=$2
    add_user "$root" pawl "$LAB_CLIENT/ssh/id_nodes.pub" "$LAB_CLIENT/ssh/id_nodes_ecdsa.pub"
    echo 'pawl ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/pawl"
    chmod 440 "$root/etc/sudoers.d/pawl"
    rm -r "$root/srv/apt"
    echo "deb [trusted=yes] $LAB_REPOSITORY ./" >"$root/etc/apt/sources.list.d/kubernetes.list"
    echo "KUBELET_EXTRA_ARGS=--node-ip=$(host_address "$name")" >"$root/etc/default/kubelet"
    mkdir -p "$root/etc/cni/net.d"
    cat >"$root/etc/cni/net.d/10-bridge.conflist" <<CNI
{
  "cniVersion": "0.3.1",
  "name": "lab",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [[{"subnet": "$(host_pods "$name")"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
CNI
}

write_bastion() {
    local root=$1
    add_user "$root" jump "$LAB_CLIENT/ssh/id_bastion.pub"
    # The way through is for jump; pawl is there for the bastion's own packages.
    add_user "$root" pawl "$LAB_CLIENT/ssh/id_nodes.pub"
    echo 'pawl ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/pawl"
    chmod 440 "$root/etc/sudoers.d/pawl"
    echo "deb [trusted=yes] $LAB_REPOSITORY ./" >"$root/etc/apt/sources.list.d/lab.list"
    write_haproxy >"$root/etc/haproxy/haproxy.cfg"
    rm -f "$root/etc/nginx/sites-enabled/default"
    cat >"$root/etc/nginx/conf.d/repository.conf" <<NGINX
server {
    listen $LAB_BASTION_PRIVATE:8080;
    root /srv/apt;
    autoindex on;
    # Two indexes of one second would look alike, and apt would keep the old one.
    if_modified_since off;
}
NGINX
    write_minor_repositories "$root"
    chroot "$root" systemctl --quiet enable haproxy.service nginx.service
    chroot "$root" systemctl --quiet disable containerd.service
}

# Next to the repository of all versions, one for each minor, as the community's
# are: minor/v1.20/ has the versions of that minor alone.
write_minor_repositories() {
    local version minor directory
    for version in "${LAB_VERSIONS[@]}"; do
        minor=${version%.*}
        directory=$1/srv/apt/minor/v$minor
        mkdir -p "$directory"
        (cd "$directory" && ln -sf ../../*.deb .)
        awk -v RS= -v ORS='\n\n' -v minor="$minor" '
            /^Package: kube(adm|let|ctl)\n/ && index($0, "\nVersion: " minor ".") == 0 { next }
            { print }' "$1/srv/apt/Packages" >"$directory/Packages"
    done
}

write_haproxy() {
    local name
    cat <<HAPROXY
global
    log /dev/log local0
defaults
    mode tcp
    log global
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend kubernetes
    bind $LAB_BASTION_PUBLIC:6443
    bind $LAB_BASTION_PRIVATE:6443
    default_backend control-planes
backend control-planes
    option tcp-check
    default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
HAPROXY
    for name in "${LAB_CONTROL_PLANES[@]}"; do
        echo "    server $name $(host_address "$name"):6443"
    done
}
