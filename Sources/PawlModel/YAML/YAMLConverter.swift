import Yams

/// Turns Yams' nodes into `YAMLNode`s within the limits, and refuses what Pawl's files do not have: anchors, tags,
/// keys that are not text.
struct YAMLConverter {
  let source: YAMLSource
  let renamedKeys: [SourceLocation: Unicode.Scalar]
  /// The parser: nodes hold their anchors weakly.
  let keepAlive: Parser
  private(set) var diagnostics: [Diagnostic] = []
  private var nodeCount = 0

  init(source: YAMLSource, renamedKeys: [SourceLocation: Unicode.Scalar], keepAlive: Parser) {
    self.source = source
    self.renamedKeys = renamedKeys
    self.keepAlive = keepAlive
  }

  /// The node's twin; nil when the limits are passed.
  mutating func convert(_ node: Node, depth: Int) -> YAMLNode? {
    let location = location(of: node.mark)
    guard nodeCount < YAMLDocument.Limit.nodes, depth < YAMLDocument.Limit.depth else {
      report(once: Diagnostic("the file is nested too deeply or too large to be one of Pawl's", at: location))
      return nil
    }
    nodeCount += 1
    if node.anchor != nil { diagnostics.append(YAMLDocument.aliasDiagnostic(at: location)) }
    refuseTag(of: node, at: location)
    switch node {
    case .scalar(let scalar):
      return YAMLNode(content: .scalar(convert(scalar, at: location)), location: location)
    case .sequence(let sequence):
      let items = sequence.compactMap { convert($0, depth: depth + 1) }
      return YAMLNode(content: .list(items), location: location)
    case .mapping(let mapping):
      let entries = mapping.compactMap { convert(key: $0.key, value: $0.value, depth: depth + 1) }
      return YAMLNode(content: .mapping(entries), location: location)
    case .alias:
      diagnostics.append(YAMLDocument.aliasDiagnostic(at: location))
      return nil
    }
  }

  private mutating func convert(key: Node, value: Node, depth: Int) -> YAMLEntry? {
    let location = location(of: key.mark)
    guard case .scalar(let scalar) = key else {
      diagnostics.append(Diagnostic("a key has to be text", at: location))
      return nil
    }
    var name = scalar.string
    if let first = renamedKeys[location] {
      name = String(Character(first)) + String(name.unicodeScalars.dropFirst())
    }
    guard let value = convert(value, depth: depth) else { return nil }
    return YAMLEntry(key: name, keyLocation: location, value: value)
  }

  private func convert(_ scalar: Node.Scalar, at location: SourceLocation) -> YAMLScalar {
    let style: YAMLScalar.Style =
      switch scalar.style {
      case .any, .plain: .plain
      case .singleQuoted, .doubleQuoted: .quoted
      case .literal: .literalBlock
      case .folded: .foldedBlock
      }
    let places = source.places(of: scalar.string, style: style, at: location)
    return YAMLScalar(text: scalar.string, style: style, places: places)
  }

  /// Tags change what a value is behind the reader's back.
  private mutating func refuseTag(of node: Node, at location: SourceLocation) {
    let (tag, allowed): (String, String) =
      switch node {
      case .scalar(let scalar): (scalar.tag.description, Tag.Name.str.rawValue)
      case .sequence(let sequence): (sequence.tag.description, Tag.Name.seq.rawValue)
      case .mapping(let mapping): (mapping.tag.description, Tag.Name.map.rawValue)
      case .alias: ("", "")
      }
    guard tag != allowed, tag != Tag.Name.implicit.rawValue else { return }
    diagnostics.append(Diagnostic("YAML tags such as '\(tag)' are not supported", at: location))
  }

  private mutating func report(once diagnostic: Diagnostic) {
    if !diagnostics.contains(where: { $0.message == diagnostic.message }) { diagnostics.append(diagnostic) }
  }

  private func location(of mark: Mark?) -> SourceLocation {
    source.location(line: mark?.line ?? 1, column: mark?.column ?? 1)
  }
}
