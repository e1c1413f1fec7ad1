#!/bin/bash
# Makes the flat apt repository of the lab.
#   debs.sh BINARIES HOST_ROOT OUTPUT
# Package names, dependencies, file places and revision styles are those of
# the packages that Kubernetes itself published for these versions.
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
binaries=$1 host_root=$2 output=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# new_package NAME RELEASE [DEPENDS]: an empty package tree at $tree.
new_package() {
    tree=$work/$1_$2
    mkdir -p "$tree/DEBIAN"
    cat >"$tree/DEBIAN/control" <<CONTROL
Package: $1
Version: $2
Architecture: amd64
Maintainer: Pawl lab <lab@pawl.invalid>
Section: misc
Priority: optional
Description: $1 for the lab cluster
CONTROL
    if [[ -n ${3:-} ]]; then echo "Depends: $3" >>"$tree/DEBIAN/control"; fi
}

close_package() {
    dpkg-deb --root-owner-group -Zzstd -z1 --build "$tree" "$output/" >/dev/null
    rm -rf "$tree"
}

kubectl_package() {
    local version=$1 release=$2
    new_package kubectl "$release"
    install -D "$binaries/$version/kubectl" "$tree/usr/bin/kubectl"
    close_package
}

kubelet_package() {
    local version=$1 release=$2
    new_package kubelet "$release" "iptables (>= 1.4.21), kubernetes-cni (>= 0.8.7), \
iproute2, socat, util-linux, mount, ebtables, ethtool, conntrack"
    install -D "$binaries/$version/kubelet" "$tree/usr/bin/kubelet"
    install -D -m 644 "$LAB_DIR/build/kubelet.service" "$tree/lib/systemd/system/kubelet.service"
    install -m 755 "$LAB_DIR/build/kubelet.postinst" "$tree/DEBIAN/postinst"
    close_package
}

# The drop-in moved from /etc (a configuration file) to /usr/lib with the
# newer packages.
kubeadm_package() {
    local version=$1 release=$2 drop_in
    new_package kubeadm "$release" "kubelet (>= 1.19.0), kubectl (>= 1.19.0), \
kubernetes-cni (>= 0.8.7), cri-tools (>= 1.13.0)"
    install -D "$binaries/$version/kubeadm" "$tree/usr/bin/kubeadm"
    case $release in
    *-0?) drop_in=/etc/systemd/system/kubelet.service.d/10-kubeadm.conf
        echo "$drop_in" >"$tree/DEBIAN/conffiles" ;;
    *) drop_in=/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf ;;
    esac
    install -D -m 644 "$LAB_DIR/build/10-kubeadm.conf" "$tree$drop_in"
    close_package
}

cni_package() {
    new_package kubernetes-cni "$LAB_CNI_RELEASE"
    mkdir -p "$tree/opt/cni/bin"
    cp "$host_root"/usr/lib/cni/* "$tree/opt/cni/bin/"
    close_package
}

cri_tools_package() {
    new_package cri-tools "$LAB_CRI_TOOLS_RELEASE"
    install -D "$binaries/programs/crictl" "$tree/usr/bin/crictl"
    close_package
}

# The update asks for a reboot, as Debian's packages do, and takes its time where
# the fault automatic-update says so.
tool_package() {
    local release=$1
    new_package pawl-lab-tool "$release"
    mkdir -p "$tree/usr/bin"
    printf '#!/bin/sh\necho %s\n' "$release" >"$tree/usr/bin/pawl-lab-tool"
    chmod 755 "$tree/usr/bin/pawl-lab-tool"
    if [[ $release == "$LAB_TOOL_UPDATE" ]]; then
        cat >"$tree/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
touch /var/run/reboot-required
if [ -e /run/lab-slow-update ]; then
    read -r seconds </run/lab-slow-update
    mv /run/lab-slow-update /run/lab-update-under-way
    sleep "$seconds"
    rm /run/lab-update-under-way
fi
POSTINST
        chmod 755 "$tree/DEBIAN/postinst"
    fi
    close_package
}

mkdir -p "$output"
for release in "${LAB_RELEASES[@]}"; do
    kubectl_package "${release%%-*}" "$release"
    kubelet_package "${release%%-*}" "$release"
    kubeadm_package "${release%%-*}" "$release"
done
cni_package
cri_tools_package
tool_package "$LAB_TOOL_RELEASE"
(cd "$output" && dpkg-scanpackages --multiversion . 2>/dev/null >Packages)
# Packages.update is what publishing the update adds to the index.
tool_package "$LAB_TOOL_UPDATE"
(cd "$output" && dpkg-scanpackages --multiversion . 2>/dev/null |
    awk -v RS= -v ORS='\n\n' -v version="$LAB_TOOL_UPDATE" \
        'index($0, "Package: pawl-lab-tool\n") == 1 && index($0, "\nVersion: " version "\n")' >Packages.update)
