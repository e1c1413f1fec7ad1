extension HostFact<[String: Int]> {
  /// The directories that are asked about: packages and images, etcd's copy, everything else.
  static let paths = ["/", "/var", "/etc"]

  /// Free bytes by directory. df -P prints one line for each directory asked, in order, even when two share a
  /// file system; the columns are fixed by POSIX.
  package static let freeDisk = HostFact(
    "free-disk", HostCommand(["df", "-Pk"] + paths)
  ) { result throws(FactError) in
    let lines = try result.successfulLines().dropFirst()
    guard lines.count == paths.count else { throw FactError("it lists \(lines.count) file systems, not 3") }
    var free: [String: Int] = [:]
    for (path, line) in zip(paths, lines) {
      // From the right: a device's name may hold blanks.
      let fields = line.split(separator: " ")
      guard fields.count >= 6, let percent = fields.lastIndex(where: { $0.hasSuffix("%") }), percent >= 1,
        let kibibytes = Int(fields[percent - 1])
      else { throw FactError("a line is not of df's form: '\(line)'") }
      free[path] = kibibytes * 1024
    }
    return free
  }
}
