# The list of faults: one line for each, and one function fault_NAME.
# shellcheck shell=bash

list_faults() {
    cat <<'FAULTS'
cut-ssh HOST                  drop what comes to the host's SSH port
restore-ssh HOST              and let it in again
kill-bastion-sshd             end sshd on the bastion and all its sessions; it comes back by itself
stop-kubelet HOST             stop kubelet until start-kubelet, a reboot or an install
start-kubelet HOST
api-away SECONDS              the API server's load balancer stands still
reboot HOST                   a real reboot, with a new boot id
power-off HOST                a power cut
power-on HOST
fill-disk HOST                leave no space on the host's disk
free-disk HOST
hold-dpkg-lock HOST SECONDS   hold the locks of apt and dpkg
pdb-block                     a PodDisruptionBudget that lets no pod of `web` go
pdb-unblock
stubborn-pod [NODE]           a pod that ignores SIGTERM, with an hour of grace
finalizer-pod [NODE]          a pod with a finalizer that nobody removes
remove-pods                   take both pods away
remove-package NAME VERSION   take a package version out of the repository's index
restore-packages
publish-update                offer the update of pawl-lab-tool, which asks for a reboot
automatic-update HOST SECONDS unattended-upgrades installs that update, which takes this long
wrong-host-key HOST           known_hosts of the client gets other keys for the host
right-host-key
no-sudo HOST                  pawl may no longer use sudo
with-sudo HOST
FAULTS
}

lab_fault() {
    local name=${1:-}
    if [[ -z $name ]]; then
        list_faults
    # Not grep -q: it ends at the first hit, and the pipe fails by those that still write to it.
    elif list_faults | cut -d ' ' -f 1 | grep -x -- "$name" >/dev/null; then
        "fault_${name//-/_}" "${@:2}"
    else
        echo "There is no fault '$name'; they are:" >&2
        list_faults >&2
        return 64
    fi
}
