/// Paths as they stand in an inventory, made absolute without a look at the file system.
struct FilePaths: Sendable {
  /// Absolute: what relative paths start from.
  let directory: String
  /// Absolute: what `~/` stands for.
  let homeDirectory: String

  /// The absolute path without `.`, `..` and double slashes; nil for `~name`, which needs the user database.
  func absolute(_ path: String) -> String? {
    if path == "~" { return normalized(homeDirectory) }
    if path.hasPrefix("~/") { return normalized(homeDirectory + path.dropFirst()) }
    if path.hasPrefix("~") { return nil }
    return normalized(path.hasPrefix("/") ? path : directory + "/" + path)
  }

  private func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}
