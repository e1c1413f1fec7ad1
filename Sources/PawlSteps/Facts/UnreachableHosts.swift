import PawlModel

/// Turns hosts that could not be reached into problems: hosts that fail for one common cause, a bastion, say, give
/// one problem.
enum UnreachableHosts {
  static func problems(
    _ failures: [(host: String, error: HostError)], in inventory: Inventory
  ) -> [CheckProblem] {
    var order: [HostError] = []
    var hostsByError: [HostError: [String]] = [:]
    for (host, error) in failures {
      if hostsByError[error] == nil { order.append(error) }
      hostsByError[error, default: []].append(host)
    }
    return order.map { error in
      let hosts = hostsByError[error] ?? []
      return CheckProblem(
        kind: kind(error), subject: subject(of: error, hosts: hosts, in: inventory),
        code: kebabCase(error.code.rawValue), message: error.message)
    }
  }

  /// The bastion that the error names when several hosts report the same one; otherwise the hosts.
  private static func subject(of error: HostError, hosts: [String], in inventory: Inventory) -> String {
    guard hosts.count > 1 else { return hosts.first ?? "" }
    let words = error.message.split { $0.isWhitespace || "',:;()".contains($0) }
    let names = words.map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
    let named = inventory.ssh.bastions.first { bastion in names.contains { $0 == bastion.name } }
    return named?.name ?? hosts.joined(separator: ", ")
  }

  private static func kind(_ error: HostError) -> CheckProblem.Kind {
    switch error.code {
    case .unreachable, .hostKey, .authentication, .linkLost, .timedOut, .cancelled: .unreachable
    case .fenced, .failed: .refusal
    }
  }
}

/// `host-key` of `hostKey`.
func kebabCase(_ name: String) -> String {
  name.reduce(into: "") { text, letter in
    text += letter.isUppercase ? "-\(letter.lowercased())" : String(letter)
  }
}
