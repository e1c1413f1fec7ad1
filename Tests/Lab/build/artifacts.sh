# What the lab is built from, each thing made once and kept in the cache. The
# name of each holds a digest of what it is made from, so that a changed
# script, list of versions or source package makes a new one.
# shellcheck shell=bash

# digest_of WORD…: files by their content, other words as they are.
digest_of() {
    local word
    for word in "$@"; do
        if [[ -f $word ]]; then cat "$word"; else echo "$word"; fi
    done | sha256sum | cut -c 1-12
}

name_artifacts() {
    local source_version=$1 build=$LAB_DIR/build releases="${LAB_RELEASES[*]}"
    local tags="$LAB_IMAGE_PREFIX $LAB_ETCD_TAG $LAB_COREDNS_TAG $LAB_PAUSE_TAG"
    local binaries root images debs base
    binaries=$(digest_of "$source_version" "${LAB_VERSIONS[*]}" "$build/binaries.sh" "$build"/programs/*.go)
    root=$(digest_of "$(debian_codename)" "$build/root.sh" "$build/mirror.sh")
    images=$(digest_of "$binaries" "$root" "$tags" "$build/images.py")
    debs=$(digest_of "$binaries" "$root" "$releases" "$LAB_CNI_RELEASE $LAB_CRI_TOOLS_RELEASE" \
        "$LAB_TOOL_RELEASE $LAB_TOOL_UPDATE" \
        "$build/debs.sh" "$build"/kubelet.* "$build/10-kubeadm.conf")
    # shellcheck disable=SC2046
    base=$(digest_of "$images" "$debs" "$build/host-image.sh" \
        $(find "$LAB_DIR/host/files" -type f | sort))
    LAB_SOURCE=$LAB_CACHE/source-${source_version//[^0-9a-z.]/_}
    LAB_BINARIES=$LAB_CACHE/binaries-$binaries
    LAB_ROOT=$LAB_CACHE/root-$root.tar
    LAB_IMAGES=$LAB_CACHE/images-$images
    LAB_DEBS=$LAB_CACHE/debs-$debs
    LAB_BASE_IMAGE=$LAB_DISKS/base-$base.img
    # shellcheck disable=SC2046
    LAB_SNAPSHOT=$LAB_DISKS/snapshot-$LAB_TOPOLOGY-$(digest_of "$base" "$LAB_DIR/settings.sh" \
        "$LAB_DIR"/cluster/* "$LAB_DIR/run/network.sh")
}

# say WHAT: one line for each long step, with the time since the start.
say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

# make_artifact PATH COMMAND…: makes PATH unless it is there. The command gets
# PATH.new as its last word.
make_artifact() {
    if [[ -e $1 ]]; then return; fi
    say "making ${1##*/}"
    rm -rf "$1.new"
    "${@:2}" "$1.new" >>"$LAB_STATE/logs/build.log" 2>&1 || {
        tail -20 "$LAB_STATE/logs/build.log" >&2
        echo "Making ${1##*/} failed; all of its output is in $LAB_STATE/logs/build.log." >&2
        return 1
    }
    mv "$1.new" "$1"
}

# extract_root TAR: unpacks the Debian root for the two steps that read it.
extract_root() {
    LAB_ROOT_TREE=$LAB_CACHE/root-tree
    if [[ $(cat "$LAB_ROOT_TREE.of" 2>/dev/null) == "$LAB_ROOT" ]]; then return; fi
    rm -rf --one-file-system "$LAB_ROOT_TREE"
    mkdir -p "$LAB_ROOT_TREE"
    tar -C "$LAB_ROOT_TREE" -xf "$LAB_ROOT"
    echo "$LAB_ROOT" >"$LAB_ROOT_TREE.of"
}

make_artifacts() {
    if [[ -e $LAB_BASE_IMAGE && -e $LAB_BINARIES ]]; then return; fi
    export LAB_IMAGE_PREFIX LAB_ETCD_TAG LAB_COREDNS_TAG LAB_PAUSE_TAG
    export LAB_VERSION_LIST="${LAB_VERSIONS[*]}"
    local build=$LAB_DIR/build
    make_artifact "$LAB_ROOT" "$build/root.sh"
    if [[ ! -e $LAB_BINARIES ]]; then
        make_artifact "$LAB_SOURCE" "$build/source.sh"
        make_artifact "$LAB_BINARIES" "$build/binaries.sh" "$LAB_SOURCE"
    fi
    extract_root
    make_artifact "$LAB_IMAGES" "$build/images.py" "$LAB_BINARIES" "$LAB_ROOT_TREE"
    make_artifact "$LAB_DEBS" "$build/debs.sh" "$LAB_BINARIES" "$LAB_ROOT_TREE"
    make_artifact "$LAB_BASE_IMAGE" "$build/host-image.sh" "$LAB_ROOT" "$LAB_IMAGES" "$LAB_DEBS"
}

# prune_artifacts: marks what is in use, and takes away what has not been used
# for two weeks.
prune_artifacts() {
    local path
    for path in "$LAB_BINARIES" "$LAB_ROOT" "$LAB_IMAGES" "$LAB_DEBS" "$LAB_BASE_IMAGE"; do
        if [[ -e $path ]]; then touch "$path"; fi
    done
    find "$LAB_CACHE" "$LAB_DISKS" -mindepth 1 -maxdepth 1 -mtime +14 \
        \( -name 'binaries-*' -o -name 'root-*' -o -name 'images-*' -o -name 'debs-*' -o -name 'base-*' \) \
        -exec rm -rf --one-file-system {} +
    # A snapshot keeps the time it was taken at: its certificates age.
    find "$LAB_DISKS" -mindepth 1 -maxdepth 1 -name 'snapshot-*' -mtime "+$LAB_SNAPSHOT_DAYS" \
        -exec rm -rf --one-file-system {} +
}
