import Yams

/// Decodes a YAML (or JSON) file of somebody else's format, such as a kubeconfig: unknown keys are passed over,
/// everything else is as strict as for Pawl's own files.
package func decodeYAML<T: Decodable>(
  _ type: T.Type, from text: String, file: String
) throws(DiagnosticsError) -> T {
  let document = try YAMLDocument(text: text, file: file)
  try refuseRepeatedKeys(in: document.root)
  do {
    return try YAMLDecoder().decode(type, from: document.yams)
  } catch let error as DecodingError {
    throw DiagnosticsError([diagnostic(of: error, in: document)])
  } catch {
    throw DiagnosticsError([Diagnostic("the file cannot be decoded", at: document.root.location)])
  }
}

/// Yams would take the repeated key under the name that the parser gave it for the time being.
private func refuseRepeatedKeys(in root: YAMLNode) throws(DiagnosticsError) {
  let log = DiagnosticLog()
  var waiting = [root]
  while let node = waiting.popLast() {
    switch node.content {
    case .scalar: break
    case .list(let items): waiting.append(contentsOf: items)
    case .mapping(let entries):
      _ = YAMLCursor(node: node, log: log, name: "the value").entries()
      waiting.append(contentsOf: entries.map(\.value))
    }
  }
  try log.throwErrors()
}

private func diagnostic(of error: DecodingError, in document: YAMLDocument) -> Diagnostic {
  let (path, message): ([any CodingKey], String) =
    switch error {
    case .keyNotFound(let key, let context): (context.codingPath, "the key '\(key.stringValue)' is missing")
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      (context.codingPath, "\(name(of: context.codingPath)) has the wrong type")
    // The context's own words may quote the value, and a kubeconfig holds secrets.
    case .dataCorrupted(let context): (context.codingPath, "\(name(of: context.codingPath)) cannot be read")
    @unknown default: ([], "the file cannot be decoded")
    }
  return Diagnostic(message, at: location(of: path, in: document.root))
}

private func name(of path: [any CodingKey]) -> String {
  path.isEmpty ? "the file" : "'" + path.map(\.stringValue).joined(separator: ".") + "'"
}

/// The place that a path leads to, or the last one on the way that is there.
private func location(of path: [any CodingKey], in root: YAMLNode) -> SourceLocation {
  var node = root
  for key in path {
    switch node.content {
    case .scalar: return node.location
    case .list(let items):
      guard let index = key.intValue, items.indices.contains(index) else { return node.location }
      node = items[index]
    case .mapping(let entries):
      guard let entry = entries.first(where: { $0.key == key.stringValue }) else { return node.location }
      node = entry.value
    }
  }
  return node.location
}
