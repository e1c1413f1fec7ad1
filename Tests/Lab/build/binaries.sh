#!/bin/bash
# Builds the Kubernetes binaries of every version from the source package.
#   binaries.sh SOURCE_TREE OUTPUT
# One source serves all minors: the version that a binary reports is set when
# it is linked; kubeadm also gets the version limits of its minor.
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
tree=$1 output=$2
workspace=$LAB_CACHE/go-workspace

servers=(kube-apiserver kube-controller-manager kube-scheduler kube-proxy)
tools=(kubelet kubeadm kubectl)

export GOPATH=$workspace GOCACHE=$workspace/cache GO111MODULE=off CGO_ENABLED=0
kubernetes=$GOPATH/src/k8s.io/kubernetes

link_tree() {
    mkdir -p "$GOPATH/src/k8s.io"
    ln -sfn "$tree" "$kubernetes"
}

# The source carries a reflect2 that fails when built by Go 1.18 or later;
# Debian's package of the same library has the repaired one.
repair_reflect2() {
    local library=github.com/modern-go/reflect2
    rm -rf "$kubernetes/vendor/$library"
    cp -rL "/usr/share/gocode/src/$library" "$kubernetes/vendor/$library"
}

generate_code() {
    if [[ -e $tree/.generated ]]; then return; fi
    make -C "$kubernetes" generated_files
    touch "$tree/.generated"
}

# kubeadm manages its own minor and the one before: set those limits.
set_kubeadm_limits() {
    local minor=$1 file=$kubernetes/cmd/kubeadm/app/constants/constants.go
    local version='= version.MustParseSemantic("v1.%s.0")'
    # shellcheck disable=SC2059
    sed -i -E \
        -e "s/^(\s*MinimumControlPlaneVersion) =.*/\1 $(printf "$version" $((minor - 1)))/" \
        -e "s/^(\s*MinimumKubeletVersion) =.*/\1 $(printf "$version" $((minor - 1)))/" \
        -e "s/^(\s*CurrentKubernetesVersion) =.*/\1 $(printf "$version" "$minor")/" \
        "$file"
}

link_flags() {
    local version=$1 package flags="-s -w"
    local minor=${version#*.}
    minor=${minor%%.*}
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        for package in "$package" "k8s.io/kubernetes/vendor/$package"; do
            flags+=" -X $package.gitVersion=v$version -X $package.gitTreeState=clean"
            flags+=" -X $package.gitMajor=1 -X $package.gitMinor=$minor"
        done
    done
    echo "$flags"
}

build_version() {
    local version=$1 minor
    minor=${version#*.}
    minor=${minor%%.*}
    set_kubeadm_limits "$minor"
    echo "building Kubernetes $version"
    mkdir -p "$output/$version"
    (cd "$kubernetes" && go build -p 2 -ldflags "$(link_flags "$version")" \
        -o "$output/$version/" "${servers[@]/#/./cmd/}" "${tools[@]/#/./cmd/}")
}

# The lab's own programs use the client libraries of the same tree.
build_programs() {
    local source name
    mkdir -p "$output/programs"
    for source in "$LAB_DIR"/build/programs/*.go; do
        name=$(basename "$source" .go)
        mkdir -p "$kubernetes/cmd/lab-$name"
        cp "$source" "$kubernetes/cmd/lab-$name/main.go"
        (cd "$kubernetes" && go build -p 2 -ldflags "-s -w" \
            -o "$output/programs/$name" "./cmd/lab-$name")
    done
    gcc -Os -Wall -static -DVERSION="lab" -o "$output/programs/pause" \
        "$kubernetes/build/pause/linux/pause.c"
}

link_tree
repair_reflect2
generate_code
for version in "${LAB_VERSIONS[@]}"; do build_version "$version"; done
build_programs
