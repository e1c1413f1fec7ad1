extension KubernetesReleases {
  /// 1.29 to 1.37.
  static let from1_29: [ReleaseFacts] = [
    release(
      29, endOfLife: "2025-02-28",
      .blocker("api", "flowcontrol v1beta2 is gone."),
      .action(
        "certs",
        "admin.conf becomes an ordinary administrator; super-admin.conf, on the node of 'upgrade apply', keeps all rights."
      ),
      .action("cloud", "Cloud providers in the tree are off unless they are turned on."),
      .info("kubeadm", "kubeadm goes along with kubelets three minors older.")),
    release(
      30, endOfLife: "2025-07-15",
      .blocker("apiserver", "An API server that lists the plugin SecurityContextDeny does not start."),
      .action("cloud", "The Azure and vSphere providers are gone from the tree."),
      .action("swap", "The kubelet's UnlimitedSwap is gone; NoSwap is the default."),
      .info(
        "etcd",
        "Late patches of 1.29 bring a newer etcd than 1.30 does; kubeadm then leaves etcd as it is and says so."
      )),
    release(
      31, endOfLife: "2025-11-11",
      .blocker(
        "skew",
        "Pods of a 1.31 kubelet hang against a 1.30 API server: finish every API server before any kubelet."),
      .blocker(
        "kubelet",
        "A kubelet with --keep-terminated-pod-volumes, --iptables-masquerade-bit or --iptables-drop-bit does not start."
      ),
      .blocker("apiserver", "An API server that lists the plugin PersistentVolumeLabel does not start."),
      .blocker("kube-proxy", "kube-proxy with --proxy-port-range does not start."),
      .action("etcd", "An etcd of your own has to be at 3.5.11 or later for the new health probes."),
      .action("volumes", "CephFS and RBD volumes are gone from the tree."),
      .action("kubectl", "'kubectl drain' lost --delete-local-data; write --delete-emptydir-data."),
      .action("cgroups", "cgroup v1 gets no more work; plan the move to v2."),
      .action("kubeadm", "In v1beta4 files extraArgs are lists of name and value.")),
    release(
      32, endOfLife: "2026-02-28",
      .blocker("kubelet", "A kubelet with --runonce does not start."),
      .blocker("api", "flowcontrol v1beta3 is gone."),
      .action(
        "kubeadm", "'upgrade apply' lost --feature-gates, and the commands lost --experimental-output."),
      .action("cloud", "The controller manager runs no cloud controllers any more."),
      .info("packages", "The kubeadm package no longer brings cri-tools.")),
    release(
      33, endOfLife: "2026-06-28",
      .blocker("apiserver", "An API server with --cloud-provider or --cloud-config does not start."),
      .action(
        "etcd",
        "While still here bring every etcd member to 3.5.32 or later, at least 3.5.26: kubeadm itself stops at 3.5.24."
      ),
      .action("kubeadm", "Upgrades check kernel and operating system too."),
      .info("kubeadm", "The kubelet of a control plane talks to the API server of its own node.")),
    release(
      34, endOfLife: "2026-10-27",
      .blocker(
        "etcd",
        "etcd goes from 3.5 to 3.6: members before 3.5.26 can bring removed members back or not start at all."
      ),
      .blocker(
        "staticpods",
        "Static pods that refer to ConfigMaps, Secrets, service accounts or volume claims are refused."),
      .blocker("kubelet", "A kubelet with --cloud-config or --register-schedulable does not start."),
      .action(
        "kubeadm",
        "The runtime's socket moves to /var/lib/kubelet/instance-config.yaml, off the node's annotation and flags."
      ),
      .action(
        "patches", "Probes of the control plane use a named port; patches that touch them have to follow."),
      .action("api", "Of resource.k8s.io/v1alpha3 only DeviceTaintRule is left.")),
    release(
      35, endOfLife: "2027-02-28",
      .blocker(
        "cgroups",
        "Kubelets refuse hosts with cgroup v1 unless failCgroupV1 is false in the kubelet-config ConfigMap beforehand; kubeadm's SystemVerification check fails on them."
      ),
      .blocker(
        "kubelet",
        "A kubelet with --pod-infra-container-image does not start; kubeadm takes it out of kubeadm-flags.env only."
      ),
      .action("api", "StorageVersionMigration and VolumeAttributesClass of v1alpha1 are gone."),
      .info("runtime", "A runtime that cannot tell its configuration gives a warning before the upgrade."),
      .info("kube-proxy", "The ipvs mode is on its way out.")),
    release(
      36, endOfLife: "2027-06-28",
      .action("volumes", "Portworx volumes are gone from the tree, and kubeadm's support for flexvolumes."),
      .action(
        "etcd",
        "kubeadm drops etcd's experimental flags; before 1.37 every member has to be at 3.6.11 or later, and kubeadm up to 1.36.3 brings 3.6.8."
      ),
      .action("api", "scheduling.k8s.io/v1alpha1 and WebhookAdmissionConfiguration v1alpha1 are gone."),
      .info("kubeadm", "The order of extraArgs is kept, and the job of the health check gets a minute.")),
    release(
      37, endOfLife: "2027-10-28",
      .blocker(
        "etcd", "etcd goes from 3.6 to 3.7: every member at 3.6.11 or later, no --experimental flags."),
      .blocker("kubelet", "A kubelet with one of the old cAdvisor flags does not start."),
      .blocker("api", "Objects of scheduling.k8s.io/v1alpha2 have to be deleted before."),
      .blocker("controller-manager", "A controller manager with --concurrent-service-syncs does not start."),
      .action("kubeadm", "kubeadm no longer reads v1beta3 files; migrate them with an older binary."),
      .action("kubelet", "eventRecordQPS 0 means no limit from here on."),
      .info("kubeadm", "Its check of etcd asks for a quorum, not for every member.")),
  ]
}
