# The Debian packages that the lab needs on this machine.
# shellcheck shell=bash

LAB_RUN_PACKAGES=(systemd-container xfsprogs e2fsprogs iproute2 procps util-linux
    openssh-client iptables curl)
LAB_BUILD_PACKAGES=(debootstrap debian-archive-keyring dpkg-dev python3 golang-go
    golang-github-modern-go-reflect2-dev gcc libc6-dev make rsync jq patch xz-utils zstd)

# install_packages_here PACKAGE…: installs those that are missing.
install_packages_here() {
    local missing=() package
    for package in "$@"; do
        if ! dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
            grep -x installed >/dev/null; then missing+=("$package"); fi
    done
    if ((${#missing[@]} == 0)); then return; fi
    say "installing ${missing[*]}"
    {
        apt-get -o DPkg::Lock::Timeout=300 update -qq
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
            --no-install-recommends "${missing[@]}"
    } </dev/null >>"$LAB_STATE/logs/build.log" 2>&1 || {
        echo "Installing ${missing[*]} failed; the output is in $LAB_STATE/logs/build.log." >&2
        return 1
    }
}
