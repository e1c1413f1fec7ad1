import Foundation
import Glibc
import PawlSteps

/// Real members of an etcd, each on a "host" of its own: a namespace of processes and mounts, whose first process is a
/// `sleep`. Clients need certificates. The hosts end with their sleep, at the latest after five minutes.
final class EtcdScene {
  /// Namespaces need root.
  static let isPossible =
    geteuid() == 0
    && ["/usr/bin/etcd", "/usr/bin/etcdctl", "/usr/bin/unshare", "/usr/bin/nsenter"]
      .allSatisfy(FileManager.default.isExecutableFile(atPath:))

  private struct Host {
    let unshare: ChildProcess
    let sleep: Int32
  }

  let folder = NSTemporaryDirectory() + "pawl-etcd-\(UUID().uuidString)"
  private var hosts: [String: Host] = [:]
  private var members: [String: ChildProcess] = [:]
  private var clientURLs: [String: String] = [:]
  private var peerURLs: [String: String] = [:]

  init(_ names: [String]) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in names {
      clientURLs[name] = "https://127.0.0.1:\(try freePort())"
      peerURLs[name] = "http://127.0.0.1:\(try freePort())"
      hosts[name] = try await Self.host()
    }
    try await certificates()
  }

  /// Makes a host and waits until its first process is there.
  private static func host() async throws -> Host {
    let (ready, said) = (makePipe(), makePipe())
    let unshare = try ChildProcess(
      "/usr/bin/unshare",
      ["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", "echo here; exec sleep 300"],
      input: ready.read, output: said.write)
    close(ready.read)
    close(ready.write)
    close(said.write)
    _ = await onThread { readBytes(said.read) { $0.contains(10) } }
    close(said.read)
    let all = descendants(of: unshare.pid, named: "sleep") + descendants(of: unshare.pid, named: "sh")
    guard let first = all.first else { throw ToolFailure(path: "unshare", status: 1) }
    return Host(unshare: unshare, sleep: first)
  }

  /// Ends every host, with all that runs there.
  func finish() async {
    for host in hosts.values { kill(host.sleep, SIGKILL) }
    for process in hosts.values.map(\.unshare) + Array(members.values) {
      _ = await onThread { process.wait() }
    }
    removeFiles(folder)
  }

  // MARK: Members

  private func flags(_ name: String) -> [(String, String)] {
    [
      ("name", name), ("data-dir", "\(folder)/\(name)"), ("listen-client-urls", clientURLs[name] ?? ""),
      ("advertise-client-urls", clientURLs[name] ?? ""), ("listen-peer-urls", peerURLs[name] ?? ""),
      ("initial-advertise-peer-urls", peerURLs[name] ?? ""),
      ("initial-cluster", peerURLs.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ",")),
      // A cluster has to be some seconds old otherwise before its members may be changed.
      ("strict-reconfig-check", "false"),
    ]
  }

  private func certificateFlags(_ folder: String) -> [(String, String)] {
    [
      ("cert-file", "\(folder)/server.crt"), ("key-file", "\(folder)/server.key"),
      ("trusted-ca-file", "\(folder)/ca.crt"), ("client-cert-auth", "true"),
    ]
  }

  /// A member with its settings on the command line, in all the forms there are.
  func startByFlags(_ name: String) throws {
    let certificates = certificateFlags(folder)
    // A flag that is true or false takes no value after a blank.
    let forms = (flags(name).dropLast() + certificates.dropLast()).enumerated().flatMap { index, flag in
      switch index % 3 {
      case 0: ["--\(flag.0)", flag.1]
      case 1: ["--\(flag.0)=\(flag.1)"]
      default: ["-\(flag.0)=\(flag.1)"]
      }
    }
    try start(name, ["etcd"] + forms + ["--strict-reconfig-check=false", "--client-cert-auth"])
  }

  /// A member with its settings in the environment.
  func startByEnvironment(_ name: String) throws {
    let variables = (flags(name) + certificateFlags(folder)).map {
      "ETCD_\($0.0.uppercased().replacing("-", with: "_"))=\($0.1)"
    }
    try start(name, ["env"] + variables + ["etcd"])
  }

  /// A member that goes by a file which only it sees, as in a container, and that trusts no certificate of the server
  /// as that of a client, so that only kubeadm's for health checks will do.
  func startInContainer(_ name: String) throws {
    let pki = "/etc/kubernetes/pki/etcd"
    var lines = ["# A member", "name: '\(name)'   # of three"]
    lines += flags(name).dropFirst().map { $0.1 == "false" ? "\($0.0): false" : "\($0.0): \"\($0.1)\"" }
    lines += ["client-transport-security:"]
    lines += certificateFlags(pki).map { "  \($0.0): \($0.1)" }
    lines += ["peer-transport-security:", "  cert-file: ''"]
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(
      to: URL(fileURLWithPath: "\(folder)/etcd.yaml"))
    let script = """
      mount -t tmpfs none /etc && mkdir -p \(pki) && cd \(pki) && cp \(folder)/ca.crt . \
      && cp \(folder)/serveronly.crt server.crt && cp \(folder)/serveronly.key server.key \
      && cp \(folder)/client.crt healthcheck-client.crt && cp \(folder)/client.key healthcheck-client.key \
      && cp \(folder)/etcd.yaml /etc/etcd.yaml && exec etcd --config-file /etc/etcd.yaml
      """
    try start(name, ["unshare", "--mount", "sh", "-c", script])
  }

  private func start(_ name: String, _ argv: [String]) throws {
    members[name] = try ChildProcess("/usr/bin/nsenter", entering(name) + argv)
  }

  /// Kills a member as a power cut does; its host stays.
  func end(_ name: String) async {
    guard let member = members.removeValue(forKey: name) else { return }
    for pid in descendants(of: member.pid, named: "etcd") { kill(pid, SIGKILL) }
    _ = await onThread { member.wait() }
  }

  /// Takes the certificate away with which kubeadm's health checks come.
  func takeHealthCertificate(on name: String) async throws {
    guard let member = members[name], let pid = descendants(of: member.pid, named: "etcd").first else {
      return
    }
    try await runTool("/bin/sh", ["-c", "rm /proc/\(pid)/root/etc/kubernetes/pki/etcd/healthcheck-client.*"])
  }

  // MARK: Questions

  private func entering(_ name: String) -> [String] {
    ["--target", "\(hosts[name]?.sleep ?? 0)", "--mount", "--pid", "--"]
  }

  /// What `EtcdQuestion` prints on a host.
  func ask(on name: String, shell: [String] = ["sh"]) async throws -> String {
    let output = try await runTool(
      "/usr/bin/nsenter", entering(name) + shell + EtcdQuestion.argv.dropFirst())
    return String(decoding: output, as: UTF8.self)
  }

  /// Runs etcdctl as an administrator.
  func etcdctl(on name: String, _ words: String...) async throws -> String {
    let output = try await runTool(
      "/usr/bin/env",
      [
        "ETCDCTL_API=3", "etcdctl", "--endpoints=\(clientURLs[name] ?? "")", "--cacert=\(folder)/ca.crt",
        "--cert=\(folder)/client.crt", "--key=\(folder)/client.key",
      ] + words)
    return String(decoding: output, as: UTF8.self)
  }

  // MARK: Certificates

  private func certificates() async throws {
    try await openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj",
      "/CN=ca",
      "-days", "2")
    for (name, usage) in [
      ("server", "serverAuth,clientAuth"), ("serveronly", "serverAuth"), ("client", "clientAuth"),
    ] {
      try await openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "\(name).key", "-out", "\(name).csr", "-subj",
        "/CN=\(name)")
      try Data("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=\(usage)\n".utf8).write(
        to: URL(fileURLWithPath: "\(folder)/\(name).ext"))
      try await openssl(
        "x509", "-req", "-in", "\(name).csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days",
        "2", "-extfile", "\(name).ext", "-out", "\(name).crt")
    }
  }

  private func openssl(_ words: String...) async throws {
    try await runTool("/bin/sh", ["-c", "cd \"$0\" && exec openssl \"$@\" 2>/dev/null", folder] + words)
  }
}
