/// Where Kubernetes packages come from.
package struct PackageSource: Sendable, Hashable, Codable {
  /// The package manager of the hosts.
  package enum Manager: String, Sendable, Hashable, Codable, CaseIterable { case apt }

  /// apt, today.
  package var manager: Manager
  /// A source line with `{minor}` in it, for repositories that hold one minor each; nil to use the hosts' own
  /// sources as they are.
  package var sourceTemplate: String?
  /// The file that `sourceTemplate` is written to.
  package var sourceFile: String

  /// Makes a package source.
  package init(
    manager: Manager = .apt, sourceTemplate: String? = nil,
    sourceFile: String = "/etc/apt/sources.list.d/kubernetes.list"
  ) {
    self.manager = manager
    self.sourceTemplate = sourceTemplate
    self.sourceFile = sourceFile
  }

  /// The template's line for a minor; nil when the text is no template.
  package static func line(of template: String, for minor: MinorVersion) -> String? {
    guard isTemplate(template) else { return nil }
    return template.replacing("{minor}", with: minor.description)
  }

  /// Whether a text is one line of apt's one-line form with `{minor}` in it.
  package static func isTemplate(_ text: String) -> Bool {
    text.hasPrefix("deb ") && text.contains("{minor}") && !text.contains(where: \.isNewline)
  }

  /// Whether a URL in the text carries a password, as in `user:password@host`.
  package static func hasPassword(_ text: String) -> Bool {
    text.contains(#/:\/\/[^\/\s@:]*:[^\/\s@]+@/#)
  }

  /// The only directory for `sourceFile`: nothing else that a host needs is in reach of a slip of the pen.
  package static let sourceDirectory = "/etc/apt/sources.list.d/"

  /// Whether a path is a file of `sourceDirectory` that apt reads: apt passes over other names (sources.list(5)).
  package static func isSourceFile(_ path: String) -> Bool {
    guard path.hasPrefix(sourceDirectory), path.hasSuffix(".list") else { return false }
    let name = path.dropFirst(sourceDirectory.count)
    return name != ".list" && !name.hasPrefix(".")
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
  }
}
