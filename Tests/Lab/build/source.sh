#!/bin/bash
# Fetches Debian's source package of Kubernetes.
#   source.sh --version     prints the version that would be fetched
#   source.sh OUTPUT        unpacks it at OUTPUT
# The machine's own apt sources say where; source entries are added in a
# configuration of the lab's own, never under /etc/apt.
set -euo pipefail
source "$(dirname -- "$0")/../settings.sh"
source "$LAB_DIR/build/mirror.sh"
apt=$LAB_CACHE/apt-sources

write_configuration() {
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
    cat >"$apt/apt.conf" <<CONFIG
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt/parts";
Dir::Etc::PreferencesParts "$apt/parts";
APT::Sandbox::User "root";
CONFIG
    # shellcheck disable=SC2016
    apt_archives '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
        awk -v name="$(debian_codename)" -v keys=/usr/share/keyrings/debian-archive-keyring.gpg \
            '$1 == "Debian" && index($2, name) == 1 {
                print "deb-src [signed-by=" keys "]", $4, $2, $3 }' >"$apt/parts/source.list"
    export APT_CONFIG=$apt/apt.conf
}

if [[ $1 == --version ]]; then
    write_configuration >&2
    apt-get update -qq >&2
    apt-cache showsrc --only-source kubernetes | awk '$1 == "Version:" { print $2 }' |
        sort -V | tail -1
    exit
fi

output=$1
write_configuration
apt-get update -qq
work=$(mktemp -d "$LAB_CACHE/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get source -qq --only-source kubernetes
mv kubernetes-*/ "$output"
