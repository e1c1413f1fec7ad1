extension HostFact<String> {
  /// The id that the kernel makes anew at each boot.
  package static let bootID = HostFact(
    "boot-id", HostCommand(["cat", "/proc/sys/kernel/random/boot_id"])
  ) { result throws(FactError) in
    let lines = try result.successfulLines()
    guard lines.count == 1, lines[0].utf8.count == 36 else {
      throw FactError("its answer is no boot id: '\(lines.joined(separator: " "))'")
    }
    return lines[0]
  }
}
