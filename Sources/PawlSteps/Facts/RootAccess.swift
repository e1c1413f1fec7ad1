extension HostFact<Bool> {
  /// Whether root is had: the login is root, or `sudo -n` works without a password.
  package static let rootAccess = HostFact(
    "root-access", HostCommand(["true"], asRoot: true)
  ) { result throws(FactError) in
    result.succeeded
  }
}
