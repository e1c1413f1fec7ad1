/// The first lines of each of Pawl's files: which format, and which kind of file.
enum FileHeader {
  /// The only format there is.
  static let apiVersion = "pawl.dev/v1alpha1"

  /// Checks `apiVersion` and `kind`. Throws when the file is something else, as every further message would be
  /// beside the point.
  static func check(_ root: YAMLCursor, kind: String) throws(DiagnosticsError) {
    guard case .mapping(let entries) = root.node.content else {
      root.error("the file has to be a map with 'apiVersion' and 'kind'")
      throw DiagnosticsError(root.log.diagnostics)
    }
    let mapping = YAMLMapping(entries: entries, location: root.location, log: root.log)
    let expected = [("kind", kind), ("apiVersion", apiVersion)]
    for (key, value) in expected {
      guard let cursor = mapping[key] else { continue }
      if let text = cursor.scalar?.text, text == value { continue }
      cursor.error("'\(key)' has to be \(value), not \(cursor.scalar.map { "'\($0.text)'" } ?? cursor.found)")
    }
    try root.log.throwErrors()
  }
}
