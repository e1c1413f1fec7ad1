/// Answers of dpkg and apt.
enum PackageOutputs {
  /// On hold, installed, unpacked, half configured, removed with configuration left, never installed.
  static let query =
    "kubeadm\t1.29.15-1.1\thi \n" + "kubelet\t1.30.14-1.1\tiU \n" + "kubectl\t1.29.15-1.1\tii \n"
    + "kubernetes-cni\t1.4.0-1.1\tiF \n" + "cri-tools\t\tun \n"

  static let removed = "kubeadm\t1.20.15-00\trc \n" + "kubelet\t1.20.15-00\tiHR\n"

  /// dpkg 1.21 of Debian 12, after an unpacking that was cut short and a postinst that failed.
  static let audit = """
    The following packages have been unpacked but not yet configured.
    They must be configured using dpkg --configure or the configure
    menu option in dselect for them to work:
     kubelet              Node agent of Kubernetes

    The following packages are only half configured, probably due to problems
    configuring them the first time.  The configuration should be retried using
    dpkg --configure <package> or the configure menu option in dselect:
     kubeadm              Node agent of Kubernetes

    """

  /// Two sources that offer the same version, and a source entry.
  static let madison = """
       kubeadm | 1.30.14-1.1 | https://packages.example/core:/stable:/v1.30/deb  Packages
       kubeadm | 1.30.14-1.1 | https://mirror.example/v1.30/deb  Packages
       kubeadm | 1.30.13-1.1 | https://packages.example/core:/stable:/v1.30/deb  Packages
       kubelet | 1.20.15-00 | https://packages.example/apt kubernetes-xenial/main amd64 Packages
       kubectl |  1.20.2-1 | https://mirror.example/debian bookworm/main Sources

    """

  static let disk = """
    Filesystem     1024-blocks     Used Available Capacity Mounted on
    /dev/vda1        264212084 21863300  77202312      23% /
    /dev/mapper/ubuntu--vg-ubuntu--lv   10218772 9690000    524288      95% /var
    /dev/vda1        264212084 21863300  77202312      23% /

    """
}
