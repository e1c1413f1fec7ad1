import PawlModel

/// The commands around a file of `PackageSource.sourceDirectory`.
struct SourceFile: Sendable, Hashable {
  /// As `PackageSource.isSourceFile` wants it.
  let path: String

  private var directory: String { PackageSource.sourceDirectory }
  private var name: String { String(path.dropFirst(directory.count)) }

  /// Where the new content is written before it takes the file's place. apt passes over hidden files.
  var draft: String { "\(directory).\(name).pawl" }

  /// Prints the file; nothing, without an error, when it is not there. The name has no character that find would
  /// take for a pattern.
  var print: [String] {
    ["find", directory, "-maxdepth", "1", "-name", name, "-exec", "cat", "{}", "+"]
  }

  /// Prints the file, then puts another content, from standard input, in its place at once. `tee` prints that as well.
  func replace(with content: String, timeoutSeconds: Int) -> HostCommand {
    HostCommand(
      steps: [
        print, ["tee", draft], ["chmod", "644", draft], ["mv", "-f", "-T", draft, path],
      ],
      always: [["rm", "-f", draft]], environment: ["LC_ALL": "C"], standardInput: Array(content.utf8),
      asRoot: true, timeoutSeconds: timeoutSeconds)
  }
}
