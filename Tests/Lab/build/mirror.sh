# Where this machine gets its Debian packages: taken from its own apt sources,
# whatever their form.
# shellcheck shell=bash

debian_codename() {
    (source /etc/os-release && echo "$VERSION_CODENAME")
}

# apt_archives FORMAT: one line for each binary index that apt knows.
apt_archives() {
    apt-get indextargets --format "$1" 'Created-By: Packages' | sort -u
}

# debian_mirror: the address of the archive that has the release itself.
debian_mirror() {
    apt_archives '$(CODENAME) $(COMPONENT) $(REPO_URI)' |
        awk -v name="$(debian_codename)" '$1 == name && $2 == "main" { print $3; exit }'
}
