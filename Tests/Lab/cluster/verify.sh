# Checks what the lab promises. Each check is a function that fails.
# shellcheck shell=bash

# check WHAT COMMAND…: one line with the outcome; remembers a failure.
check() {
    local output
    if output=$("${@:2}" 2>&1); then
        printf 'ok      %s\n' "$1"
    else
        printf 'FAILED  %s\n' "$1"
        if [[ -n $output ]]; then printf '        %s\n' "$(head -3 <<<"$output")"; fi
        LAB_FAILED=$((LAB_FAILED + 1))
    fi
}

lab_verify() {
    local name
    LAB_FAILED=0
    check "the cluster is healthy" cluster_is_healthy
    check "the API server answers on the bastion's public side" api_answers
    check "the bastion lets jump in, without sudo" bastion_is_a_bastion
    check "the bastion forwards no packets" bastion_forwards_nothing
    for name in "${LAB_NODES[@]}"; do
        check "$name cannot be reached directly" not_reachable "$name"
        check "$name is reached through the bastion" through_bastion "$name"
        check "$name takes the ECDSA key too" takes_ecdsa_key "$name"
        check "$name lets pawl use sudo" through_bastion "$name" sudo -n true
        check "$name has its packages on hold" packages_on_hold "$name"
        check "$name runs kubelet of its package version" kubelet_version_agrees "$name"
        check "$name sees every version in the repository" repository_has_all "$name"
        check "$name has the images of every version" images_are_there "$name"
    done
    # kube-proxy has no readiness probe: its rules may come after its pod is ready.
    check "CoreDNS stand-in answers for a Service" wait_for 30 "no answer" service_name_resolves
    check "a Service is reached from a node" wait_for 30 "no answer" service_answers
    if ((LAB_FAILED > 0)); then
        echo "$LAB_FAILED checks failed." >&2
        return 1
    fi
    echo "All checks passed."
}

api_answers() {
    curl --silent --show-error --fail --max-time 5 --output /dev/null \
        --cacert <(query_config certificate-authority-data) "https://$LAB_BASTION_PUBLIC:6443/version"
}

query_config() {
    lab_kubectl config view --raw --output "jsonpath={.clusters[0].cluster.$1}" | base64 --decode
}

ssh_bastion() {
    ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=5 -o LogLevel=ERROR \
        -o "UserKnownHostsFile=$LAB_CLIENT/ssh/known_hosts" -o StrictHostKeyChecking=yes \
        -i "$LAB_CLIENT/ssh/id_bastion" "jump@$LAB_BASTION_PUBLIC" "$@"
}

bastion_is_a_bastion() {
    [[ $(ssh_bastion hostname) == "$LAB_BASTION" ]] && ! ssh_bastion sudo -n true
}

bastion_forwards_nothing() {
    [[ $(in_host "$LAB_BASTION" sysctl --values net.ipv4.ip_forward) == 0 ]]
}

# The kernel refuses at once: no packet leaves this machine.
not_reachable() {
    local address
    address=$(host_address "$1")
    ! ip route get "$address" 2>/dev/null && ! timeout 2 bash -c "exec 3<>/dev/tcp/$address/22"
}

through_bastion() {
    [[ $(ssh_node "$1" hostname) == "$1" ]] && ssh_node "$@"
}

takes_ecdsa_key() {
    local options
    mapfile -t options < <(ssh_options | sed "s#^$LAB_CLIENT/ssh/id_nodes\$#&_ecdsa#")
    ssh "${options[@]}" "pawl@$(host_address "$1")" true
}

packages_on_hold() {
    [[ $(ssh_node "$1" apt-mark showhold | tr '\n' ' ') == "kubeadm kubectl kubelet " ]]
}

kubelet_version_agrees() {
    local package node
    package=$(ssh_node "$1" dpkg-query --show --showformat='\${Version}' kubelet)
    node=$(query node "$1" '{.status.nodeInfo.kubeletVersion}')
    [[ v${package%%-*} == "$node" ]]
}

repository_has_all() {
    local known release
    known=$(ssh_node "$1" apt-cache madison kubeadm)
    for release in "${LAB_RELEASES[@]}"; do grep -qw -- "$release" <<<"$known" || return 1; done
}

images_are_there() {
    local known version name
    known=$(ssh_node "$1" sudo -n crictl images)
    for version in "${LAB_VERSIONS[@]}"; do
        for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
            grep -qF "$LAB_IMAGE_PREFIX/$name:v$version" <<<"$known" || return 1
        done
    done
}

service_name_resolves() {
    local address
    address=$(query service --namespace demo web '{.spec.clusterIP}')
    [[ $(in_host worker-1 perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new(PeerAddr => "10.96.0.10", PeerPort => 53, Proto => "udp") or die;
        print $s pack("n6", 1, 0x100, 1, 0, 0, 0), (map { pack("C/a*", $_) } qw(web demo svc cluster local), ""), pack("n2", 1, 1);
        local $SIG{ALRM} = sub { die "no answer" }; alarm 3;
        $s->recv(my $reply, 512); print join ".", unpack("C4", substr($reply, -4));') == "$address" ]]
}

service_answers() {
    local address
    address=$(query service --namespace demo web '{.spec.clusterIP}')
    in_host worker-1 timeout 3 bash -c "exec 3<>/dev/tcp/$address/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; grep -q ^web- <&3"
}
