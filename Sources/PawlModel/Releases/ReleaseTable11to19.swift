extension KubernetesReleases {
  /// 1.11 to 1.19.
  static let upTo1_19: [ReleaseFacts] = [
    release(
      11, endOfLife: "2019-05-01",
      .blocker(
        "kubeadm",
        "From 1.10, fetch the kubeadm binary alone: its package replaces the kubelet's drop-in and stops the kubelet."
      ),
      .info("dns", "CoreDNS takes over from kube-dns unless the CoreDNS feature gate is off."),
      .info("ha", "kubeadm has no command for further control planes yet.")),
    release(
      12, endOfLife: "2019-07-08",
      .action(
        "apiserver", "Drop --storage-versions from the API server before going further than this minor."),
      .action("kubelet", "The kubelet no longer knows --cadvisor-port and --docker-disable-shared-pid."),
      .action(
        "kubeadm", "kubeadm no longer reads v1alpha1 files; the kinds of its configuration have new names."),
      .action(
        "ha",
        "With stacked etcd and control planes that were not joined by kubeadm, kubeadm-config has to be edited for each."
      ),
      .info("images", "Image names of the control plane end without the architecture.")),
    release(
      13, endOfLife: "2019-10-15",
      .blocker("etcd", "The etcd2 storage backend and --etcd-quorum-read are gone."),
      .blocker("skew", "A 1.13.0 kubelet crashes against a 1.12 API server: finish every API server first."),
      .action("skew", "Every kubelet has to be at 1.11 or later before the controller manager is at 1.13."),
      .action("scheduler", "Scheduler files of componentconfig/v1alpha1 are refused."),
      .action("kubelet", "The kubelet no longer knows --google-json-key."),
      .action(
        "ha",
        "Take the etcd section out of ClusterConfiguration and list every control plane under apiEndpoints first."
      )),
    release(
      14, endOfLife: "2019-12-11",
      .action("apiserver", "The API server no longer knows --storage-versions."),
      .action(
        "taints", "The alpha taints notReady and unreachable and the critical-pod annotation have no effect."),
      .info("rbac", "New clusters hide discovery from anonymous users; upgraded ones keep showing it."),
      .info("kubeadm", "v1alpha3 files can only be migrated, not used.")),
    release(
      15, endOfLife: "2020-05-06",
      .blocker("kubelet", "A kubelet with --allow-privileged does not start."),
      .action(
        "certs",
        "Upgrades renew certificates from here on, but 'upgrade node' does so only when told with --certificate-renewal=true."
      ),
      .action("kubeadm", "'upgrade node' replaces 'upgrade node config' and 'experimental-control-plane'."),
      .info("join", "In 1.15.0 two control planes must not join at the same time.")),
    release(
      16, endOfLife: "2020-09-02",
      .blocker(
        "api", "Workloads of extensions/v1beta1, apps/v1beta1 and apps/v1beta2 are not served any more."),
      .blocker(
        "kubelet",
        "A kubelet with --containerized, or with --node-labels in the kubernetes.io domain that it may not set, does not start."
      ),
      .action(
        "etcd",
        "'upgrade node' leaves etcd on further control planes as it was; compare the images after the hop."),
      .action("certs", "'upgrade node' needs --certificate-renewal=true to renew certificates."),
      .action("kube-proxy", "kube-proxy no longer knows --resource-container.")),
    release(
      17, endOfLife: "2021-01-13",
      .action(
        "drain", "Each node has to be drained before its kubelet goes up: paths of block volumes change."),
      .action(
        "kubeadm",
        "'upgrade apply' lost --cri-socket, and an authorization mode of your own no longer gets Node,RBAC in front."
      ),
      .info("certs", "kubelet.conf of the first node refers to the certificate file that is rotated.")),
    release(
      18, endOfLife: "2021-06-18",
      .action("kubeadm", "'upgrade node config' is gone and --kubelet-version is on its way out."),
      .action(
        "kubectl", "kubectl without a kubeconfig no longer tries localhost:8080; run has no generators."),
      .info(
        "kubeadm", "Upgrades start a job in kube-system as a health check: one node has to be schedulable."),
      .info("kubeadm", "ClusterStatus is on its way out.")),
    release(
      19, endOfLife: "2021-10-28",
      .blocker("apiserver", "An API server with --basic-auth-file does not start."),
      .blocker("kubelet", "A kubelet with --bootstrap-checkpoint-path does not start."),
      .action(
        "kubelet",
        "Left-over --cgroup-driver and --resolv-conf in kubeadm-flags.env override config.yaml; take them out."
      ),
      .action(
        "volumes", "The controller manager's image has no shell or tools: flexvolume drivers in it break."),
      .action("lb", "Cloud load balancers keep cordoned nodes; use the exclude label to take one out."),
      .info("etcd", "Upgrades respect an etcd image tag of your own.")),
  ]
}
