extension HostFact<String> {
  /// The machine's architecture as the kernel names it: `x86_64`, `aarch64`.
  package static let architecture = HostFact(
    "architecture", HostCommand(["uname", "-m"])
  ) { result throws(FactError) in
    let lines = try result.successfulLines()
    guard lines.count == 1 else { throw FactError("its answer is not one line") }
    return lines[0]
  }
}
