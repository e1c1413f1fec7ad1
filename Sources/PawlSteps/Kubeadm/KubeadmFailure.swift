import PawlEngine

/// Reads what kubeadm says when it fails.
enum KubeadmFailure {
  /// Signs of trouble that may pass.
  private static let passing = [
    "timed out waiting", "connection refused", "TLS handshake timeout", "i/o timeout", "etcdserver:",
    "context deadline exceeded", "the object has been modified",
  ]

  /// The failure of a kubeadm command that ended badly: its `[ERROR …]` lines if there are any, and its last lines.
  static func failure(
    of result: HostCommandResult, doing what: String, code: String, on host: String, hint: String
  ) -> StepFailure {
    let lines = result.lines
    let errors = lines.filter { $0.contains("[ERROR") }.map(trimmed)
    let reason = errors.first ?? lines.last(where: isReason).map(trimmed)
    let causes = errors + lines.suffix(10).map(trimmed).filter { !errors.contains($0) }
    if let line = lines.first(where: { $0.lowercased().contains("no space left on device") }) {
      return StepFailure(
        code: "disk-full", message: "\(what) failed on \(host): there is no space left (\(trimmed(line))).",
        causes: causes, retry: .permanent,
        hint: "Free some space there (`df -h` shows where, `crictl rmi --prune` removes unused images).")
    }
    let mayPass = lines.contains { line in passing.contains { line.contains($0) } }
    return StepFailure(
      code: code, message: "\(what) failed on \(host) (\(result.ending))\(reason.map { ": \($0)" } ?? ".")",
      causes: causes, retry: mayPass ? .temporary : result.retry, hint: hint)
  }

  /// kubeadm ends with general advice, which is no reason.
  private static func isReason(_ line: String) -> Bool {
    !line.hasPrefix("To see the stack trace") && !line.contains("[preflight] If you know what you are doing")
  }

  private static func trimmed(_ line: String) -> String {
    var text = Substring(line)
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
