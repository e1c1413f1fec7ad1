extension KubernetesReleases {
  /// 1.20 to 1.28.
  static let upTo1_28: [ReleaseFacts] = [
    release(
      20, endOfLife: "2022-02-28",
      .blocker(
        "apiserver",
        "The PodPreset API and plugin are gone, and the insecure port is not served whatever the flags."),
      .action("probes", "Timeouts of exec probes count from here on, one second unless set."),
      .action(
        "skew", "Do not let a 1.19 API server with API Priority and Fairness run beside newer ones for long."),
      .action("labels", "'upgrade apply' adds the control-plane label to nodes that have the master label."),
      .info("runtime", "Dockershim is on its way out, and gone in 1.24."),
      .info("kubeadm", "'kubeadm certs' replaces 'kubeadm alpha certs'; --experimental-kustomize is gone.")),
    release(
      21, endOfLife: "2022-06-28",
      .action(
        "kubeadm",
        "'kubeadm alpha certs' and kube-dns are gone; mirrors need the image name coredns/coredns with a v before the tag."
      ),
      .action(
        "kubelet", "Static pods restart with the kubelet's upgrade, because their UIDs are made another way."),
      .info("cgroups", "New clusters use the systemd cgroup driver."),
      .info("lb", "Control planes get the label that takes them out of external load balancers.")),
    release(
      22, endOfLife: "2022-10-28",
      .blocker(
        "api",
        "Many v1beta1 APIs are gone: CRDs, webhooks, Ingress, RBAC, CSRs, leases, storage classes and others."
      ),
      .blocker(
        "cgroups",
        "The upgrade turns the cgroup driver to systemd unless it is set: where the runtime uses cgroupfs, write it into the kubelet-config ConfigMap first."
      ),
      .blocker(
        "scheduler",
        "A scheduler with --algorithm-provider, --hard-pod-affinity-symmetric-weight or --scheduler-name does not start."
      ),
      .blocker("kubelet", "A kubelet with --chaos-chance does not start."),
      .action("etcd", "etcd 3.5.0 to 3.5.2 can corrupt data; make sure of 3.5.3 or later."),
      .action(
        "kubeadm",
        "v1beta1 files, ClusterStatus and 'config view' are gone; --patches replaces --experimental-patches."),
      .info("eviction", "The API server takes evictions as policy/v1.")),
    release(
      23, endOfLife: "2023-02-28",
      .blocker(
        "scheduler", "A scheduler with a policy file (--policy-config-file and its like) does not start."),
      .blocker(
        "kubelet",
        "A kubelet with --seccomp-profile-root or --experimental-bootstrap-kubeconfig does not start."),
      .action("kubeadm", "--experimental-patches is gone; write --patches."),
      .action("runtime", "The last minor with dockershim: move the nodes to containerd or CRI-O here."),
      .info("swap", "Swap gives a warning before the upgrade, not an error.")),
    release(
      24, endOfLife: "2023-07-28",
      .blocker(
        "runtime", "Dockershim is gone: every node needs containerd, CRI-O or cri-dockerd beforehand."),
      .blocker(
        "kubelet",
        "A kubelet with --network-plugin or another dockershim flag does not start, and kubeadm leaves it in kubeadm-flags.env."
      ),
      .blocker(
        "apiserver",
        "An API server with flags of the insecure port, --experimental-encryption-provider-config or --target-ram-mb does not start."
      ),
      .action(
        "labels",
        "'upgrade apply' removes the master label and adds the control-plane taint beside the master taint: workloads have to tolerate both."
      ),
      .action(
        "kubeadm", "The kubelet's configuration moves to the ConfigMap kubelet-config, without a minor."),
      .action(
        "drain", "Each node has to be drained before its kubelet goes up: the CSI staging path changes."),
      .action("serviceaccounts", "Service accounts get no token Secret of their own any more."),
      .info("kubeadm", "The runtime's socket gets the prefix unix:// in annotations and flags.")),
    release(
      25, endOfLife: "2023-10-28",
      .blocker(
        "api",
        "PodSecurityPolicy and several beta APIs are gone; an API server that lists its admission plugin does not start."
      ),
      .blocker(
        "kubeadm",
        "Where UnversionedKubeletConfigMap was turned off, copy kubelet-config-1.24 to kubelet-config first."),
      .blocker("apiserver", "An API server with --service-account-api-audiences does not start."),
      .blocker(
        "controller-manager",
        "A controller manager with --deleting-pods-qps, --deleting-pods-burst, --register-retry-count or --experimental-cluster-signing-duration does not start."
      ),
      .blocker("kubelet", "A kubelet with --experimental-kernel-memcg-notification does not start."),
      .action(
        "taints",
        "'upgrade apply' removes the master taint; workloads have to tolerate the control-plane one."),
      .action(
        "registry", "The old image registry in the cluster's configuration is replaced by registry.k8s.io."),
      .action("volumes", "Flocker, Quobyte and StorageOS volumes are gone.")),
    release(
      26, endOfLife: "2024-02-28",
      .blocker("runtime", "Nodes with containerd before 1.6 do not become ready: CRI v1 is needed."),
      .blocker("api", "autoscaling/v2beta2 and flowcontrol v1beta1 are gone."),
      .action("cloud", "The OpenStack provider with Cinder, and GlusterFS volumes, are gone from the tree."),
      .action(
        "kubeadm",
        "Only this minor's kubeadm takes --container-runtime out of kubeadm-flags.env: every node has to make this hop."
      )
    ),
    release(
      27, endOfLife: "2024-07-16",
      .blocker("kubelet", "A kubelet with --container-runtime or --master-service-namespace does not start."),
      .blocker(
        "controller-manager",
        "A controller manager with --pod-eviction-timeout or --enable-taint-manager does not start."),
      .blocker("apiserver", "An API server with --master-service-namespace does not start."),
      .blocker("api", "CSIStorageCapacity of storage.k8s.io/v1beta1 is gone."),
      .action("kubeadm", "kubeadm no longer reads v1beta2 files."),
      .action(
        "volumes", "The Azure disk plugin and the kubelet's AWS credential provider are gone from the tree.")),
    release(
      28, endOfLife: "2024-10-22",
      .blocker("scheduler", "A scheduler with --lock-object-namespace or --lock-object-name does not start."),
      .info("skew", "Kubelets and kube-proxies from 1.25 on may be three minors older than the API server."),
      .info("kubeadm", "CoreDNS and kube-proxy go up only with the last control plane."),
      .info("volumes", "CephFS and RBD volumes are on their way out.")),
  ]
}
