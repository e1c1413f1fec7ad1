# Faults of the cluster, of the way to it, and of the package repository.
# shellcheck shell=bash

# The load balancer stands still: connections hang, as with a dead machine.
fault_api_away() {
    local seconds=${1:?for how many seconds?}
    in_host "$LAB_BASTION" systemctl kill --signal=STOP haproxy.service
    in_host "$LAB_BASTION" systemd-run --quiet --collect --unit=lab-api-back --on-active="$seconds" \
        --timer-property=AccuracySec=100ms systemctl kill --signal=CONT haproxy.service
}

# The workload's own PodDisruptionBudget: a pod under two of them could not be
# evicted for another reason.
fault_pdb_block() { set_web_budget 0; }
fault_pdb_unblock() { set_web_budget 1; }

set_web_budget() {
    lab_kubectl patch poddisruptionbudget web --namespace demo --type=merge \
        --patch "{\"spec\":{\"maxUnavailable\":$1}}"
}

fault_stubborn_pod() { create_pod stubborn "${1:-worker-1}"; }
fault_finalizer_pod() { create_pod finalizer "${1:-worker-1}"; }

# create_pod NAME NODE: makes the pod and waits until it runs.
create_pod() {
    sed "s/NODE/$2/" "$LAB_DIR/faults/$1-pod.yaml" | lab_kubectl apply -f -
    lab_kubectl wait --namespace demo --for=condition=Ready --timeout=60s "pod/$1"
}

# Takes both pods away, whatever they hold on to.
fault_remove_pods() {
    lab_kubectl patch pod finalizer --namespace demo --type=merge \
        --patch '{"metadata":{"finalizers":null}}' 2>/dev/null || true
    lab_kubectl delete pod stubborn finalizer --namespace demo --ignore-not-found \
        --grace-period=0 --force 2>/dev/null || true
}

# The index without one package; the index is all that apt looks at.
fault_remove_package() {
    local name=${1:?which package?} version=${2:?which version?}
    # shellcheck disable=SC2016
    in_host "$LAB_BASTION" sh -c 'cd /srv/apt
        if [ ! -e Packages.all ]; then cp Packages Packages.all; fi
        awk -v RS= -v ORS="\n\n" -v name="$1" -v version="$2" \
            "index(\$0 \"\n\", \"Package: \" name \"\n\") != 1 || !index(\$0, \"\nVersion: \" version \"\n\")" \
            Packages >Packages.new && mv Packages.new Packages' sh "$name" "$version"
}

# The update of pawl-lab-tool is offered from now on.
fault_publish_update() {
    # shellcheck disable=SC2016
    in_host "$LAB_BASTION" sh -c 'cd /srv/apt
        if ! grep -qxF "Version: $1" Packages; then
            cat Packages Packages.update >Packages.new && mv Packages.new Packages
        fi' sh "$LAB_TOOL_UPDATE"
}

fault_restore_packages() {
    in_host "$LAB_BASTION" sh -c 'if [ -e /srv/apt/Packages.all ]; then mv /srv/apt/Packages.all /srv/apt/Packages; fi'
}

# known_hosts of the client gets keys that the host does not have.
fault_wrong_host_key() {
    require_host "${1:-}"
    local address file=$LAB_CLIENT/ssh/known_hosts scratch
    fault_right_host_key
    cp -p "$file" "$file.right"
    address=$(client_address "$1")
    scratch=$(mktemp -d)
    ssh-keygen -q -t ed25519 -N '' -f "$scratch/ed25519"
    ssh-keygen -q -t ecdsa -N '' -f "$scratch/ecdsa"
    {
        grep -vF -- "$address " "$file.right"
        cut -d ' ' -f 1,2 "$scratch/ed25519.pub" "$scratch/ecdsa.pub" | sed "s/^/$address /"
    } >"$file"
    rm -r "$scratch"
}

fault_right_host_key() {
    local file=$LAB_CLIENT/ssh/known_hosts
    if [[ -e $file.right ]]; then mv "$file.right" "$file"; fi
}
