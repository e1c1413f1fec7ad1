# Faults of hosts: power, reboot, disk, SSH, kubelet, dpkg, sudo.
# shellcheck shell=bash

require_host() {
    if ! printf '%s\n' "${LAB_HOSTS[@]}" | grep -x -- "${1:-}" >/dev/null; then
        echo "There is no host '${1:-}'; the hosts are ${LAB_HOSTS[*]}." >&2
        exit 64
    fi
}

# In the network namespace of the host, so that its sshd sees nothing at all.
fault_cut_ssh() {
    require_host "${1:-}"
    fault_restore_ssh "$1"
    in_host "$1" iptables --wait --insert INPUT --protocol tcp --dport 22 \
        --match comment --comment lab-fault --jump DROP
}

fault_restore_ssh() {
    require_host "${1:-}"
    while in_host "$1" iptables --wait --delete INPUT --protocol tcp --dport 22 \
        --match comment --comment lab-fault --jump DROP 2>/dev/null; do :; done
}

# Ends sshd and every session of it; systemd starts sshd again.
fault_kill_bastion_sshd() {
    in_host "$LAB_BASTION" systemctl kill --signal=KILL 'session-*.scope' 2>/dev/null || true
    in_host "$LAB_BASTION" systemctl kill --signal=KILL ssh.service
}

fault_stop_kubelet() { require_host "${1:-}" && in_host "$1" systemctl stop kubelet.service; }
fault_start_kubelet() { require_host "${1:-}" && in_host "$1" systemctl start kubelet.service; }

fault_reboot() { require_host "${1:-}" && in_host "$1" systemctl reboot; }

fault_power_off() { require_host "${1:-}" && stop_host "$1"; }

fault_power_on() {
    require_host "${1:-}"
    start_host "$1"
    wait_for_hosts "$1"
}

# Takes all that is free on the disk, down to the last block.
fault_fill_disk() {
    require_host "${1:-}"
    # shellcheck disable=SC2016
    in_host "$1" sh -c 'fallocate --length "$(df --output=avail --block-size=1 / | tail -1)" /var/lab-fill 2>/dev/null
        for size in 1M 4k; do
            dd if=/dev/zero of=/var/lab-fill bs=$size oflag=append conv=notrunc,fsync status=none 2>/dev/null || true
        done'
}

fault_free_disk() { require_host "${1:-}" && in_host "$1" rm -f /var/lab-fill; }

# The lock that dpkg takes (a record lock), held by a process in the host.
fault_hold_dpkg_lock() {
    require_host "${1:-}"
    local seconds=${2:?for how many seconds?}
    in_host "$1" systemd-run --quiet --collect --unit=lab-dpkg-lock perl -e '
        use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
        for my $name ("lock-frontend", "lock") {
            my $path = "/var/lib/dpkg/$name";
            open(my $file, ">>", $path) or die "$path: $!";
            my $lock = pack("s s x4 l! l! i x4", F_WRLCK, SEEK_SET, 0, 0, 0);
            fcntl($file, F_SETLK, $lock) or die "$path: $!";
            push @kept, $file;
        }
        sleep shift;' "$seconds"
}

# unattended-upgrades in the middle of its work, with dpkg's lock in its hands.
fault_automatic_update() {
    require_host "${1:-}"
    local seconds=${2:?for how many seconds?}
    # shellcheck disable=SC2016
    in_host "$1" sh -c 'echo "$0" >/run/lab-slow-update
        apt-get update -qq
        systemd-run --quiet --collect --unit=lab-automatic-update unattended-upgrade
        for try in $(seq 300); do
            if [ -e /run/lab-update-under-way ]; then exit; fi
            sleep 0.1
        done
        echo "unattended-upgrades did not begin" >&2
        exit 1' "$seconds"
}

fault_no_sudo() {
    require_host "${1:-}"
    in_host "$1" sh -c 'if [ -e /etc/sudoers.d/pawl ]; then mv /etc/sudoers.d/pawl /root/sudoers-pawl; fi'
}

fault_with_sudo() {
    require_host "${1:-}"
    in_host "$1" sh -c 'if [ -e /root/sudoers-pawl ]; then mv /root/sudoers-pawl /etc/sudoers.d/pawl; fi'
}
